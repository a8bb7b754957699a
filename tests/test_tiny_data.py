"""Reports of data as small as sweeps allow: nothing is raised or warned of, and what cannot be shown says why."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vaekit
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.report.contents import sections
from analysis.scores.in_sweep import score_run
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec
from tests.test_sweep import Inline
from vae.errors import ConfigError
from vae.zero_rate import zero_rate_distortion_nats

RNG = np.random.default_rng(0)
FACTORS = np.stack([np.arange(20) % 2, np.arange(20) // 2 % 3, np.repeat(0, 20)], axis=1)
SWEPT = {"epochs": 2, "hidden_dim": "16", "latent_dim": "2,3", "beta": "0.5,2", "trials": 4, "seeds": 2}
TWINS = {"epochs": 2, "hidden_dim": "16", "latent_dim": "1,2", "seeds": 2}
SCORES = "mig,sap,dci_disentanglement,irs,infom,mig_sample"


def images(count: int, value: float | None = None) -> np.ndarray:
    drawn = RNG.random((count, 4, 4), dtype=np.float32)
    return drawn if value is None else np.full_like(drawn, value)


def report(tmp_path: Path, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Section]:
    """Sections by slug of a sweep on these arrays, with AE twins where no beta is swept."""
    np.savez(tmp_path / "data.npz", **arrays)  # type: ignore[arg-type]
    place = {"data": str(tmp_path / "data.npz"), "out": str(tmp_path), "name": "s", "jobs": "1", "report": False}
    spec = make_spec({**options, **place}) if "beta" in options else compare_spec({**options, **place})
    run_sweep(spec, engine=Inline(), scorer=score_run)
    shown = sections(View(vaekit.open(tmp_path / "s")))
    for section in shown:
        if section.figure is not None and len(arrays["images"]) < 20:
            section.figure.draw_without_rendering()  # slow, and fewer images are harder to lay out
    return {section.slug: section for section in shown}


def left_out(shown: dict[str, Section]) -> set[str]:
    return {slug for slug, section in shown.items() if section.sentence.startswith("Left out: ")}


@pytest.mark.parametrize(
    ("arrays", "options", "missing"),
    [
        ({"images": images(10)}, SWEPT | {"mode": "optimize", "beta": "0.5:4"}, {"interpolations"}),
        ({"images": images(15)}, SWEPT | {"seeds": 1, "trials": 1, "latent_dim": "1"}, {"effect_latent_dim"}),
        ({"images": images(20), "factors": FACTORS}, SWEPT | {"scores": SCORES}, set()),
        ({"images": images(12), "factors": FACTORS[:12]}, SWEPT, {"scores", "interpolations"}),
        ({"images": images(12)[:, :1, :1]}, SWEPT | {"likelihood": "gaussian"}, {"interpolations"}),
        ({"images": images(30, value=0.5)}, SWEPT | {"likelihood": "gaussian"}, set()),
        ({"images": images(30, value=1.0)}, SWEPT | {"likelihood": "continuous_bernoulli"}, set()),
        ({"images": images(30, value=0.0)}, SWEPT, {"frontier_area"}),
        ({"images": images(12)}, TWINS, {"coverage", "interpolations"}),
        ({"images": images(20), "labels": np.arange(20) % 3}, TWINS | {"seeds": 1, "latent_dim": "1"}, set()),
        ({"images": images(30, value=0.0)}, TWINS | {"likelihood": "gaussian"}, set()),
    ],
)
def test_every_section_stands_small_data(
    tmp_path: Path, arrays: dict[str, np.ndarray], options: dict[str, Any], missing: set[str]
) -> None:
    shown = report(tmp_path, arrays, options)
    assert missing <= left_out(shown)
    if not missing:
        assert not {"frontier", "reconstructions", "samples", "learning"} & left_out(shown)


def test_scores_need_two_images(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="scores need 2 validation and test samples, got 1: raise the limit"):
        report(tmp_path, {"images": images(12), "factors": FACTORS[:12]}, SWEPT | {"scores": "mig"})


@pytest.mark.parametrize("value", [0.0, 0.1, 0.5])
def test_images_that_are_all_alike_have_no_density(value: float) -> None:
    alike, others = images(20, value), images(4)
    assert zero_rate_distortion_nats(alike, alike, "gaussian") == -np.inf
    assert zero_rate_distortion_nats(alike, others, "gaussian") == np.inf
    assert np.isfinite(zero_rate_distortion_nats(alike, others, "gaussian", sigma=0.1))

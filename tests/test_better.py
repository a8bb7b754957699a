"""Which of two sweeps is better: known differences are found, at the right rate, and noise is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.better import which_is_better
from analysis.comparison.difference import AT_RATE, ON_AVERAGE, RATES, SHARED, differences
from analysis.comparison.section import labelled, side_by_side
from analysis.frames.sweep import open_sweep
from tests.synthetic import write_sweep

BETAS = np.geomspace(0.1, 4, 9)


def runs(
    rng: np.random.Generator, *, lower: float = 0.0, noise: float = 0.05, seeds: range = range(4), betas: Any = BETAS
) -> pd.DataFrame:
    """A frontier D = 30 exp(-R/10), R = 8 − 6 log10(beta), moved down by `lower`; seeds move both sweeps alike."""
    rows = []
    for trial, beta in enumerate(betas):
        for seed in seeds:
            rate = 8 - 6 * np.log10(beta)
            distortion = 30 * np.exp(-rate / 10) - lower + noise * rng.normal() + np.sin(seed)
            rows.append((trial, seed, beta, rate, distortion, -rate - distortion, 3.0))
    columns = ["trial", "seed", "beta", "rate_nats", "distortion_nats", "elbo_nats", "active_units"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(latent_dim=8, hidden_dim=64, state="COMPLETE", model="vae", run=range(len(frame)))


def of(rows: pd.DataFrame, what: str) -> dict[Any, Any]:
    (row,) = rows[rows["what"] == what].to_dict(orient="records")
    return dict(row)


def test_a_known_difference_is_found_at_every_rate_and_on_shared_points() -> None:
    rng = np.random.default_rng(0)
    rows = differences(runs(rng), runs(rng, lower=0.5))
    assert (rows["what"] == AT_RATE).sum() == RATES
    assert rows["is_told"].all()
    assert rows["is_paired"].all()
    np.testing.assert_allclose(rows["difference_nats"], 0.5, atol=0.15)
    assert of(rows, ON_AVERAGE)["difference_nats_half_width"] < 0.2  # what seeds do alike has cancelled
    said = which_is_better("a", "b", rows, (9, 9))
    assert "b is better, its D on average lower by 0." in said
    assert "On the points that both have, with equal seeds: b is better, its ELBO higher by 0." in said
    turned = which_is_better("a", "b", differences(runs(rng, lower=0.5), runs(rng)), (9, 9))
    assert "a is better, its D on average lower by 0." in turned


def test_without_a_difference_it_cannot_be_told() -> None:
    told = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        told.append(of(differences(runs(rng, noise=0.3), runs(rng, noise=0.3)), SHARED)["is_told"])
    assert np.mean(told) <= 0.1
    rng = np.random.default_rng(1)
    said = which_is_better("a", "b", differences(runs(rng, noise=0.3), runs(rng, noise=0.3)), (9, 9))
    assert "cannot tell: the difference is" in said


def test_seeds_that_are_not_shared_add_their_errors() -> None:
    rng = np.random.default_rng(2)
    apart = differences(runs(rng), runs(rng, lower=0.5, seeds=range(10, 14)))
    together = differences(runs(rng), runs(rng, lower=0.5))
    assert not apart["is_paired"].any()
    assert SHARED not in set(apart["what"])
    width = "difference_nats_half_width"
    assert of(apart, ON_AVERAGE)[width] > 3 * of(together, ON_AVERAGE)[width]


def test_it_is_told_at_which_rate() -> None:
    """The second is better where the rate is low alone."""
    rng = np.random.default_rng(3)
    second = runs(rng, noise=0.02)
    second.loc[second["beta"] > 1.2, "distortion_nats"] -= 2.0
    rows = differences(runs(rng, noise=0.02), second)
    at = rows[rows["what"] == AT_RATE].sort_values("rate_nats")
    assert at["is_told"].iloc[0]
    assert at["difference_nats"].iloc[0] == pytest.approx(2.0, abs=0.2)
    assert abs(at["difference_nats"].iloc[-1]) < 0.2
    assert "Better is b at R = " in which_is_better("a", "b", rows, (9, 12))
    assert "b has more trials (12 against 9)" in which_is_better("a", "b", rows, (9, 12))


def test_one_seed_and_no_common_rate_tell_nothing() -> None:
    rng = np.random.default_rng(4)
    alone = differences(runs(rng, seeds=range(1)), runs(rng, lower=5, seeds=range(1)))
    assert not alone["is_told"].any()
    assert "cannot tell with one seed" in which_is_better("a", "b", alone, (9, 9))
    apart = differences(runs(rng, betas=[0.1, 0.2]), runs(rng, betas=[2.0, 4.0]))
    assert apart.empty
    assert "share no rate" in which_is_better("a", "b", apart, (2, 2))
    assert differences(runs(rng).iloc[:0], runs(rng)).empty


def test_the_report_of_several_sweeps_begins_with_it(tmp_path: Path) -> None:
    """b lies 2 nats lower, but both frontiers begin at the zero-rate point of their data."""
    given: dict[str, dict[str, Any]] = {"a": {}, "b": {"offset": 18.0}, "c": {"likelihood": "gaussian"}}
    sweeps = [open_sweep(write_sweep(tmp_path / name, trials=8, **how).path) for name, how in given.items()]
    part = side_by_side(labelled(sweeps))[1]
    assert part.slug == "better"
    assert "b is better, its D on average lower by 0.9" in part.sentence
    assert "c: of another likelihood or scale than a" in part.sentence
    assert set(part.table["sweep"]) == {"b"}

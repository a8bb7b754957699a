"""Exploring one run: every picture is the decoder at a known place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from analysis.frames.latent_paths import linear, sphere, spherical
from analysis.frames.run import Run
from analysis.frames.sweep import Sweep, open_sweep
from analysis.pictures import pictures
from analysis.pictures.figures import mosaic
from analysis.pictures.section import perturbation_sections, picture_sections
from analysis.pictures.selection import shown_runs
from analysis.presentation.section import Section
from analysis.presentation.style import saved
from analysis.presentation.view import View
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.make import make_spec
from tests.test_sweep import Inline
from vae.errors import ConfigError, ResultsError
from vae.losses import distortion

SLUGS = ["reconstructions", "prior_samples", "traversals", "interpolations", "perturbations"]


def trained(out: Path, **options: Any) -> Sweep:
    tiny = {"epochs": 3, "seeds": 1, "trials": 2, "hidden_dim": "16", "latent_dim": "5,2", "report": False}
    rest = {"data": "digits", "limit": 300, "sampler": "grid", "beta": "0.1", "out": str(out), "name": "s"}
    run_sweep(make_spec(tiny | rest | options), engine=Inline())
    return open_sweep(out / "s")


def coloured(path: Path, side: int = 5, channels: int = 3) -> str:
    pixels = np.random.default_rng(0).random((80, side, side + 1, channels), dtype=np.float32)
    np.savez(path / "colours.npz", images=pixels)
    return str(path / "colours.npz")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """VAEs with 2 and 5 latent dimensions, each with its autoencoder twin."""
    return trained(tmp_path_factory.mktemp("twins"), models="vae,ae", epochs=10)


def pick(sweep: Sweep, latent_dim: int, model: str = "vae") -> Run:
    runs = sweep.runs
    chosen = runs[(runs["latent_dim"] == latent_dim) & (runs["model"] == model)]
    return sweep.run(int(chosen["run"].iloc[0]))


@pytest.fixture(scope="module")
def run(sweep: Sweep) -> Run:
    return pick(sweep, 5)


@pytest.fixture(scope="module")
def images(sweep: Sweep) -> np.ndarray:
    return sweep.images()


def close(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


# Paths


def test_linear_path() -> None:
    first, last = np.array([0.0, 4.0], np.float32), np.array([2.0, 0.0], np.float32)
    assert linear(first, last, 3).tolist() == [[0, 4], [1, 2], [2, 0]]


def test_spherical_path_turns_evenly_and_keeps_the_length() -> None:
    path = spherical(np.array([3.0, 0.0], np.float32), np.array([0.0, 3.0], np.float32), 4)
    angles = np.radians([0, 30, 60, 90])
    close(path, 3 * np.column_stack([np.cos(angles), np.sin(angles)]))


def test_spherical_path_changes_the_length_evenly() -> None:
    rng = np.random.default_rng(0)
    first, last = rng.standard_normal((2, 20)).astype(np.float32)
    path = spherical(first, 3 * last, 6)
    close(np.linalg.norm(path, axis=1), np.linspace(np.linalg.norm(first), 3 * np.linalg.norm(last), 6))
    assert np.array_equal(path[[0, -1]], np.stack([first, 3 * last]))
    close(spherical(3 * last, first, 6)[::-1], path)


@pytest.mark.parametrize(
    ("first", "last"),
    [([1, 2], [2, 4]), ([1, 2], [-1, -2]), ([0, 0], [1, 2]), ([1, 2], [1, 2]), ([3], [-1]), ([0], [0])],
)
def test_where_no_plane_is_given_the_spherical_path_is_straight(first: list[float], last: list[float]) -> None:
    ends = np.array(first, np.float32), np.array(last, np.float32)
    close(spherical(*ends, 5), linear(*ends, 5))


@pytest.mark.parametrize("latent_dim", [1, 2, 32])
def test_sphere_has_its_radius_exactly(latent_dim: int) -> None:
    centre = np.arange(latent_dim, dtype=np.float32)
    codes = sphere(centre, 2.5, 50, seed=3)
    close(np.linalg.norm(codes - centre, axis=1), np.full(50, 2.5))
    close(sphere(centre, 5.0, 50, seed=3) - centre, 2 * (codes - centre))
    assert not np.array_equal(codes, sphere(centre, 2.5, 50, seed=4))


# One run


def test_samples_are_the_decoder_at_draws_from_the_prior(run: Run) -> None:
    drawn = run.sample(7, seed=1)
    close(drawn, run.decode(np.random.default_rng(1).standard_normal((7, 5), dtype=np.float32)))
    assert np.array_equal(drawn, run.sample(7, seed=1))
    assert not np.array_equal(drawn, run.sample(7))
    close(run.sample(3, seed=1), drawn[:3])
    assert drawn.shape == (7, 8, 8)


def test_reconstructions_are_those_of_the_module(run: Run, images: np.ndarray) -> None:
    module: Any = run.model
    with torch.inference_mode():
        expected = module.reconstruct(torch.from_numpy(images.reshape(len(images), -1))).numpy()
    close(run.reconstruct(images), expected.reshape(images.shape))


def test_what_a_reconstruction_costs(run: Run, images: np.ndarray) -> None:
    pixels, means = (x.reshape(len(images), -1).astype(float) for x in (images, run.reconstruct(images)))
    expected = -(pixels * np.log(means) + (1 - pixels) * np.log1p(-means)).sum(axis=1)
    np.testing.assert_allclose(run.distortion_nats(images), expected, rtol=1e-4)


def test_what_a_gaussian_reconstruction_costs(tmp_path: Path) -> None:
    sweep = trained(tmp_path, data=coloured(tmp_path), limit=80, likelihood="gaussian", trials=1, latent_dim="1")
    run, images = sweep.run(0), sweep.images()
    module: Any = run.model
    x, means = (torch.from_numpy(part.reshape(len(images), -1)) for part in (images, run.reconstruct(images)))
    expected = distortion(x, means, "gaussian", module.log_sigma).detach().numpy()
    np.testing.assert_allclose(run.distortion_nats(images), expected, rtol=1e-4)


def test_a_traversal_moves_one_dimension_through_its_quantiles(run: Run, images: np.ndarray) -> None:
    moved = run.traverse(images[0], dims=[3, 0], span=0.8, steps=5)
    assert moved.images.shape == (2, 5, 8, 8)
    assert moved.dims.tolist() == [3, 0]
    np.testing.assert_allclose(moved.quantiles, [0.1, 0.3, 0.5, 0.7, 0.9])
    means, log_variances = run.encode(images)
    for row, dim in enumerate((3, 0)):  # the aggregate posterior is a mixture of Gaussians: its exact distribution
        below = stats.norm.cdf(moved.places[row], means[:, dim, None], np.exp(0.5 * log_variances[:, dim, None]))
        np.testing.assert_allclose(np.mean(below, axis=0), moved.quantiles, atol=0.015)
    code = run.encode(images[:1])[0][0]
    for row, dim in enumerate((3, 0)):
        for step in range(5):
            close(
                moved.images[row, step],
                run.decode(np.where(np.arange(5) == dim, moved.places[row, step], code)[None])[0],
            )


def test_a_traversal_begins_with_the_largest_kl(sweep: Sweep, run: Run, images: np.ndarray) -> None:
    moved = run.traverse(images[0])
    own = sweep.dims[sweep.dims["run"] == run.number].set_index("dim")
    assert sorted(moved.dims) == list(range(5))
    assert moved.kl_nats.tolist() == sorted(own["kl_nats"], reverse=True)
    assert own.loc[moved.dims, "kl_nats"].tolist() == moved.kl_nats.tolist()
    assert moved.images.shape == (5, 7, 8, 8)


def test_a_perturbation_lies_at_its_radius(run: Run, images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    close(run.perturb(images[2], 0.0, n=3), np.repeat(run.reconstruct(images[2:3]), 3, axis=0))
    assert run.perturb(images[2], 1.5, n=4).shape == (4, 8, 8)
    monkeypatch.setattr(run, "decode", lambda codes: codes)
    codes = run.perturb(images[2], 1.5, n=4, seed=8)
    close(np.linalg.norm(codes - run.encode(images[2:3])[0], axis=1), np.full(4, 1.5))


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_an_interpolation_ends_at_the_reconstructions(run: Run, images: np.ndarray, path: str) -> None:
    between = run.interpolate(images[0], images[1], 6, path)
    close(between[[0, -1]], run.reconstruct(images[:2]))
    close(run.interpolate(images[1], images[0], 6, path)[::-1], between)
    assert between.shape == (6, 8, 8)


def test_an_embedding_of_two_dimensions_is_the_codes(sweep: Sweep) -> None:
    run = pick(sweep, 2)
    frame = run.embed()
    close(frame[["first", "second"]].to_numpy(), sweep.codes(run.number))
    factors = sweep.factors()
    assert factors is not None
    assert np.array_equal(frame[list(sweep.factor_names)].to_numpy(), factors)


def test_an_embedding_of_more_is_their_principal_components(sweep: Sweep, run: Run) -> None:
    codes = sweep.codes(run.number).astype(float)
    variances = np.linalg.eigvalsh(np.cov(codes.T))[::-1]
    plane = run.embed()[["first", "second"]].to_numpy().astype(float)
    np.testing.assert_allclose(np.cov(plane.T), np.diag(variances[:2]), rtol=1e-3, atol=1e-4)


def test_an_autoencoder_is_explored_too(sweep: Sweep, images: np.ndarray) -> None:
    run = pick(sweep, 5, "ae")
    codes = sweep.codes(run.number)
    moved = run.traverse(images[0], span=0.5, steps=3)
    assert moved.dims.tolist() == np.argsort(-codes.var(axis=0)).tolist()
    np.testing.assert_allclose(moved.places, np.quantile(codes, [0.25, 0.5, 0.75], axis=0).T[moved.dims], atol=1e-2)
    assert np.isnan(moved.kl_nats).all()
    assert run.sample(2).shape == (2, 8, 8)


def test_one_latent_dimension_and_colours(tmp_path: Path) -> None:
    sweep = trained(tmp_path, data=coloured(tmp_path), limit=80, latent_dim="1", trials=1)
    run, images = sweep.run(0), sweep.images()
    shape = (5, 6, 3)
    assert images.shape[1:] == shape
    assert run.sample(4).shape == (4, *shape)
    assert run.traverse(images[0]).images.shape == (1, 7, *shape)
    assert run.perturb(images[0], 1.0).shape == (8, *shape)
    assert run.interpolate(images[0], images[1], 3, "spherical").shape == (3, *shape)
    assert (run.embed()["second"] == 0).all()
    assert [part.slug for part in drawn(sweep)] == SLUGS


ERRORS = {
    "n": (lambda run, x: run.sample(0), "n must be at least 1, got 0"),
    "shape of images": (lambda run, x: run.reconstruct(x[:, :4]), r"shape \(8, 8\), got \(4, 8\)"),
    "one image": (lambda run, x: run.reconstruct(x[0]), r"shape \(8, 8\), got \(8,\)"),
    "images for an image": (lambda run, x: run.traverse(x), r"shape \(8, 8\), got \(30, 8, 8\)"),
    "a dim": (lambda run, x: run.traverse(x[0], dims=[0, 5]), r"dims must .* from 0 to 4, got \[0, 5\]"),
    "a negative dim": (lambda run, x: run.traverse(x[0], dims=[-1]), r"dims must .* got \[-1\]"),
    "no dims": (lambda run, x: run.traverse(x[0], dims=[]), r"dims must .* got \[\]"),
    "span": (lambda run, x: run.traverse(x[0], span=1.0), "span must be between 0 and 1, got 1.0"),
    "steps": (lambda run, x: run.traverse(x[0], steps=1), "steps must be at least 2, got 1"),
    "radius": (lambda run, x: run.perturb(x[0], -1), "radius must be at least 0, got -1"),
    "endless radius": (lambda run, x: run.perturb(x[0], np.inf), "radius must be at least 0, got inf"),
    "points": (lambda run, x: run.perturb(x[0], 1, n=0), "n must be at least 1, got 0"),
    "path": (lambda run, x: run.interpolate(x[0], x[1], 3, "curved"), "path must be one of linear, spherical"),
    "steps between": (lambda run, x: run.interpolate(x[0], x[1], 1), "steps must be at least 2, got 1"),
}


@pytest.mark.parametrize(("explore", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_rules(run: Run, images: np.ndarray, explore: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        explore(run, images)
    assert "\n" not in str(caught.value)


def test_no_such_run(sweep: Sweep) -> None:
    with pytest.raises(ResultsError, match="has no run 99"):
        sweep.run(99).sample(1)


# The report's pictures


def drawn(sweep: Sweep) -> list[Section]:
    """The sections, each of whose figures can be saved."""
    parts = [*picture_sections(View(sweep)), *perturbation_sections(View(sweep))]
    assert all(part.figure is None or saved(part.figure, "png") for part in parts)
    return parts


def test_mosaic() -> None:
    images = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    whole, down, across = mosaic(images)
    assert whole.shape == (2 * 4 + 1, 3 * 5 + 2)
    assert np.array_equal(whole[5:9, 6:11], images[1, 1])
    assert np.isnan(whole[4]).all()
    assert down.tolist() == [1.5, 6.5]
    assert across.tolist() == [2.0, 8.0, 14.0]
    assert mosaic(np.zeros((1, 2, 4, 4, 3), np.float32))[0].shape == (4, 9, 3)
    assert mosaic(np.zeros((1, 2, 4, 4, 1), np.float32))[0].shape == (4, 9)


def test_sections_show_the_best_run_beside_its_twin(sweep: Sweep) -> None:
    parts = drawn(sweep)
    assert [part.slug for part in parts] == SLUGS
    best = parts[0].table["run"].iloc[0]
    trial = sweep.runs.set_index("run")["trial"]
    for part in parts:
        assert part.figure is not None
        assert list(dict.fromkeys(part.table["role"])) == ["first", "autoencoder"]
        assert set(part.table["run"].map(trial)) == {trial[best]}
        for axes in part.figure.axes:
            assert axes.get_xlabel()
            assert axes.get_ylabel()


def test_tables_hold_what_the_pictures_show(sweep: Sweep) -> None:
    shown = shown_runs(View(sweep))
    assert shown is not None
    run = shown.runs["first"]
    labels = sweep.factors()
    assert labels is not None
    assert labels[shown.places, 0].tolist() == np.unique(labels).tolist()
    _, costs = pictures.reconstructions(shown)
    np.testing.assert_allclose(
        costs.loc[costs["role"] == "first", "distortion_nats"], run.distortion_nats(sweep.images()[shown.places])
    )
    _, around = pictures.perturbations(shown, "first")
    assert (around.loc[around["radius"] == 0, "root_mean_square"] == 0).all()
    _, draws = pictures.samples(shown, "first")
    images, test = run.sample(24), sweep.images()
    distances = np.sqrt(((images[:, None] - test) ** 2).mean(axis=(2, 3)))
    np.testing.assert_allclose(draws["root_mean_square"], distances.min(axis=1), rtol=1e-3)
    assert draws["nearest_test_image"].tolist() == distances.argmin(axis=1).tolist()


def test_without_twins_the_worst_trial_sets_the_best_off(tmp_path: Path) -> None:
    sweep = trained(tmp_path, beta="0.1,300", latent_dim="4")
    assert drawn(sweep)[0].table["role"].unique().tolist() == ["first", "last"]


def test_pictures_need_only_the_first_trials_weights(tmp_path: Path) -> None:
    sweep = trained(tmp_path, keep_weights="best")
    assert drawn(sweep)[0].table["role"].unique().tolist() == ["first"]
    sweep.folder.keep_weights(set())
    parts = picture_sections(View(open_sweep(sweep.path)))
    assert [part.sentence for part in parts] == ["Left out: no weights of the first trial were kept."]


def test_images_that_are_gone_leave_the_pictures_out(tmp_path: Path) -> None:
    sweep = trained(tmp_path, data=coloured(tmp_path), limit=80, trials=1, latent_dim="2")
    (tmp_path / "colours.npz").unlink()
    parts = picture_sections(View(open_sweep(sweep.path)))
    assert [part.sentence for part in parts] == ["Left out: the images can no longer be read."]


def test_a_test_split_of_few_images(tmp_path: Path) -> None:
    sweep = trained(tmp_path, limit=20, trials=1, latent_dim="2")
    assert [part.slug for part in drawn(sweep)] == SLUGS

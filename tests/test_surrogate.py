"""A surrogate of known functions: what it foretells, how sure it is, and when it says that it knows nothing."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.surrogate.cube import Axis, Cube
from analysis.surrogate.process import FITTED, MOST, fit
from analysis.surrogate.responses import PRIOR_DEGREES, responses
from analysis.surrogate.surrogate import FEWEST, Surrogate, best_points, surrogate

NAMES = ["latent_dim", "beta", "hidden_dim"]
Function = Callable[[pd.DataFrame], np.ndarray]


def elbo(points: pd.DataFrame) -> np.ndarray:
    """As a VAE's: more latents help until there are enough, beta is best near 1, and above 3 all collapses."""
    latent, hidden = points["latent_dim"].to_numpy(float), np.log2(points["hidden_dim"].to_numpy(float))
    log_beta = np.log(points["beta"].to_numpy(float))
    alive = 1 / (1 + np.exp(3 * (log_beta - 1.1)))
    gain = 3 - 3 * np.exp(-latent / 5) - 0.5 * log_beta**2 + 0.2 * (hidden - 7)
    return np.asarray(-27 + alive * gain)


def wave(points: pd.DataFrame) -> np.ndarray:
    log_beta = np.log(points["beta"].to_numpy(float))
    return np.asarray(np.sin(1.5 * log_beta) * (1 + points["latent_dim"].to_numpy() / 20))


def noise_alone(points: pd.DataFrame) -> np.ndarray:
    return np.zeros(len(points))


def study(function: Function, trials: int = 24, seeds: int = 3, noise: float = 0.2, draw: int = 0) -> pd.DataFrame:
    """The runs of trials all over the default space."""
    rng = np.random.default_rng(draw)
    points = pd.DataFrame(
        {
            "trial": np.arange(trials),
            "latent_dim": rng.permutation(np.linspace(2, 32, trials).round().astype(int)),
            "beta": np.exp(np.log(0.1) + np.log(160) * (rng.permutation(trials) + 0.5) / trials),
            "hidden_dim": rng.permutation(np.resize([64, 128, 256], trials)),
        }
    )
    runs = points.loc[points.index.repeat(seeds)].assign(seed=np.tile(np.arange(seeds), trials))
    values = function(runs) + noise * rng.standard_normal(len(runs))
    return runs.assign(state="COMPLETE", model="vae", value=values).reset_index(drop=True)


def fitted(runs: pd.DataFrame) -> Surrogate:
    found = surrogate(runs, "value", NAMES)
    assert found is not None
    return found


def test_sizes_rates_and_weights_are_logarithmic_and_a_zero_stands_beside_the_smallest() -> None:
    axis = Axis(pd.Series([0.0, 1.0, 2.0, 8.0], name="beta"))
    assert axis.is_log
    assert_allclose(axis.place(pd.Series([0, 0.5, 1, 2, 4, 8]))[:, 0], [0, 0, 0.25, 0.5, 0.75, 1])
    narrow = Axis(pd.Series([10, 20, 30], name="latent_dim"))
    assert not narrow.is_log
    assert_allclose(narrow.place(pd.Series([10, 15, 30]))[:, 0], [0, 0.25, 1])


def test_names_are_one_coordinate_each() -> None:
    axis = Axis(pd.Series(["conv", "mlp", "conv"], name="network"))
    assert axis.grid() == ["mlp", "conv"]
    assert_allclose(axis.place(pd.Series(["conv", "mlp"])), [[0, 1], [1, 0]])


def test_a_grid_of_integers_is_of_integers_and_few_values_are_their_own_grid() -> None:
    latents = Axis(pd.Series(range(2, 33), name="latent_dim")).grid()
    assert latents[0] == 2
    assert latents[-1] == 32
    assert all(isinstance(value, int) for value in latents)
    assert Axis(pd.Series([64, 256, 128, 64], name="hidden_dim")).grid() == [64, 128, 256]


def test_points_move_along_one_axis() -> None:
    trials = pd.DataFrame({"beta": [1.0, 2.0], "network": ["mlp", "conv"]})
    moved = Cube.of(trials, ["beta", "network"]).moved(trials, "beta", [3.0, 4.0])
    assert moved["beta"].tolist() == [3, 3, 4, 4]
    assert moved["network"].tolist() == ["mlp", "conv"] * 2


def test_the_variance_of_a_mean_leans_on_that_of_all_trials() -> None:
    runs = study(noise_alone, trials=2, seeds=3).assign(value=[0, 1, 2, 0, 0, 0])
    table = responses(runs, "value", NAMES)
    pooled = (2 * 1.0 + 2 * 0.0) / 4
    assert_allclose(table["variance"], [(PRIOR_DEGREES * pooled + s) / (PRIOR_DEGREES + 2) / 3 for s in (2, 0)])
    alone = responses(runs[runs["seed"] == 0], "value", NAMES)
    assert alone["variance"].isna().all()


def test_what_is_not_finite_is_no_response() -> None:
    runs = study(elbo)
    runs.loc[runs["trial"] == 3, "value"] = np.nan
    runs.loc[runs["trial"] == 4, "value"] = -np.inf
    runs.loc[runs["trial"] == 5, "beta"] = np.inf
    assert responses(runs, "value", NAMES)["trial"].tolist() == [n for n in range(24) if n not in (3, 4, 5)]
    assert fitted(runs).is_good
    assert surrogate(runs.assign(value=1e-200 * runs["trial"]), "value", NAMES) is None


def test_an_average_is_that_of_a_naive_joint_posterior() -> None:
    found = fitted(study(elbo))
    values, process = [3, 9, 27], found.process
    places = found.cube.place(found.cube.moved(found.others, "latent_dim", values)).reshape(3, 24, -1)
    means, deviations = process.predict_average(places)
    for group, mean, deviation in zip(places, means, deviations, strict=True):
        of_kernels, within = [], []
        for kernel, inverse, coefficients in zip(process.kernels, process.inverses, process.coefficients, strict=True):
            cross = kernel(process.points, group)
            of_kernels.append((coefficients @ cross).mean())
            within.append((kernel(group) - cross.T @ inverse @ cross).mean())
        expected = process.weights @ np.array(of_kernels)
        variance = process.weights @ (np.array(within) + (np.array(of_kernels) - expected) ** 2)
        assert_allclose([mean, deviation], [expected, np.sqrt(variance)], rtol=1e-6)


def test_what_is_left_out_is_foretold_of_the_others_alone() -> None:
    process = fitted(study(elbo)).process
    values = np.linalg.solve(process.inverses[0], process.coefficients[0])
    residuals, _ = process.left_out()
    for point in (0, 7, 23):
        rest = np.arange(24) != point
        expected = []
        for kernel, inverse in zip(process.kernels, process.inverses, strict=True):
            covariance = np.linalg.inv(inverse)
            cross = kernel(process.points[rest], process.points[[point]])[:, 0]
            expected.append(cross @ np.linalg.solve(covariance[np.ix_(rest, rest)], values[rest]))
        assert_allclose(values[point] - residuals[point], process.weights @ np.array(expected), atol=1e-6)


def test_draws_are_of_the_posterior() -> None:
    process = fitted(study(elbo)).process
    places = process.points[:5] + 0.02
    drawn = process.draws(places, 4000, np.random.default_rng(0))
    mean, deviation = process.predict(places)
    assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    assert_allclose(drawn.std(axis=0), deviation, rtol=0.1)


def test_it_foretells_a_known_function_and_says_how_well() -> None:
    found = fitted(study(elbo))
    fresh = study(elbo, trials=200, seeds=1, noise=0.0, draw=1)
    predicted = found.predict(fresh)
    errors = predicted["mean"] - fresh["value"]
    assert found.is_good
    assert found.noise == pytest.approx(0.2 / np.sqrt(3), rel=0.2)
    assert np.sqrt(np.mean(errors**2)) < 1.5 * found.error
    inside = (predicted["low"] <= fresh["value"]) & (fresh["value"] <= predicted["high"])
    assert inside.mean() > 0.85


def covered(function: Function, draws: int, trials: int = 24) -> float:
    """How often the interval of a partial dependence holds the true one, over values, parameters and studies."""
    inside = []
    for draw in range(draws):
        found = fitted(study(function, trials=trials, draw=draw))
        for name, axis in found.cube.axes.items():
            values = axis.grid()
            true = function(found.cube.moved(found.others, name, values)).reshape(len(values), -1).mean(axis=1)
            shown = found.partial_dependence(name, values)
            inside.append(((shown["low"] <= true) & (true <= shown["high"])).mean())
    return float(np.mean(inside))


def test_a_partial_dependence_is_in_its_interval_at_the_nominal_rate() -> None:
    assert 0.85 <= covered(elbo, draws=10) <= 1.0


@pytest.mark.slow
def test_it_is_over_many_studies() -> None:
    rates = [covered(function, draws=60) for function in (elbo, wave)]
    assert min(rates) >= 0.90
    assert np.mean(rates) <= 0.99


@pytest.mark.slow
def test_it_is_with_many_trials() -> None:
    assert 0.90 <= covered(elbo, draws=12, trials=96) <= 0.99


def test_more_latents_never_seem_worse_where_they_are_not() -> None:
    found = fitted(study(elbo, noise=0.1))
    shown = found.partial_dependence("latent_dim", [2, 4, 8, 16, 32])
    rises = shown["mean"].diff().dropna()
    assert (rises[:2] > 0).all()
    assert (rises > -(shown["high"] - shown["mean"]).max()).all()


def test_of_noise_it_foretells_nothing() -> None:
    assert not any(fitted(study(noise_alone, draw=draw)).is_good for draw in range(10))


def test_the_best_points_have_the_best_of_the_others() -> None:
    found = fitted(study(elbo, noise=0.05))
    points = best_points(found, "latent_dim", [3, 8, 20], is_less_better=False)
    assert points["latent_dim"].tolist() == [3, 8, 20]
    assert points["beta"].between(0.5, 2.0).all()
    worst = best_points(found, "latent_dim", [20], is_less_better=True)
    assert not worst["beta"].between(0.5, 2.0).any()


def test_it_is_the_same_every_time() -> None:
    first, second = (fitted(study(elbo)).predict(study(wave)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_with_one_seed_the_noise_is_found_from_the_trials() -> None:
    found = fitted(study(elbo, trials=40, seeds=1))
    assert np.isnan(found.noise)
    assert found.is_good


@pytest.mark.parametrize(
    ("runs", "names"),
    [
        (study(elbo, trials=FEWEST - 1), NAMES),
        (study(elbo), []),
        (study(noise_alone, noise=0.0), NAMES),
        (study(elbo).assign(value=np.nan), NAMES),
        (study(elbo).assign(state="FAIL"), NAMES),
    ],
    ids=["few", "nothing varies", "constant", "missing", "failed"],
)
def test_there_is_none_where_nothing_can_be_fitted(runs: pd.DataFrame, names: list[str]) -> None:
    assert surrogate(runs, "value", names) is None


def test_of_many_points_a_sample_is_used() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(size=(600, 1))
    values = np.sin(4 * points[:, 0])
    process = fit(points, (values - values.mean()) / values.std(), np.zeros(600))
    assert len(process.points) == MOST > FITTED
    mean, _ = process.predict(points)
    assert_allclose(mean * values.std() + values.mean(), values, atol=0.01)

"""Shares of variance with known answers."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from analysis.importance.shares import importance, variance_shares
from analysis.surrogate.surrogate import surrogate
from vae.parameters import ALWAYS


def shares(trials: pd.DataFrame) -> pd.DataFrame:
    found = surrogate(trials.assign(trial=range(len(trials)), state="COMPLETE", model="vae"), "value", ALWAYS)
    assert found is not None
    return importance(found)


def board(trials: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "latent_dim": rng.integers(2, 33, trials),
            "beta": np.exp(rng.uniform(-2, 3, trials)),
            "hidden_dim": rng.choice([64, 128, 256], trials),
        }
    )


def standard(values: pd.Series) -> pd.Series:
    return (values - values.mean()) / values.std()


def test_an_additive_grid_is_its_squared_slopes() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5), indexing="ij")
    assert_allclose(variance_shares(2 * x + y), [[0.8, 0.2], [0.8, 0.2]])


def test_a_product_of_signs_is_all_interaction() -> None:
    x, y, _ = np.meshgrid([-1, 1], [-1, 1], [0, 1, 2], indexing="ij")
    assert_allclose(variance_shares((x * y).astype(float)), [[0, 0, 0], [1, 1, 0]])


def test_what_does_not_vary_explains_nothing() -> None:
    assert_allclose(variance_shares(np.ones((3, 4))), 0)


def test_a_surrogate_finds_the_shares_of_trials() -> None:
    trials = board()
    trials["value"] = 2 * standard(np.log(trials["beta"])) + standard(trials["latent_dim"])
    table = shares(trials).set_index("parameter")
    assert_allclose(table["total"], [0.2, 0.8, 0.0], atol=0.05)
    assert (table["main_low"] <= table["main"]).all()
    assert (table["main"] <= table["main_high"]).all()
    assert (table["trials"] == 300).all()


def test_an_interaction_is_in_the_total_alone() -> None:
    trials = board(600)
    trials["value"] = np.sign(np.log(trials["beta"]) - 0.5) * np.sign(trials["latent_dim"] - 17)
    table = shares(trials).set_index("parameter")
    assert (table.loc[["beta", "latent_dim"], "main"] < 0.1).all()
    assert (table.loc[["beta", "latent_dim"], "total"] > 0.8).all()


def test_fewer_trials_are_less_sure() -> None:
    trials = board()
    trials["value"] = standard(np.log(trials["beta"])) + standard(trials["latent_dim"])
    few, many = (shares(trials.head(count)) for count in (30, 300))
    assert (few["main_high"] - few["main_low"])[1] > 2 * (many["main_high"] - many["main_low"])[1]


def test_noise_of_seeds_has_no_share() -> None:
    """The shares of the function itself; of trials' values, which other seeds would change, they are smaller."""
    trials = board(60)
    noise = np.random.default_rng(1).standard_normal(60)
    trials["value"] = standard(np.log(trials["beta"])) + 0.4 * noise
    table = shares(trials).set_index("parameter")
    assert table["main"]["beta"] > 0.95

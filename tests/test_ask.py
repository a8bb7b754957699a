"""Points of an exploring sweep."""

import warnings
from typing import Any

import optuna
import pytest

from sweeps.spec.spec import make_spec
from sweeps.study.ask import distributions, explore


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": 7, "latent_dim": "2:64:log", "beta": "0.5:4"},
        {"latent_dim": "2,3,5", "hidden_dim": "16", "beta": "1,2"},
        {"latent_dim": "4", "hidden_dim": "64", "beta": "0:1"},
        {"latent_dim": "4", "hidden_dim": "64", "beta": "1"},
    ],
)
def test_sobol_points_are_those_that_optuna_asks_one_by_one(options: dict[str, Any]) -> None:
    spec = make_spec(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.QMCSampler(seed=spec.seed, scramble=True, warn_independent_sampling=False)
    study = optuna.create_study(sampler=sampler)
    fixed = {axis.name: axis.choices[0] for axis in spec.axes if axis.is_fixed}
    asked = [fixed | study.ask(distributions(spec)).params for _ in range(40)]
    assert explore(spec, 40) == asked
    assert explore(spec, 3) == asked[:3]
    assert explore(spec, 0) == []

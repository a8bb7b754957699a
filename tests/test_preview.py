"""What is said of a sweep before it begins and while it runs."""

from math import nan
from pathlib import Path
from typing import Any

import pytest

from sweeps.coordination import preview
from sweeps.coordination.preview import START_SECONDS, preview_sweep
from sweeps.coordination.progress import describe
from sweeps.coordination.status import Status
from sweeps.spec.make import make_spec
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.minibatches import steps_an_epoch

ONE: dict[str, Any] = {
    "latent_dim": "2",
    "beta": "1",
    "hidden_dim": "16",
    "jobs": "1",
    "limit": 200,
    "seeds": 1,
    "epochs": 40,
}
STEP = 0.01


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step of a stack takes ten milliseconds a run."""

    def timed(configs: list[RunConfig], data: Data, device: str, steps: int) -> tuple[float, float]:
        return STEP * len(configs) * steps, 0.0

    monkeypatch.setattr(preview, "_timed", timed)


OPTIMIZE = {"learning_rate": "1e-4:1e-2", "mode": "optimize", "trials": 32}


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({}, {128: 40}),
        ({"epochs": 7}, {128: 7}),
        ({"seeds": 3}, {128: 3 * 40}),
        ({"batch_size": "32"}, {32: 40}),
        ({"batch_size": "32,64", "sampler": "grid"}, {32: 40, 64: 40}),
        ({"learning_rate": "0.001,0.002", "sampler": "grid"}, {128: 2 * 40}),
        ({"seeds": 8, "jobs": "2"}, {128: 8 * 40 / 2}),
        (OPTIMIZE | {"pruner": "none", "batch": 8}, {128: 32 * 40}),
        (OPTIMIZE, {128: 0.3125 * 32 * 40}),
        ({"epochs": "auto"}, {128: 2.5 * 500 / 2}),  # the patience is 500 steps, an epoch two
    ],
)
def test_the_estimate_is_what_the_steps_of_all_runs_take(options: dict[str, Any], epochs: dict[int, float]) -> None:
    """`epochs` by batch size, of all runs together."""
    data = load_data(make_spec(ONE).data_config)
    trained = sum(count * steps_an_epoch(data, batch) for batch, count in epochs.items())
    assert preview_sweep(make_spec(ONE | options)).seconds == pytest.approx(START_SECONDS + STEP * trained, rel=1e-9)


def test_what_is_counted_is_what_will_be_trained() -> None:
    shown = preview_sweep(make_spec(ONE | {"batch_size": "32,64", "seeds": 2, "trials": 9}))
    assert [row["batch_size"] for row in shown.trial_rows] == [p["batch_size"] for p in shown.points]
    assert (shown.totals["trials"], shown.totals["runs"], len(shown.points)) == (2, 4, 2)
    assert sorted((row["batch_size"], row["runs"]) for row in shown.stack_rows) == [("32", 2), ("64", 2)]
    spread = preview_sweep(make_spec(ONE | {"latent_dim": "2,7", "beta": "0.5", "sampler": "grid"})).stack_rows
    assert spread == [{"stack": 0, "runs": 2, "latent_dim": "2 to 7", "beta": "0.5", "hidden_dim": "16"}]


def status(**given: Any) -> Status:
    nothing = {"trials": 4, "goal": 24, "complete": 0, "pruned": 0, "failed": 0, "best": nan, "share": 0.0}
    return Status(path=Path("s"), **(nothing | given))


@pytest.mark.parametrize(
    ("given", "seconds", "text"),
    [
        ({}, 3.0, "0/24 trials"),
        ({"complete": 3, "best": -31.234}, 3.0, "3/24 trials, best elbo -31.23"),
        (
            {"complete": 3, "pruned": 2, "failed": 1, "best": 0.5},
            3.0,
            "6/24 trials, best elbo 0.50, 2 pruned, 1 failed",
        ),
        ({"seconds_left": 60.0}, 0.0, "0/24 trials, about 60 s left"),
        ({"seconds_left": 310.0}, 10.0, "0/24 trials, about 5 min left"),
        ({"seconds_left": 7200.0, "running": 3}, 0.0, "0/24 trials, 3 training, about 2.0 h left"),
        ({"best_running": -40.0}, 0.0, "0/24 trials, best elbo so far -40.00, in training"),
        ({"seconds_left": 2.0}, 9.0, "0/24 trials, about 1 s left"),
        ({"complete": 24, "best": 1.0, "share": 1.0}, 9.0, "24/24 trials, best elbo 1.00"),
    ],
)
def test_progress_in_words(given: dict[str, Any], seconds: float, text: str) -> None:
    assert describe(status(**given), "elbo", seconds) == text

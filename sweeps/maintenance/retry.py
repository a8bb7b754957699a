"""Failed trials once more: what they came to is forgotten, and the sweep's own command trains them again.

First the failed trials run again in the study, then the failed runs leave the tables. A process killed between the two
leaves trials whose runs are there: going on tells them again what they came to, and nothing was forgotten.
"""

from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from sweeps.coordination.ledger import Ledger
from sweeps.maintenance.hold import at_rest
from sweeps.spec.make import spec_in
from sweeps.spec.spec import Spec
from sweeps.study.storage import open_study, point_of
from vae.files.results import Folder
from vae.own.source import check_named


@dataclass(frozen=True)
class Forgotten:
    """What is to be trained again."""

    spec: Spec
    """The sweep's own, in the folder where it lies: running it trains what was forgotten."""
    trials: list[int]
    runs: list[int]


def forget_failed(folder: Folder, network: str | None = None) -> Forgotten:
    """Forget what failed trials came to, and that trials were told whose runs are lost; finished runs are kept.

    `network` names the networks of the user's own that may be imported to train them again. Raises a VaekitError where
    it lacks one, the folder cannot be read or written, or another process works on it.
    """
    with at_rest(folder):
        spec = spec_in(folder)
        ledger = Ledger(spec, folder.read_measured(), folder.read_rounds())
        with open_study(spec, folder) as study:
            trials = study.trials()
            ledger.add(point_of(trial) for trial in trials)
            again = [trial.number for trial in trials if _is_lost(trial, ledger)]
            more, lacking = ledger.failed_more(), [run.run for run in ledger.missing_runs(again)]
            runs = {run for trial in again for run in ledger.failed_runs(trial)} | {run.run for run in more}
            if again or runs:
                check_named(spec.network, network)
            if again:
                study.run_again(again)
        if runs:
            folder.drop_runs(runs)
        return Forgotten(spec, sorted({*again, *(run.trial for run in more)}), sorted({*runs, *lacking}))


def _is_lost(trial: FrozenTrial, ledger: Ledger) -> bool:
    return trial.state.is_finished() and (trial.state == TrialState.FAIL or ledger.result(trial.number) is None)

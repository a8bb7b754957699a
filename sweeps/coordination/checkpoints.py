"""What unfinished runs go on from: their states on disk, removed once the runs are written."""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sweeps.engines.worker import Run
from vae.errors import ResultsError
from vae.files.checkpoints import checkpoint_bytes, read_checkpoint
from vae.files.results import Folder, write_whole
from vae.trained import TrainedRun


class Checkpoints:
    """One file for the runs of a stack in flight; the next one is written before it is removed."""

    def __init__(self, folder: Folder, note: Callable[[str], None] = lambda line: None) -> None:
        self._folder, self._note = folder, note
        self._files: dict[int, Path] = {}
        self.so_far: dict[int, TrainedRun] = {}
        """How far each run is on disk, without its state."""

    def read(self, wanted: Collection[int]) -> None:
        """Take in what a sweep that was stopped left of these runs; what is damaged is said, and begins anew."""
        there = self._folder.checkpoint_paths()
        for path in there:
            for run, trained in self._read(path).items():
                if run in wanted and (run not in self.so_far or _place(trained) > _place(self.so_far[run])):
                    self._take(run, trained, path)
        self._remove(there)

    def save(self, runs: Mapping[int, TrainedRun]) -> None:
        """Write the runs of a stack, which have states, whole; ResultsError where there is no room."""
        before = {self._files[run] for run in runs if run in self._files}
        names = (f"{min(runs):08d}-{k}.safetensors" for k in itertools.count(1))
        path = next(path for name in names if not (path := self._folder.checkpoints / name).exists())
        write_whole(path, checkpoint_bytes(runs))
        for run, trained in runs.items():
            self._take(run, trained, path)
        self._remove(before)

    def load(self, stack: Sequence[Run]) -> list[Run]:
        """Return the runs of a stack with what they have so far and its states; all anew where that is damaged."""
        paths = {self._files[run.run] for run in stack if run.run in self._files}
        found = {run: trained for path in sorted(paths) for run, trained in self._read(path).items()}
        is_whole = all(run.run in found for run in stack)
        return [replace(run, so_far=found[run.run] if is_whole else None) for run in stack]

    def forget(self, runs: Collection[int]) -> None:
        """Drop runs that are written."""
        paths = {self._files.pop(run) for run in runs if run in self._files}
        for run in runs:
            self.so_far.pop(run, None)
        self._remove(paths)

    def decided_until(self, runs: Collection[int]) -> int:
        """Return the epoch up to which rungs of these runs are decided: some have gone on beyond."""
        found = [self.so_far[run] for run in runs if run in self.so_far]
        return max((len(trained.history["seconds"]) - (not trained.steps) for trained in found), default=0)

    def _read(self, path: Path) -> dict[int, TrainedRun]:
        try:
            return read_checkpoint(path)
        except ResultsError as error:
            self._note(f"{error}: its runs begin anew")
            return {}

    def _take(self, run: int, trained: TrainedRun, path: Path) -> None:
        self.so_far[run], self._files[run] = replace(trained, state=b""), path

    def _remove(self, paths: Collection[Path]) -> None:
        """Remove those of these files that no run goes on from."""
        for path in set(paths) - set(self._files.values()):
            path.unlink(missing_ok=True)
        if not self._files:
            with suppress(OSError):
                self._folder.checkpoints.rmdir()


def _place(trained: TrainedRun) -> tuple[int, int]:
    return len(trained.history["seconds"]), trained.steps

"""A run's sheet: a small page of its own, with parameters, KL per dimension and pictures; no script, no file beside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.arrays import Float32, Int64
from analysis.features.numbers import reconstruction
from analysis.frames.sweep import Sweep
from analysis.frames.traversal import MOST_DIMS, SPAN
from analysis.presentation.mosaic import data_address, mosaic
from analysis.presentation.nouns import Words
from analysis.presentation.view import View
from analysis.presentation.words import cell, heading, nats, number
from analysis.report.page import fill
from vae.columns import IDENTITY
from vae.errors import VaekitError
from vae.files.results import Folder, ReportFolder, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from analysis.frames.run import Run

AT_ONCE = 128
"""Sheets in one work."""
SECONDS = 0.02
"""About what a sheet takes."""
COLUMNS = 8
"""Pictures in a row."""
SAMPLE_ROWS = 3
WAYS = 2
"""Interpolations."""
SAMPLES = 1_000
"""Test samples by which a table's features are measured."""
FEATURES = 12
"""Features at either end, best and worst."""
NARROW, WIDE = 20, 640
"""Pixels on the page: of the smallest image, and of a row."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A mosaic on a sheet."""

    title: str
    sentence: str
    address: str
    width: int
    """Pixels on the page."""


def sheet_works(sweep: Sweep, folder: ReportFolder) -> list[Callable[[], None]]:
    """Return works that together write the sheet of every run into a report; each can go to another process."""
    runs, places = sweep.runs["run"].tolist(), (sweep.path.resolve(), folder.path.resolve())  # seen from any folder
    return [
        partial(_write, *places, sweep.network, runs[start : start + AT_ONCE]) for start in range(0, len(runs), AT_ONCE)
    ]


def _write(path: Path, report: Path, network: str | None, runs: Sequence[int]) -> None:
    sheets, folder = Sheets(Sweep(Folder(path), network)), ReportFolder(report)
    for run in runs:
        write_whole(folder.sheet(run), sheets.render(run).encode())


class Sheets:
    """The sheets of a sweep's runs; what they share is read once."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep

    def render(self, number: int) -> str:
        """Return a run's sheet as HTML."""
        row = self._rows[number]
        pictures, why = self._pictures(number)
        return fill(
            "run.html",
            name=self.sweep.name,
            row=row,
            fields=_fields(row),
            dims=_bars(self._dims.get(number)),
            pictures=pictures,
            features=self._features(number),
            words=self._words,
            why=why,
            error=self._errors.get(row["trial"], "") if row["state"] != "COMPLETE" else "",
            twins=[twin for twin in self._rows.values() if twin["trial"] == row["trial"]],
        )

    @cached_property
    def _rows(self) -> dict[int, dict[str, Any]]:
        rows = self.sweep.runs.to_dict(orient="records")
        return {row["run"]: {str(name): value for name, value in row.items()} for row in rows}

    @cached_property
    def _dims(self) -> dict[int, pd.DataFrame]:
        return {int(str(run)): rows for run, rows in self.sweep.dims.groupby("run")}

    @cached_property
    def _errors(self) -> dict[int, str]:
        return dict(zip(self.sweep.trials["trial"], self.sweep.trials["error"], strict=True))

    @cached_property
    def _images(self) -> Float32:
        return self.sweep.images("test", self.sweep.thinned("test", COLUMNS))

    @cached_property
    def _words(self) -> Words:
        return View(self.sweep).words

    def _features(self, run: int) -> list[dict[str, Any]]:
        """One bar a feature of a table: name, R2 and root mean square error as text; the best and the worst."""
        if not self.sweep.is_table or self._rows[run]["state"] != "COMPLETE":
            return []
        try:
            samples = self.sweep.images("test", self.sweep.thinned("test", SAMPLES))
            table = reconstruction(self.sweep.run(run), samples, "")
        except VaekitError:
            return []
        ends = table if len(table) <= 2 * FEATURES else pd.concat([table.head(FEATURES), table.tail(FEATURES)])
        return [
            {
                "name": row["feature"],
                "r2": number(row["r2"], 3),
                "error": number(row["root_mean_square"], 3),
                "percent": round(100 * max(row["r2"], 0.0), 1) if row["r2"] == row["r2"] else 0.0,
            }
            for row in ends.to_dict(orient="records")
        ]

    def _pictures(self, run: int) -> tuple[list[Picture], str]:
        """The pictures, or why there are none."""
        if self._rows[run]["state"] != "COMPLETE":
            return [], "the run did not finish"
        try:
            return list(_draw(self.sweep.run(run), self._images)) if not self.sweep.is_table else [], ""
        except VaekitError as error:
            return [], str(error)


def _fields(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(heading(name), cell(name, value)) for name, value in row.items() if name not in IDENTITY]


def _by_use(dims: pd.DataFrame) -> pd.DataFrame:
    """The dimensions, most used first: by KL, or for an autoencoder by the variance of its codes."""
    use = dims["kl_nats"].fillna(dims["mean_variance"])
    return dims.assign(use=use).sort_values("use", ascending=False, kind="stable")


def _bars(dims: pd.DataFrame | None) -> list[dict[str, Any]]:
    """One bar a dimension: its number, KL and variance as text, whether it is active, and its share of the longest."""
    if dims is None:
        return []
    ordered = _by_use(dims)
    longest = max(ordered["use"].max(), 1e-9)
    return [
        {
            "dim": row["dim"],
            "kl": nats(row["kl_nats"]),
            "variance": number(row["mean_variance"], 3),
            "active": row["active"],
            "percent": round(max(100 * row["use"] / longest, 0.0), 1),
        }
        for row in ordered.to_dict(orient="records")
    ]


def _draw(run: Run, images: Float32) -> Iterator[Picture]:
    pairs, drawn_as = np.stack([images, run.reconstruct(images)]), run.sweep.brightness
    sentence = "Test images, and below each its reconstruction from the posterior mean."
    yield _picture("Reconstructions", sentence, drawn_as(pairs))
    moved = run.traverse(images[0], run.ranked_dims[:MOST_DIMS].tolist())
    yield _picture("Traversal", _traversed(moved.dims, run.is_ae), drawn_as(moved.images))
    if len(images) >= 2 * WAYS:
        ways = np.stack([run.interpolate(images[2 * way], images[2 * way + 1], COLUMNS) for way in range(WAYS)])
        yield _picture(
            "Interpolations", "Decoded codes on straight lines between those of test images.", drawn_as(ways)
        )
    drawn = run.sample(SAMPLE_ROWS * COLUMNS).reshape(SAMPLE_ROWS, COLUMNS, *images.shape[1:])
    yield _picture("Samples", "Decoded samples from the prior N(0, I).", drawn_as(drawn))


def _traversed(dims: Int64, is_ae: bool) -> str:
    names = ", ".join(str(dim) for dim in dims)
    return (
        f"Each row moves one dimension through the central {100 * SPAN:.0f} % of its values on the test split; the "
        f"others stay at the code of the first test image. From the top, by {'variance' if is_ae else 'KL'}: {names}."
    )


def _picture(title: str, sentence: str, images: Float32) -> Picture:
    image = mosaic(images)
    scale = max(NARROW * COLUMNS / image.shape[1], min(WIDE / image.shape[1], 4.0))
    return Picture(title=title, sentence=sentence, address=data_address(image), width=round(scale * image.shape[1]))

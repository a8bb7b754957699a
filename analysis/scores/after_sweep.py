"""Scores after the fact: of the saved runs of a sweep, and of any file of codes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.frames.cache import NETWORKS, Cache
from analysis.frames.sweep import Sweep
from analysis.scores.across_runs import ACROSS_RUNS, udr_of_runs
from analysis.statistics.selection import finished
from vae.columns import SCORES, parse_scores
from vae.config import one_of
from vae.data.npz import open_npz
from vae.errors import DataError, ResultsError
from vae.factors import BINS

BACKENDS = ("forest", "gbt")
FILE_KEYS = ("codes_train", "factors_train", "codes_test", "factors_test")
COLUMNS = ("run", "score", "backend", "value", "floor", "floor_deviation", "permutations", "ceiling", "samples")


def score_file(
    path: Path, backend: str = "forest", seed: int = 0, factor_bins: int = BINS
) -> dict[str, dict[str, Any]]:
    """Score the codes in an .npz file: {"metrics": {name: value}, "details": {name: {...}}}.

    It holds codes_train, factors_train, codes_test and factors_test, or codes and factors, which are then split by the
    seed. Factors are whole numbers, texts or continuous; a continuous one has `factor_bins` classes, and the details
    say so. Raises DataError where it does not.
    """
    from analysis.metrics import score_all

    one_of(BACKENDS, dci=backend)
    settings: dict[str, Any] = {"dci_backend": backend, "factor_bins": factor_bins}
    scores = score_all(tuple(SCORES), *_read_codes(path), seed=seed, floor=True, **settings)
    metrics = {name: _plain(float(score)) for name, score in scores.items()}
    return {"metrics": metrics, "details": {name: _details(score) for name, score in scores.items()}}


def score_sweep(
    sweep: Sweep,
    names: str = ",".join((*SCORES, ACROSS_RUNS)),
    backend: str = "forest",
    runs: Sequence[int] | None = None,
    factor_bins: int = BINS,
) -> pd.DataFrame:
    """Return one row a finished run and score, with floor and ceiling; cached in `analysis/`.

    All runs unless some are named. The codes are encoded again from kept weights; they and so the values are those of
    the sweep. `udr` compares the seeds of a trial and needs no factors; for the others, and where
    weights were not kept, raises ResultsError.
    """
    one_of(BACKENDS, dci=backend)
    listed = [name.strip() for name in names.split(",")]
    wanted = parse_scores(",".join(name for name in listed if name != ACROSS_RUNS) or "none")
    cache = scores_cache(sweep)
    is_kept = factor_bins == BINS  # other classes are other scores
    known = cache.read() if is_kept else pd.DataFrame(columns=list(COLUMNS))
    runs = finished(sweep.runs)["run"].tolist() if runs is None else list(runs)
    rows = [row for run in runs for row in _missing_scores(sweep, known, run, wanted, backend, factor_bins)]
    if rows:
        known = pd.concat([known, pd.DataFrame(rows)]) if len(known) else pd.DataFrame(rows)
        known = known.sort_values(["run", "score", "backend"]).reset_index(drop=True)
        if is_kept:
            cache.write(known)
    chosen = known["run"].isin(runs) & known["score"].isin(wanted) & (known["backend"] == backend)
    across = [_score_across_runs(sweep, runs)] if ACROSS_RUNS in listed else []
    parts = [part for part in (known[chosen], *across) if len(part)]
    scores = pd.concat(parts) if parts else known[chosen]
    return scores.sort_values(["run", "score"], kind="stable").reset_index(drop=True)


def scores_cache(sweep: Sweep) -> Cache:
    """Return the table of kept scores of a sweep's runs."""
    return Cache(
        path=sweep.folder.analysis / "scores.csv",
        code=("analysis.metrics", "analysis.scores", "vae.factors", "vae.scored", *NETWORKS),
        columns=COLUMNS,
        texts=("score", "backend"),
    )


def _score_across_runs(sweep: Sweep, runs: Sequence[int]) -> pd.DataFrame:
    """UDR of each run among the seeds of its trial, for trials with several."""
    found = udr_of_runs(sweep, runs).rename(columns={ACROSS_RUNS: "value"})
    return found.assign(score=ACROSS_RUNS, backend="lasso").reindex(columns=list(COLUMNS))


def _missing_scores(
    sweep: Sweep, known: pd.DataFrame, run: int, names: Sequence[str], backend: str, factor_bins: int
) -> Iterator[dict[str, Any]]:
    there = known.loc[(known["run"] == run) & (known["backend"] == backend), "score"]
    missing = [name for name in names if name not in set(there)]
    if not missing:
        return
    if sweep.factors("test") is None:
        raise ResultsError(f"scores need data with known factors; {sweep.spec['data']!r} has none")
    from analysis.scores.of_codes import score_codes

    settings: dict[str, Any] = {"floor": True, "dci_backend": backend, "factor_bins": factor_bins}
    for name, score in score_codes(missing, sweep.scored_codes(run), **settings).items():
        row = {"run": run, "score": name, "backend": backend, "value": float(score)}
        floor = {"floor": score.floor, "floor_deviation": score.floor_deviation, "permutations": score.permutations}
        yield row | floor | {"ceiling": score.ceiling, "samples": score.samples}


def _read_codes(path: Path) -> list[npt.NDArray[Any]]:
    with open_npz(path) as archive:
        for keys in (FILE_KEYS, ("codes", "factors")):
            if set(keys) <= set(archive.names):
                return archive.read(keys)
        rule = f"{str(path)!r} must hold {', '.join(FILE_KEYS)}, or codes and factors"
        raise DataError(f"{rule}, got {archive.listed}")


def _details(score: Any) -> dict[str, Any]:
    details: dict[str, Any] = {
        name: _plain(getattr(score, name)) for name in ("samples", "floor", "floor_deviation", "ceiling")
    }
    for name in ("per_factor", "per_code", "interval"):
        part = getattr(score, name)
        details[name] = None if part is None else [_plain(value) for value in np.asarray(part).tolist()]
    details.update(score.details)
    return details


def _plain(value: float | None) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return value if value is None or np.isfinite(value) else None

"""Rounds of refinement: which trials of a sweep were given more seeds, and when; as they stand in refinement.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from vae.errors import ResultsError

MOST_SEEDS = 1_000
"""Of a trial: more is no refinement that anybody trained."""


@dataclass(frozen=True)
class Round:
    """Some trials were given more seeds, together."""

    asked: int
    """Trials that the study had asked by then: the round's runs are numbered after theirs."""
    seeds: int
    """That each of the trials has from then on."""
    trials: tuple[int, ...]
    """By rising number."""


def rounds_content(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return rounds as JSON holds them."""
    return {"rounds": [asdict(made) for made in rounds]}


def rounds_from(content: Mapping[str, Any], path: Path) -> list[Round]:
    """Return the rounds of a file's content; ResultsError where it is not what `rounds_content` gives."""
    given = content.get("rounds")
    if not isinstance(given, list):
        raise ResultsError(f"rounds must be a list, got {str(given)[:80]!r} in {str(path)!r}")
    rounds = [_round(item, path) for item in given]
    if any(earlier.asked > later.asked for earlier, later in pairwise(rounds)):
        raise ResultsError(f"rounds must be in the order in which they were made, got another in {str(path)!r}")
    return rounds


def _round(item: Any, path: Path) -> Round:
    fields = item if isinstance(item, dict) else {}
    asked, seeds, trials = (fields.get(name) for name in ("asked", "seeds", "trials"))
    if type(asked) is int and type(seeds) is int and isinstance(trials, list):
        is_counted = all(type(trial) is int and 0 <= trial < asked for trial in trials)
        if is_counted and trials and trials == sorted(set(trials)) and 0 < seeds <= MOST_SEEDS:
            return Round(asked, seeds, tuple(trials))
    raise ResultsError(
        f"a round must have asked, at most {MOST_SEEDS} seeds and its trials, each once and below asked, "
        f"got {str(item)[:80]!r} in {str(path)!r}"
    )

"""What would make the choice surer: longer training, a wider range, more seeds; each with its command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

from analysis.choice.choice import choice
from analysis.choice.choose import Choice
from analysis.choice.length import longer, too_short
from analysis.choice.regions import Edge
from analysis.presentation.view import View
from analysis.presentation.words import cell, counted, listed, nats, number, short_label
from vae.own.source import unnamed

SEEDS = 10
"""That a refinement gives each trial, as `vaekit refine` does."""
WIDER = "-wider"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that would make the choice surer."""

    kind: Literal["longer", "wider", "seeds"]
    sentence: str
    """Why, in plain text, without the command."""
    command: str
    """To copy; empty where there is none."""


def steps(view: View) -> list[Step]:
    """Return what would make the choice surer, what matters most first."""
    found = choice(view)
    if found.verdict == "none":
        return []
    longer_first = [Step(kind="longer", sentence=_longer(view), command=longer(view))] if too_short(view) else []
    return [*longer_first, *_wider(view, found.edges), *_seeds(view, found)]


def _longer(view: View) -> str:
    return too_short(view).partition("; train longer")[0]


def _wider(view: View, ends: Sequence[Edge]) -> list[Step]:
    """A wider range, where the optimum lies at the edge of one."""
    if not ends:
        return []
    said = [f"{short_label(edge.searched.name)} {cell(edge.searched.name, edge.value)}" for edge in ends]
    told = "is the last value of its range" if len(said) == 1 else "are the last values of their ranges"
    sentence = f"The optimum lies at the edge of what was searched: {listed(said)} {told}"
    beyond = {edge.searched.name: edge.searched.beyond(is_high=edge.is_high) for edge in ends}
    options = [word for name, text in beyond.items() if text for word in (f"--{name.replace('_', '-')}", text)]
    if not options or view.is_comparison:
        return [Step(kind="wider", sentence=sentence, command="")]
    sweep = view.sweep
    words = ["vaekit", "sweep", str(sweep.folder.spec), *options, "--name", sweep.name + WIDER]
    return [Step(kind="wider", sentence=f"{sentence}; widen it", command=shlex.join(words))]


def _seeds(view: View, found: Choice) -> list[Step]:
    """More seeds, where they would tell trials apart and can be given."""
    if found.verdict in ("decided", "several") or view.is_comparison or found.seeds >= SEEDS:
        return []
    who = counted(len(found.not_worse), "trial")
    if isnan(found.noise):
        sentence = f"With one seed the noise is unknown: {SEEDS} seeds would tell it"
    else:
        unit = " nats" if found.objective.endswith("_nats") else ""
        width = float(found.candidates["shortfall_half_width"].iloc[1:].median())
        after = width * (found.seeds / SEEDS) ** 0.5
        told = (nats(width), nats(after)) if unit else (number(width, 2), number(after, 2))
        sentence = (
            f"{SEEDS} seeds for the {who} that may be the best would narrow the differences from about ± {told[0]} to "
            f"± {told[1]}{unit}"
        )
    top = ["--top", "1"] if not isnan(found.noise) else []
    network = str(view.sweep.spec.get("network", ""))
    named = ["--network", network] if unnamed(network, "") else []
    command = shlex.join(["vaekit", "refine", str(view.sweep.path), *top, "--seeds", str(SEEDS), *named])
    return [Step(kind="seeds", sentence=sentence, command=command)]

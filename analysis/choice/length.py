"""Whether training was long enough, in words, and the command that trains longer."""

import shlex

from analysis.presentation.view import View
from analysis.presentation.words import counted, nats
from vae.own.source import unnamed

LONGER = "-longer"
TIMES = 4
"""As many epochs, where the length must be given."""


def too_short(view: View) -> str:
    """Say how many runs were still improving when they ended, by how much, and what trains longer; empty if none."""
    found = view.still_improving.table
    if found.empty:
        return ""
    many, runs = len(found) > 1, counted(view.still_improving.runs, "run")
    who, verb, they = f"{len(found)} of {runs}", "were" if many else "was", "they" if many else "it"
    known = found.dropna(subset="fall_nats")
    if known.empty:
        length = counted(int(found["epochs"].max()), "epoch")
        said = f"{who} ended after {length}, too few to tell whether {they} {verb} still improving"
    else:
        fall, over = known.sort_values("fall_nats")[["fall_nats", "over_epochs"]].iloc[-1]
        by = f"by {'up to ' if many else ''}{nats(fall)} nats over the last {over:.0f} epochs"
        limit = " at the longest that auto trains" if view.sweep.spec["epochs"] == "auto" else ""
        said = f"{who} {verb} still improving when {they} ended{limit}, {by}"
    return f"{said}; train longer: {longer(view)}"


def longer(view: View) -> str:
    """Return the command that trains a sweep anew and longer, under a name of its own."""
    sweep, spec = view.sweep, view.sweep.spec
    what = ["compare", str(sweep.path)] if view.is_comparison else ["sweep", str(sweep.folder.spec)]
    if view.is_comparison and unnamed(network := str(spec.get("network", "")), ""):
        what += ["--network", network]
    needs_length = spec["epochs"] == "auto" or str(spec.get("beta_schedule", "constant")) != "constant"
    longest = int(view.still_improving.table["epochs"].max()) if len(view.still_improving.table) else 0
    epochs = str(TIMES * longest) if needs_length else "auto"
    return shlex.join(["vaekit", *what, "--epochs", epochs, "--name", sweep.name + LONGER])

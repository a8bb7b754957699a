"""The choice as the page shows it."""

from analysis.choice import figures
from analysis.choice.choice import choice
from analysis.choice.choose import Choice
from analysis.choice.length import too_short
from analysis.choice.refined import refined
from analysis.choice.regions import Region
from analysis.choice.sharpen import Step, steps
from analysis.choice.verdict import LEAST_NATS, verdict
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.presentation.words import cell, listed, nats, number, short_label

MODES = {
    "explore": "Trials cover the space evenly (mode explore), so what lies between them was not tried, but nothing was "
    "left out by design.",
    "optimize": "Mode optimize tried most where earlier trials had been good: which of its trials are worse is sound, "
    "but the regions also show where it looked, and what it left early may be as good.",
}


def choice_sections(view: View) -> list[Section]:
    """Say which trial to take, what is as good for each hyperparameter, and what would make it surer."""
    title, found = "Recommendation", choice(view)
    if found.verdict == "none":
        return [Section(title=title, slug="choice", sentence=verdict(view))]
    further = steps(view)
    code = "\n".join(step.command for step in further if step.command)
    figure = None
    if found.recommended is not None and found.verdict != "several" and len(found.candidates) > 1:
        unit = " (nats)" if found.objective.endswith("_nats") else ""
        figure = figures.shortfalls(found.candidates, found.recommended, unit)
    return [
        Section(
            title=title,
            slug="choice",
            sentence="\n\n".join(paragraphs(view, with_commands=False)),
            figure=figure,
            table=found.candidates,
            code=code,
        )
    ]


def paragraphs(view: View, *, with_commands: bool = True) -> list[str]:
    """Return the choice in plain text: what to take, the regions, what would make it surer, and did training suffice.

    That comes first where so many runs were still improving that the rest is for now.
    """
    found, length = choice(view), too_short(view)
    first, last = ("", length) if view.still_improving.is_settled else (length, "")
    parts = [first, verdict(view), refined(view), regions_in_words(found), MODES.get(_mode(view, found), "")]
    return [part for part in (*parts, in_words(steps(view), with_commands), last) if part]


def _mode(view: View, found: Choice) -> str:
    return "" if view.is_comparison or found.verdict in ("none", "several") else str(view.sweep.spec.get("mode"))


def regions_in_words(found: Choice) -> str:
    """Say for each hyperparameter which values are as good as can be told; empty where nothing is told of any."""
    if not found.regions or found.verdict in ("undecided", "decided"):
        return ""
    told = [_region(region) for region in found.regions if not region.is_whole]
    untold = [short_label(region.parameter) for region in found.regions if region.is_whole]
    furthest = float(found.candidates.loc[~found.candidates["is_worse"], "shortfall"].max())
    within = f"{nats(max(furthest, LEAST_NATS))} nats" if found.objective.endswith("_nats") else number(furthest, 2)
    said = f"The trials that are not worse, whose means lie within {within} of the first's, have {listed(told)}."
    whole = f"Of {listed(untold)} nothing is told: they have all values that were tried."
    return " ".join([*([said] if told else []), *([whole] if untold else [])])


def _region(region: Region) -> str:
    name = short_label(region.parameter)
    if region.names:
        return f"{name} {listed(list(region.names))}"
    low, high = (cell(region.parameter, value) for value in (region.low, region.high))
    return f"{name} {low}" if low == high else f"{name} {low} to {high}"


def in_words(further: list[Step], with_commands: bool) -> str:
    """Return what would make the choice surer, a sentence each, but for longer training, which `too_short` asks for."""
    said = []
    for step in further:
        if step.kind != "longer":
            command = f": {step.command}" if step.command and with_commands else ""
            said.append(f"{step.sentence}{command}.")
    return " ".join(said)

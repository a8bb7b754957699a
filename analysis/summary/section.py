"""What a report says of the sweep as a whole: what was swept, how far it came and what was found."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from analysis.coverage.comparison import comparison
from analysis.coverage.sweep import coverage_cache, sweep_coverage
from analysis.effects.effect import effect
from analysis.frames.sweep import Sweep
from analysis.methods.section import what_explains
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.presentation.words import counted, listed, short_label
from analysis.scores.floors import floor_of_trial
from analysis.statistics.losses import are_all_of_rate
from analysis.statistics.states import ended_early, is_complete, states
from analysis.summary import findings
from analysis.summary.running import is_running, running
from vae.columns import AT_SELECTION
from vae.errors import VaekitError
from vae.loss_table import USUAL

MODES = {
    "explore": "Mode explore covers the space and prunes nothing: the search does not bias the curves below.",
    "optimize": "Mode optimize looks where the objective is good, so the curves below show where the search "
    "went: they are a biased rate-distortion curve.",
}


def summary_sections(view: View) -> list[Section]:
    """Say in numbers what was swept, how far it came, what was found, and what a comparison came to."""
    if view.is_comparison:
        with suppress(VaekitError):
            sweep_coverage(view.sweep, _finished(view))  # kept, and read below
    sentence = "\n\n".join(paragraphs(view))
    return [Section(title="Summary", slug="trials", sentence=sentence, table=view.sweep.trials)]


def paragraphs(view: View) -> Iterator[str]:
    """Yield the paragraphs of the summary, in plain text: all but the choice, which has a section of its own."""
    sweep, board = view.sweep, view.board
    yield _swept(sweep, view.parameters)
    yield from _compared(view)
    by_scores = findings.first_by_scores(view, partial(floor_of_trial, sweep))
    found = [findings.active_dimensions(board), by_scores]
    if not board.empty:
        pays = findings.beta_pays(effect(view.own_runs, "beta")) if are_all_of_rate(sweep.spec, view.own_runs) else ""
        yield " ".join(filter(None, [pays, *found, what_explains(view)]))
    mode = "" if view.is_comparison else MODES.get(str(sweep.spec.get("mode")), "")
    yield " ".join(filter(None, [_progress(sweep), mode, findings.not_complete(sweep.trials, sweep.spec)]))
    yield _alike(view)


def _alike(view: View) -> str:
    """Say that the ELBO means the same of every run, whatever its loss made of it."""
    if are_all_of_rate(view.sweep.spec, view.runs):
        return "Every comparison is at beta = 1: the ELBO is −R − D, whatever beta weighted R in training."
    return "Every comparison is of the same ELBO, −R − D, whatever loss was minimised and whatever beta weighed in it."


def _finished(view: View) -> list[int]:
    return [int(run) for run in view.runs.loc[view.runs["state"] == "COMPLETE", "run"]]


def _compared(view: View) -> Iterator[str]:
    """What a comparison came to, once its coverage was computed, which its report does."""
    if not view.is_comparison:
        return
    known = coverage_cache(view.sweep).read()
    known = known[known["run"].isin(_finished(view))]
    if known.empty or set(known["model"]) != {"vae", "ae"}:
        return
    short = "" if view.still_improving.is_settled else " Runs were still improving: more training may change this."
    yield comparison(known) + short


def _swept(sweep: Sweep, parameters: Sequence[str]) -> str:
    spec, is_binary = sweep.spec, sweep.provenance.get("data", {}).get("binary")
    axes = {name: str(spec[name]) for name in parameters}
    varied = [f"{short_label(name)} {_axis(axis)}" for name, axis in axes.items() if _varies(axis)]
    fixed = [f"{short_label(name)} {axis}" for name, axis in axes.items() if not _varies(axis)]
    parts = [f"{listed(varied)} varied" if varied else "", f"{listed(fixed)} fixed" if fixed else ""]
    likelihood = str(spec["likelihood"]).replace("_", " ")
    epochs = "until validation stops improving" if spec["epochs"] == "auto" else counted(int(spec["epochs"]), "epoch")
    more = int(sweep.runs.groupby("trial")["seed"].nunique().max()) if AT_SELECTION in sweep.trials else 0
    most = f", the best up to {more}" if more > int(spec["seeds"]) else ""
    length = f"{epochs}, {counted(int(spec['seeds']), 'seed')} a trial{most}"
    twin = ", and with each its autoencoder twin," if "ae" in str(spec.get("models", "")).split(",") else ""
    text = (
        f"A variational autoencoder with a {likelihood} likelihood{twin} on {spec['data']}, {length}: "
        f"{', '.join(part for part in parts if part)}."
    )
    if spec["likelihood"] == "bernoulli" and spec.get("binarize", "none") == "none" and is_binary is not True:
        grey = "Pixels are grey:" if is_binary is False else "Where pixels are grey,"
        text += f" {grey} the distortion is their cross-entropy and not −log p(x|z)."
    return text


def _varies(axis: str) -> bool:
    return ":" in axis or "," in axis or axis == USUAL


def _axis(axis: str) -> str:
    if axis == USUAL:
        return "at each loss's usual values"
    if "," in axis:
        return listed([part.strip() for part in axis.split(",")])
    low, high, *rest = axis.split(":")
    return f"{low} to {high}{' (logarithmic)' if rest else ''}"


def _progress(sweep: Sweep) -> str:
    counts = states(sweep.trials).set_index("state")["trials"]
    asked = max(int(sweep.spec["trials"]), len(sweep.trials))
    text = (
        f"{counts['COMPLETE']} of {counted(asked, 'trial')} complete, {counts['PRUNED']} pruned, "
        f"{counts['FAIL']} failed. "
    )
    if since := ended_early(sweep.trials, sweep.spec):
        text += f"The study ended early: its best had not improved for {counted(since, 'trial')}. "
    if not is_complete(sweep.trials, sweep.spec):
        if is_running(sweep):
            text += f"The sweep is being trained: this is how far it is. {running(sweep)} "
        else:
            text += f"The sweep is incomplete: the same command goes on with what is missing. {running(sweep)} "
    return text.strip()

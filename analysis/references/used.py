"""Which works a sweep and its report use: losses, data, scores and options name their own, analyses are listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analysis.methods.methods import Methods
from analysis.metrics import METRICS
from analysis.presentation.view import View
from analysis.references.bibliography import Entry, entry_of
from vae.columns import RATE_PARTS, SAMPLED
from vae.data import SOURCES
from vae.loss_table import LOSSES

Uses = Iterator[tuple[str, str]]
"""A source, which begins with a citation, and what it is cited for."""
SURROGATE = "the effects' surrogate"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of an analysis."""

    source: str
    what: str
    module: str
    """Where it is defined, and named."""
    applies: Callable[[View], bool] = lambda view: True


def _has_seeds(view: View) -> bool:
    return len(view.board) > 1 and bool((view.board["n"] > 1).any()) and len(view.sweep.objectives) == 1


def _has_several_objectives(view: View) -> bool:
    return len(view.sweep.objectives) > 1


def _has_surrogate(view: View) -> bool:
    return view.sweep.spec.get("sampler") != "grid" and bool(view.varying)


def _has_weights(view: View) -> bool:
    return bool(view.best_runs) and view.best_runs[0] in view.sweep.folder.weight_files()


def _has_pictures(view: View) -> bool:
    return _has_weights(view) and not view.sweep.is_table


def _compares_losses(view: View) -> bool:
    return set(RATE_PARTS) <= set(view.runs) and len(Methods(view).losses) > 1


def _explains_scores(view: View) -> bool:
    methods = Methods(view)
    return methods.applies and not methods.lacking


def _is_at_equal_rate(view: View) -> bool:
    return _explains_scores(view) and len(Methods(view).losses) > 1


def _ranks(view: View) -> bool:
    return Methods(view).applies and bool(view.sweep.scores) and _has_weights(view)


METHODS = (
    Method(source="Alemi et al. 2018", what="the rate-distortion plane", module="analysis.plane.frontier"),
    Method(source="Burda et al. 2016", what="active units", module="vae.columns"),
    Method(source="Lucas et al. 2019", what="collapsed dimensions", module="vae.columns"),
    Method(
        source="Hsu 1984", what="comparisons with the best", module="analysis.choice.contenders", applies=_has_seeds
    ),
    Method(source="Smyth 2004", what="the noise of seeds", module="analysis.choice.noise", applies=_has_seeds),
    Method(
        source="Breiman et al. 1984",
        what="the one-standard-error rule",
        module="analysis.choice.contenders",
        applies=_has_seeds,
    ),
    Method(source="Das 1999", what="the knee", module="analysis.choice.pareto", applies=_has_several_objectives),
    Method(
        source="Rasmussen & Williams 2006",
        what=SURROGATE,
        module="analysis.surrogate.process",
        applies=_has_surrogate,
    ),
    Method(
        source="Friedman 2001",
        what="partial dependence",
        module="analysis.surrogate.surrogate",
        applies=_has_surrogate,
    ),
    Method(
        source="Saltelli et al. 2010",
        what="hyperparameter importance",
        module="analysis.importance.shares",
        applies=_has_surrogate,
    ),
    *(
        Method(source=source, what="intrinsic dimension", module="analysis.intrinsic_dimension.estimates")
        for source in ("Facco et al. 2017", "Levina & Bickel 2004")
    ),
    Method(
        source="Burda et al. 2016",
        what="importance-weighted bounds",
        module="analysis.health.likelihood",
        applies=_has_weights,
    ),
    Method(
        source="Hoffman & Johnson 2016",
        what="the parts of the rate",
        module="analysis.health.mixture",
        applies=_has_weights,
    ),
    Method(
        source="Shoemake 1985",
        what="spherical interpolation",
        module="analysis.frames.latent_paths",
        applies=_has_pictures,
    ),
    Method(source="Chen et al. 2018", what="the parts of the rate", module="vae.columns", applies=_compares_losses),
    Method(
        source="Kelley 1935",
        what="shares of a score's variance",
        module="analysis.methods.shares",
        applies=_explains_scores,
    ),
    Method(
        source="Bjontegaard 2001",
        what="losses at equal rate",
        module="analysis.methods.equal_rate",
        applies=_is_at_equal_rate,
    ),
    Method(source="Duan et al. 2020", what="UDR", module="analysis.metrics.udr", applies=_ranks),
    Method(
        source="Bonett & Wright 2000",
        what="the interval of a rank correlation",
        module="analysis.statistics.rank_correlation",
        applies=_ranks,
    ),
    *(
        Method(source=source, what=what, module=module, applies=lambda view: view.is_comparison)
        for source, what, module in (
            ("Naeem et al. 2020", "density and coverage", "analysis.coverage.neighbours"),
            ("Rosca et al. 2018", "KL between codes and prior", "analysis.coverage.neighbours"),
            ("Gretton et al. 2012", "the kernel discrepancy", "analysis.coverage.discrepancy"),
            ("Tolstikhin et al. 2018", "its kernel", "analysis.coverage.discrepancy"),
            ("Bonneel et al. 2015", "sliced Wasserstein", "analysis.coverage.discrepancy"),
            ("Dowson & Landau 1982", "the Fréchet distance", "analysis.statistics.gaussians"),
            ("Lopez-Paz & Oquab 2017", "classifier tests", "analysis.coverage.discrepancy"),
            ("Jha et al. 2018", "the cycle error", "analysis.coverage.discrepancy"),
            ("Ghosh et al. 2020", "priors fitted to an autoencoder", "analysis.coverage.priors"),
        )
    ),
)
SAMPLERS = {"tpe": "Bergstra et al. 2011"}
PRUNERS = {"halving": "Jamieson & Talwalkar 2016", "median": "Golovin et al. 2017"}
SCHEDULES = {"linear": "Bowman et al. 2016", "cyclic": "Fu et al. 2019"}


def used(view: View) -> dict[Entry, list[str]]:
    """Return the works that a sweep and its report use, each with what for, in the order of their use."""
    found: dict[Entry, list[str]] = {}
    for source, what in (*_training(view), *_search(view), *_analyses(view)):
        reasons = found.setdefault(entry_of(source), [])
        if what not in reasons:
            reasons.append(what)
    return found


def _training(view: View) -> Uses:
    spec = view.sweep.spec
    data = SOURCES.get(str(spec["data"]))
    if data is not None and data.citation:
        yield data.citation, f"the data {data.name}"
    yield "Kingma & Welling 2014", "the variational autoencoder"
    for name in _values(view, "loss", "beta_vae"):
        if name in LOSSES:  # a folder may say anything
            yield LOSSES[name].source, f"the loss {name}"
    if spec["likelihood"] == "continuous_bernoulli":
        yield "Loaiza-Ganem & Cunningham 2019", "the continuous Bernoulli likelihood"
    if "conv" in _values(view, "network", "mlp"):
        yield "Locatello et al. 2019", "the network conv"
    if (schedule := str(spec.get("beta_schedule", "")).partition(":")[0]) in SCHEDULES:
        yield SCHEDULES[schedule], f"the {schedule} schedule of beta"
    yield "Kingma & Ba 2015", "the optimizer"
    yield "Paszke et al. 2019", "PyTorch"


def _search(view: View) -> Uses:
    yield "Akiba et al. 2019", "Optuna"
    for option, named in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        if (value := str(view.sweep.spec.get(option))) in named:
            yield named[value], f"the {option} {value}"


def _analyses(view: View) -> Uses:
    for name in view.sweep.scores:
        yield METRICS[name.removesuffix(SAMPLED)].source, f"the score {name.removesuffix(SAMPLED)}"
    if view.vae_runs.empty:
        return
    for method in METHODS:
        if method.applies(view):
            yield method.source, method.what


def _values(view: View, name: str, default: str) -> list[str]:
    """What a hyperparameter of names was, over the runs or as the spec has it."""
    if name in view.sweep.runs:
        return sorted(set(view.sweep.runs[name].astype(str)))
    return [value.strip() for value in str(view.sweep.spec.get(name, default)).split(",")]

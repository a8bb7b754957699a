"""What a report says of posterior health."""

import math

import pandas as pd

from analysis.health import figures
from analysis.health.collapse import collapse_curves
from analysis.health.flags import causes, flags
from analysis.health.runs import bound_columns, health_dims, sweep_health
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.view import View
from analysis.presentation.words import counted, nats, number
from analysis.statistics.carrying import COLUMN, LEAST_NATS, carrying_units
from analysis.statistics.intervals import SUFFIX
from vae.columns import ACTIVE_VARIANCE
from vae.errors import ResultsError, VaekitError

SHOWN = 20
CHEAP_PIXELS = 1_000_000
"""Pixels of the test images, up to which all seeds of the first trial are measured and not the first alone."""
NOTHING = "no trial is complete"


def health_sections(view: View) -> list[Section]:
    """Show the first trial's posterior, and collapse along beta."""
    return [*_best_sections(view), _collapse_section(view)]


def _best_sections(view: View) -> list[Section]:
    """The dear numbers of the first trial's runs: all where they are cheap, else the first alone."""
    title, title_dims = "Posterior health", "What each dimension is used for"
    sweep, runs = view.sweep, view.best_runs
    try:
        why = "" if runs else NOTHING
        cheap = runs and sweep.count("test") * math.prod(sweep.image_shape) <= CHEAP_PIXELS
        chosen = runs if cheap else runs[:1]
        table, dims = sweep_health(sweep, chosen), health_dims(sweep, chosen)
    except VaekitError as error:
        why = without_weights(error) if isinstance(error, ResultsError) else "the images can no longer be read"
    if why:
        return [left_out(title, "health", why), left_out(title_dims, "health_dims", why)]
    bounds = bound_columns(table)
    bound = "bound on log p(x)" if table["is_likelihood"].all() else "bound on −cross-entropy"
    own = dims[dims["run"] == chosen[0]].sort_values("kl_nats", ascending=False, kind="stable")
    return [
        Section(
            title=title,
            slug="health",
            sentence=_health_sentence(table, list(bounds)),
            figure=figures.health(table, bounds, bound),
            table=table,
            preview=table[[*PREVIEW, *bounds.values()]],
        ),
        Section(
            title=title_dims,
            slug="health_dims",
            sentence=_dims_sentence(own),
            figure=figures.dimensions(own),
            table=dims,
            preview=own.drop(columns="run").head(SHOWN),
        ),
    ]


PREVIEW = (
    "run", "rate_nats", "mutual_information_nats", "total_correlation_nats", "dimension_wise_kl_nats",
    "effective_sample_size_median", "effective_sample_size_low", "frechet_distance",
)  # fmt: skip
"""Columns of the health table on the page, before the bounds."""


def _health_sentence(table: pd.DataFrame, counts: list[int]) -> str:
    first, last = table.iloc[0], counts[-1]
    rise = first[f"importance_weighted_elbo_{last}_nats"] - first["importance_weighted_elbo_1_nats"]
    capped = (
        " It is within 1 nat of that, so read it as a lower bound: with more images it would be larger, and the total "
        "correlation smaller."
        if first["is_capped"]
        else ""
    )
    what = (
        "log p(x)"
        if first["is_likelihood"]
        else "minus the cross-entropy (pixels are grey, so this is not log p(x), but it behaves alike)"
    )
    return (
        f"The first trial of the leaderboard on {counted(int(first['images']), 'test image')}. Left: the rate is the "
        "sum of the mutual information I(x; z), the only part that tells images apart, the total correlation between "
        "dimensions, and the KL of each dimension's aggregate posterior to N(0, 1). The last two are what sampling z "
        f"from the prior gets wrong. In run {int(first['run'])}, I is {nats(first['mutual_information_nats'])} of "
        f"{nats(first['rate_nats'])} nats (standard error {nats(first['mutual_information_standard_error_nats'])}); it "
        f"cannot exceed log N = {nats(first['log_images_nats'])} nats, the dashed line.{capped} The parts are "
        "estimated from one posterior sample per image and sum to R; a total correlation near 0 may come out "
        f"negative.\n\nRight: the importance-weighted bound L_K on {what}. L_1 is the ELBO, and L_K approaches the "
        f"true value as K grows: at K = {last} it is {nats(rise)} nats higher, so the ELBO loses at least that much to "
        "the shape of the posterior. The effective sample size tells how far to trust it: its median over images is "
        f"{number(float(first['effective_sample_size_median']), 3)} of {last}, and 5 % of images have less than "
        f"{number(float(first['effective_sample_size_low']), 3)}. The Fréchet distance (squared, in units of z) "
        "compares the moments of the aggregate posterior with those of the prior; 0 is a match."
    )


def _dims_sentence(dims: pd.DataFrame) -> str:
    variance = dims.loc[dims["kl_nats"] > 0.1, "variance"]
    law = (
        f" It is 1 where a dimension matches the prior; over the dimensions with more than 0.1 nats it averages "
        f"{number(float(variance.mean()), 3)}."
        if len(variance)
        else ""
    )
    return (
        f"Run {int(dims['run'].iloc[0])}, dimensions by falling KL. The second bar is the drop in ELBO when that "
        "dimension of z is permuted across images and the others are kept. A dimension with KL but no drop costs rate "
        "and is not used by the decoder; one with neither has collapsed. Variance is that of the aggregate posterior: "
        f"the variance of the means plus the mean of the variances.{law}\n\n{used_units(dims)}"
    )


def used_units(dims: pd.DataFrame) -> str:
    """Say of how many of a run's dimensions the means vary, how many carry its rate, and how many its decoder uses.

    `dims` has a row a dimension of one run: run, kl_nats, mean_variance and decoder_use_nats.
    """
    active = int((dims["mean_variance"] > ACTIVE_VARIANCE).sum())
    carrying = int(carrying_units(dims)[COLUMN].iloc[0])
    used = int((dims["decoder_use_nats"] >= LEAST_NATS).sum())
    return (
        f"Of its {counted(len(dims), 'dimension')}, {active} are active (the means vary), {carrying} carry 95 % of the "
        f"rate, and {used} are used by the decoder (permuting one costs at least {number(LEAST_NATS)} nats)."
    )


def _collapse_section(view: View) -> Section:
    title, curves = "Posterior collapse", collapse_curves(view.sweep, view.vae_runs, view.best_runs)
    if curves.empty:
        no_weights = view.sweep.unnamed or "no weights were kept"
        return left_out(title, "collapse", no_weights if view.best_runs else NOTHING)
    band = " Bands are 95 % intervals over seeds." if curves["collapsed_share" + SUFFIX].notna().any() else ""
    sentence = (
        "The share of latent dimensions whose KL is below epsilon on at least 99 % of the test images: (epsilon, "
        "delta)-collapse with delta = 0.01. A curve that is high on the left has collapsed dimensions; one that stays "
        "at 0 up to 1 nat uses all of them. Shown are the first trial of the leaderboard and those with the lowest and "
        f"highest beta, if their weights were kept.{band}"
    )
    return Section(title=title, slug="collapse", sentence=sentence, figure=figures.collapse(curves), table=curves)


def flag_sections(view: View) -> list[Section]:
    """List the causes with their runs, and each run that something is wrong with."""
    runs, likelihood = len(view.vae_runs), str(view.sweep.spec["likelihood"])
    found, zero_rate = view.still_improving.table, view.zero_rate.nats
    table = flags(view.vae_runs, view.sweep.history, found, zero_rate, likelihood, view.sweep.spec)
    counts = causes(table)
    if not runs:
        return [left_out("Flags", "flag_causes", NOTHING), left_out("Flagged runs", "flags", NOTHING)]
    flagged = table["run"].nunique()
    grouped = (
        f"{flagged} of {counted(runs, 'run')} {'has' if flagged == 1 else 'have'} a flag. Flags follow fixed rules on "
        "the test columns and the learning curve. A flag is not a fault: over-regularised runs make up the left of the "
        "rate-distortion plane."
    )
    shown = f" The first {SHOWN} are listed." if len(table) > SHOWN else ""
    each = f"Each sentence says what was seen and what to change.{shown}"
    preview = table.head(SHOWN)
    return [
        Section(title="Flags", slug="flag_causes", sentence=grouped, table=counts, preview=counts),
        Section(title="Flagged runs", slug="flags", sentence=each, table=table, preview=preview),
    ]

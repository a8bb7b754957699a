"""What a report says of posterior health."""

import math

import pandas as pd

from analysis.health import figures
from analysis.health.collapse import collapse_curves
from analysis.health.flags import FLAGS, flags
from analysis.health.runs import bound_columns, health_dims, sweep_health
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import counted, listed, nats, number
from analysis.statistics.intervals import SUFFIX
from vae.errors import ResultsError, VaekitError

SHOWN = 20
CHEAP_PIXELS = 1_000_000
"""Pixels of the test images, up to which all seeds of the best trial are measured and not the first alone."""
NOTHING = "no trial is complete"
NO_WEIGHTS = "no weights were kept"


def health_sections(view: View) -> list[Section]:
    """Show the best trial's posterior, collapse along beta, and the runs that something is wrong with."""
    return [*_best_sections(view), _collapse_section(view), _flags_section(view)]


def _best_sections(view: View) -> list[Section]:
    """The dear numbers of the best trial's runs: all where they are cheap, else the first alone."""
    title, title_dims = "Posterior health", "What each dimension is used for"
    empty, sweep, runs = pd.DataFrame({"run": []}), view.sweep, view.best_runs
    try:
        why = "" if runs else NOTHING
        cheap = runs and sweep.count("test") * math.prod(sweep.image_shape) <= CHEAP_PIXELS
        chosen = runs if cheap else runs[:1]
        table, dims = sweep_health(sweep, chosen), health_dims(sweep, chosen)
    except VaekitError as error:
        why = NO_WEIGHTS if isinstance(error, ResultsError) else "the images cannot be read"
    if why:
        return [left_out(title, "health", empty, why), left_out(title_dims, "health_dims", empty, why)]
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
        " It is within 1 nat of that: read it as a lower bound, for more images would show more, and what is "
        "missing in it stands under total correlation."
        if first["is_capped"]
        else ""
    )
    what = (
        "log p(x)"
        if first["is_likelihood"]
        else "minus the cross-entropy: pixels are grey, so it is no log p(x), though it rises in the same way"
    )
    return (
        f"The best trial on {counted(int(first['images']), 'test image')}. Left: the rate is the mutual information "
        "I(x; z), which alone tells images apart, plus the total correlation between dimensions, plus each "
        "dimension's KL between its aggregate posterior and N(0, 1); the last two are what sampling z from the prior "
        "gets wrong. The shares are estimates from one posterior sample an image, and a total correlation near 0 may "
        "come out negative; they sum to R. "
        f"Of run {int(first['run'])}'s {nats(first['rate_nats'])} nats, I is "
        f"{nats(first['mutual_information_nats'])} (standard error "
        f"{nats(first['mutual_information_standard_error_nats'])}); it cannot exceed log N = "
        f"{nats(first['log_images_nats'])} nats, the dashed line.{capped}\n\n"
        f"Right: the importance-weighted bound L_K on {what}. L_1 is the ELBO; L_K rises with K towards what the model "
        f"is worth, here by {nats(rise)} nats to K = {last}, which is at least what the ELBO loses by the "
        "posterior's shape. Effective samples say how far to trust it: the median image has "
        f"{number(float(first['effective_sample_size_median']), 3)} of {last}, 5 % have fewer than "
        f"{number(float(first['effective_sample_size_low']), 3)}. The Frechet distance (squared, in units of z) "
        "compares the moments of the aggregate posterior with the prior's: 0 is a match."
    )


def _dims_sentence(dims: pd.DataFrame) -> str:
    variance = dims.loc[dims["kl_nats"] > 0.1, "variance"]
    law = (
        f" By the variance law it is 1 where a dimension matches the prior; of the dimensions above 0.1 nats it is "
        f"{number(float(variance.mean()), 3)} on average."
        if len(variance)
        else ""
    )
    return (
        f"Run {int(dims['run'].iloc[0])}, dimensions by falling KL. The second bar is how far the ELBO drops when that "
        "dimension of z changes places among the images and the others stay: a KL without it is paid for and not "
        "read, both near 0 is a collapsed dimension. Variance is that of the aggregate posterior: the variance of "
        f"the means plus the mean variance.{law}"
    )


def _collapse_section(view: View) -> Section:
    title, curves = "Posterior collapse", collapse_curves(view.sweep, view.vae_runs, view.best_runs)
    if curves.empty:
        return left_out(title, "collapse", curves, NO_WEIGHTS if view.best_runs else NOTHING)
    band = " Bands are 95 % intervals over seeds." if curves["collapsed_share" + SUFFIX].notna().any() else ""
    sentence = (
        "The share of latent dimensions whose KL is below epsilon on at least 99 % of the test images ((epsilon, "
        "delta)-collapse with delta 0.01). A curve that is high at the left has dimensions that equal the prior for "
        "every image; one that stays at 0 up to 1 nat uses all it has. The trial of the highest and of the lowest beta "
        f"stand beside the best, as far as their weights were kept.{band}"
    )
    return Section(title=title, slug="collapse", sentence=sentence, figure=figures.collapse(curves), table=curves)


def _flags_section(view: View) -> Section:
    runs, likelihood = len(view.vae_runs), str(view.sweep.spec["likelihood"])
    table = flags(view.vae_runs, view.sweep.history, view.zero_rate.nats, likelihood)
    if not runs:
        return left_out("Flags", "flags", table, NOTHING)
    counts = table["flag"].value_counts()
    told = listed([f"{name} {counts.get(name, 0)}" for name in FLAGS])
    shown = f" The first {SHOWN} are listed." if len(table) > SHOWN else ""
    flagged = table["run"].nunique()
    sentence = (
        f"{flagged} of {counted(runs, 'run')} {'has' if flagged == 1 else 'have'} a flag, by fixed rules on the test "
        f"columns and the learning curve: {told}. A flag is not a fault: over-regularised runs draw the left of the "
        f"rate-distortion plane. Each sentence says what was seen and what to change.{shown}"
    )
    return Section(title="Flags", slug="flags", sentence=sentence, table=table, preview=table.head(SHOWN))

"""What a report says of posterior health."""

import pandas as pd

from analysis.frames.sweep import Sweep, finished
from analysis.health import figures
from analysis.health.flags import FLAGS, flags
from analysis.health.posterior import collapse_curve, kl_nats
from analysis.health.runs import bound_columns, health_dims, sweep_health
from analysis.presentation.section import Section, left_out
from analysis.presentation.words import counted, listed, number
from analysis.statistics.intervals import SUFFIX, replicates
from analysis.statistics.leaderboard import leaderboard
from vae.columns import PARAMETERS
from vae.errors import ResultsError, VaekitError

SHOWN = 20
CHEAP_PIXELS = 1_000_000
"""Pixels of the test images, up to which all seeds of the best trial are measured and not the first alone."""
NOTHING = "no trial is complete"
NO_WEIGHTS = "no weights were kept"


def health_sections(sweep: Sweep) -> list[Section]:
    """Show the best trial's posterior, collapse along beta, and the runs that something is wrong with."""
    board = leaderboard(sweep.trials, sweep.runs, sweep.objectives)
    complete = sweep.trials.loc[sweep.trials["state"] == "COMPLETE", "trial"]
    runs = finished(sweep.runs)
    runs = runs[runs["trial"].isin(complete)]
    best = runs.merge(board[list(PARAMETERS)].head(1), on=list(PARAMETERS))["run"].tolist()
    return [*_best_sections(sweep, best), _collapse_section(sweep, runs, best), _flags_section(sweep)]


def _best_sections(sweep: Sweep, runs: list[int]) -> list[Section]:
    """The dear numbers of some runs of one trial: all where they are cheap, else the first alone."""
    title, title_dims = "Posterior health", "What each dimension is used for"
    empty = pd.DataFrame({"run": []})
    try:
        why = "" if runs else NOTHING
        chosen = runs if runs and sweep.images("test").size <= CHEAP_PIXELS else runs[:1]
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
        f"Of run {int(first['run'])}'s {number(float(first['rate_nats']))} nats, I is "
        f"{number(float(first['mutual_information_nats']))} (standard error "
        f"{number(float(first['mutual_information_standard_error_nats']), 2)}); it cannot exceed log N = "
        f"{number(float(first['log_images_nats']))} nats, the dashed line.{capped}\n\n"
        f"Right: the importance-weighted bound L_K on {what}. L_1 is the ELBO; L_K rises with K towards what the model "
        f"is worth, here by {number(float(rise), 3)} nats to K = {last}, which is at least what the ELBO loses by the "
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


def _collapse_section(sweep: Sweep, runs: pd.DataFrame, best: list[int]) -> Section:
    title, curves = "Posterior collapse", collapse_curves(sweep, runs, best)
    if curves.empty:
        return left_out(title, "collapse", curves, NO_WEIGHTS if best else NOTHING)
    band = " Bands are 95 % intervals over seeds." if curves["collapsed_share" + SUFFIX].notna().any() else ""
    sentence = (
        "The share of latent dimensions whose KL is below epsilon on at least 99 % of the test images ((epsilon, "
        "delta)-collapse with delta 0.01). A curve that is high at the left has dimensions that equal the prior for "
        "every image; one that stays at 0 up to 1 nat uses all it has. The trial of the highest and of the lowest beta "
        f"stand beside the best, as far as their weights were kept.{band}"
    )
    return Section(title=title, slug="collapse", sentence=sentence, figure=figures.collapse(curves), table=curves)


def collapse_curves(sweep: Sweep, runs: pd.DataFrame, best: list[int]) -> pd.DataFrame:
    """Return the collapse curve (mean and half-width over seeds) of the best trial and of the two extremes of beta.

    Runs whose weights were not kept are left out.
    """
    ordered = runs.sort_values(["beta", "trial"])
    trials = [*runs.loc[runs["run"].isin(best), "trial"].head(1), *ordered["trial"].iloc[[-1, 0][: 2 * len(ordered)]]]
    names = dict(zip(reversed(trials), reversed(("best", "highest beta", "lowest beta")), strict=False))
    parts = []
    for _, row in runs[runs["trial"].isin(trials)].iterrows():
        try:
            curve = collapse_curve(kl_nats(*sweep.run(int(row["run"])).encode(sweep.images("test"))))
        except VaekitError:
            continue
        parts.append(curve.assign(standing=names[row["trial"]], **row[["trial", "latent_dim", "beta"]]))
    columns = ["standing", "trial", "latent_dim", "beta", "epsilon_nats", "collapsed_share"]
    return replicates(pd.concat(parts), columns[:-1], columns[-1:]) if parts else pd.DataFrame(columns=columns)


def _flags_section(sweep: Sweep) -> Section:
    table, runs = flags(sweep), len(finished(sweep.runs))
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

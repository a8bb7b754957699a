"""What a report says of coverage, where a sweep has VAEs and their autoencoder twins."""

import pandas as pd

from analysis.coverage import figures
from analysis.coverage.differences import by_prior, compact, coverage_curves, paired_differences, verdicts
from analysis.coverage.maps import drawn_images, latent_map, twins
from analysis.coverage.priors import PRIORS, SPOKEN
from analysis.coverage.registry import KEY, METRICS, REALISM, spoken
from analysis.coverage.sweep import sweep_coverage
from analysis.frames.sweep import Sweep
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.view import View
from analysis.presentation.words import counted, listed
from analysis.statistics.selection import varying
from vae.errors import DataError, ResultsError

TITLE = "Latent coverage"
SHOWN = 24
ASKED = (
    "How well do draws of a prior and codes of test images cover each other? A VAE is trained towards N(0, I). An "
    "autoencoder of the same size has no prior and an arbitrary scale. So beside N(0, I), which may only show a "
    "mismatch of scale, it stands under two priors fitted to its training codes: a Gaussian with their mean and "
    "covariance, and a mixture of ten Gaussians. Distances are in standard deviations or variances of the prior."
)
DRAWN = (
    "Bars are 95 % intervals over seeds. Dashed lines are the floor, dark for the VAE and grey for the autoencoder: "
    "the same measure with {floor}. A model does better than its floor only by chance{exception}. Dotted lines are "
    "values of equal laws."
)
NOISE = ", or in sliced Wasserstein, where the floor has the noise of two samples"
CYCLE = (
    "A VAE's cycle error also holds the noise of its posterior, and a dimension that it leaves unused adds a whole "
    "variance: compare it with the model's own floor."
)
DIFFERENCES = (
    "The VAE under N(0, I) minus the autoencoder of the same sizes and seed under each of its priors: a mean over "
    "seeds with a 95 % interval. Twins share their initial weights and minibatches, so what seeds have in common "
    "cancels. Where an interval holds 0, these seeds do not tell the two apart."
)
ONE_SEED = "The VAE under N(0, I) minus its autoencoder twin under each of its priors; one seed, so no interval."
LIKE_DATA = (
    "Do decoded draws of the prior look like data? The nearest-neighbour ratio is a draw's distance to the nearest "
    "training image over that of a test image: far above 1 is unlike the data, far below 1 is a copy, or as blurred as "
    "a mean. Decoded images are means of p(x|z)."
)
JUDGED = (
    "A classifier of the training images looks at them too: its confidence, the entropy of its class probabilities, "
    "and how far the classes found are from those of the data. It may be sure of images that are like none it knows, "
    "so read it together with the coverage."
)
UNJUDGED = "The data have no single label that a classifier could judge them by."


def coverage_sections(view: View) -> list[Section]:
    """Show how VAEs and autoencoders cover their priors, what the latent spaces look like, and what draws decode to."""
    pairs = twins(view.runs)
    if pairs.empty:
        why = "it compares VAEs with autoencoders of the same sizes and seeds, which vaekit compare NAME trains"
        return [left_out(TITLE, "coverage", why)]
    if view.sweep.provenance.get("data", {}).get("test") == 1:
        return [left_out(TITLE, "coverage", "it compares codes of test images, and there is only one")]
    try:
        return _sections(view, pairs)
    except ResultsError as error:
        why = without_weights(error, "it reads the runs' weights, and they were not all kept")
        return [left_out(TITLE, "coverage", why)]
    except DataError:
        return [left_out(TITLE, "coverage", "the images can no longer be read")]


def _sections(view: View, pairs: pd.DataFrame) -> list[Section]:
    coverage = sweep_coverage(view.sweep, view.runs.loc[view.runs["state"] == "COMPLETE", "run"].tolist())
    return [
        _coverage_section(coverage),
        _differences_section(coverage),
        _map_section(view.sweep, pairs),
        _realism_section(coverage),
        *([] if view.sweep.is_table else [_decoded_section(view.sweep, pairs)]),
    ]


def _coverage_section(coverage: pd.DataFrame) -> Section:
    parameter = _axis(coverage)
    curves = coverage_curves(coverage, parameter)
    return Section(
        title=TITLE,
        slug="coverage",
        sentence=f"{ASKED}\n\n{_verdicts(paired_differences(coverage), KEY)}",
        reading=_coverage_reading(),
        figure=figures.by_parameter(curves, parameter, list(KEY)),
        table=coverage,
        preview=compact(curves, parameter, list(KEY)).head(SHOWN),
    )


def _differences_section(coverage: pd.DataFrame) -> Section:
    differences = paired_differences(coverage)
    several = len(set(coverage["seed"])) > 1
    return Section(
        title="Differences of twins",
        slug="coverage_differences",
        sentence=DIFFERENCES if several else ONE_SEED,
        table=differences,
        preview=by_prior(differences, [*KEY, *REALISM]),
    )


def _realism_section(coverage: pd.DataFrame) -> Section:
    parameter = _axis(coverage)
    curves = coverage_curves(coverage, parameter)
    metrics = [name for name in REALISM if name in set(coverage["metric"])]
    return Section(
        title="Realism of decoded draws",
        slug="realism",
        sentence=_realism_sentence(paired_differences(coverage), metrics),
        reading=DRAWN.format(floor="test images in place of decoded draws", exception=""),
        figure=figures.by_parameter(curves, parameter, metrics),
        table=coverage[coverage["metric"].isin(metrics)],
        preview=compact(curves, parameter, metrics).head(SHOWN),
    )


def _map_section(sweep: Sweep, pairs: pd.DataFrame) -> Section:
    chosen = pairs[pairs["latent_dim"] > 1] if (pairs["latent_dim"] > 1).any() else pairs
    latent_dim, vae, ae = (int(chosen[name].iloc[0]) for name in ("latent_dim", "vae", "ae"))
    points = pd.concat([latent_map(sweep.run(vae), PRIORS[:1]), latent_map(sweep.run(ae), PRIORS)], ignore_index=True)
    return Section(
        title="Maps of the latent space",
        slug="latent_map",
        sentence=_map_sentence(latent_dim, vae, ae),
        figure=figures.latent_maps(points),
        table=points,
    )


def _decoded_section(sweep: Sweep, pairs: pd.DataFrame) -> Section:
    latent_dim, vae, ae = (int(pairs[name].iloc[-1]) for name in ("latent_dim", "vae", "ae"))
    shown = [drawn_images(sweep.run(run), priors) for run, priors in ((vae, PRIORS[:1]), (ae, PRIORS))]
    return Section(
        title="Decoded draws",
        slug="decoded_draws",
        sentence=_decoded_sentence(latent_dim, vae, ae),
        figure=figures.decoded([row for _, images in shown for row in images]),
        table=pd.concat([table for table, _ in shown], ignore_index=True),
    )


def _axis(coverage: pd.DataFrame) -> str:
    """The parameter that the figures have across: the first that varies."""
    return next(iter(varying(coverage)), "latent_dim")


def _coverage_reading() -> str:
    readings = [f"{spoken(name)} is {METRICS[name].reading}" for name in KEY]
    better = "Higher coverage is better, and so is less of the other four."
    drawn = DRAWN.format(floor="codes of training images in place of draws", exception=NOISE)
    listing = f"{'; '.join(readings)}. {better} {CYCLE}"
    return f"{listing[0].upper()}{listing[1:]}\n\n{drawn}"


def _realism_sentence(differences: pd.DataFrame, metrics: list[str]) -> str:
    told = tuple(name for name in metrics if METRICS[name].better != "nearer")
    parts = [f"{LIKE_DATA} {JUDGED if told else UNJUDGED}"]
    return "\n\n".join([*parts, _verdicts(differences, told)] if told else parts)


def _map_sentence(latent_dim: int, vae: int, ae: int) -> str:
    plane = " in the plane of the codes' first two principal axes" if latent_dim > 2 else ""
    return (
        f"Codes of test images and draws of the priors{plane}, of runs {vae} (VAE) and {ae} (autoencoder), both with "
        f"{counted(latent_dim, 'latent dimension')}. Draws where no code lies are in holes: the decoder was never "
        "trained there. Codes where no draw lies are images that the prior hardly ever makes."
    )


def _decoded_sentence(latent_dim: int, vae: int, ae: int) -> str:
    return (
        f"The first draws of each prior, decoded by runs {vae} (VAE) and {ae} (autoencoder), both with "
        f"{counted(latent_dim, 'latent dimension')}. The table holds the draws."
    )


def _verdicts(differences: pd.DataFrame, metrics: tuple[str, ...]) -> str:
    """Both sides of every comparison of twins, a sentence a prior."""
    chosen = differences[differences["metric"].isin(metrics)]
    if not int(chosen["n"].max()) > 1:
        return "With one seed there is no interval, so nothing is said of which model is better."
    sentences = [_verdict(chosen[chosen["prior"] == prior], prior, metrics) for prior in PRIORS]
    chance = "Else the interval of the twins' difference holds 0; by chance alone, one in twenty would not."
    return " ".join([*sentences, chance])


def _verdict(differences: pd.DataFrame, prior: str, metrics: tuple[str, ...]) -> str:
    found = {name: verdicts(part, METRICS[str(name)].better) for name, part in differences.groupby("metric")}
    text = f"Against the autoencoder under {SPOKEN[prior]}, the VAE is "
    parts = []
    for word, winner in (("better", "vae"), ("worse", "ae")):
        counts = {name: int((found[name] == winner).sum()) for name in metrics}
        names = [f"{spoken(name)} {count}" for name, count in counts.items() if count]
        parts.append(f"{word} in {sum(counts.values())}{f' ({listed(names)})' if names else ''}")
    return f"{text}{' and '.join(parts)} of {counted(len(differences), 'comparison')}."

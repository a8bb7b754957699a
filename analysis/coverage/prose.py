"""The sentences on coverage, in plain text; every number in them also stands in a table."""

import pandas as pd

from analysis.coverage.differences import verdicts
from analysis.coverage.priors import PRIORS
from analysis.coverage.registry import KEY, METRICS, spoken
from analysis.presentation.words import counted, listed

PRIOR_NAMES = {"raw": "N(0, I)", "moments": "the moments prior", "mixture": "the mixture prior"}
ASKED = (
    "How well do draws of a prior and codes of test images cover each other? A VAE is trained towards N(0, I). An "
    "autoencoder of the same size has no prior and an arbitrary scale. So beside N(0, I), which may only show a "
    "mismatch of scale, it stands under two priors fitted to its training codes: a normal law of their mean and "
    "covariance, and a mixture of ten normal laws. Distances are in standard deviations or variances of the prior."
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
REALISM = (
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


def coverage(differences: pd.DataFrame) -> str:
    """Say what is compared, how to read it, and how often which model is better."""
    readings = [f"{spoken(name)} is {METRICS[name].reading}" for name in KEY]
    better = "Higher coverage is better, and so is less of the other four."
    drawn = DRAWN.format(floor="codes of training images in place of draws", exception=NOISE)
    listing = f"{'; '.join(readings)}. {better} {CYCLE}"
    return "\n\n".join([ASKED, listing[0].upper() + listing[1:], drawn, _verdicts(differences, KEY)])


def realism(differences: pd.DataFrame, metrics: list[str]) -> str:
    """Say how to read the realism of decoded draws, and how often which model is better."""
    told = tuple(name for name in metrics if METRICS[name].better != "nearer")
    drawn = DRAWN.format(floor="test images in place of decoded draws", exception="")
    parts = [f"{REALISM} {JUDGED if told else UNJUDGED}", drawn]
    return "\n\n".join([*parts, _verdicts(differences, told)] if told else parts)


def latent_map(latent_dim: int, vae: int, ae: int) -> str:
    """Say how to read the maps."""
    plane = " in the plane of the codes' first two principal axes" if latent_dim > 2 else ""
    return (
        f"Codes of test images and draws of the priors{plane}, of runs {vae} (VAE) and {ae} (autoencoder), both with "
        f"{counted(latent_dim, 'latent dimension')}. Draws where no code lies are in holes: the decoder was never "
        "trained there. Codes where no draw lies are images that the prior hardly ever makes."
    )


def decoded(latent_dim: int, vae: int, ae: int) -> str:
    """Say what the decoded images are."""
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
    text = f"Against the autoencoder under {PRIOR_NAMES[prior]}, the VAE is "
    parts = []
    for word, winner in (("better", "vae"), ("worse", "ae")):
        counts = {name: int((found[name] == winner).sum()) for name in metrics}
        names = [f"{spoken(name)} {count}" for name, count in counts.items() if count]
        parts.append(f"{word} in {sum(counts.values())}{f' ({listed(names)})' if names else ''}")
    return f"{text}{' and '.join(parts)} of {counted(len(differences), 'comparison')}."

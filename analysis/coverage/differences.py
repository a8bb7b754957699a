"""Autoencoder against VAE: means over seeds, and the difference of twins."""

import numpy as np
import pandas as pd

from analysis.statistics.intervals import SUFFIX, replicates

OWN_PRIOR = "raw"
"""N(0, I), which a VAE is trained for."""


def paired_differences(coverage: pd.DataFrame, vae_prior: str | None = OWN_PRIOR) -> pd.DataFrame:
    """Return one row a latent_dim, hidden_dim, prior of the autoencoder and metric: vae, ae and difference.

    Takes the columns of `run_coverage`. Means are over the n seeds that both models have, with 95 % half-widths; the
    difference is VAE minus autoencoder of the same seed. The VAE is under its own prior N(0, I) whatever the
    autoencoder's, or with None under the same prior. Runs that differ in nothing named here, as in beta, are averaged.
    """
    keys = ["latent_dim", "hidden_dim", "seed", "metric"]
    values = coverage.groupby([*keys, "prior", "model"], as_index=False)["value"].mean()
    ae = values[values["model"] == "ae"].drop(columns="model").rename(columns={"value": "ae"})
    vae = values[values["model"] == "vae"].drop(columns="model").rename(columns={"value": "vae"})
    if vae_prior is None:
        pairs = ae.merge(vae, on=[*keys, "prior"])
    else:
        pairs = ae.merge(vae[vae["prior"] == vae_prior].drop(columns="prior"), on=keys)
    with np.errstate(invalid="ignore"):  # a divergence may be infinite for both
        pairs["difference"] = pairs["vae"] - pairs["ae"]
        return replicates(pairs, ["latent_dim", "hidden_dim", "prior", "metric"], ["vae", "ae", "difference"])


def verdicts(differences: pd.DataFrame, better: str) -> pd.Series:
    """Return, for rows of `paired_differences` and `higher` or `lower`, which model is better: vae, ae or neither.

    Neither where the difference's interval holds 0, or where there is no interval.
    """
    sign = 1 if better == "higher" else -1
    gain, width = sign * differences["difference"], differences["difference" + SUFFIX]
    names = np.select([gain > width, -gain > width], ["vae", "ae"], "neither")
    return pd.Series(names, index=differences.index)


def coverage_curves(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return one row a latent_dim, model, prior and metric: n seeds, mean value with 95 % half-width, mean floor.

    The VAE is under its own prior, the autoencoder under each; other parameters are averaged within a seed.
    """
    chosen = coverage[(coverage["model"] == "ae") | (coverage["prior"] == OWN_PRIOR)]
    keys = ["latent_dim", "model", "prior", "metric"]
    by_seed = chosen.groupby([*keys, "seed"], as_index=False)[["value", "floor"]].mean()
    with np.errstate(invalid="ignore"):
        return replicates(by_seed, keys, ["value", "floor"]).drop(columns="floor" + SUFFIX)

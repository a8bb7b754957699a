"""Autoencoder against VAE: means over seeds, the difference of twins, and both as tables to read."""

import numpy as np
import pandas as pd

from analysis.coverage.priors import PRIORS
from analysis.coverage.registry import SERIES
from analysis.statistics.intervals import SUFFIX, replicates
from analysis.statistics.selection import parameters_of

OWN_PRIOR = "raw"
"""N(0, I), which a VAE is trained for."""


def paired_differences(coverage: pd.DataFrame, vae_prior: str | None = OWN_PRIOR) -> pd.DataFrame:
    """Return one row a point, prior of the autoencoder and metric: its parameters, vae, ae and difference.

    Takes the columns of `run_coverage`. Means are over the n seeds that both models have, with 95 % half-widths; the
    difference is VAE minus autoencoder of the same seed. The VAE is under its own prior N(0, I) whatever the
    autoencoder's, or with None under the same prior.
    """
    parameters = parameters_of(coverage)
    keys = [*parameters, "seed", "metric"]
    values = coverage.groupby([*keys, "prior", "model"], as_index=False)["value"].mean()
    ae = values[values["model"] == "ae"].drop(columns="model").rename(columns={"value": "ae"})
    vae = values[values["model"] == "vae"].drop(columns="model").rename(columns={"value": "vae"})
    if vae_prior is None:
        pairs = ae.merge(vae, on=[*keys, "prior"])
    else:
        pairs = ae.merge(vae[vae["prior"] == vae_prior].drop(columns="prior"), on=keys)
    with np.errstate(invalid="ignore"):  # a divergence may be infinite for both
        pairs["difference"] = pairs["vae"] - pairs["ae"]
        return replicates(pairs, [*parameters, "prior", "metric"], ["vae", "ae", "difference"])


def verdicts(differences: pd.DataFrame, better: str) -> pd.Series:
    """Return, for rows of `paired_differences` and `higher` or `lower`, which model is better: vae, ae or neither.

    Neither where the difference's interval holds 0, or where there is no interval.
    """
    sign = 1 if better == "higher" else -1
    gain, width = sign * differences["difference"], differences["difference" + SUFFIX]
    names = np.select([gain > width, -gain > width], ["vae", "ae"], "neither")
    return pd.Series(names, index=differences.index)


def coverage_curves(coverage: pd.DataFrame, parameter: str = "latent_dim") -> pd.DataFrame:
    """Return one row a value of a parameter, model, prior and metric: n seeds, mean with 95 % half-width, mean floor.

    The VAE is under its own prior, the autoencoder under each; other parameters are averaged within a seed.
    """
    chosen = coverage[(coverage["model"] == "ae") | (coverage["prior"] == OWN_PRIOR)]
    keys = [parameter, "model", "prior", "metric"]
    by_seed = chosen.groupby([*keys, "seed"], as_index=False)[["value", "floor"]].mean()
    with np.errstate(invalid="ignore"):
        return replicates(by_seed, keys, ["value", "floor"]).drop(columns="floor" + SUFFIX)


def by_prior(differences: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Return one row a point and metric: VAE minus AE under each of the AE's priors, with half-widths."""
    keys = [*parameters_of(differences), "metric"]
    chosen = differences[differences["metric"].isin(metrics)]
    table = chosen[keys].drop_duplicates().set_index(keys)
    for prior in PRIORS:
        part = chosen[chosen["prior"] == prior].set_index(keys)
        table[f"minus_ae_{prior}"] = part["difference"]
        table[f"minus_ae_{prior}{SUFFIX}"] = part["difference" + SUFFIX]
    order = {name: place for place, name in enumerate(metrics)}
    return table.reset_index().sort_values(keys, key=lambda c: c.map(order) if c.name == "metric" else c)


def compact(curves: pd.DataFrame, parameter: str, metrics: list[str]) -> pd.DataFrame:
    """Return one row a value of the parameter and metric: VAE, AE under each prior, half-widths, both floors."""
    chosen, keys = curves[curves["metric"].isin(metrics)], [parameter, "metric"]
    table = pd.DataFrame(index=pd.MultiIndex.from_product([sorted(set(chosen[parameter])), metrics], names=keys))
    parts = {name: part.set_index(keys) for name, part in chosen.groupby(["model", "prior"])}
    for model, prior in SERIES:
        name = model if model == "vae" else f"{model}_{prior}"
        table[name] = parts[model, prior]["value"]
        table[name + SUFFIX] = parts[model, prior]["value" + SUFFIX]
    for model in ("vae", "ae"):
        table[f"{model}_floor"] = parts[model, OWN_PRIOR]["floor"]
    return table.reset_index()

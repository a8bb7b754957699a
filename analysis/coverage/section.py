"""What a report says of coverage: builders that read a sweep with VAEs and their autoencoder twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.coverage import figures, prose
from analysis.coverage.differences import OWN_PRIOR, coverage_curves, paired_differences
from analysis.coverage.maps import drawn_images, latent_map, twins
from analysis.coverage.priors import PRIORS
from analysis.coverage.registry import KEY, REALISM
from analysis.coverage.sweep import sweep_coverage
from analysis.coverage.table import COLUMNS
from analysis.presentation.section import Section, left_out
from analysis.statistics.intervals import SUFFIX
from vae.errors import ResultsError

if TYPE_CHECKING:
    from analysis.frames.sweep import Sweep

TITLE = "Latent coverage"
SHOWN = 24


def coverage_sections(sweep: Sweep) -> list[Section]:
    """Show how VAEs and autoencoders cover their priors, what the latent spaces look like, and what draws decode to."""
    pairs, nothing = twins(sweep.runs), pd.DataFrame(columns=list(COLUMNS))
    if pairs.empty:
        why = "it compares VAEs with autoencoders of the same sizes and seeds, which vaekit compare NAME trains"
        return [left_out(TITLE, "coverage", nothing, why)]
    try:
        coverage = sweep_coverage(sweep)
    except ResultsError:
        return [left_out(TITLE, "coverage", nothing, "it reads the runs' weights, and they were not all kept")]
    return [
        _coverage_section(coverage),
        _differences_section(coverage),
        _map_section(sweep, pairs),
        _realism_section(coverage),
        _decoded_section(sweep, pairs),
    ]


def _coverage_section(coverage: pd.DataFrame) -> Section:
    curves = coverage_curves(coverage)
    return Section(
        title=TITLE,
        slug="coverage",
        sentence=prose.coverage(paired_differences(coverage)),
        figure=figures.by_latent_dim(curves, list(KEY)),
        table=coverage,
        preview=compact(curves, list(KEY)),
    )


def _differences_section(coverage: pd.DataFrame) -> Section:
    differences = paired_differences(coverage)
    several = len(set(coverage["seed"])) > 1
    return Section(
        title="Differences of twins",
        slug="coverage_differences",
        sentence=prose.DIFFERENCES if several else prose.ONE_SEED,
        table=differences,
        preview=by_prior(differences, [*KEY, *REALISM]),
    )


def _realism_section(coverage: pd.DataFrame) -> Section:
    curves = coverage_curves(coverage)
    metrics = [name for name in REALISM if name in set(coverage["metric"])]
    return Section(
        title="Realism of decoded draws",
        slug="realism",
        sentence=prose.realism(paired_differences(coverage), metrics),
        figure=figures.by_latent_dim(curves, metrics),
        table=coverage[coverage["metric"].isin(metrics)],
        preview=compact(curves, metrics),
    )


def _map_section(sweep: Sweep, pairs: pd.DataFrame) -> Section:
    chosen = pairs[pairs["latent_dim"] > 1] if (pairs["latent_dim"] > 1).any() else pairs
    latent_dim, vae, ae = (int(chosen[name].iloc[0]) for name in ("latent_dim", "vae", "ae"))
    points = pd.concat([latent_map(sweep.run(vae), PRIORS[:1]), latent_map(sweep.run(ae), PRIORS)], ignore_index=True)
    return Section(
        title="Maps of the latent space",
        slug="latent_map",
        sentence=prose.latent_map(latent_dim, vae, ae),
        figure=figures.latent_maps(points),
        table=points,
    )


def _decoded_section(sweep: Sweep, pairs: pd.DataFrame) -> Section:
    latent_dim, vae, ae = (int(pairs[name].iloc[-1]) for name in ("latent_dim", "vae", "ae"))
    shown = [drawn_images(sweep.run(run), priors) for run, priors in ((vae, PRIORS[:1]), (ae, PRIORS))]
    return Section(
        title="Decoded draws",
        slug="decoded_draws",
        sentence=prose.decoded(latent_dim, vae, ae),
        figure=figures.decoded([row for _, images in shown for row in images]),
        table=pd.concat([table for table, _ in shown], ignore_index=True),
    )


def by_prior(differences: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Return one row a size and metric: VAE minus AE under each of the AE's priors, with half-widths."""
    keys = ["latent_dim", "hidden_dim", "metric"]
    chosen = differences[differences["metric"].isin(metrics)]
    table = chosen[keys].drop_duplicates().set_index(keys)
    for prior in PRIORS:
        part = chosen[chosen["prior"] == prior].set_index(keys)
        table[f"minus_ae_{prior}"] = part["difference"]
        table[f"minus_ae_{prior}{SUFFIX}"] = part["difference" + SUFFIX]
    order = {name: place for place, name in enumerate(metrics)}
    rows = table.reset_index()
    return rows.sort_values(
        ["latent_dim", "hidden_dim", "metric"], key=lambda c: c.map(order) if c.name == "metric" else c
    )


def compact(curves: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Return one row a latent_dim and metric: VAE, then AE under each prior, with half-widths and both floors."""
    chosen, keys = curves[curves["metric"].isin(metrics)], ["latent_dim", "metric"]
    table = pd.DataFrame(index=pd.MultiIndex.from_product([sorted(set(chosen["latent_dim"])), metrics], names=keys))
    parts = {name: part.set_index(keys) for name, part in chosen.groupby(["model", "prior"])}
    for model, prior in figures.SERIES:
        name = model if model == "vae" else f"{model}_{prior}"
        table[name] = parts[model, prior]["value"]
        table[name + SUFFIX] = parts[model, prior]["value" + SUFFIX]
    for model in ("vae", "ae"):
        table[f"{model}_floor"] = parts[model, OWN_PRIOR]["floor"]
    return table.reset_index().head(SHOWN)

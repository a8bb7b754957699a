"""What a comparison of VAEs with their autoencoder twins came to, in a few sentences."""

import pandas as pd

from analysis.coverage.differences import paired_differences, verdicts
from analysis.coverage.priors import SPOKEN
from analysis.coverage.registry import METRICS, spoken
from analysis.presentation.words import interval, listed, setting
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.selection import parameters_of, varying

METRIC = "prior_coverage"
WORDS = {"vae": "the VAE covers better", "ae": "the autoencoder covers better", "neither": "they cannot be told apart"}


def comparison(coverage: pd.DataFrame) -> str:
    """Say which of the twins' codes cover their prior better, by how much, how surely, and at which sizes."""
    differences = paired_differences(coverage)
    differences = differences[differences["metric"] == METRIC]
    said = [_under(differences[differences["prior"] == prior], prior) for prior in SPOKEN]
    return (
        f"VAE under N(0, I) against its autoencoder twin, by {spoken(METRIC)} ({METRICS[METRIC].reading}), in "
        f"differences of equal seeds with 95 % intervals. {' '.join(said)}"
    )


def _under(differences: pd.DataFrame, prior: str) -> str:
    axes = varying(differences) or parameters_of(differences)[:1]
    winners = verdicts(differences, METRICS[METRIC].better)
    parts = []
    for winner, words in WORDS.items():
        rows = differences[winners == winner].to_dict(orient="records")
        at = [f"{setting(row, axes)} ({interval(row['difference'], row['difference' + SUFFIX])})" for row in rows]
        parts += [f"{words} at {listed(at)}"] if rows else []
    return f"Under {SPOKEN[prior]}: {'; '.join(parts)}."

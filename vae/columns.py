"""The names, units and directions of everything that is measured: the one place that spells a column."""

from dataclasses import dataclass
from typing import Literal

from vae.errors import ConfigError
from vae.parameters import ALWAYS

NATS = ("rate_nats", "distortion_nats", "elbo_nats")
"""Rate, distortion and ELBO at beta = 1, summed over latents and pixels, mean over examples."""
HEALTH = ("collapsed_units", "prior_mismatch_nats")
"""What is wrong with a posterior, by moments and counts: collapsed dimensions, and the aggregate's KL to the prior."""
TOTALS = (*NATS, *(f"validation_{name}" for name in NATS), "active_units", *HEALTH)
"""One number a run; all but those of validation on the test split."""
OF_GAUSSIAN = ("sigma",)
"""Besides, of a gaussian likelihood: the standard deviation of p(x|z), learned or given."""
RATE_PARTS = (
    "minibatch_mutual_information_nats", "minibatch_total_correlation_nats", "minibatch_dimension_wise_kl_nats"
)  # fmt: skip
"""Besides, of a VAE: what its rate consists of, on a minibatch of PART_SAMPLES of the test split (Chen et al. 2018).

Their sum is the rate of one posterior sample. Index-code information is at most the logarithm of the minibatch, and
total correlation is underestimated where the rate comes near it.
"""
PART_SAMPLES = 1_024
FURTHER = (*OF_GAUSSIAN, *RATE_PARTS)
"""Numbers a run that not every run has, nor every sweep of an older version."""
HISTORY = (*(f"train_{name}" for name in NATS), *(f"validation_{name}" for name in NATS), "seconds")
"""One number an epoch."""
DIMS = ("kl_nats", "mean_variance")
"""One number a latent dimension, on the test split."""
ACTIVE_VARIANCE = 0.01
"""A dimension is active where its posterior means vary more than this (Burda et al. 2016, section 5)."""
COLLAPSE_NATS = 0.01
COLLAPSE_SHARE = 0.99
"""A dimension is collapsed where this share of the images has a KL below COLLAPSE_NATS (Lucas et al. 2019)."""

SAMPLED = "_sample"
"""Suffix of a score that is computed on one posterior sample and not on the posterior means."""
FLOOR = "floor_"
"""Prefix of the column, beside a score that is an objective, of the same score on the run's permuted codes."""
STATES = ("COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING")
"""States of a trial; a run that has ended has one of the first three."""
IN_TRAINING = STATES[3:4]
"""State of a run that has not."""
AT_SELECTION = "value_at_selection"
"""Column of the trials once some were given more seeds: the value over those that each was asked with."""
IDENTITY = ("run", "trial", "seed", "model", "state")
BETA_NORMALISED = "beta_normalised"
"""Column after the hyperparameters, in no file: beta times latent dimensions over features (Higgins et al. 2017, 4.2).

An equal beta is another one at another size.
"""
RUNS = (*IDENTITY, *ALWAYS, *TOTALS, "seconds")
"""Columns that the runs frame always has, besides BETA_NORMALISED."""

Direction = Literal["minimize", "maximize"]

_DIRECTIONS: dict[str, Direction] = {"rate_nats": "minimize", "distortion_nats": "minimize", "elbo_nats": "maximize"}
SCORES: dict[str, Direction] = {
    "mig": "maximize",
    "sap": "maximize",
    "sap_r2": "maximize",
    "dci_disentanglement": "maximize",
    "dci_completeness": "maximize",
    "dci_informativeness": "maximize",
    "modularity": "maximize",
    "explicitness": "maximize",
    "irs": "maximize",
    "mig_sup": "maximize",
    "dcimig": "maximize",
    "jemmig": "maximize",
    "infom": "maximize",
    "infoe": "maximize",
    "infoc": "maximize",
    "beta_vae": "maximize",
    "factor_vae": "maximize",
    "gaussian_total_correlation": "minimize",
}
"""The scores that a run's codes can be given, computed by `analysis.metrics`, and the direction that is better."""
CHEAP_SCORES = ("mig", "sap_r2", "modularity", "irs", "mig_sup", "dcimig", "jemmig", "factor_vae")
"""Scores that take milliseconds: the default on data with several factors."""
_WORDS: dict[str, Direction] = {"min": "minimize", "max": "maximize"}
_SHORT = {"rate": "rate_nats", "distortion": "distortion_nats"}
"""Objectives without their unit; `elbo` keeps its short name."""


@dataclass(frozen=True)
class Objective:
    """A validation column and the direction in which it is better (`minimize` or `maximize`)."""

    name: str
    column: str
    direction: Direction

    @property
    def measured(self) -> str:
        """The column on the test split."""
        return self.column.removeprefix("validation_")

    @property
    def is_score(self) -> bool:
        """Whether it is computed from codes and factors."""
        return self.measured.removesuffix(SAMPLED) in SCORES

    @property
    def ascending(self) -> bool:
        """Whether smaller is better."""
        return self.direction == "minimize"


def parse_objectives(text: str) -> tuple[Objective, ...]:
    """Read `elbo`, `NAME:min`, `NAME:max`, or several with commas; NAME is a column in nats (its unit may be left out)
    or a score.

    Objectives read the validation split.

    Raises ConfigError for an unknown name or direction, or the same column twice.
    """
    objectives = tuple(_parse_objective(part.strip()) for part in text.split(","))
    if len({objective.column for objective in objectives}) < len(objectives):
        raise ConfigError(f"objectives must differ, got {text!r}")
    return objectives


def _parse_objective(text: str) -> Objective:
    given, colon, word = text.partition(":")
    name = _SHORT.get(given, given)
    measured = name.removeprefix("validation_")
    measured = "elbo_nats" if measured == "elbo" else measured
    directions = _DIRECTIONS | {score + suffix: way for score, way in SCORES.items() for suffix in ("", SAMPLED)}
    if measured not in directions:
        raise ConfigError(f"objective must be elbo, {', '.join(_DIRECTIONS)} or a score, got {given!r}")
    if colon and word not in _WORDS:
        raise ConfigError(f"an objective's direction must be min or max, got {text!r}")
    return Objective(name, f"validation_{measured}", _WORDS.get(word, directions[measured]))


def value_columns(objectives: tuple[Objective, ...]) -> tuple[str, ...]:
    """Names of the objectives' columns in the trials frame: `value`, or `value_NAME` each."""
    if len(objectives) == 1:
        return ("value",)
    return tuple(f"value_{objective.name}" for objective in objectives)


def parse_scores(text: str) -> tuple[str, ...]:
    """Read names of scores with commas, each on posterior means or, with `_sample`, on a posterior sample.

    `none` is no score. Raises ConfigError for an unknown name.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(","))) if text != "none" else ()
    for name in names:
        if name.removesuffix(SAMPLED) not in SCORES:
            raise ConfigError(f"scores must be none or of {', '.join(SCORES)}, got {name!r}")
    return names

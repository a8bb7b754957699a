"""The one list of metrics: a new metric is a function of a `Sample` and a line here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.dci import dci_completeness, dci_disentanglement, dci_informativeness
from analysis.metrics.explicitness import CHANCE, explicitness
from analysis.metrics.extremes import warn_of_extremes
from analysis.metrics.infomec import infoc, infoe, infom
from analysis.metrics.inputs import make_sample
from analysis.metrics.interventions import beta_vae_on_sample, factor_vae_on_sample
from analysis.metrics.irs import irs
from analysis.metrics.mutual_information import dcimig, jemmig, mig, mig_sup, modularity
from analysis.metrics.result import Score, warn
from analysis.metrics.sample import Sample
from analysis.metrics.sap import sap, sap_r2
from analysis.metrics.total_correlation import gaussian_total_correlation
from analysis.metrics.udr import udr
from vae.columns import SCORES, Direction
from vae.errors import ConfigError

Needs = Literal["factors", "grid", "runs", "codes"]


@dataclass(frozen=True)
class Metric:
    """A disentanglement score of codes (sample, latent) and factors (sample, factor)."""

    name: str
    compute: Callable[..., Score]
    """Of a Sample; of codes and KL by run where `needs` is `runs`."""
    source: str
    needs: Needs = "factors"
    """`grid`: best on codes of the whole factor grid (`beta_vae`, `factor_vae`), and defined on a sample too."""
    low: float = 0.0
    high: float = 1.0
    chance: float = 0.0
    """The value where no factor varies, with a warning."""
    binned: bool = False
    """Values are put into bins, so that a perfect representation need not reach `high`."""
    fits: bool = False
    """It fits a predictor on train rows and is read on others: in a sweep on the splits, other scores on all rows.

    `infoe` is its reference's, read on the rows it was fitted on; votes (`grid`) part their rows themselves.
    """
    permutations: int = 20
    """Of the codes, for the floor; fewer where the score takes long."""
    as_given: bool = False
    """It reads the values of factors, and no classes: a continuous one needs no bins."""
    robust: bool = False
    """A few extreme codes change little; of other metrics' codes a warning tells."""

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        return SCORES.get(self.name, "maximize")

    def __call__(
        self,
        codes: Any,
        factors: Any = None,
        codes_test: ArrayLike | None = None,
        factors_test: ArrayLike | None = None,
        *,
        seed: int = 0,
        **settings: Any,
    ) -> Score:
        """Return the score; `settings` are `bins`, `dci_backend` and `factor_bins` (`method` for udr).

        Where a metric needs test rows and none are given, the rows are split 2:1 by the seed. Raises ConfigError for
        wrong shapes or types; warns ScoreWarning where the arrays are degenerate (see `analysis.metrics.inputs`).
        """
        if self.needs == "runs":
            return self.compute(codes, factors, **settings)
        return self.of(make_sample(codes, factors, codes_test, factors_test, seed=seed, **settings))

    def of(self, sample: Sample) -> Score:
        """Return the score of a checked sample."""
        if not self.robust:
            sample.once(warn_of_extremes)
        if self.needs == "codes":
            return self.compute(sample)
        if not len(sample.varying):
            raise ConfigError(f"{self.name} needs factors (sample, factor), got none")
        if not sample.varying.any():
            warn(f"no factor varies: {self.name} is {self.chance:g}")
            return sample.score(self.chance)
        score = self.compute(sample)
        if self.as_given or not sample.binned.any():
            return score
        columns = np.flatnonzero(sample.varying)[sample.binned].tolist()
        return replace(score, details=score.details | {"binned_factors": columns, "factor_bins": sample.factor_bins})


_MIG = "Chen et al. 2018, equation 6, arXiv 1802.04942"
_SAP = "Kumar et al. 2018, section 3, arXiv 1711.00848"
_DCI = "Eastwood & Williams 2018, section 2, https://openreview.net/forum?id=By-7dz-AZ"
_RIDGEWAY = "Ridgeway & Mozer 2018, section 3, arXiv 1802.05312"
_INFOMEC = "Hsu et al. 2023, arXiv 2305.18378"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mig", mig, _MIG, binned=True),
        Metric("sap", sap, _SAP, fits=True, permutations=5),
        Metric("sap_r2", sap_r2, _SAP, as_given=True),
        Metric("dci_disentanglement", dci_disentanglement, _DCI, fits=True, permutations=5, robust=True),
        Metric("dci_completeness", dci_completeness, _DCI, fits=True, permutations=5, robust=True),
        Metric("dci_informativeness", dci_informativeness, _DCI, fits=True, permutations=5, robust=True),
        Metric("modularity", modularity, _RIDGEWAY, binned=True),
        Metric("explicitness", explicitness, _RIDGEWAY, chance=CHANCE, fits=True, permutations=5, robust=True),
        Metric("irs", irs, "Suter et al. 2019, arXiv 1811.00007", binned=True, as_given=True),
        Metric("mig_sup", mig_sup, "Li et al. 2020, arXiv 2002.10549", binned=True),
        Metric("dcimig", dcimig, "Sepliarskaia et al. 2019, arXiv 1910.05587", binned=True),
        Metric("jemmig", jemmig, "Do & Tran 2020, arXiv 1908.09961", binned=True),
        Metric("infom", infom, _INFOMEC, permutations=5, robust=True),
        Metric("infoe", infoe, _INFOMEC, permutations=5, robust=True),
        Metric("infoc", infoc, _INFOMEC, permutations=5, robust=True),
        Metric(
            "gaussian_total_correlation",
            gaussian_total_correlation,
            "Locatello et al. 2019, arXiv 1811.12359",
            needs="codes",
            high=float("inf"),
        ),
        Metric(
            "beta_vae",
            beta_vae_on_sample,
            "Higgins et al. 2017, section 3, https://openreview.net/forum?id=Sy2fzU9gl",
            needs="grid",
            permutations=5,
            robust=True,
        ),
        Metric(
            "factor_vae",
            factor_vae_on_sample,
            "Kim & Mnih 2018, section 4, arXiv 1802.05983",
            needs="grid",
            permutations=5,
            robust=True,
        ),
        Metric("udr", udr, "Duan et al. 2020, arXiv 1905.12614", needs="runs"),
    )
}
"""Every metric by name; NAME(codes, factors, codes_test, factors_test, seed=0) -> Score."""

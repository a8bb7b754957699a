"""The losses that a run may minimise: the one table of what each is called, what beta weighs in it, and its source.

Whatever the loss, rate, distortion and ELBO mean the same. Nothing here loads torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss, in words."""

    name: str
    """The option's."""
    formula: str
    """Minimised; D and R are the distortion and the rate in nats per example."""
    weighs: str
    """What beta multiplies."""
    usual: tuple[float, ...]
    """Weights of the paper, or of the study that compared them."""
    source: str
    usual_capacity: tuple[float, ...] = ()
    """Capacities of that study, in nats, where the loss has one."""

    def usual_of(self, parameter: str) -> tuple[float, ...]:
        """Return the usual values of beta or capacity; none where the loss does not read it."""
        return self.usual if parameter == "beta" else self.usual_capacity


LOSSES: Mapping[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            name="beta_vae",
            formula="D + beta R",
            weighs="the rate",
            usual=(1, 2, 4, 6, 8, 16),
            source="Higgins et al. 2017 (ICLR)",
        ),
        Loss(
            name="beta_tc_vae",
            formula="D + R + (beta - 1) TC, TC the minibatch-weighted total correlation of q(z)",
            weighs="the total correlation within the rate",
            usual=(1, 2, 4, 6, 8, 10),
            source="Chen et al. 2018 (arXiv 1802.04942), equation 4",
        ),
        Loss(
            name="dip_vae_i",
            formula="D + R + beta (sum of squared off-diagonal covariances of mu + 10 sum of (variance of mu - 1)^2)",
            weighs="the distance of the covariance of mu from the identity",
            usual=(1, 2, 5, 10, 20, 50),
            source="Kumar et al. 2018 (arXiv 1711.00848), equation 6",
        ),
        Loss(
            name="dip_vae_ii",
            formula="D + R + beta (sum of squared off-diagonal covariances of z + sum of (variance of z - 1)^2)",
            weighs="the distance of the covariance of z from the identity",
            usual=(1, 2, 5, 10, 20, 50),
            source="Kumar et al. 2018 (arXiv 1711.00848), equation 7",
        ),
        Loss(
            name="annealed_vae",
            formula="D + beta |R - C|, C the capacity, R the mean of the minibatch",
            weighs="the distance of the rate from the capacity",
            usual=(1000,),
            source="Burgess et al. 2018 (arXiv 1804.03599), equation 8",
            usual_capacity=(5, 10, 25, 50, 75, 100),
        ),
        Loss(
            name="factor_vae",
            formula="D + R + beta TC, TC the log density ratio that a discriminator estimates",
            weighs="the total correlation besides the rate",
            usual=(10, 20, 30, 40, 50, 100),
            source="Kim & Mnih 2018 (arXiv 1802.05983), equation 2",
        ),
    )
}
"""By name, the default first."""
USUAL = "usual"
"""As an axis of beta or capacity: each loss at its own usual values."""
WEIGHS_RATE = ("beta_vae",)
"""Losses that are D + beta R: of these alone the slope of the frontier is beta, and beta trades R for D."""

"""The learned standard deviation of a Gaussian likelihood, which has a closed form."""

from torch import Tensor

SIGMA_WEIGHT = 0.05
"""Of the newest minibatch in the running mean that an optimal sigma is taken from; the first steps weigh more."""
LEAST_VARIANCE = 1e-10
"""Of an optimal sigma: data that are met exactly would have an infinite density."""


def fitted_log_sigma(log_sigma: Tensor, x: Tensor, output: Tensor, batch_size: int, step: int) -> Tensor:
    """Return each run's sigma at its maximum-likelihood value, the root of a running mean of its squared errors.

    Of the first steps it is the plain mean, so it begins at the data's own scale. Logarithms (run,), x (1, sample,
    pixel) and output (run, sample, pixel) without padding; `step` counts from 0.
    """
    mean_square = (x - output).square().sum(dim=2).sum(dim=1) / (x.shape[1] * x.shape[2])
    whole = x.shape[1] / batch_size if step else 1.0
    weight = whole * max(SIGMA_WEIGHT, 1.0 / (step + 1))
    fitted = (2.0 * log_sigma).exp().lerp(mean_square, weight) if step else mean_square
    return 0.5 * fitted.clamp(min=LEAST_VARIANCE).log()

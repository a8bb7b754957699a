"""Adam over a stack, with a learning rate for each run."""

from collections.abc import Sequence

import torch
from torch import Tensor


class StackedAdam:
    """Adam (Kingma & Ba 2015) on tensors with a leading run axis; torch's defaults but for what is given.

    torch's fused kernel takes one learning rate a call, so runs are grouped by theirs; where all are equal that is
    one call on whole tensors. It is called as torch's optimiser calls it, but with one clock for all tensors.
    Parameters and moments are changed in place.
    """

    def __init__(
        self,
        parameters: dict[str, Tensor],
        gradients: dict[str, Tensor],
        first_moment: dict[str, Tensor],
        second_moment: dict[str, Tensor],
        learning_rates: Sequence[float],
        steps_taken: int,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self._betas = betas
        tensors = (parameters, gradients, first_moment, second_moment)
        self._groups: list[tuple[float, list[list[Tensor]], Tensor]] = []
        for rate in sorted(set(learning_rates)):
            runs = [r for r, value in enumerate(learning_rates) if value == rate]
            whole = len(runs) == len(learning_rates)
            views = [
                [t for name in parameters for t in ([part[name]] if whole else [part[name][r] for r in runs])]
                for part in tensors
            ]
            steps = torch.tensor(float(steps_taken), device=views[0][0].device)
            self._groups.append((rate, views, steps))

    def step(self) -> None:
        """Move every parameter by its gradient."""
        for learning_rate, (parameters, gradients, first, second), steps in self._groups:
            steps += 1.0
            torch._fused_adam_(
                parameters,
                gradients,
                first,
                second,
                [],
                [steps] * len(parameters),
                lr=learning_rate,
                beta1=self._betas[0],
                beta2=self._betas[1],
                weight_decay=0.0,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )

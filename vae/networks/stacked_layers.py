"""The same layer of every run of a stack: one call into torch each way, tensors (run, sample, value).

Products are of the dtype of the weights that a layer is given, gradients of parameters are fp32.
"""

from typing import Protocol, Self

import torch
from torch import Tensor

from vae.networks.memory import NEW, Memory


class StackedLayer(Protocol):
    """What a layer does to all runs at once."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return what it puts out, where it may in this memory; may overwrite what it reads."""
        ...

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Fill the gradients of its parameters, from what it read and the gradient of what it put out."""
        ...

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the gradient of what it read; may overwrite that of what it put out."""
        ...


class StackedLinear:
    """`Linear` of every run: weights (run, output, input), or (run, input, output) where transposed."""

    def __init__(
        self, weight: Tensor, bias: Tensor, weight_gradient: Tensor, bias_gradient: Tensor, *, transposed: bool = False
    ) -> None:
        self._tensors = weight, bias, weight_gradient, bias_gradient
        self._transposed = transposed
        self._matrix = weight if transposed else weight.mT
        """(run, input, output)"""
        self._back = self._matrix.mT  # once: a view of a view takes as long as a small sum
        self._bias = bias.unsqueeze(1)
        self._weight_gradient, self._bias_gradient = weight_gradient, bias_gradient

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return x W + b."""
        out = memory.empty(self, inputs, *inputs.shape[:2], self._matrix.shape[2])
        return torch.baddbmm(self._bias, inputs, self._matrix, out=out)

    def halves(self) -> list[Self]:
        """Return the layers of the first and of the second half of the outputs, on the same tensors."""
        return [type(self)(*parts) for parts in zip(*(t.chunk(2, dim=1) for t in self._tensors), strict=True)]

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Sums over samples."""
        left, right = (inputs, gradient) if self._transposed else (gradient, inputs)
        if gradient.dtype == self._weight_gradient.dtype:
            torch.bmm(left.mT, right, out=self._weight_gradient)
            torch.sum(gradient, dim=1, out=self._bias_gradient)
        else:
            self._weight_gradient.copy_(torch.bmm(left.mT, right))
            self._bias_gradient.copy_(gradient.sum(dim=1))

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Gradient times W transposed."""
        out = memory.other_than(gradient, *gradient.shape[:2], self._back.shape[2])
        return torch.bmm(gradient, self._back, out=out)


class StackedRelu:
    """`Relu` of every run, in place both ways."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """max(0, x)."""
        return inputs.relu_()

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """It has no parameters."""

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the gradient where x is above 0, which it is before and after."""
        before: Tensor = torch.ops.aten.threshold_backward.grad_input(gradient, inputs, 0.0, grad_input=gradient)
        return before

"""Layers of images of every run of a stack: (run, sample, height, width, channel) in and out.

One run after another: a convolution over all runs at once, grouped, gives a run other bits than alone, and a plain one
fills a core by itself. Each run's has its own channels, unpadded, so nothing in it depends on the stack.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vae.networks.image import KERNEL, PADDING, STRIDE, Image
from vae.networks.memory import NEW, Memory
from vae.networks.padding import Layout, Width

if TYPE_CHECKING:
    from vae.networks.layers import Tensors

Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]
FEW = 4
"""Channels of an image that is data: transposed convolutions to so few leave most of a vector idle."""


class _Looped:
    """What both kinds of convolution share: weights (run, small, large, 4, 4) and the loop over runs."""

    def __init__(self, parameters: Sequence[Layout], weights: "Tensors", gradients: "Tensors") -> None:
        weight, bias = parameters
        self._weight, self._weight_gradient = weights[weight.name], gradients[weight.name]
        self._bias, self._bias_gradient = (part[bias.name][:, : bias.shape[0]] for part in (weights, gradients))

    def _fill(self, large: Tensor, small: Tensor, put_out: Tensor) -> None:
        """Fill both gradients from the two images between which the weights lie, one of them a gradient."""
        for run, gradient in enumerate(self._weight_gradient):
            gradient.copy_(correlation(_first(large[run]), _first(small[run]), self._weight[run]))
            torch.sum(put_out[run].flatten(0, 2), dim=0, dtype=torch.float32, out=self._bias_gradient[run])

    def _each(self, convolve: Convolve, images: Tensor, bias: Tensor | None) -> Tensor:
        outputs = [
            _last(convolve(_first(images[run]), weight, None if bias is None else bias[run]))
            for run, weight in enumerate(self._weight)
        ]
        return outputs[0].unsqueeze(0) if len(outputs) == 1 else torch.stack(outputs)


class StackedConvolution(_Looped):
    """`Convolution` of every run."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return images of half the sides."""
        return self._each(down, inputs, self._bias)

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Sums over samples and pixels."""
        self._fill(inputs, gradient, gradient)

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the transposed convolution of the gradient."""
        return self._each(up, gradient, None)


class StackedTransposedConvolution(_Looped):
    """`TransposedConvolution` of every run."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return images of twice the sides."""
        return self._each(up, inputs, self._bias)

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Sums over samples and pixels."""
        self._fill(gradient, inputs, gradient)

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the convolution of the gradient."""
        return self._each(down, gradient, None)


def down(large: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the convolution (sample, channel, height, width) of images of twice the sides."""
    return F.conv2d(large, weight, bias, STRIDE, PADDING)


def up(small: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the transposed convolution, the adjoint of `down` where it has no bias.

    To few channels it is one product, whose columns are then added where they overlap.
    """
    if weight.shape[1] > FEW:
        return F.conv_transpose2d(small, weight, bias, STRIDE, PADDING)
    patches = weight.flatten(1).T @ small.flatten(2)
    sides = (2 * small.shape[2], 2 * small.shape[3])
    large = F.fold(patches, sides, KERNEL, padding=PADDING, stride=STRIDE)
    return large if bias is None else large.add_(bias[:, None, None])


def correlation(large: Tensor, small: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient of the weight in `<down(large), small>`, which is that in `<large, up(small)>`.

    torch computes either; from few channels the second is faster, else the first.
    """
    settings = ([STRIDE] * 2, [PADDING] * 2, [1, 1])
    backward = torch.ops.aten.convolution_backward
    wanted = [False, True, False]
    if large.shape[1] > FEW:
        found = backward(small, large, weight, None, *settings, False, [0, 0], 1, wanted)
    else:
        found = backward(large, small, weight, None, *settings, True, [0, 0], 1, wanted)
    gradient: Tensor = found[1]
    return gradient


class _Rearranged:
    """Rows (run, sample, value), padded with zeros, and images."""

    def __init__(self, image: Image, rows: Width, pixels: bool) -> None:
        self._rows, self._pixels = rows, pixels
        height, width, channels = image.height, image.width, image.channels
        self._shape = (height, width, channels) if pixels else (channels, height, width)

    def _to_images(self, rows: Tensor) -> Tensor:
        """A view where the order allows it and there is no padding, so that a sample all runs share stays one."""
        images: Tensor = rows[..., : self._rows.own].unflatten(-1, self._shape)
        if not self._pixels:
            return images.permute(0, 1, 3, 4, 2).contiguous()
        return images if self._rows.own == self._rows.padded else images.contiguous()

    def _to_rows(self, images: Tensor) -> Tensor:
        rows = images.new_zeros(*images.shape[:2], self._rows.padded)
        ordered = images if self._pixels else images.permute(0, 1, 4, 2, 3)
        rows[..., : self._rows.own].view(*images.shape[:2], *self._shape).copy_(ordered)
        return rows

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """It has no parameters."""


class StackedToImages(_Rearranged):
    """`ToImages` of every run."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return images."""
        return self._to_images(inputs)

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the gradient's rows."""
        return self._to_rows(gradient)


class StackedToRows(_Rearranged):
    """`ToRows` of every run."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return rows."""
        return self._to_rows(inputs)

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the gradient's images."""
        return self._to_images(gradient)


def _first(images: Tensor) -> Tensor:
    """(sample, height, width, channel) as torch wants it, channels first, where it lies."""
    return images.permute(0, 3, 1, 2)


def _last(images: Tensor) -> Tensor:
    return images.permute(0, 2, 3, 1)

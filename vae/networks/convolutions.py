"""Layers of images: convolutions that halve the sides, those that double them, and the way from rows and back.

In a stack images are (run, sample, height, width, channel), the order in which convolutions are fastest; the plain
module has torch's (sample, channel, height, width).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vae.networks.image import KERNEL, PADDING, STRIDE, Image
from vae.networks.layers import Layer, Tensors, xavier
from vae.networks.padding import Layout, Width

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from vae.networks.stacked_layers import StackedLayer


@dataclass(frozen=True)
class _Convolution(Layer):
    """What both kinds share: a weight for each tap between a channel of the small image and one of the large."""

    name: str
    small: Image
    large: Image

    @property
    @abstractmethod
    def outputs(self) -> Image:
        """What it puts out."""

    @property
    def parameters(self) -> tuple[Layout, Layout]:
        """Weight (channel of the small image, of the large, 4, 4) and bias; channels are not padded."""
        shape = (self.small.channels, self.large.channels, KERNEL, KERNEL)
        channels = Width(self.outputs.channels)
        bias = Layout(f"{self.name}.bias", (channels.own,), (channels.padded,))
        return (Layout(f"{self.name}.weight", shape, shape), bias)

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw by Xavier, counting what is read and reached: a stride leaves the small image a quarter of the kernel.

        torch's xavier_uniform_ counts all of it on both sides, and begins that much smaller.
        """
        taps = KERNEL**2
        return xavier(*self.parameters, taps * self.large.channels + taps // STRIDE**2 * self.small.channels, generator)

    @property
    def products(self) -> int:
        """One for each weight at each pixel of the small image."""
        return self.small.size * self.large.channels * KERNEL**2

    @property
    def activations(self) -> int:
        """The pixels that it puts out."""
        return self.outputs.size


class Convolution(_Convolution):
    """Halves the sides: kernel 4, stride 2, padding 1, with bias."""

    @property
    def outputs(self) -> Image:
        """The small image."""
        return self.small

    def module(self) -> nn.Module:
        """Return torch's convolution."""
        from torch import nn

        return nn.Conv2d(self.large.channels, self.small.channels, KERNEL, STRIDE, PADDING)

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return one run's after another."""
        from vae.networks.stacked_convolutions import StackedConvolution

        return StackedConvolution(self.parameters, weights, gradients)


class TransposedConvolution(_Convolution):
    """Doubles the sides: the transpose of `Convolution`, with a bias of its own."""

    @property
    def outputs(self) -> Image:
        """The large image."""
        return self.large

    def module(self) -> nn.Module:
        """Return torch's transposed convolution."""
        from torch import nn

        return nn.ConvTranspose2d(self.small.channels, self.large.channels, KERNEL, STRIDE, PADDING)

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return one run's after another."""
        from vae.networks.stacked_convolutions import StackedTransposedConvolution

        return StackedTransposedConvolution(self.parameters, weights, gradients)


@dataclass(frozen=True)
class Rearrangement(Layer):
    """Between rows of values, padded in a stack, and images."""

    name: str
    image: Image
    rows: Width
    pixels: bool
    """Whether rows are pixels, whose channels lie side by side; those of torch's Flatten hold a channel whole."""


class ToImages(Rearrangement):
    """Rows to images."""

    def module(self) -> nn.Module:
        """Return torch's Unflatten, or for pixels with colours one of our own."""
        from torch import nn

        from vae.networks.modules import PixelsToImages

        shape = (self.image.channels, self.image.height, self.image.width)
        return PixelsToImages(*shape) if self.pixels and self.image.channels > 1 else nn.Unflatten(1, shape)

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return a view, or a copy where the order differs."""
        from vae.networks.stacked_convolutions import StackedToImages

        return StackedToImages(self.image, self.rows, self.pixels)


class ToRows(Rearrangement):
    """Images to rows."""

    @property
    def activations(self) -> int:
        """The rows."""
        return self.rows.padded

    def module(self) -> nn.Module:
        """Return torch's Flatten, or for pixels with colours one of our own."""
        from torch import nn

        from vae.networks.modules import ImagesToPixels

        return ImagesToPixels() if self.pixels and self.image.channels > 1 else nn.Flatten()

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return a copy."""
        from vae.networks.stacked_convolutions import StackedToRows

        return StackedToRows(self.image, self.rows, self.pixels)

"""The fixed widths that a run's tensors are padded to in a stack, and the way there and back.

Widths are padded to fixed multiples, never to a stack's own maximum: so each run's slice of every tensor starts on a
64-byte boundary, no vector register spans two runs, and a run's bits do not depend on its neighbours. Padding is
exact: padded weights, pixels and noise are zero, so padded gradients are zero, and Adam leaves such a weight at zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

REGISTER = 16
"""Floats in a 64-byte vector register."""
PIXEL_MULTIPLE = 32
"""torch's sigmoid and softplus take 32 floats at a time and treat a remainder by another formula."""
LATENT_MULTIPLE = 8
"""Half a register: products with latents cost what their width does. Both heads lie together and fill registers, and
where functions of latents are taken, `vae.networks.memory.apart` keeps torch's loops within a run."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Width:
    """How many values a sample has along an axis: its own, and with padding."""

    own: int
    multiple: int = REGISTER

    @property
    def padded(self) -> int:
        """Own values and padding, a multiple of `multiple`."""
        return -(-self.own // self.multiple) * self.multiple


def latent_width(latent_dim: int) -> Width:
    """Return the width of mu, logvar and z."""
    return Width(latent_dim, LATENT_MULTIPLE)


def pixel_width(pixels: int) -> Width:
    """Return the width of x and of the decoder's output."""
    return Width(pixels, PIXEL_MULTIPLE)


@dataclass(frozen=True)
class Layout:
    """One parameter of a run: its shape in the plain module, and where it lies within its padded tensor in a stack."""

    name: str
    """In the state of the plain module."""
    shape: Shape
    """Its own, in the plain module."""
    room: Shape
    """Its padded shape, axes as in the plain module; a scalar takes a whole register, and its first value is read."""
    transposed: bool = False
    """Whether a stack keeps a matrix as (input, output)."""

    @property
    def padded_shape(self) -> Shape:
        """Shape in a stack, without the run axis."""
        return self.room[::-1] if self.transposed else self.room

    @property
    def size(self) -> int:
        """Numbers in a stack, padding included."""
        return math.prod(self.room)

    def pack(self, own: Tensor) -> Tensor:
        """Return the padded tensor of a tensor at its own shape."""
        padded = own.new_zeros(self.padded_shape)
        self._within(padded).copy_(own)
        return padded

    def unpack(self, padded: Tensor) -> Tensor:
        """Return a contiguous copy at its own shape, as the plain module has it."""
        return padded.new_empty(self.shape).copy_(self._within(padded))

    def fitted(self, padded: Tensor) -> Tensor:
        """Return a padded tensor at this padding: a run kept by an earlier version may have another."""
        return padded if padded.shape == self.padded_shape else self.pack(self.unpack(padded))

    def _within(self, padded: Tensor) -> Tensor:
        """The view of a run's own numbers, with the axes of the plain module."""
        plain = padded.mT if self.transposed else padded
        own = plain[tuple(slice(0, size) for size in self.shape)]
        return own if self.shape else own[0]

"""Images between two layers, and the one kernel between images of two sides."""

from dataclasses import dataclass

KERNEL, STRIDE, PADDING = 4, 2, 1
"""What halves a side exactly, and on the way back doubles it with every pixel reached by as many weights."""


@dataclass(frozen=True)
class Image:
    """Of one sample, between two layers."""

    height: int
    width: int
    channels: int

    @property
    def size(self) -> int:
        """Numbers of it."""
        return self.height * self.width * self.channels

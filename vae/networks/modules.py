"""Plain modules that torch has not: pixels with colours to images, and back."""

from torch import Tensor, nn


class PixelsToImages(nn.Module):
    """Rows of pixels, their channels side by side, to (sample, channel, height, width)."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.shape = (height, width, channels)

    def forward(self, rows: Tensor) -> Tensor:
        """Take (sample, height * width * channel)."""
        return rows.view(-1, *self.shape).permute(0, 3, 1, 2)


class ImagesToPixels(nn.Module):
    """The way back."""

    def forward(self, images: Tensor) -> Tensor:
        """Return (sample, height * width * channel)."""
        return images.permute(0, 2, 3, 1).flatten(1)

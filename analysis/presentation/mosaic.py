"""Images as small PNG files, side by side."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from analysis.arrays import Float32

GAP = 1
"""Pixels between images."""


def mosaic(images: Float32) -> Float32:
    """Lay (row, column, height, width[, channel]) out as one image, white between; values from 0 to 1."""
    rows, columns, height, width, *channels = images.shape
    room = np.ones((rows, height + GAP, columns, width + GAP, *channels), np.float32)
    room[:, :height, :, :width] = np.clip(images, 0.0, 1.0).swapaxes(1, 2)
    whole = room.reshape(rows * (height + GAP), columns * (width + GAP), *channels)
    return whole[:-GAP, :-GAP]


def levels_of(image: Float32) -> npt.NDArray[np.uint8]:
    """Return (height, width[, channel]) with values from 0 to 1 in 255 steps; one or two channels are drawn grey."""
    if image.ndim == 3 and image.shape[-1] < 3:
        image = image[..., 0]
    return np.rint(np.clip(image[..., :3] if image.ndim == 3 else image, 0.0, 1.0) * 255).astype(np.uint8)


def png(image: Float32) -> bytes:
    """Return (height, width[, channel]) with values from 0 to 1 as a PNG file; one or two channels are drawn grey."""
    buffer = io.BytesIO()
    Image.fromarray(levels_of(image)).save(buffer, "png")
    return buffer.getvalue()


def data_address(image: Float32) -> str:
    """Return an image as an address that holds it whole, for a page without files beside it."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()

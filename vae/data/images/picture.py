"""One image file as an array."""

import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from vae.data.images.kind import Kind, traits_of
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM")
"""Pillow knows more; some of them start other programs."""
MOST_PIXELS = 2**27
"""Of one image: 134 million, beyond any camera's; Pillow itself begins to warn at 89 million."""
BYTES_A_PIXEL = 4
"""Of Pillow's colours, which a palette becomes too."""
_DAMAGE = (
    OSError, EOFError, MemoryError, struct.error, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError,
    AttributeError, AssertionError, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises on files that are not what they should be."""


def look(path: Path) -> set[str]:
    """Return the traits of an image by its head; raises DataError where it cannot be read or is far too large."""
    with _opened(path) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(f"an image must have at most {MOST_PIXELS:,} pixels, got {width} x {height} in '{path}'")
        check_growth(BYTES_A_PIXEL * width * height, path, FREE_IMAGES, DataError)
        return traits_of(image)


def read_picture(path: Path, kind: Kind) -> npt.NDArray[Any]:
    """Read an image upright: (height, width) or (height, width, 3), uint8, or uint16 where white is 65535."""
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        if image.has_transparency_data:
            canvas = Image.new("RGBA", image.size, "white")
            canvas.alpha_composite(image.convert("RGBA"))
            image = canvas
        if kind.white == 65535:
            return _deep(image, kind)
        if kind.white == 1:
            return np.asarray(image, dtype=np.uint8)
        return np.asarray(_converted(image, kind))


def _deep(image: Image.Image, kind: Kind) -> npt.NDArray[np.uint16]:
    if image.mode.startswith("I"):
        grey: npt.NDArray[np.uint16] = np.asarray(image).astype(np.uint16)
        return np.stack([grey] * 3, axis=-1) if kind.is_colour else grey
    return np.asarray(_converted(image, kind)).astype(np.uint16) * np.uint16(257)


def _converted(image: Image.Image, kind: Kind) -> Image.Image:
    """The image in 8 bits, grey or in colour; itself, and no copy, where it is that already."""
    mode = "RGB" if kind.is_colour else "L"
    return image if image.mode == mode else image.convert(mode)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; whatever is wrong with it is one DataError."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except UnidentifiedImageError:
        raise DataError(f"'{_shown(path)}' is no image of {', '.join(FORMATS)}: repair it or move it away") from None
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"cannot read the image '{_shown(path)}' ({reason}): repair it or move it away") from error


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence Pillow on files that it reads all the same; not to be entered by several threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _shown(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")

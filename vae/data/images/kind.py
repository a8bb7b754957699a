"""What kind of array a folder's images make: grey or colour, of 1, 8 or 16 bits; one kind for all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "La", *_DEEP)
_COLOUR = ("P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV")
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Kind:
    """What all images are read as."""

    is_colour: bool
    """(height, width, 3), else (height, width)."""
    white: int
    """1, 255 or 65535."""


def traits_of(image: Image.Image) -> set[str]:
    """Return what sets an opened image apart; ValueError where its values are no shades of white."""
    if image.mode not in (*_GREY, *_COLOUR) or (image.mode == "I" and image.format != "PNG"):
        raise ValueError(f"pixels of mode {image.mode} have no white; save them as an .npy array")
    is_grey = image.mode in _GREY or _has_grey_palette(image)
    traits = {"grey" if is_grey else "colour"}
    if image.mode == "1" and not image.has_transparency_data:
        traits.add("bits")
    if image.mode in _DEEP:
        traits.add("deep")
    if image.mode in ("P", "PA") and not is_grey:
        traits.add("palette")
    if image.has_transparency_data:
        traits.add("transparent")
    if image.mode.startswith("RGB") and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        traits.add("deep colour")
    if getattr(image, "is_animated", False):
        traits.add("frames")
    if ("exif" in image.info or image.format == "TIFF") and image.getexif().get(_ORIENTATION, 1) != 1:
        traits.add("turned")
    return traits


def _has_grey_palette(image: Image.Image) -> bool:
    """Whether a palette has no colours, as that of a grey GIF."""
    palette = image.palette
    if palette is None or (palette.rawmode or palette.mode) != "RGB":
        return False
    levels = bytes(palette.palette)
    return levels[0::3] == levels[1::3] == levels[2::3]


def kind_of(counts: "Counter[str]", is_declared: bool) -> Kind:
    """Return the kind that holds all images: colour where one has it, and the depth of the deepest.

    Where the user declares white, it counts in 8 or 16 bits.
    """
    only_bits = counts["bits"] == counts["grey"] + counts["colour"] and not is_declared
    return Kind(counts["colour"] > 0, 65535 if counts["deep"] else 1 if only_bits else 255)


def notes_of(counts: "Counter[str]") -> Iterator[str]:
    """Say what was done to images that are not as most of a kind."""
    n_images = counts["grey"] + counts["colour"]
    if counts["grey"] and counts["colour"]:
        yield f"{_of('grey image', counts['grey'])} among {n_images:,} are read as colour, as the others are"
    if counts["deep"]:
        mixed = "" if counts["deep"] == n_images else ", and all others too"
        yield f"{_of('image', counts['deep'])} of 16 bits keep their depth{mixed}"
    said = {
        "deep colour": "of 16 bits a colour are read as 8 bits",
        "palette": "with a palette are read as colour",
        "transparent": "with transparent parts are laid over white",
        "frames": "of several frames show their first",
        "turned": "are turned as their EXIF orientation says",
    }
    for trait, words in said.items():
        if counts[trait]:
            yield f"{_of('image', counts[trait])} {words}"


def _of(noun: str, count: int) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"

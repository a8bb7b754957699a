"""Which integer is white: declared, or guessed from the brightest pixel and said."""

from vae.errors import DataError

GUESSES = (1, 255, 65535)
"""White of binary, 8-bit and 16-bit images, told by the largest value: 8-bit images are often stored as int64."""


def white_of(where: object, brightest: int, declared: float | None, depth: int | None = None) -> float:
    """Return the integer that is pixel value 1; DataError where it is not declared and a guess would be bold.

    `depth` is the white of so many bits, where files have a depth. A guess that leaves the brightest pixel below half
    of white is not made: 4-bit or 12-bit images would be nearly black, and models of them look good by every number.
    """
    if declared is not None:
        if declared < brightest:
            raise DataError(f"white must be at least the brightest pixel, {brightest}, got {declared:g} for '{where}'")
        return declared
    white = depth or _guess(brightest)
    if white is None or 0 < brightest < white / 2:
        guess = "and none is guessed above 65535" if white is None else f"too dark for a white of {white}"
        raise DataError(
            f"white must be declared: the brightest pixel in '{where}' is {brightest}, {guess}; give --white N "
            f"(such as {_next_depth(brightest)}, if that is what a white pixel has)"
        )
    return white


def guess_note(brightest: int) -> str:
    """Say which white was guessed from a pixel that is the brightest, or among the brightest."""
    return f"white is taken to be {_guess(brightest)}, as pixels reach {brightest}; --white N declares another"


def _guess(brightest: int) -> int | None:
    return next((white for white in GUESSES if brightest <= white), None)


def _next_depth(brightest: int) -> int:
    """Return the white of the fewest bits that hold the brightest pixel, or the pixel itself where that is a power."""
    white = 2 ** brightest.bit_length() - 1
    return brightest if brightest & (brightest - 1) == 0 else white

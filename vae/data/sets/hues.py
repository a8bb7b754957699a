"""Ten bright colours around the wheel, those of Shapes3D: hue 0, 0.1, ..., 0.9 at full saturation and value."""

import numpy as np
import numpy.typing as npt

N_HUES = 10


def _hue(tenth: int) -> tuple[int, int, int]:
    """(red, green, blue) of a hue in tenths, whole numbers 0 to 255: a tenth of the wheel is a whole step of 51."""
    sextant, rest = divmod(6 * tenth, 10)
    up, down = 255 * rest // 10, 255 * (10 - rest) // 10
    return ((255, up, 0), (down, 255, 0), (0, 255, up), (0, down, 255), (up, 0, 255), (255, 0, down))[sextant]


HUES: npt.NDArray[np.int64] = np.array([_hue(tenth) for tenth in range(N_HUES)])
"""(hue, channel): red, green and blue, 0 to 255."""

"""The array types of analysis, by what they hold; shapes stand in the docstrings."""

from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
"""Images and codes, as networks have them."""
Float64 = npt.NDArray[np.float64]
"""What is summed, compared or drawn."""
Floating = npt.NDArray[np.floating[Any]]
"""Either."""
Int64 = npt.NDArray[np.int64]
"""Places, counts and labels."""

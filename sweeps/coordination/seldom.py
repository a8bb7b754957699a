"""What is done again and again, so seldom that it takes no more than a share of the time."""

from collections.abc import Callable
from time import monotonic

PAUSE = 20
"""Times that it took, to wait before it is done again."""


class Seldom:
    """Something that grows dearer as a sweep grows."""

    def __init__(self, least_seconds: float = 0.0) -> None:
        self._least_seconds = least_seconds
        self._next = 0.0

    def do(self, action: Callable[[], None]) -> None:
        """Do it, or leave it where too little time has passed."""
        start = monotonic()
        if start >= self._next:
            action()
            self._next = monotonic() + max(self._least_seconds, PAUSE * (monotonic() - start))

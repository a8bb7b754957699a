"""Ctrl-C and SIGTERM: once lets the workers save what they train, twice stops now."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sweeps.engines.engine import Stop

SECONDS_TO_FINISH = 30


@contextmanager
def stop_on_signals(say: Callable[[str], None]) -> Iterator[Stop]:
    """Give a stop that the first signal asks; the second one, or one before anything trains, is KeyboardInterrupt."""
    stop = Stop()

    def on_signal(number: int, frame: object) -> None:
        if stop.asked or not stop.training:
            raise KeyboardInterrupt
        stop.ask(SECONDS_TO_FINISH)
        say(f"stopping: workers have {SECONDS_TO_FINISH} s to save what they train; press Ctrl-C again to stop now")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Where the command `vaekit` begins: while Python imports, and while it ends, a Ctrl-C is quiet."""

import os
import signal
from typing import NoReturn

interrupted = False


def main() -> NoReturn:
    """Run the command line; exit code 130 after Ctrl-C, also before its first line is reached."""
    signal.signal(signal.SIGINT, _leave)  # nothing is begun yet; an exception would land in the middle of some import
    import cli

    signal.signal(signal.SIGINT, _interrupt)
    try:
        cli.main()
    except BaseException:
        if interrupted:  # whatever an import has made of it
            _leave(signal.SIGINT, None)
        raise
    finally:
        signal.signal(signal.SIGINT, _leave)


def _interrupt(number: int, frame: object) -> NoReturn:
    global interrupted
    interrupted = True
    raise KeyboardInterrupt


def _leave(number: int, frame: object) -> NoReturn:
    os._exit(128 + number)

"""stdout and stderr as they are found: encodings without our signs, full disks, readers that left."""

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO, cast

PLAIN = {"−": "-", "–": "-", "—": "-", "±": "+-", "·": "|", "×": "x", "─": "-"}
"""What stands for a sign that an encoding lacks; letters lose their accents, and ² and … are spelt out."""
HANDLER = "vaekit.plain"


@contextmanager
def whole_output() -> Iterator[None]:
    """Print in any encoding, and end the process with exit code 1 where stdout could not be written.

    A line on stderr says why; there is none where the reader of a pipe has read enough.
    """
    sys.stdout = sys.stdout or _nowhere()  # closed by the shell: workers could not be started without
    sys.stderr = sys.stderr or _nowhere()
    codecs.register_error(HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)
    stdout = sys.stdout
    sys.stdout = cast(TextIO, _Stdout(stdout))
    try:
        try:
            yield
        finally:
            print(end="", flush=True)
    except _Unwritten as error:
        _discard(stdout)
        if not isinstance(error.reason, BrokenPipeError):
            say(f"vaekit: cannot write to stdout: {error.reason.strerror}")
        raise SystemExit(1) from None
    finally:
        sys.stdout = stdout


def say(line: str) -> None:
    """Print a line on stderr; what cannot be said is not worth stopping for."""
    try:
        print(line, file=sys.stderr)
    except OSError:
        _discard(sys.stderr)


def _nowhere() -> TextIO:
    stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    os.set_inheritable(stream.fileno(), True)  # as 0, 1 and 2 are, one of which it is
    return stream


def _discard(stream: TextIO) -> None:
    """Lead a broken stream nowhere: Python's own last flush would fail again, and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Unwritten(Exception):
    """Tells an error of stdout from those of all other files."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Stdout:
    """A stream whose errors are `_Unwritten`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _Unwritten(error) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise _Unwritten(error) from error


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode one character that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a path that is no text: out as it came in
        return bytes([ord(character) - 0xDC00]), error.start + 1
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character, letters or "?"), error.start + 1

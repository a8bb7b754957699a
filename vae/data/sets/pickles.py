"""A pickle read as data: no name in it is ever looked up and nothing in it runs, so that it may come from anywhere.

Enough of the format for dicts, lists, numbers, texts and arrays, as Python 2 and 3 write them with protocols 0 to 4.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_MARK = object()
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "MARK": lambda: _MARK,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
_IGNORED = ("PROTO", "FRAME")
_BYTE_TYPES = ("u1", "|u1")


class PickleError(ValueError):
    """The pickle is damaged, or holds what this reader does not know."""


@dataclass
class Made:
    """What a pickle wants called: the name, the arguments, and the state that is to be set; none of it is done."""

    name: object
    arguments: object
    state: object = None


def read_pickle(content: bytes) -> Any:
    """Return what a pickle holds, with every object as a Made; raises PickleError."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "STOP":
                return stack.pop()
            _step(opcode.name, argument, stack, memo)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, MemoryError) as error:
        raise PickleError(" ".join(str(error).split())[:200]) from error
    raise PickleError("it has no end")


def byte_array(made: Any) -> npt.NDArray[np.uint8]:
    """Return a pickled array of bytes; raises PickleError for anything else."""
    try:
        _, shape, kind, is_fortran, values = made.state
        if not str(made.name).endswith("_reconstruct") or kind.arguments[0] not in _BYTE_TYPES or is_fortran:
            raise PickleError("an array must hold bytes in C order")
        return np.frombuffer(_as_bytes(values), np.uint8).reshape([int(n) for n in shape])
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise PickleError(f"no array of bytes ({' '.join(str(error).split())[:100]})") from error


def _as_bytes(values: Any) -> bytes:
    if isinstance(values, Made):  # protocol 2 of Python 3 writes bytes as a text and its encoding
        values = values.arguments[0]  # type: ignore[index]
    return bytes(values.encode("latin-1")) if isinstance(values, str) else bytes(memoryview(values))


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Do one operation."""
    if name in _CONSTANTS:
        stack.append(_CONSTANTS[name]())
    elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name in _ON_STACK:
        _ON_STACK[name](stack)
    elif name == "GLOBAL" or (name not in _IGNORED and argument is not None):
        stack.append(argument)
    elif name not in _IGNORED:
        raise PickleError(f"operation {name}")


def _above_mark(stack: list[Any]) -> list[Any]:
    at = len(stack) - 1
    while stack[at] is not _MARK:
        if at == 0:
            raise PickleError("no mark")
        at -= 1
    above = stack[at + 1 :]
    del stack[at:]
    return above


def _tuple(length: int) -> Callable[[list[Any]], None]:
    def make(stack: list[Any]) -> None:
        parts = [stack.pop() for _ in range(length)]
        stack.append(tuple(reversed(parts)))

    return make


def _append(stack: list[Any]) -> None:
    value = stack.pop()
    stack[-1].append(value)


def _appends(stack: list[Any]) -> None:
    values = _above_mark(stack)
    stack[-1].extend(values)


def _set_item(stack: list[Any]) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _set_items(stack: list[Any]) -> None:
    parts = _above_mark(stack)
    stack[-1].update(zip(parts[::2], parts[1::2], strict=True))


def _made(stack: list[Any]) -> None:
    arguments, name = stack.pop(), stack.pop()
    stack.append(Made(name, arguments))


def _set_state(stack: list[Any]) -> None:
    state = stack.pop()
    if not isinstance(stack[-1], Made):
        raise PickleError("a state of nothing")
    stack[-1].state = state


def _name(stack: list[Any]) -> None:
    name, module = stack.pop(), stack.pop()
    stack.append(f"{module} {name}")


_ON_STACK: dict[str, Callable[[list[Any]], None]] = {
    "TUPLE": lambda stack: stack.append(tuple(_above_mark(stack))),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "LIST": lambda stack: stack.append(_above_mark(stack)),
    "DICT": lambda stack: stack.append(dict(zip(*[iter(_above_mark(stack))] * 2, strict=True))),
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "REDUCE": _made,
    "NEWOBJ": _made,
    "BUILD": _set_state,
    "STACK_GLOBAL": _name,
    "POP": lambda stack: stack.pop(),
}

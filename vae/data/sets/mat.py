"""MATLAB's files, version 5: plain arrays of numbers, in little-endian order.

https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. A damaged file can end scipy's reader and the process
with it; here no length is believed before the bytes are there.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_MOST_AXES = 8


def read_mat(content: bytes, most_bytes: int) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of numbers in a file by name; raises ValueError, also if they take more than `most_bytes`."""
    if len(content) < _HEADER or content[126:128] != b"IM":
        raise ValueError("it is no little-endian MATLAB file of version 5")
    arrays = {}
    for kind, element in _elements(memoryview(content)[_HEADER:], is_padded=False):
        if kind == _COMPRESSED:
            unpacked = _unpack(element, most_bytes)
            most_bytes -= len(unpacked)
            kind, element = next(_elements(memoryview(unpacked), is_padded=False), (0, element))
        if kind == _MATRIX:
            name, values = _array(element)
            if values is not None:
                arrays[name] = values
    return arrays


def _unpack(packed: memoryview, most_bytes: int) -> bytes:
    try:
        unpacked = zlib.decompressobj().decompress(packed, most_bytes + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(unpacked) > most_bytes:
        raise ValueError("it grows beyond what files of images do")
    return unpacked


def _elements(content: memoryview, *, is_padded: bool) -> Iterator[tuple[int, memoryview]]:
    """Yield the type and the bytes of each element: within an array they begin at every eighth byte."""
    at = 0
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<II", content, at)
        start = at + 8
        if kind >> 16:  # a short element: length, type and up to four bytes in eight
            kind, length, start = kind & 0xFFFF, kind >> 16, at + 4
        if start + length > len(content):
            raise ValueError("it ends early")
        yield kind, content[start : start + length]
        at = start + max(length, 4 if start == at + 4 else 0)
        at += -at % 8 if is_padded else 0


def _array(element: memoryview) -> tuple[str, npt.NDArray[Any] | None]:
    """Return the name and the values of an array; no values where they are not plain numbers."""
    parts = list(_elements(element, is_padded=True))
    if len(parts) < 4 or parts[1][0] != 5 or len(parts[1][1]) % 4:
        return "", None
    shape = struct.unpack(f"<{len(parts[1][1]) // 4}i", parts[1][1])
    name = bytes(parts[2][1]).decode("latin-1")
    kind, values = parts[3]
    if kind not in _TYPES or len(shape) > _MOST_AXES or min(shape, default=-1) < 0:
        return name, None
    dtype = np.dtype(_TYPES[kind])
    if math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} must hold as many values as its shape {shape}")
    return name, np.frombuffer(values, dtype).reshape(shape, order="F")

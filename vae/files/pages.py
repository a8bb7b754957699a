"""What the pages of a Parquet file claim to hold, found before any of it is decoded.

A page of a few bytes may claim two billion values, a footer of its own may deny them, and a decoder believes the page.
Footer and pages begin with structs in Thrift's compact protocol, read here and nowhere handed on: some footers end the
process where pyarrow is asked for what they say. github.com/apache/parquet-format, src/main/thrift/parquet.thrift, and
github.com/apache/thrift, doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator
from typing import Any

_BOOLEANS, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
_LONG_LIST = 15
_ROW_GROUPS, _COLUMNS, _METADATA = 4, 1, 3
_CHUNK_BYTES, _FIRST_DATA_PAGE, _FIRST_DICTIONARY_PAGE = 7, 9, 11
_PAGE_BYTES, _STORED_BYTES = 2, 3
_PAGE_KINDS = (5, 7, 8)
"""Fields of a PageHeader: data page, dictionary page, data page of version 2; each begins with its values."""
_MAGIC = b"PAR1"
_VALUE_BYTES = 8
_DEEPEST = 12

Fields = dict[int, Any]


def claimed_bytes(content: bytes) -> int:
    """Return the memory that all values of a Parquet file would take by its own pages; ValueError if damaged."""
    length = int.from_bytes(content[-8:-4], "little")
    if content[-4:] != _MAGIC or length > len(content) - 8:
        raise ValueError("a file without a footer")
    footer, _ = _struct(memoryview(content)[len(content) - 8 - length :], 0, 0)
    claims = (claim for chunk in _chunks(footer, content) for claim in _page_claims(chunk))
    return sum(max(_VALUE_BYTES * values, n_bytes) for values, n_bytes in claims)


def _chunks(footer: Fields, content: bytes) -> Iterator[memoryview]:
    """Yield the bytes of each column in each group of rows."""
    for group in _field(footer, _ROW_GROUPS, list):
        for column in _field(group, _COLUMNS, list):
            place = _field(column, _METADATA, dict)
            there = {_FIRST_DICTIONARY_PAGE: 0} | place
            pages = [_field(there, number, int) for number in (_FIRST_DATA_PAGE, _FIRST_DICTIONARY_PAGE)]
            start = min(page for page in pages if page)
            end = start + _field(place, _CHUNK_BYTES, int)
            if not 0 < start <= end <= len(content):
                raise ValueError("a column that lies outside the file")
            yield memoryview(content)[start:end]


def _page_claims(chunk: memoryview) -> Iterator[tuple[int, int]]:
    """Yield the values and the decoded bytes that each page of a column claims."""
    at = 0
    while at < len(chunk):
        header, at = _struct(chunk, at, 0)
        stored, decoded = _field(header, _STORED_BYTES, int), _field(header, _PAGE_BYTES, int)
        values = sum(_field(header[kind], 1, int) for kind in _PAGE_KINDS if kind in header)
        if min(stored, decoded, values) < 0:
            raise ValueError("a page of negative size")
        yield values, decoded
        at += stored


def _field(fields: Any, number: int, kind: type) -> Any:
    value = fields.get(number) if isinstance(fields, dict) else None
    if type(value) is not kind:
        raise ValueError("a header without a field that it must have")
    return value


def _struct(content: memoryview, at: int, depth: int) -> tuple[Fields, int]:
    """Read a struct: a byte of kind and distance to the last field's number, then the value, until a zero byte."""
    fields: Fields = {}
    number = 0
    while kind := _byte(content, at):
        at += 1
        if kind >> 4:
            number += kind >> 4
        else:
            number, at = _integer(content, at)
        fields[number], at = (kind == 1, at) if kind & 15 in _BOOLEANS else _value(content, at, kind & 15, depth)
    return fields, at + 1


def _value(content: memoryview, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _INTEGERS:
        return _integer(content, at)
    if kind in (_BYTE, *_BOOLEANS):  # a boolean is a byte of its own in a list only
        return None, at + 1
    if kind == _DOUBLE:
        return None, at + 8
    if kind == _BINARY:
        length, at = _varint(content, at)
        return None, at + length
    if kind == _STRUCT and depth < _DEEPEST:
        return _struct(content, at, depth + 1)
    if kind in _LISTS and depth < _DEEPEST:
        return _list(content, at, depth + 1)
    raise ValueError(f"a header with a field of kind {kind}, {depth} deep")


def _list(content: memoryview, at: int, depth: int) -> tuple[list[Any], int]:
    head = _byte(content, at)
    length, at = (head >> 4, at + 1) if head >> 4 < _LONG_LIST else _varint(content, at + 1)
    values = []
    for _ in range(length):
        if at >= len(content):
            raise ValueError("a list that does not end")
        value, at = _value(content, at, head & 15, depth)
        values.append(value)
    return values, at


def _integer(content: memoryview, at: int) -> tuple[int, int]:
    """Read a zigzag integer: 0, -1, 1, -2, ..."""
    value, at = _varint(content, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = _byte(content, at)
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than ten bytes")


def _byte(content: memoryview, at: int) -> int:
    if at >= len(content):
        raise ValueError("a header that does not end")
    return content[at]

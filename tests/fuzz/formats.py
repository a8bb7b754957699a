"""Structural mutations of archives, arrays, tables, weights and logs: still well-formed around what was changed."""

import gzip
import io
import json
import math
import random
import struct
import tomllib
import zipfile
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import tomli_w

from tests.fuzz.mutations import mutate_bytes, mutate_json, mutate_tree
from vae.files.checkpoints import CHECKSUM, checkpoint_checksum

BOMB = 100 * 2**20
"""Bytes that a bomb unpacks to: more than any file may hold for nothing."""
SHAPES = ("(-1, 8)", "(2**40,)", "(0, 8, 8)", "()", "(-12, -8, 8)", "(True,)", "(12, 8, 8, 1, 1)", "(1e3,)", "'x'")
KINDS = ("|O", "<f8", ">i2", "<c16", "|V0", "<U0", "<U4", "|S3", "<M8[s]", "<f2", "<u8", "<g", "(4,)<f4", "x", "|b1")


def npy_header(rng: random.Random, shape: str, kind: str) -> bytes:
    """Return the head of an .npy file with one field odd."""
    fields = {"descr": repr(kind), "fortran_order": "False", "shape": shape}
    what = rng.choice(("shape", "descr", "huge", "gone", "order", "long", "chain"))
    if what == "shape":
        fields["shape"] = rng.choice(SHAPES)
    elif what == "descr":
        fields["descr"] = repr(rng.choice(KINDS))
    elif what == "huge":
        fields["shape"] = f"({rng.choice((10**6, 2**31, 2**62))}, 8, 8)"
    elif what == "gone":
        del fields[rng.choice(list(fields))]
    elif what == "order":
        fields["fortran_order"] = rng.choice(("True", "3", "None", "[]"))
    text = "{" + ", ".join(f"{name!r}: {value}" for name, value in fields.items()) + "}"
    if what == "long":
        text = text[:-1] + " " * 20_000 + "}"
    if what == "chain":
        text = "-" * 9000 + "1"
    head = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", min(len(head), 65535)) + head


def mutate_npy(content: bytes, rng: random.Random) -> bytes:
    """Change an .npy file's header, or its type, or its values."""
    array: np.ndarray = np.load(io.BytesIO(content))
    if rng.random() < 0.5:
        return npy_header(rng, str(array.shape), array.dtype.str) + array.tobytes()
    return _npy(_odd_array(array, rng))


def mutate_npz(content: bytes, rng: random.Random) -> bytes:
    """Change one member of an .npz: its header, its values, its name, or what the archive says of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    what = rng.choice(("member", "member", "values", "rename", "gone", "bomb", "sizes", "method"))
    if what == "member":
        members[name] = mutate_npy(members[name], rng)
    elif what == "values":
        members[name] = mutate_bytes(members[name], rng)
    elif what in ("rename", "gone"):
        member = members.pop(name)
        if what == "rename":
            members[rng.choice(("../x.npy", "/etc/x.npy", "labels.npy", "factors.npy", "x", "\u2603.npy"))] = member
    elif what == "bomb":
        return _zip_bomb(name, members)
    packed = pack(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    return _odd_directory(packed, rng) if what in ("sizes", "method") else packed


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return buffer.getvalue()


def _zip_bomb(name: str, members: dict[str, bytes]) -> bytes:
    """Return an archive of which one member is BOMB zeros, written block by block: the memory is the reader's."""
    buffer = io.BytesIO()
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {(BOMB // 64, 8, 8)}}}".encode() + b"\n"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for other in members.keys() - {name}:
            archive.writestr(other, members[other])
        with archive.open(name, "w") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head)
            for _ in range(BOMB // 2**20):
                file.write(bytes(2**20))
    return buffer.getvalue()


def _odd_directory(packed: bytes, rng: random.Random) -> bytes:
    """Change a field of an entry in the central directory: flags, method, checksum, sizes, offset."""
    starts = [k for k in range(len(packed)) if packed.startswith(b"PK\x01\x02", k)]
    changed = bytearray(packed)
    start = rng.choice(starts)
    place, kind = rng.choice(((8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (42, "<I")))
    value = rng.choice((0, 1, 8, 9, 12, 14, 99, 2**16 - 1, 2**31, 2**32 - 2)) % 2 ** (8 * struct.calcsize(kind))
    struct.pack_into(kind, changed, start + place, value)
    return bytes(changed)


def _odd_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    if rng.random() < 0.4:
        return rng.choice((array[:0], array[..., None], array.ravel(), array[:5], array.T, np.array(3)))
    kind = rng.choice(("f8", "f4", "i8", "u8", "i1", "c8", "U3", "?", "f2"))
    if array.dtype.kind == "U":
        odd = array.copy()
        odd.flat[rng.randrange(odd.size)] = rng.choice(("", "nan", "1e999", "\0", "é"))
        return odd
    with np.errstate(all="ignore"):
        odd = array.astype(kind)
    if odd.dtype.kind in "fiu":
        info: Any = np.finfo(odd.dtype) if odd.dtype.kind == "f" else np.iinfo(odd.dtype)
        values = [info.max, info.min, 0] + ([np.nan, np.inf, -np.inf, 0.5] if odd.dtype.kind == "f" else [])
        odd.flat[rng.randrange(odd.size)] = rng.choice(values)
    return odd


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def mutate_idx(content: bytes, rng: random.Random) -> bytes:
    """Change type, axes or one length of an IDX header; sometimes the gzip around it is a bomb."""
    plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    changed = bytearray(plain)
    what = rng.choice(("type", "axes", "length", "length", "extra", "bomb"))
    if what == "type":
        changed[2] = rng.choice((0, 8, 9, 11, 12, 13, 14, 255))
    elif what == "axes":
        changed[3] = rng.choice((0, 1, 2, 4, 5, 255))
    elif what == "length":
        struct.pack_into(
            ">I", changed, 4 + 4 * rng.randrange(changed[3]), rng.choice((0, 1, 7, 2**16, 2**31, 2**32 - 1))
        )
    elif what == "extra":
        changed += rng.randbytes(rng.randrange(1, 100))
    else:
        head = struct.pack(">HBBIII", 0, 8, 3, BOMB // 64, 8, 8)
        return gzip.compress(head) + gzip.compress(bytes(2**20)) * (BOMB // 2**20)
    return gzip.compress(bytes(changed), 1) if rng.random() < 0.5 else bytes(changed)


def mutate_png(content: bytes, rng: random.Random) -> bytes:
    """Change one chunk of a PNG, or lose, double or move it; the sums that a reader checks are right."""
    chunks, at = [], 8
    while at < len(content):
        length = struct.unpack_from(">I", content, at)[0]
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    place = rng.randrange(len(chunks))
    name, data = chunks[place]
    what = rng.choice(("data", "data", "head", "gone", "twice", "moved", "name", "added"))
    if what == "data":
        chunks[place] = (name, mutate_bytes(data, rng))
    elif what == "head":
        sides = [rng.choice((0, 1, 8, 2**16, 2**31 - 1, 2**32 - 1)) for _ in range(2)]
        kind = [rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255)) for _ in range(5)]
        chunks[0] = (b"IHDR", struct.pack(">II5B", *sides, *kind))
    elif what == "gone":
        del chunks[place]
    elif what in ("twice", "moved"):
        chunks.insert(rng.randrange(len(chunks)), chunks[place] if what == "twice" else chunks.pop(place))
    elif what == "name":
        chunks[place] = (rng.choice((b"tRNS", b"PLTE", b"eXIf", b"iCCP", b"acTL", b"fdAT", b"zTXt", b"IDAT")), data)
    else:
        chunks.insert(1, (rng.choice((b"tRNS", b"PLTE", b"eXIf", b"iTXt", b"zTXt")), rng.randbytes(rng.randrange(60))))
    packed = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return content[:8] + b"".join(packed)


def mutate_norb(content: bytes, rng: random.Random) -> bytes:
    """Change one number in the header of a small NORB matrix; sometimes the gzip around it is a bomb."""
    changed = bytearray(gzip.decompress(content))
    axes = int.from_bytes(changed[4:8], "little")
    what = rng.choice(("header", "header", "extra", "bomb"))
    if what == "header":
        value = rng.choice((0, 1, 2, 3, 5, 7, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 0x1E3D4C51, 0x1E3D4C54))
        struct.pack_into("<I", changed, 4 * rng.randrange(2 + axes), value)
    elif what == "extra":
        changed += rng.randbytes(rng.randrange(1, 100))
    else:
        head = struct.pack("<6I", 0x1E3D4C55, 4, BOMB // 128, 2, 8, 8)
        return gzip.compress(head) + gzip.compress(bytes(2**20)) * (BOMB // 2**20)
    return gzip.compress(bytes(changed), 1)


def mutate_mat(content: bytes, rng: random.Random) -> bytes:
    """Change the inside of a compressed variable of a MATLAB file: bytes, sizes, types, or a bomb."""
    head, length = content[:128], int.from_bytes(content[132:136], "little")
    inside, rest = zlib.decompress(content[136 : 136 + length]), content[136 + length :]
    what = rng.choice(("bytes", "bytes", "number", "number", "number", "bomb"))
    if what == "bytes":
        inside = mutate_bytes(inside, rng)
    elif what == "number":
        changed = bytearray(inside)
        value = rng.choice((0, 1, 2, 5, 6, 9, 14, 15, 2**16, 2**31 - 1, 2**31, 2**32 - 1))
        struct.pack_into("<I", changed, 4 * rng.randrange(20), value)
        inside = bytes(changed)
    else:
        inside = inside[:4] + struct.pack("<I", 2**32 - 16) + inside[8:]
    packer = zlib.compressobj()
    packed = packer.compress(inside)
    for _ in range(BOMB // 2**20 if what == "bomb" else 0):
        packed += packer.compress(bytes(2**20))
    packed += packer.flush()
    return head + struct.pack("<II", 15, len(packed)) + packed + rest


def mutate_tar(content: bytes, rng: random.Random) -> bytes:
    """Change the archive under its gzip: bytes, or the size that a member claims."""
    plain = gzip.decompress(content)
    if rng.random() < 0.5:
        return gzip.compress(mutate_bytes(plain, rng), 1)
    changed = bytearray(plain)
    starts = [k for k in range(0, len(plain), 512) if plain[k + 257 : k + 262] == b"ustar"]
    start = rng.choice(starts)
    size = rng.choice((b"0" * 11, b"7" * 11, b"-0000000001", b"00000000001"))
    changed[start + 124 : start + 135] = size
    changed[start + 148 : start + 156] = b" " * 8
    changed[start + 148 : start + 156] = b"%06o\0 " % sum(changed[start : start + 512])
    return gzip.compress(bytes(changed), 1)


def mutate_toml(content: bytes, rng: random.Random) -> bytes:
    """Change one key of a TOML file; now and then a date, a deep table, a number of many digits, or a key twice."""
    chance = rng.random()
    if chance < 0.1:
        odd = (
            "a = " + "[" * 50_000,
            "a = " + "9" * 5000,
            "epochs = 1979-05-27",
            "a." * 50_000 + "b = 1",
            "epochs = 0x" + "f" * 5000,
        )
        return content + rng.choice(odd).encode()
    if chance < 0.15:
        return content + content.splitlines()[0]
    try:
        tree = mutate_tree(tomllib.loads(content.decode()), rng)
        return tomli_w.dumps(tree).encode()
    except (TypeError, ValueError, AttributeError):  # nothing that TOML could say
        return mutate_bytes(content, rng)


def mutate_parquet(content: bytes, rng: random.Random) -> bytes:
    """Change a table's columns, types, nulls, rows, values or encodings, or one number in its footer."""
    if rng.random() < 0.2:
        return _odd_footer(content, rng)
    table = pq.read_table(io.BytesIO(content))
    k = rng.randrange(table.num_columns)
    name, column = table.column_names[k], table.column(k).combine_chunks()
    what = rng.choice(("gone", "rename", "double", "type", "null", "rows", "value", "value", "lists", "bomb", "meta"))
    if what == "gone":
        table = table.drop_columns([name])
    elif what == "rename":
        names = list(table.column_names)
        names[k] = rng.choice(("run", "../x", "", "score.mig", "history.", "value"))
        table = table.rename_columns(names)
    elif what == "double":
        table = table.append_column(name, column)
    elif what == "rows":
        table = rng.choice((table.slice(0, 0), pa.concat_tables([table, table]), table.slice(1)))
    elif what == "meta":
        table = table.replace_schema_metadata({b"pandas": b"[" * 9000, b"vaekit.sha256": b"0"})
    else:
        table = table.set_column(k, name, _odd_column(column, what, rng))
    sink = pa.BufferOutputStream()
    codec = rng.choice(("zstd", "gzip", "none", "snappy"))
    pq.write_table(table, sink, compression=codec, use_dictionary=rng.random() < 0.5)
    return bytes(sink.getvalue().to_pybytes())


def _odd_column(column: pa.Array, what: str, rng: random.Random) -> pa.Array:
    rows = len(column)
    values = column.to_pylist()
    at = rng.randrange(rows)
    if what == "type":
        return rng.choice(
            (
                pa.nulls(rows),
                pa.array(["x"] * rows),
                pa.array([1.5] * rows),
                pa.array([True] * rows),
                pa.array([b"\xff"] * rows),
                pa.array([[1]] * rows),
                pa.array([{"a": 1}] * rows),
                pa.array([2**63] * rows, pa.uint64()),
                pa.array(["x"] * rows).dictionary_encode(),
            )
        )
    if what == "null":
        values[at] = None
        return pa.array(values, column.type)
    if what == "lists" and pa.types.is_list(column.type):
        values[at] = rng.choice(([], None, [None], [1.0] * 7, [math.nan] * 3))
        return pa.array(values, column.type)
    if what == "bomb" and pa.types.is_list(column.type):
        lengths = np.full(rows, 4 * 10**5 // rows)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        return pa.ListArray.from_arrays(offsets, np.zeros(int(offsets[-1])))
    if pa.types.is_integer(column.type):
        values[at] = rng.choice((-1, 2**62, -(2**63), 0, values[0]))
    elif pa.types.is_floating(column.type):
        values[at] = rng.choice((math.nan, math.inf, -math.inf, 1e308, -1.0))
    elif pa.types.is_string(column.type):
        values[at] = rng.choice(("", "NONE", "\x1b[2J", "x" * 5000, "COMPLETE", "FAIL", "ae"))
    return pa.array(values, column.type)


def _odd_footer(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(footer, len(content) - 8)] = rng.randrange(256)
    return bytes(changed)


def mutate_safetensors(content: bytes, rng: random.Random) -> bytes:
    """Change one node of the JSON header: a type, a shape, an offset, a name."""
    length = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + length], content[8 + length :]
    tree = json.loads(header)
    what = rng.choice(("tree", "json", "shape", "empty", "length", "swap"))
    name = rng.choice([key for key in tree if key != "__metadata__"])
    if what == "tree":
        header = json.dumps(mutate_tree(tree, rng)).encode()
    elif what == "json":
        header = mutate_json(header, rng)
    elif what == "shape":  # as many values, other axes
        tree[name]["shape"] = rng.choice(([math.prod(tree[name]["shape"])], [1, *tree[name]["shape"]], []))
        header = json.dumps(tree).encode()
    elif what == "empty":  # no byte, and yet 2^40 rows
        tree[rng.choice((name, "0.fc9.weight"))] = {"dtype": "F32", "shape": [2**40, 0], "data_offsets": [0, 0]}
        header = json.dumps(tree).encode()
    elif what == "swap":
        tree[name]["dtype"] = rng.choice(("F64", "I32", "BF16", "BOOL", "U8", "F16"))
        header = json.dumps(tree).encode()
    claimed = rng.choice((0, 2**31, 2**63, length + 1)) if what == "length" else len(header)
    return struct.pack("<Q", claimed) + header + body


def mutate_checkpoint(content: bytes, rng: random.Random) -> bytes:
    """Change the header, or one array under a checksum that is right."""
    arrays = safetensors.numpy.load(content)
    name = rng.choice(list(arrays))
    if rng.random() < 0.5:
        return mutate_safetensors(content, rng)
    if rng.random() < 0.3:
        arrays[rng.choice(("07.state", "9.state", "9.place", f"{2**62}.state", "../x"))] = arrays.pop(name)
    else:
        arrays[name] = _odd_array(arrays[name].copy(), rng)
    try:
        return bytes(safetensors.numpy.save(arrays, {CHECKSUM: checkpoint_checksum(arrays)}))
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError):  # a type that the format has not
        return mutate_bytes(content, rng)


def mutate_lines(content: bytes, rng: random.Random) -> bytes:
    """Change one line of JSON lines: a node of it, its place, or whether it is there, once or twice."""
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    what = rng.choice(("node", "node", "node", "node", "gone", "twice", "moved"))
    if what == "node":
        lines[at] = mutate_json(lines[at], rng) + b"\n"
    elif what == "gone":
        del lines[at]
    elif what == "twice":
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
    else:
        lines.insert(rng.randrange(len(lines)), lines.pop(at))
    return b"".join(lines)


def mutate_csv(content: bytes, rng: random.Random) -> bytes:
    """Change one cell, or lose a column."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    column = rng.randrange(len(rows[0]))
    if rng.random() < 0.3:
        rows = [row[:column] + row[column + 1 :] for row in rows]
    else:
        rows[rng.randrange(len(rows))][column] = rng.choice(("", "nan", "-1", "x", "1e999", '"', "9" * 400, "\0"))
    return "\n".join(",".join(row) for row in rows).encode()

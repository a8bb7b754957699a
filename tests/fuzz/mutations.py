"""One mutation of a valid file: of its bytes, of the numbers in them, or of a tree of values."""

import json
import random
import struct
from collections.abc import Callable
from typing import Any

EXTREMES = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    "",
    "..",
    "../../etc/passwd",
    "a" * 5000,
    "\x1b[31m\0",
    0,
    -1,
    1.5,
    2**40,
    2**70,
    -(2**63),
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"a": {"b": 1}},
    "nan",
    "1e999",
    "9" * 5000,
)

Mutate = Callable[[bytes, random.Random], bytes]


def flip(content: bytes, rng: random.Random) -> bytes:
    """Change one to eight bytes anywhere."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(content: bytes, rng: random.Random) -> bytes:
    """Lose the end, or a piece."""
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(1, 200) :] if rng.random() < 0.5 else content[:start]


def grow(content: bytes, rng: random.Random) -> bytes:
    """Repeat a piece, or put in random bytes."""
    start, length = rng.randrange(len(content) + 1), rng.randrange(1, 300)
    piece = content[start : start + length] if rng.random() < 0.5 else rng.randbytes(length)
    return content[:start] + piece + content[start:]


def lie(content: bytes, rng: random.Random) -> bytes:
    """Write an extreme number over two, four or eight bytes, at either end more often than between."""
    kind = rng.choice(["<H", ">H", "<I", ">I", "<Q", ">Q"])
    number = struct.pack(kind, rng.choice(EXTREMES) % 2 ** (8 * struct.calcsize(kind)))
    near = rng.randrange(max(1, min(len(content), 400)))
    start = rng.choice((near, max(0, len(content) - near), rng.randrange(len(content) + 1)))
    return content[:start] + number + content[start + len(number) :]


BYTES: tuple[Mutate, ...] = (flip, cut, grow, lie)


def mutate_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return the content with one mutation that knows nothing of its format."""
    return rng.choice(BYTES)(content, rng)


def mutate_tree(tree: Any, rng: random.Random) -> Any:
    """Return a copy of nested dicts and lists with one node gone, replaced, renamed, doubled or nested deep."""
    tree = json.loads(json.dumps(tree))
    holders = [holder for holder in _holders(tree) if holder]
    if not holders:
        return rng.choice(ODD_VALUES)
    holder = rng.choice(holders)
    key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    what = rng.choice(("odd", "odd", "odd", "gone", "doubled", "deep", "other"))
    if what == "gone":
        del holder[key]
    elif what == "doubled":
        if isinstance(holder, dict):
            holder[str(rng.choice(ODD_VALUES))] = holder[key]
        else:
            holder.insert(key, holder[key])
    elif what == "deep":
        for _ in range(rng.choice((3, 50))):
            holder[key] = [holder[key]]
    elif what == "other":
        holder[key] = rng.choice([*holder.values()] if isinstance(holder, dict) else holder)
    else:
        holder[key] = rng.choice(ODD_VALUES)
    return tree


def _holders(tree: Any) -> list[Any]:
    if not isinstance(tree, dict | list):
        return []
    return [tree, *(found for part in (tree.values() if isinstance(tree, dict) else tree) for found in _holders(part))]


def mutate_json(content: bytes, rng: random.Random) -> bytes:
    """Return JSON with one node changed; now and then nested deeper than any parser's stack, or with a key twice."""
    if rng.random() < 0.05:
        return b"[" * 100_000 if rng.random() < 0.5 else b'{"a":' * 100_000
    text = json.dumps(mutate_tree(json.loads(content), rng))
    if rng.random() < 0.1 and text.startswith("{") and text != "{}":
        text = text[:-1] + ", " + text[1:]
    return text.encode()

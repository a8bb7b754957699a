"""Crafted files: each attack has one clear error, and memory stays near the file's size."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.frames.sweep import open_sweep
from sweeps.spec.make import make_spec
from sweeps.study.storage import open_study
from tests.fuzz.readers import write_small_sweep
from tests.synthetic import SPEC, write_sweep
from vae.config import RunConfig
from vae.data import DataConfig, prepare
from vae.data.index import look_up
from vae.data.npz import read_npz
from vae.errors import ConfigError, DataError, ResultsError, VaekitError
from vae.files.pages import claimed_bytes
from vae.files.results import Folder, find_folder
from vae.files.tables import NUMBER, NUMBERS, TEXT, read_table, table_bytes
from vae.model import model_of

MOST_GROWN = 20 * 2**20


@pytest.fixture
def sweep(tmp_path: Path) -> Folder:
    return write_sweep(tmp_path / "s", trials=4, seeds=1, epochs=3)


@pytest.fixture
def bounded() -> Iterator[None]:
    """What a test allocates stays small, in Python and in Arrow."""
    before = pa.default_memory_pool().max_memory()
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_GROWN
    assert pa.default_memory_pool().max_memory() < max(before, pa.total_allocated_bytes()) + MOST_GROWN


def varint(number: int, length: int) -> bytes:
    """A zigzag integer, in more bytes than it needs."""
    rest = [(number << 1 >> 7 * k) & 127 for k in range(length)]
    return bytes([*(part | 128 for part in rest[:-1]), rest[-1]])


def long_list_in_few_bytes(count: int) -> bytes:
    """One row whose list has `count` equal numbers, in a file whose footer says that there is one."""
    lists = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), np.zeros(count))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": lists}), sink, compression="zstd", write_statistics=False)
    content = bytes(sink.getvalue().to_pybytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    honest = varint(count, 3)
    assert honest in content[footer:]
    return content[:footer] + content[footer:].replace(honest, varint(1, 3))


def test_a_page_that_claims_more_than_its_footer(tmp_path: Path) -> None:
    content = long_list_in_few_bytes(1_000_000)
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    assert pq.read_table(path).nbytes >= 8_000_000  # pyarrow believes the page
    assert claimed_bytes(content) >= 8_000_000
    with pytest.raises(ResultsError, match="must not grow to more than 500 times its size in memory, got 8,0"):
        read_table(path, {"x": NUMBERS}, "-")


def test_a_long_text_that_is_repeated(tmp_path: Path, bounded: None) -> None:
    path = tmp_path / "x.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), ["a" * 100_000])
    pq.write_table(pa.table({"x": texts}), path, compression="zstd", store_schema=False)
    with pytest.raises(ResultsError, match="must not grow .*, got 10,000,000,000 bytes"):
        read_table(path, {"x": TEXT}, "-")


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        (pa.table({"y": [1.0]}), "has no column x"),
        (pa.table({"x": [1]}), "x must be of type double, got int64"),
        (pa.table({"x": [1.0], "y": [1.0]}), "has the unknown column 'y'"),
        (pa.table({"x": [1.0], "score.a": ["b"]}), "has the unknown column 'score.a'"),
        (pa.table([[1.0], [2.0]], names=["x", "x"]), "has the unknown column 'x'"),
        (pa.table({"x": [1.0, None]}), "has missing values in column x"),
    ],
)
def test_tables_of_other_columns(tmp_path: Path, table: pa.Table, rule: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(table_bytes(table) if "None" not in rule and table.num_columns == 1 else _plain(table))
    with pytest.raises(ResultsError, match=rule):
        read_table(path, {"x": NUMBER}, "score.")


def _plain(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"state": ["RUNNING"] * 4}, "states must be of COMPLETE, PRUNED, FAIL"),
        ({"model": ["gan"] * 4}, "models must be of vae, ae"),
        ({"run": [0, 1, 2, 2]}, "a run must stand in a table once"),
        ({"seed": [0, 0, 0, -1]}, "seed must be at least 0, got -1"),
        ({"history.seconds": [[1.0]] * 4}, r"lists of one run must be of one length, got others in history\.\*"),
    ],
)
def test_stacks_that_no_sweep_writes(sweep: Folder, change: dict[str, list[object]], rule: str) -> None:
    path = sweep.stack_paths()[0]
    table = sweep.read_stack(path)
    for name, values in change.items():
        column = pa.array(values, table[name].type)
        table = table.set_column(table.column_names.index(name), name, column)
    path.write_bytes(table_bytes(table))
    with pytest.raises(ResultsError, match=rule):
        sweep.read_runs()


def test_a_run_in_two_stacks(sweep: Folder) -> None:
    first = sweep.stack_paths()[0]
    first.with_name("00000099.parquet").write_bytes(first.read_bytes())
    with pytest.raises(ResultsError, match="a run is in two stacks"):
        open_sweep(sweep.path).runs  # noqa: B018


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("a." * 40_000 + "b = 1", "must be of at most 16,384 bytes, got more"),
        ("a = " + "[" * 8_000, "must be valid TOML, got maximum recursion"),
        ("a = " + "9" * 5_000, "must be valid TOML, got Exceeds the limit"),
    ],
)
def test_a_spec_that_no_parser_survives(sweep: Folder, line: str, rule: str, bounded: None) -> None:
    sweep.spec.write_text(f"{line}\n{sweep.spec.read_text()}")
    with pytest.raises(ResultsError, match=rule):
        sweep.read_spec()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"trials": "many"}, "trials must be of type int, got 'many'"),
        ({"trials": 2**40}, "trials must be at most 10000000"),
        ({"seeds": True}, "seeds must be of type int, got 'True'"),
        ({"objective": 3}, "objective must be of type str, got '3'"),
        ({"objective": "../x"}, "objective must be elbo"),
    ],
)
def test_a_spec_of_other_types(sweep: Folder, change: dict[str, object], rule: str) -> None:
    sweep.write_spec({**SPEC, **change})
    with pytest.raises(VaekitError, match=rule):
        open_sweep(sweep.path).spec  # noqa: B018


def test_a_provenance_that_is_no_object(sweep: Folder) -> None:
    for content, rule in (("[]", "one JSON object, got list"), ('{"data": 1}', "data must be of type dict, got '1'")):
        sweep.provenance.write_text(content)
        with pytest.raises(ResultsError, match=rule):
            sweep.read_provenance()


def test_a_link_out_of_the_folder(sweep: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (sweep.path / "report").symlink_to("../elsewhere")
    with pytest.raises(ResultsError, match="report.* is a link out of the sweep's folder"):
        find_folder(sweep.path)
    with pytest.raises(ResultsError, match="is a link out of"):
        open_sweep(sweep.path)
    (sweep.path / "report").unlink()
    (sweep.path / "latest").symlink_to("sweep.toml")
    (tmp_path / "other name").symlink_to(sweep.path)
    assert find_folder(tmp_path / "other name").read_spec()["trials"] == 4


@pytest.mark.parametrize("name", ["..", "../x", "a/b", ".hidden", "a\0b", "a\nb"])
def test_names_that_leave_the_results_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="name must be a single folder name"):
        make_spec({"name": name})


def test_an_archive_that_unpacks_to_a_thousand_times_its_size(tmp_path: Path, bounded: None) -> None:
    path = tmp_path / "x.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (2**20, 10, 10)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as file:
        file.write(head.getvalue())
        for _ in range(100):
            file.write(bytes(2**20))
    with pytest.raises(DataError, match="must not grow to more than 500 times .*, got 104,857,600 bytes"):
        read_npz(path, DataConfig())


def test_an_archive_whose_directory_lies(tmp_path: Path, bounded: None) -> None:
    path = tmp_path / "x.npz"
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (8388608, 1, 1)}\n"
    member = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", member)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, len(member) + 2**23)
    path.write_bytes(content)
    with pytest.raises(DataError, match="is no readable .npz file"):
        read_npz(path, DataConfig())


def weights_file(tensors: dict[str, dict[str, object]], body: bytes = b"") -> bytes:
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + body


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (struct.pack("<Q", 2**40) + b"{}", "a header of 1,099,511,627,776 bytes"),
        (weights_file({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "no RUN.PARAMETER"),
        (weights_file({"0.a": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "of 32-bit floats"),
        (
            weights_file({"0.a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, bytes(4)),
            "is not valid safetensors",
        ),
        (
            weights_file({"0.a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
            "is not valid safetensors",
        ),
        (b"\0", "is not valid safetensors"),
    ],
)
def test_weights_that_lie(tmp_path: Path, content: bytes, rule: str) -> None:
    folder = Folder(tmp_path)
    folder.stacks.mkdir()
    (folder.stacks / "00000000.safetensors").write_bytes(content)
    with pytest.raises(ResultsError, match=rule):
        folder.read_weights(0)
    with pytest.raises(ResultsError, match=rule):
        folder.keep_weights(set())


def test_weights_of_no_bytes_and_many_rows() -> None:
    import torch

    weights = {"fc1.weight": torch.empty(4, 8), "fc_mu.weight": torch.empty(2**40, 0)}
    with pytest.raises(ResultsError, match="weights must be those of the run's network, got other shapes of"):
        model_of(RunConfig(), (8,), weights)


def test_a_key_that_leads_out_of_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    prepared = prepare(DataConfig(), tmp_path / "other")
    (cache / "index").mkdir(parents=True)
    (cache / "index" / "k.json").write_text(json.dumps({"content_hash": f"../other/{prepared.name}", "notes": []}))
    assert look_up(cache, "k") is None
    prepared.rename(cache / prepared.name)
    (cache / "index" / "k.json").write_text(json.dumps({"content_hash": prepared.name, "notes": ["a line"]}))
    assert look_up(cache, "k") == (cache / prepared.name, ("a line",))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"op_code":4', '"op_code":44', "is damaged: AssertionError"),
        ('"op_code":4', '"no_code":4', "is damaged: KeyError"),
        ('"asked_until":4', '"asked_until":1099511627776', "trial 0 has an impossible number of trials"),
        ('"asked_until":4', '"asked":4', "an impossible number of trials"),
        ('"latent_dim":', '"latent":', "KeyError|another search space"),
        ('"state":1', '"state":4', "an impossible state"),
        ('"op_code":0', '"op_code":[[' * 50_000, "(JSONDecodeError|RecursionError)"),
        ('"directions":[2]', '"directions":[1]', "does not fit its spec: its directions are"),
    ],
)
def test_a_crafted_journal(tmp_path: Path, old: str, new: str, rule: str) -> None:
    folder = write_small_sweep(tmp_path / "s")
    content = folder.journal.read_text()
    assert old in content
    folder.journal.write_text(content.replace(old, new, 1))
    with pytest.raises(ResultsError, match=rule), open_study(make_spec(folder.read_spec()), folder):
        pass

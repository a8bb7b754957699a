"""The tables of docs/ that benchmarks write: known answers, markers, and that the pages say what was measured."""

import copy
from typing import Any

import pytest

from benchmarks import tables
from benchmarks.jobs import JOBS
from benchmarks.pages import MACHINE, PAGES, caption, described, places, read_figures, rendered
from benchmarks.tables import TABLES, number

ROW: dict[str, Any] = {
    "pixels": 64, "hidden_dim": 128, "runs": 16, "planned": "*", "us_per_run_step": 323.4,
    "share_of_product_rate": 0.487, "peak_mib": 29.96,
}  # fmt: skip
JOB: dict[str, Any] = {
    "command": "python -m benchmarks.stack_size",
    "machine": "a processor",
    "rows": [ROW, ROW | {"runs": 1, "planned": "", "share_of_product_rate": 0.154}],
    "notes": [],
    "date": "2026-11-27",
    "busy_cores": 0.02,
}
FIGURES: dict[str, dict[str, Any]] = {
    "stack_size": JOB,
    MACHINE: {"machine": "a processor", "caches": {"L2": "1 MiB", "L3": "32 MiB"}, "gflop_per_s": 104.6},
}
PAGE = "Before.\n\n<!-- table: memory -->\n\nold\n\n<!-- end: memory -->\n\nAfter.\n"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (24.53, 3, "24.5"),
        (5600.4, 3, "5,600"),
        (0.0347, 2, "0.035"),
        (9.996, 3, "10.0"),
        (0.9996, 3, "1.00"),
        (0, 3, "0"),
        (None, 3, ""),
    ],
)
def test_numbers_keep_their_significant_digits(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_a_table_is_written_from_its_figures_and_says_when() -> None:
    assert rendered(PAGE, FIGURES) == (
        "Before.\n\n<!-- table: memory -->\n\n    python -m benchmarks.stack_size\n\n"
        "| pixels | hidden | runs | MiB |\n|---|---|---|---|\n| 64 | 128 | 16 | 30.0 |\n\n"
        "*Measured on 27 November 2026.*\n\n<!-- end: memory -->\n\nAfter.\n"
    ).replace("|---|---|---|---|", "| --- | --- | --- | --- |")


def test_rendering_again_changes_nothing_and_without_figures_a_table_stays() -> None:
    once = rendered(PAGE, FIGURES)
    assert rendered(once, FIGURES) == once
    assert rendered(PAGE, {}) == PAGE


def test_a_stack_is_told_beside_bf16_and_without_it() -> None:
    *_, alone = tables.stack_size([ROW], []).splitlines()
    assert alone == "| 64 | 128 | 16 | 323 | 49 % | | | |"
    *_, beside = tables.stack_size(
        [ROW], [ROW | {"runs": 24, "us_per_run_step": 201.0, "share_of_product_rate": 0.79}]
    ).splitlines()
    assert beside == "| 64 | 128 | 16 | 323 | 49 % | 24 | 201 | 79 % |"


def test_stacks_of_every_size_have_a_column_and_the_planned_one_is_bold() -> None:
    header, _, line = tables.stack_sizes(JOB["rows"]).splitlines()
    assert header == "| pixels | hidden | 1 run | 16 runs |"
    assert line == "| 64 | 128 | 15 % | **49 %** |"


def test_whole_sweeps_name_their_loops_last() -> None:
    of_all = {"data": "digits", "trials": 48, "epochs": 120, "hidden_dim": "64,128,256", "quality": "equal"}
    ratios = {"times_one_process": 9.52, "times_two_processes": 4.46}
    rows = [
        of_all | ratios | {"side": "vaekit, fp32", "seconds": 12.04},
        of_all | ratios | {"side": "loop, two processes", "seconds": 60.2},
        of_all | ratios | {"side": "loop, one process", "seconds": 114.6},
    ]
    _, _, ours, loops = tables.whole_sweep(rows, []).splitlines()
    assert ours == "| digits, 48 trials x 120 epochs, hidden 64,128,256: fp32 | 12.0 | **9.5** | **4.5** | equal |"
    assert loops == "| the loop in one process, in two | 115, 60.2 | | | |"


def test_peers_are_told_by_vaekits_rate_and_what_is_left_out_below() -> None:
    row = {
        "pixels": 784, "hidden_dim": 400, "side": "JAX", "runs": 4, "us_per_run_step": 6749.0,
        "cpu_us_per_run_step": 6748.0,
        "rate_by_vaekit": 0.694, "first_epoch_s": 2.891, "elbo_nats": -209.7, "difference_nats": -0.8132,
        "standard_error_nats": 0.7618,
    }  # fmt: skip
    *_, line = tables.peers([row]).splitlines()
    assert line == "| 784-400-16 | JAX | 4 | 6,749 | 6,748 | **0.69** | 2.9 | -209.70 | -0.81 ± 0.76 |"
    told = caption([JOB | {"notes": ["bound to core 1", "left out: pythae (No module named 'pythae')"]}], "a processor")
    assert told == "*Measured on 27 November 2026; left out: pythae (No module named 'pythae').*"


def test_losses_stand_side_by_side() -> None:
    row = {"images": "digits", "hidden_dim": 64}
    first = row | {"loss": "beta_vae", "us_per_run_step": 217.4, "times_beta_vae": 1.0}
    second = row | {"loss": "dip_vae_i", "us_per_run_step": 240.0, "times_beta_vae": 1.104}
    header, _, line = tables.losses([first, second]).splitlines()
    assert header == "| images | hidden | beta_vae, us per run and step | dip_vae_i |"
    assert line == "| digits | 64 | 217 | 1.10 |"


def test_a_caption_names_another_machine_and_others_on_it() -> None:
    assert caption([JOB | {"busy_cores": 0.42}], "a processor").endswith("**while others took 0.4 of its cores**.*")
    assert caption([JOB], "another").endswith("2026, on a processor.*")
    assert "does not tell" in caption([JOB | {"busy_cores": None}], "a processor")
    two = caption([JOB, JOB | {"date": "2026-12-01"}], "a processor")
    assert two == "*Measured on 27 November 2026 and 1 December 2026.*"


def test_the_machine_is_one_sentence() -> None:
    told = (
        "a processor; caches 1 MiB of L2, 32 MiB of L3; one fp32 product of 2048 x 2048 runs at 105 GFLOP/s on a core."
    )
    assert described(FIGURES[MACHINE]) == told


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (PAGE.replace("<!-- end: memory -->", ""), "got one alone"),
        (PAGE.replace("<!-- table: memory -->", ""), "got one alone"),
        (PAGE.replace("end: memory", "end: cost"), "must name the same"),
        (PAGE.replace("memory", "memories"), "must name one of"),
        (PAGE + PAGE, "got 'memory' twice"),
    ],
)
def test_markers_that_do_not_fit_are_refused(page: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rendered(page, FIGURES)


def test_every_table_has_one_place_and_every_benchmark_a_table() -> None:
    found = [name for page in PAGES for name in places(page.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted([*TABLES, MACHINE])
    assert {job.name for job in JOBS} == {name for table in TABLES.values() for name in table.jobs}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_are_what_the_figures_kept_say(page: Any) -> None:
    text, figures = page.read_text(encoding="utf-8"), read_figures()
    before = copy.deepcopy(figures)
    assert rendered(text, figures) == text, "run python -m benchmarks.all --render"
    assert figures == before

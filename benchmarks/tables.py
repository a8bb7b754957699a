"""The tables of docs/: one pure function each, from the rows of benchmarks to Markdown."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Table:
    """A table, and the benchmarks whose rows it takes in this order: of the first it cannot do without."""

    jobs: tuple[str, ...]
    of_rows: Callable[..., str]


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are written as they stand."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, whole ones all and thousands apart; nothing for none."""
    if value is None:
        return ""
    rounded = float(f"{value:.{digits}g}") if abs(value) < 10**digits else round(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    return f"{rounded:,.{decimals}f}"


def percent(share: float | None) -> str:
    """Return a share in percent; nothing for none."""
    return "" if share is None else f"{100 * share:.0f} %"


def whole_sweep(*parts: Rows) -> str:
    """Seconds of whole processes and the speed-ups."""
    lines = []
    for rows in parts:
        for row in rows:
            if not row["side"].startswith("loop"):
                precision = row["side"].removeprefix("vaekit, ")
                what = f"{row['data']}, {row['trials']} trials x {row['epochs']} epochs, hidden {row['hidden_dim']}"
                twice = f"**{number(row['times_two_processes'], 2)}**"
                of_one = f"**{number(row['times_one_process'], 2)}**"
                lines.append([f"{what}: {precision}", number(row["seconds"]), of_one, twice, row["quality"]])
        loops = {row["side"]: row["seconds"] for row in rows if row["side"].startswith("loop")}
        if loops:
            one, two = (number(loops[f"loop, {processes}"]) for processes in ("one process", "two processes"))
            lines.append(["the loop in one process, in two", f"{one}, {two}", "", "", ""])
    return markdown(["", "seconds", "speed-up over one process", "over two processes", "quality"], lines)


def peers(rows: Rows) -> str:
    """Time a run and step of each side, and its rate by vaekit's."""
    lines = [
        [
            f"{row['pixels']}-{row['hidden_dim']}-16",
            row["side"],
            str(row["runs"]),
            number(row["us_per_run_step"]),
            number(row["cpu_us_per_run_step"]),
            f"**{row['rate_by_vaekit']:.2f}**",
            number(row["first_epoch_s"], 2),
            f"{row['elbo_nats']:.2f}",
            "" if row["side"] == "vaekit" else f"{row['difference_nats']:+.2f} ± {row['standard_error_nats']:.2f}",
        ]
        for row in rows
    ]
    header = ["network", "side", "runs together", "us per run and step", "CPU us", "rate by vaekit's", "first epoch, s"]
    return markdown([*header, "ELBO, nats", "less vaekit's"], lines)


def pythae(*parts: Rows) -> str:
    """Seconds of pythae's trainer, and the speed-ups."""
    lines = []
    for rows in filter(None, parts):
        of = {row["side"]: row for row in rows}
        first = of["pythae"]
        what = f"{first['data']}, {first['runs']} runs x {first['epochs']} epochs, hidden {first['hidden_dim']}"
        alone, stack = (f"{number(of[side]['ratio'], 2)}" for side in ("one run at a time", "one stack"))
        lines.append([what, number(first["seconds"]), alone, stack, of["one stack"]["quality"]])
    return markdown(["", "pythae, s", "speed-up, one run at a time", "one stack", "quality"], lines)


def stack_size(rows: Rows, bf16: Rows) -> str:
    """Time a run and step at the planned size, as a share of the product rate."""
    beside = {(row["pixels"], row["hidden_dim"]): row for row in bf16 if row["planned"]}
    lines = []
    for row in rows:
        if row["planned"]:
            line = [str(row[name]) for name in ("pixels", "hidden_dim", "runs")]
            line += [number(row["us_per_run_step"]), percent(row["share_of_product_rate"])]
            other = beside.get((row["pixels"], row["hidden_dim"]), {})
            line += [str(other.get("runs", "")), number(other.get("us_per_run_step"))]
            lines.append([*line, percent(other.get("share_of_product_rate"))])
    header = ["pixels", "hidden", "runs", "us per run and step", "share of the rate"]
    return markdown([*header, "bf16: runs", "us", "share of the fp32 rate"], lines)


def stack_sizes(rows: Rows) -> str:
    """Share of the product rate, which is timed in turns, against the stack's size, the planned one in bold."""
    sizes = sorted({row["runs"] for row in rows})
    shapes = dict.fromkeys((row["pixels"], row["hidden_dim"]) for row in rows)
    shares = {
        (row["pixels"], row["hidden_dim"], row["runs"]): f"**{share}**" if row["planned"] else share
        for row in rows
        for share in [percent(row["share_of_product_rate"])]
    }
    lines = [[*map(str, shape), *(shares.get((*shape, size), "") for size in sizes)] for shape in shapes]
    return markdown(["pixels", "hidden", *(f"{size} runs" if size > 1 else "1 run" for size in sizes)], lines)


def memory(rows: Rows) -> str:
    """Growth of the process against the stack's size, planned sizes alone."""
    lines = [
        [str(row["pixels"]), str(row["hidden_dim"]), str(row["runs"]), number(row["peak_mib"])]
        for row in rows
        if row["planned"]
    ]
    return markdown(["pixels", "hidden", "runs", "MiB"], lines)


def networks(rows: Rows) -> str:
    """Time a run and step of each network against the loop's."""
    lines = [
        [
            f"mlp, depth {row['depth']}" if row["network"] == "mlp" else row["network"],
            row["shape"],
            str(row["hidden_dim"]),
            number(row["ms_per_run_step"], 2),
            f"**{number(row['times_loop'], 2)}**",
            percent(row["share_of_product_rate"]),
            percent(row["loop_share"]),
        ]
        for row in rows
    ]
    header = ["network", "images", "hidden", "ms per run and step", "times the loop", "share of the rate"]
    return markdown([*header, "the loop's share"], lines)


def losses(rows: Rows) -> str:
    """A step of each loss by one of the first."""
    first, *others = dict.fromkeys(row["loss"] for row in rows)
    sizes = dict.fromkeys((row["images"], row["hidden_dim"]) for row in rows)
    of = {(row["images"], row["hidden_dim"], row["loss"]): row for row in rows}
    lines = [
        [
            *map(str, size),
            number(of[*size, first]["us_per_run_step"]),
            *(f"{of[*size, loss]['times_beta_vae']:.2f}" for loss in others),
        ]
        for size in sizes
    ]
    return markdown(["images", "hidden", f"{first}, us per run and step", *others], lines)


def cost(rows: Rows) -> str:
    """Seconds of an epoch by axis and size, and the power that they grow as."""
    axes = dict.fromkeys(row["axis"] for row in rows)
    lines = []
    for axis in axes:
        of_axis = [row for row in rows if row["axis"] == axis]
        sizes = ", ".join(f"{row['size']:,}" for row in of_axis)
        seconds = ", ".join(number(row["epoch_s"]) for row in of_axis)
        lines.append([axis, sizes, seconds, f"**{of_axis[0]['power']:.2f}**"])
    return markdown(["axis", "sizes", "seconds of an epoch", "power"], lines)


def report(rows: Rows) -> str:
    """Seconds of a report and of frames."""
    columns = ("report_s", "report_cpu_s", "again_s", "frames_s", "page_mb")
    lines = [[f"{row['runs']:,}", *(number(row[name], 2) for name in columns)] for row in rows]
    return markdown(["runs", "report, s", "CPU, s", "again, s", "four frames, s", "index.html, MB"], lines)


def overhead(rows: Rows) -> str:
    """Milliseconds of the coordinator's CPU a trial."""
    parts = ("asking", "telling", "results", "rest", "total")
    lines = [[f"{row['trials']:,}", *(f"{row[f'{part}_ms']:.2f}" for part in parts)] for row in rows]
    return markdown(["trials", *parts], lines)


def scores(rows: Rows) -> str:
    """CPU seconds of each score, and how many times faster than the reference."""
    lines = [[row["score"], number(row["seconds"], 2), number(row["ratio"], 2)] for row in rows]
    return markdown(["score", "CPU seconds", "times the reference"], lines)


def coverage(rows: Rows) -> str:
    """Seconds of a coverage table."""
    return markdown(
        ["work", "CPU, s", "s"], [[row["work"], number(row["cpu_seconds"]), number(row["seconds"])] for row in rows]
    )


def health(rows: Rows) -> str:
    """CPU seconds of the health numbers of a run."""
    parts = [name for name in rows[0] if name.endswith("_s")]
    lines = [
        [str(row["hidden_dim"]), str(row["latent_dim"]), *(number(row[part], 2) for part in parts)] for row in rows
    ]
    return markdown(["hidden", "latent", *(part.removesuffix("_s").replace("_", " ") for part in parts)], lines)


TABLES = {
    "whole_sweep": Table(("whole_sweep", "whole_sweep_fashion"), whole_sweep),
    "peers": Table(("peers",), peers),
    "pythae": Table(("pythae", "pythae_fashion"), pythae),
    "stack_size": Table(("stack_size", "stack_size_bf16"), stack_size),
    "stack_sizes": Table(("stack_size",), stack_sizes),
    "memory": Table(("stack_size",), memory),
    "networks": Table(("networks",), networks),
    "losses": Table(("losses",), losses),
    "cost": Table(("cost",), cost),
    "report": Table(("report",), report),
    "overhead": Table(("overhead",), overhead),
    "scores": Table(("scores",), scores),
    "coverage": Table(("coverage",), coverage),
    "health": Table(("health",), health),
}

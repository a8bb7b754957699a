"""Every benchmark of a processor, one after another, and the tables of docs/ from what they measured: 40 minutes.

    python -m benchmarks.all --fashion FOLDER        measure all, keep benchmarks/figures/*.json, write the tables
    python -m benchmarks.all --only peers,losses     measure some; the other tables stay
    python -m benchmarks.all --render                write the tables from the figures kept
    python -m benchmarks.all --quick                 see in a few minutes that all run; nothing is kept

Each is a process of its own, `python -m benchmarks.NAME`. One that fails, or lacks what it needs, is named at the end
and leaves its table as it was. Leave the machine alone meanwhile: what others took of it stands under each table.
Not among them: `gpu`, which needs one, and the studies `halving`, `refine`, `choice` and `disentangling`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.jobs import FOLDER, JOBS, Job
from benchmarks.machine import busy_seconds, load_a_core, measured_machine
from benchmarks.pages import FIGURES, MACHINE, PAGES, ROOT, read_figures, rendered
from sweeps.coordination.machine import machine_here
from vae.config import PRECISIONS
from vae.device import check_precision
from vae.errors import ConfigError

LOADED = 0.5
"""Load average a core from which the machine is said not to be idle."""


def main() -> int:
    """Run, keep, render; return how many benchmarks are missing."""
    arguments = _parsed()
    if arguments.render:
        _render(read_figures(FIGURES))
        return 0
    load = load_a_core()
    if load is not None and load > LOADED:
        print(f"WARNING: the machine must be idle, got a load of {load:.1f} a core: wait until it is", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "figures") if arguments.quick else FIGURES
        folder.mkdir(exist_ok=True)
        _measure_here(Path(temporary, "cache"))
        if not arguments.only:
            _write(folder / f"{MACHINE}.json", measured_machine())
        missing = _run_all(arguments, folder)
        _render(read_figures(folder), keep=not arguments.quick)
    for name, reason in missing.items():
        print(f"missing: {name}: {reason}")
    return min(len(missing), 1)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", metavar="FOLDER", help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--only", default="", help=f"joined by commas, of {', '.join(job.name for job in JOBS)}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; nothing is kept")
    parser.add_argument("--render", action="store_true", help="only write the tables from the figures kept")
    arguments = parser.parse_args()
    arguments.only = [name for name in arguments.only.split(",") if name]
    unknown = sorted(set(arguments.only) - {job.name for job in JOBS})
    if unknown:
        parser.error(f"--only must name benchmarks of this list, got {', '.join(unknown)}")
    return arguments


def _measure_here(cache: Path) -> None:
    """Have the machine measured now for the stacks that sweeps plan: what the user's cache says of it may be old."""
    os.environ["VAEKIT_CACHE"] = str(cache)
    for precision in PRECISIONS:
        with suppress(ConfigError):
            check_precision(precision, "cpu")
            machine_here(precision, note=print)


def _run_all(arguments: argparse.Namespace, folder: Path) -> dict[str, str]:
    """Run the jobs asked for; return why some are missing."""
    missing, began = {}, time.monotonic()
    for job in JOBS:
        if arguments.only and job.name not in arguments.only:
            continue
        reason = _obstacle(job, arguments)
        if not reason:
            print(f"{(time.monotonic() - began) / 60:5.1f} min: {job.name}", flush=True)
            reason = _run(job, arguments, folder / f"{job.name}.json")
        if reason:
            missing[job.name] = reason
    print(f"{(time.monotonic() - began) / 60:5.1f} min: done", flush=True)
    return missing


def _obstacle(job: Job, arguments: argparse.Namespace) -> str:
    if FOLDER in job.arguments and not arguments.fashion:
        return "needs --fashion FOLDER"
    if job.needs and not find_spec(job.needs):
        return f"needs {job.needs}: pip install -c constraints.txt -e '.[benchmarks]'"
    return "has no quick form" if arguments.quick and job.quick is None else ""


def _run(job: Job, arguments: argparse.Namespace, file: Path) -> str:
    """Run one, and keep its figures; return why it failed, or nothing."""
    options = [*job.arguments, *(job.quick or () if arguments.quick else ())]
    words = [arguments.fashion if word == FOLDER else word for word in options]
    busy, own, start = busy_seconds(), _cpu_of_children(), time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{job.module}", *words, "--json", str(out)]
        done = subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode or not out.is_file():
            return f"exit code {done.returncode}: {' '.join(done.stderr.splitlines()[-1:])}"
        text = out.read_text(encoding="utf-8")
    seconds, now, used = time.monotonic() - start, busy_seconds(), _cpu_of_children() - own
    others = None if busy is None or now is None else round(max(now - busy - used, 0.0) / seconds, 3)
    print(f"{job.name}: {seconds:.0f} s, others took {others} cores", flush=True)
    if arguments.fashion:
        text = text.replace(json.dumps(arguments.fashion)[1:-1], FOLDER)
    figures = json.loads(text) | {"command": " ".join(["python -m", f"benchmarks.{job.module}", *options])}
    today = datetime.now(UTC).date().isoformat()
    _write(file, figures | {"date": today, "seconds": round(seconds, 1), "busy_cores": others})
    return ""


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _write(file: Path, figures: dict[str, Any]) -> None:
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _render(figures: dict[str, dict[str, Any]], *, keep: bool = True) -> None:
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        new = rendered(old, figures)
        if keep and new != old:
            page.write_text(new, encoding="utf-8")
            print(f"wrote the tables of {page.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())

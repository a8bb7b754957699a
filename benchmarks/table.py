"""What every benchmark shares: the option --json, one table, and the machine that its figures were taken on."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.machine import describe_machine


def options(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser that says what the module says, with --json."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return parser


def show(rows: Sequence[Mapping[str, Any]], notes: Sequence[str] = (), json_file: Path | None = None) -> None:
    """Print the machine, one table whose columns are the rows' keys, and the notes; write them as JSON if asked."""
    machine = describe_machine()
    frame = pd.DataFrame(rows)
    table = frame.to_string(index=False, na_rep="-", float_format="{:.4g}".format)
    print(machine, table, *notes, sep="\n", flush=True)
    if json_file:
        command = " ".join(["python -m", f"benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]])
        records = json.loads(frame.to_json(orient="records", double_precision=15))
        figures = {"command": command, "machine": machine, "rows": records, "notes": list(notes)}
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

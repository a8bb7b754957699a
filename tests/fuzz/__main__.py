"""Fuzz every reader and print one line each, or JSON; exit 1 where one fails.

python -m tests.fuzz [--inputs 12000] [--seed 0] [--only NAME] [--json]
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.drive import drive, limit_memory, resident_bytes
from tests.fuzz.readers import READERS

MOST_MAPPED = 2 * 2**30


def main() -> int:
    """Drive the readers in one process whose memory is limited."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=12_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose name holds this")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    readers = [reader for reader in READERS if arguments.only in reader.name]
    each = -(-arguments.inputs // len(readers))
    failures = 0
    report = {}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["VAEKIT_CACHE"] = str(Path(scratch) / "own")
        for reader in readers:  # once, so that every module is loaded before memory is limited and measured
            drive(reader, Path(scratch) / "once" / reader.name, 0, 0)
        limit_memory(MOST_MAPPED)
        for reader in readers:
            before = resident_bytes()
            outcome = drive(reader, Path(scratch) / reader.name, each, arguments.seed)
            grown = (resident_bytes() - before) / 2**20
            report[reader.name] = asdict(outcome) | {"grown_mib": round(grown, 1)}
            failures += len(outcome.failures)
            if not arguments.json:
                said = f"{outcome.refused:6} refused {outcome.accepted:6} read {outcome.slowest_seconds:7.2f} s at most"
                print(f"{reader.name:18}{outcome.inputs:7} inputs {said} {grown:7.0f} MiB more", flush=True)
                for failure in outcome.failures:
                    print(f"  {failure}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(report))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

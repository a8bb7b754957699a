"""Where a sweep came from: versions, machine, commit, data and command. Nothing here changes a result."""

import os
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeps.engines.versions import processor, version_of
from sweeps.spec.address import without_password
from vae.data import Data
from vae.stack.machine import Machine

PACKAGES = ("vaekit", "torch", "optuna", "numpy", "pandas", "scikit-learn", "pyarrow")


def data_provenance(data: Data) -> dict[str, Any]:
    """Describe the images: name, counts and the hash of their content and splits."""
    return {
        "name": data.name,
        "hash": data.content_hash,
        "image_shape": list(data.sample_shape),
        "binary": data.is_binary,
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        **({"notes": list(data.notes)} if data.notes else {}),
    }


def session_provenance(seeds: range, workers: int, machine: Machine) -> dict[str, Any]:
    """Describe this call of the program: when, where, with which versions and which command."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": without_password(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])),
        "git_commit": _git_commit(),
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in PACKAGES},
        "host": platform.node(),
        "processor": processor(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "workers": workers,
        "machine": asdict(machine),
        "seeds": list(seeds),
    }


def _git_commit() -> str:
    """Return the commit of the folder the program was called in, with `+changes` where files differ from it."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "none"


def _git(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603
    return done.stdout.strip()

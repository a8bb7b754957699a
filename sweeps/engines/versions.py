"""The processor and the versions of what is installed here, which a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

KIND = ("cpu family", "model", "CPU implementer", "CPU part")
"""Of x86-64 and of arm64."""


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """Return the name of this machine's processor."""
    return _processor_facts().get("model name", "") or platform.processor()


def processor_kind() -> str:
    """Return what else tells it from others: a name may hide the generation, and arm64 has none."""
    facts = _processor_facts()
    told = [f"{name} {facts[name]}" for name in KIND if name in facts]
    return ", ".join([platform.machine(), *told])


def _processor_facts() -> dict[str, str]:
    """What Linux says of the first core, by name."""
    try:
        first, _, _ = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}

"""The machine that a benchmark ran on."""

import os
import platform

import torch


def describe_machine() -> str:
    """Processor, cores, instruction set and versions, in one line."""
    capability = torch.backends.cpu.get_cpu_capability()
    versions = f"python {platform.python_version()}, torch {torch.__version__}"
    return f"{platform.machine()} {capability}, {os.cpu_count()} cores, {versions}"

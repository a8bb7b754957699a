"""What `benchmarks.all` runs: each benchmark with the sizes at which all fit into 40 minutes on two cores."""

from dataclasses import dataclass

FOLDER = "FOLDER"
"""Stands for that of Fashion-MNIST, in commands and figures."""


@dataclass(frozen=True)
class Job:
    """One benchmark as one process; its figures are kept under its name."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = ()
    """What makes it a trial run of seconds, beside the arguments; None where nothing does."""
    needs: str = ""
    """A module that it cannot do without."""


ONE_ROUND = ("--rounds", "1")
JOBS = (
    Job("whole_sweep", "whole_sweep", ("--trials", "48"), ("--trials", "4", "--epochs", "4", *ONE_ROUND)),
    Job(
        "whole_sweep_fashion",
        "whole_sweep",
        ("--fashion", FOLDER, "--trials", "6", "--epochs", "2"),
        ("--trials", "2", "--epochs", "1", *ONE_ROUND),
    ),
    Job("peers", "peers", ("--cases", "64-128,784-400"), ("--cases", "64-64", *ONE_ROUND)),
    Job("pythae", "pythae_trainer", quick=("--runs", "2", *ONE_ROUND), needs="pythae"),
    Job(
        "pythae_fashion",
        "pythae_trainer",
        ("--fashion", FOLDER, "--runs", "4", "--epochs", "1"),
        ("--runs", "2", *ONE_ROUND),
        needs="pythae",
    ),
    Job("stack_size", "stack_size", quick=("--planned", *ONE_ROUND)),
    Job("stack_size_bf16", "stack_size", ("--precision", "bf16", "--planned"), ONE_ROUND),
    Job("networks", "networks", quick=ONE_ROUND),
    Job("losses", "losses", quick=ONE_ROUND),
    Job("cost", "cost", quick=ONE_ROUND),
    Job("report", "report", quick=None),
    Job("overhead", "overhead", quick=("--trials", "100")),
    Job("scores", "scores", quick=None),
    Job("coverage", "coverage", quick=None),
    Job("health", "health", quick=None),
)

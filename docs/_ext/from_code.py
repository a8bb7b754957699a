"""Pages made of what the code itself says: commands from the command line, facts of a score from its registry."""

import re
from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import cli
from analysis.metrics import METRICS

USE = {
    "factors": "codes and known factors",
    "grid": "codes and known factors; exactly on codes of the whole factor grid",
    "runs": "codes of several runs, no factors",
    "codes": "codes alone",
}


class Commands(SphinxDirective):
    """Every command with its usage, arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Parse what the parser knows."""
        text = "\n\n".join(_command("vaekit", typer.main.get_command(cli.app)))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class ScoreFacts(SphinxDirective):
    """Range, direction, needs and source of one score."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse what the registry knows."""
        metric = METRICS[self.arguments[0]]
        high = "no upper end" if metric.high == float("inf") else f"{metric.high:g}"
        range_ = f"{metric.low:g} to {high}; {'higher' if metric.direction == 'maximize' else 'lower'} is better"
        rows = [("Range", range_), ("Reads", USE[metric.needs]), ("Source", metric.source)]
        if metric.fits:
            rows.insert(2, ("Fits", "a predictor on training rows, and is evaluated on others"))
        if metric.binned:
            rows.insert(2, ("Bins", "codes into 20 of equal width, so that its ceiling may be below the range's end"))
        return self.parse_text_to_nodes("\n".join(f"* {name}: {text}" for name, text in rows))


def _command(words: str, command: Any) -> Iterator[str]:
    if subcommands := getattr(command, "commands", {}):
        for name, subcommand in subcommands.items():
            yield from _command(f"{words} {name}", subcommand)
        return
    usage = command.get_usage(command.make_context(words, [], resilient_parsing=True)).removeprefix("Usage: ")
    yield f"## {words}\n\n{command.help}\n\n```text\n{usage}\n```"
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    yield "\n".join(["| | | default |", "|---|---|---|", *rows])


def _row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.metavar or parameter.name.upper()]
    shown = parameter.show_default if isinstance(parameter.show_default, str) else parameter.default
    default = "" if shown in (None, False, True) or not is_option else f"{shown}"
    cells = (", ".join(f"`{name}`" for name in names), parameter.help, default)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _as_plain_text(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are prose with code in backticks: nothing else in them is markup."""
    lines[:] = [re.sub(r"(`[^`]*`)|([*|])", lambda found: found[1] or f"\\{found[2]}", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives `commands` and `score-facts`."""
    app.add_directive("commands", Commands)
    app.add_directive("score-facts", ScoreFacts)
    app.connect("autodoc-process-docstring", _as_plain_text, priority=100)  # before napoleon adds markup
    return {"parallel_read_safe": True, "parallel_write_safe": True}

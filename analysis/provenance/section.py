"""What a report says of where its numbers come from."""

import shlex

from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.provenance.methods import methods
from analysis.provenance.record import provenance


def provenance_sections(view: View) -> list[Section]:
    """Say where the numbers come from and how to get them again."""
    table = provenance(view.sweep)
    table["key"] = table["key"].map(view.words)
    command = shlex.join(["vaekit", "sweep", str(view.sweep.folder.spec), "--out", "again"])
    of_data = view.sweep.provenance.get("data", {}).get("notes", [])
    notes = f" Of the data: {'; '.join(of_data)}." if of_data else ""
    sentence = f"Settings, versions and machine of this sweep.{notes} To repeat it on the same kind of processor:"
    return [Section(title="Provenance", slug="provenance", sentence=sentence, table=table, preview=table, code=command)]


def methods_sections(view: View) -> list[Section]:
    """Hand out a methods sentence."""
    if view.board.empty:
        return [left_out("Methods, to copy", "methods")]
    return [Section(title="Methods, to copy", slug="methods", sentence="", code=methods(view))]


def run_sections(view: View) -> list[Section]:
    """Hand out the runs, from which all else is computed."""
    sentence = "One row per run, that is, per trial and seed: its hyperparameters and everything that was measured."
    return [Section(title="Runs", slug="runs", sentence=sentence, table=view.sweep.runs)]

"""What a report says of the works to cite."""

import re

import pandas as pd

from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.references.used import used


def references_sections(view: View) -> list[Section]:
    """List the works that this sweep and its report use, with their BibTeX to copy."""
    rows = [(entry.key, entry.citation, ", ".join(what)) for entry, what in used(view).items()]
    table = pd.DataFrame(rows, columns=["key", "work", "used_for"])
    sentence = "What this sweep and its report use, and so what a paper about it may cite:"
    return [
        Section(
            title="References",
            slug="references",
            sentence=sentence,
            table=table,
            preview=table[["work", "used_for"]],
            code=bibtex(view),
        )
    ]


def bibtex(view: View) -> str:
    """Return the works that a sweep and its report use as BibTeX, the toolkit itself at the end."""
    return "\n\n".join([*(entry.bibtex for entry in used(view)), _own(view)])


def _own(view: View) -> str:
    version = f"\n  version = {{{found}}}," if (found := _version(view)) else ""
    title = "vaekit: hyperparameter sweeps and analyses for variational autoencoders"
    return f"@software{{vaekit,\n  title = {{{title}}},{version}\n}}"


def _version(view: View) -> str:
    """Of the last session that worked on the sweep; nothing of a folder that does not say one."""
    sessions = view.sweep.provenance.get("sessions")
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    versions = last.get("versions") if isinstance(last, dict) else {}
    version = str(versions.get("vaekit", "")) if isinstance(versions, dict) else ""
    return version if re.fullmatch(r"[\w.+-]{1,40}", version) else ""

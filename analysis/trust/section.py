"""The checks as the page shows them."""

import pandas as pd

from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.presentation.words import counted
from analysis.trust.checks import Check, checks


def trust_sections(view: View) -> list[Section]:
    """Say what speaks for and against an answer before it is given."""
    found = checks(view)
    return [
        Section(
            title="Can I trust this?",
            slug="trust",
            sentence=_sentence(found),
            table=pd.DataFrame([check._asdict() for check in found]),
            checks=[(check.is_passed, check.question, check.finding) for check in found],
        )
    ]


def _sentence(found: list[Check]) -> str:
    against = sum(not check.is_passed for check in found)
    return (
        f"{counted(against, 'check')} of {len(found)} {'asks' if against == 1 else 'ask'} for care." if against else ""
    )

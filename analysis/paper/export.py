"""What `vaekit export` writes: the frames for whoever works elsewhere, tables and references for a paper."""

from pathlib import Path

from analysis.frames.export import FORMATS as OF_FRAMES
from analysis.frames.export import export_frames
from analysis.paper import tables
from analysis.presentation.view import View
from analysis.references.section import bibtex
from vae.config import at_least, one_of
from vae.files.results import write_whole

BIBTEX = "bibtex"


def export(view: View, to: str, dest: Path, rows: int = tables.ROWS) -> list[Path]:
    """Write a sweep in a format under `dest` and return the paths.

    The four frames as parquet or csv; the choice, the first `rows` of the leaderboard and the scores as latex or md;
    the works that it uses as bibtex. ConfigError for another format, ResultsError where nothing can be written.
    """
    one_of((*OF_FRAMES, *tables.FORMATS, BIBTEX), to=to)
    at_least(1, rows=rows)
    if to in OF_FRAMES:
        return export_frames(view.sweep, to, dest)
    if to == BIBTEX:
        files = {"references.bib": bibtex(view) + "\n"}
    else:
        ending, write = tables.FORMATS[to]
        files = {f"{table.name}.{ending}": write(table) for table in tables.tables(view, rows)}
    for name, text in files.items():
        write_whole(dest / name, text.encode())
    return [dest / name for name in files]

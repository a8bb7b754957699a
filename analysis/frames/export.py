"""The four frames as files, for whoever works elsewhere."""

from pathlib import Path

from analysis.frames.sweep import Sweep
from vae.config import one_of
from vae.errors import ResultsError

FRAMES = ("trials", "runs", "history", "dims")
FORMATS = ("parquet", "csv")


def export_frames(sweep: Sweep, to: str, dest: Path) -> list[Path]:
    """Write the four frames as parquet or csv under `dest`; ConfigError for another format, ResultsError unwritable."""
    one_of(FORMATS, to=to)
    frames = {name: getattr(sweep, name) for name in FRAMES}
    paths = {name: dest / f"{name}.{to}" for name in FRAMES}
    try:
        dest.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            write = frame.to_parquet if to == "parquet" else frame.to_csv
            write(paths[name], index=False)
    except OSError as error:
        raise ResultsError(f"cannot write the export to {str(dest)!r}: {error.strerror}") from error
    return list(paths.values())

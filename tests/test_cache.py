"""What an analysis keeps: rows of the code that computed them, and of no other."""

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis.coverage.sweep import coverage_cache
from analysis.frames import cache
from analysis.frames.cache import CODE, Cache, code_hash
from analysis.frames.sweep import Sweep, open_sweep
from analysis.health.runs import health_cache
from analysis.scores.after_sweep import COLUMNS, score_sweep, scores_cache
from tests.synthetic import write_sweep
from vae.errors import ResultsError

ROWS = pd.DataFrame({"run": [0, 1], "score": ["mig", "mig"], "value": [0.25, 0.5]})


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    found = Cache(path=tmp_path / "kept.csv", code=("analysis.metrics",), columns=("value",), texts=("score",))
    found.write(ROWS)
    return found


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return open_sweep(write_sweep(tmp_path / "s", trials=1).path)


def test_what_was_kept_is_read(kept: Cache) -> None:
    assert_frame_equal(kept.read(), ROWS)


def test_what_other_code_computed_counts_as_none(kept: Cache) -> None:
    other = Cache(path=kept.path, code=("analysis.health",), columns=kept.columns, texts=kept.texts)
    assert other.read().empty
    ROWS.to_csv(kept.path, index=False)  # as the first version kept it
    assert kept.read().empty
    mixed = ROWS.assign(**{CODE: [code_hash("analysis.metrics"), "other"]})
    mixed.to_csv(kept.path, index=False)
    assert kept.read().empty


def test_the_hash_is_of_every_file_that_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ROOT", tmp_path)
    (tmp_path / "room" / "inner").mkdir(parents=True)
    files = [tmp_path / "room" / name for name in ("a.py", "inner/b.py", "section.py", "figures.py")]
    changes = []
    for file in files:
        file.write_text("")
    for file in files:
        before = code_hash.__wrapped__("room")
        file.write_text("x = 1")
        changes.append(code_hash.__wrapped__("room") != before)
    assert changes == [True, True, False, False]


def test_every_cache_names_code_that_is_there(sweep: Sweep) -> None:
    for found in (coverage_cache(sweep), scores_cache(sweep), health_cache(sweep, "health.csv")):
        assert len(code_hash(*found.code)) == 16


def test_scores_of_other_code_are_computed_anew(sweep: Sweep) -> None:
    rows = pd.DataFrame([(0, "mig", "forest", 0.5, 0.0, 0.1, 20, 1.0, 10)], columns=list(COLUMNS))
    scores_cache(sweep).write(rows)
    assert score_sweep(sweep, "mig", runs=[0])["value"].tolist() == [0.5]
    rows.to_csv(sweep.folder.analysis / "scores.csv", index=False)
    with pytest.raises(ResultsError, match="has no weights of run|scores need data with known factors"):
        score_sweep(sweep, "mig", runs=[0])


def test_a_damaged_table_is_told(kept: Cache) -> None:
    kept.write(ROWS.drop(columns="value"))
    with pytest.raises(ResultsError, match="no column value"):
        kept.read()
    kept.write(ROWS.assign(value=["x", "y"]))
    with pytest.raises(ResultsError, match="no numbers in 'value'"):
        kept.read()

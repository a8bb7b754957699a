"""The works to cite: every source that code names is one of them, and of a sweep exactly what it used."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from analysis.frames.sweep import Sweep
from analysis.metrics import METRICS
from analysis.presentation.view import View
from analysis.references import used as rules
from analysis.references.bibliography import entries, entry_of
from analysis.references.section import bibtex, references_sections
from analysis.references.used import METHODS, PRUNERS, SAMPLERS, SCHEDULES, used
from tests.synthetic import write_sweep
from vae.data import SOURCES
from vae.loss_table import LOSSES

ALWAYS = {
    "kingma2014auto", "kingma2015adam", "paszke2019pytorch", "akiba2019optuna", "alemi2018fixing",
    "facco2017estimating", "levina2004maximum",
    "burda2016importance", "lucas2019dont", "rasmussen2006gaussian", "friedman2001greedy", "saltelli2010variance",
}  # fmt: skip
OF_SEEDS = {"hsu1984constrained", "smyth2004linear", "breiman1984classification"}


def keys(path: Path, **spec: Any) -> set[str]:
    sweep = Sweep(write_sweep(path, trials=6, seeds=2, epochs=3, **spec))
    return {entry.key for entry in used(View(sweep))}


def test_exactly_what_a_sweep_used(tmp_path: Path) -> None:
    plain = keys(tmp_path / "plain")
    assert plain == {*ALWAYS, *OF_SEEDS, "alpaydin1998digits", "higgins2017beta"}
    total_correlation = keys(tmp_path / "tc", loss="beta_tc_vae")
    assert total_correlation == plain - {"higgins2017beta"} | {"chen2018isolating"}
    several = keys(tmp_path / "several", loss="beta_vae, factor_vae", likelihood="continuous_bernoulli")
    assert several == plain | {"kim2018disentangling", "loaiza2019continuous"}


@pytest.mark.parametrize(
    ("spec", "more"),
    [
        ({"data": "mnist"}, {"lecun1998gradient"}),
        ({"data": "shapes"}, set()),
        ({"data": "my/photos"}, set()),
        ({"sampler": "tpe", "pruner": "halving"}, {"bergstra2011algorithms", "jamieson2016nonstochastic"}),
        ({"beta_schedule": "cyclic:4"}, {"fu2019cyclical"}),
        ({"network": "mlp,conv"}, {"locatello2019challenging"}),
        ({"objective": "rate_nats:min,distortion_nats:min"}, {"das1999characterizing"}),
    ],
)
def test_each_option_brings_its_own(tmp_path: Path, spec: dict[str, Any], more: set[str]) -> None:
    own = keys(tmp_path / "s", **spec)
    assert own - ALWAYS - OF_SEEDS - {"alpaydin1998digits", "higgins2017beta"} == more
    assert ("alpaydin1998digits" in own) == ("data" not in spec)
    assert (own >= OF_SEEDS) == ("objective" not in spec)


def test_a_grid_has_no_surrogate_and_nothing_complete_no_analysis(tmp_path: Path) -> None:
    assert "rasmussen2006gaussian" not in keys(tmp_path / "grid", sampler="grid")
    failed = dict.fromkeys(range(6), "loss was NaN")
    assert "alemi2018fixing" not in keys(tmp_path / "failed", failed=failed)


def sources() -> list[str]:
    named = [loss.source for loss in LOSSES.values()] + [metric.source for metric in METRICS.values()]
    named += [data.citation for data in SOURCES.values() if data.citation] + [method.source for method in METHODS]
    named += [*SAMPLERS.values(), *PRUNERS.values(), *SCHEDULES.values()]
    used_by_rules = re.findall(r'yield "([^"]+\d{4})"', Path(rules.__file__).read_text(encoding="utf-8"))
    return [*named, *used_by_rules]


def test_every_source_is_a_work_and_every_work_is_a_source() -> None:
    assert {entry_of(source) for source in sources()} == set(entries().values())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.source}: {method.what}")
def test_a_method_is_named_where_it_is_defined(method: Any) -> None:
    found = find_spec(method.module)
    assert found is not None
    text = " ".join(Path(str(found.origin)).read_text(encoding="utf-8").split()).replace(" and ", " & ")
    who, _, year = method.source.rpartition(" ")
    assert re.search(rf"{re.escape(who)},? \(?{year}", text)


def test_bibtex_that_can_be_read(tmp_path: Path) -> None:
    provenance = {"sessions": [{"versions": {"vaekit": "0.2.0"}}], "data": {"name": "digits"}}
    view = View(Sweep(write_sweep(tmp_path / "s", trials=3, provenance=provenance)))
    text = bibtex(view)
    assert re.findall(r"^@\w+{(\w+),$", text, re.MULTILINE) == [*(entry.key for entry in used(view)), "vaekit"]
    assert text.count("{") == text.count("}")
    assert "  version = {0.2.0}," in text
    (section,) = references_sections(view)
    assert section.code == text
    for entry in entries().values():
        assert entry.bibtex.count("{") == entry.bibtex.count("}"), entry.key
        assert entry.bibtex.isascii(), entry.key
        assert "://" not in entry.bibtex, "a report's page holds no address of the network"
        assert all(entry.field(name) for name in ("author", "title", "year")), entry.key
        assert entry.field("year") in entry.key


@pytest.mark.parametrize("sessions", [None, [], "no", [3], [{"versions": 1}], [{"versions": {"vaekit": "1}, evil={"}}]])
def test_a_version_that_is_none_is_left_out(tmp_path: Path, sessions: Any) -> None:
    sweep = Sweep(write_sweep(tmp_path / "s", trials=2))
    sweep.__dict__["provenance"] = {"sessions": sessions}
    assert "version = " not in bibtex(View(sweep))

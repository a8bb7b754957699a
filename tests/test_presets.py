"""Presets, and axes on which each loss has values of its own."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

import cli
import vaekit
from sweeps.presets.presets import ABOUT, presets, with_preset
from sweeps.spec.axes import parse_axis
from sweeps.spec.make import make_spec, read_spec
from sweeps.study import ask
from vae.errors import ConfigError
from vae.loss_table import LOSSES

NAMES = ["burgess-2018", "locatello-2019", "quick-disentangling", "sprites-study", "textbook"]


def spec_of(**options: Any) -> Any:
    return make_spec(with_preset(options))


def points_of(**options: Any) -> list[dict[str, Any]]:
    spec = make_spec(options)
    return [dict(point) for point in ask.explore(spec, [], spec.trials)]


def test_every_preset_is_a_sweep_and_says_what_it_is() -> None:
    found = {preset.name: preset for preset in presets()}
    assert list(found) == NAMES
    for name, preset in found.items():
        assert tuple(preset.about) == ABOUT
        spec = spec_of(preset=name)
        assert (spec.name, spec.preset) == (name, name)
        assert spec.trials == spec.size_of_space


def test_the_study_of_locatello_has_six_losses_of_six_weights_and_fifty_seeds() -> None:
    spec = spec_of(preset="locatello-2019")
    assert (spec.trials, spec.n_runs) == (36, 1800)
    points = ask.explore(spec, [], spec.trials)
    for loss, known in LOSSES.items():
        own = [point for point in points if point["loss"] == loss]
        assert len(own) == 6
        for name in ("beta", "capacity"):
            assert {point[name] for point in own} == set(known.usual_of(name) or (25.0,))


def test_the_study_is_small_where_it_is_asked_to_be() -> None:
    spec = spec_of(preset="locatello-2019", seeds=1, loss="beta_vae")
    assert (spec.trials, spec.n_runs) == (6, 6)
    assert spec.parameters["capacity"].is_fixed


def test_options_win_over_a_preset() -> None:
    spec = spec_of(preset="quick-disentangling", seeds=2, beta="0.5", name="mine", data="digits")
    assert (spec.seeds, spec.beta, spec.name, spec.data) == (2, "0.5", "mine", "digits")
    assert spec.depth == "2"


def test_a_preset_is_no_part_of_a_sweep_s_identity() -> None:
    preset = next(preset for preset in presets() if preset.name == "textbook")
    spelled = make_spec({**preset.options, "name": "textbook"})
    assert spec_of(preset="textbook").identity == spelled.identity


def test_usual_values_of_one_loss_are_an_axis_like_any_other() -> None:
    assert parse_axis("beta", "usual", ["beta_vae"]) == parse_axis("beta", "1,2,4,6,8,16")
    assert points_of(beta="usual", latent_dim=2, hidden_dim=64, sampler="grid") == [
        {"latent_dim": 2, "beta": float(beta), "hidden_dim": 64} for beta in (1, 2, 4, 6, 8, 16)
    ]


def test_losses_of_different_usual_values_do_not_cross_them() -> None:
    sizes = {"latent_dim": 2, "hidden_dim": [64, 128]}
    points = points_of(loss="beta_vae,annealed_vae", beta="usual", epochs=3, **sizes)
    values = {(p["loss"], p["beta"], p["hidden_dim"]) for p in points}
    betas = [("beta_vae", float(beta)) for beta in (1, 2, 4, 6, 8, 16)] + [("annealed_vae", 1000.0)]
    assert values == {(loss, beta, width) for loss, beta in betas for width in (64, 128)}
    assert len(points) == 14


def test_usual_values_of_several_losses_are_another_space_than_all_of_them_for_each() -> None:
    shared = {"loss": "beta_vae,beta_tc_vae", "latent_dim": 2, "hidden_dim": 64, "sampler": "grid"}
    usual, crossed = (make_spec(shared | {"beta": beta}) for beta in ("usual", "1,2,4,6,8,10,16"))
    assert usual.identity != crossed.identity


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "beta_vae,factor_vae", "beta": "usual", "sampler": "qmc"},
            "beta usual of several losses needs sampler grid, got qmc",
        ),
        (
            {"loss": "beta_vae,factor_vae", "beta": "usual", "mode": "optimize"},
            "beta usual of several losses needs sampler grid, got tpe",
        ),
        (
            {"loss": "beta_vae,factor_vae", "beta": "usual"},
            "sampler grid, which beta usual needs, needs choices a,b,c, got the range latent_dim = '2:32'",
        ),
        ({"latent_dim": "usual"}, "latent_dim must be low:high"),
        (
            {"preset": "locatello"},
            "preset must be one of burgess-2018, .*textbook or a file FILE.toml, got 'locatello'",
        ),
        ({"preset": "none/mine.toml"}, "cannot read a preset 'none/mine.toml'"),
    ],
)
def test_a_wrong_preset_or_axis_is_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        spec_of(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("betta = 3", "vaekit sweep has no option 'betta' .did you mean beta"),
        ("preset = 'textbook'", "a preset cannot name another"),
        ("about = 3", "about must be a table of texts, got 3"),
        ("[about]\nwho = 'me'", "about must hold the texts what, source, cost, got who = 'me'"),
        ("beta = ", "a preset must be valid TOML"),
    ],
)
def test_a_wrong_file_of_the_user_s_own_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        spec_of(preset=str(file))
    assert "\n" not in str(error.value)


def test_a_printed_preset_is_a_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("presets textbook")
    file = tmp_path / "textbook.toml"
    file.write_text(capsys.readouterr().out)
    assert spec_of(preset=str(file)).identity == make_spec(read_spec(file)).identity


def test_the_list_of_presets(capsys: pytest.CaptureFixture[str]) -> None:
    call("presets --json")
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == NAMES
    call("presets")
    assert "quick-disentangling" in capsys.readouterr().out


def call(words: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["vaekit", *shlex.split(words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert not end.value.code


def test_a_sweep_of_a_preset_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('loss = "dip_vae_i,annealed_vae"\nbeta = "usual"\nlatent_dim = 2\nhidden_dim = 8\n')
    options: dict[str, Any] = {"preset": "mine.toml", "limit": 60, "epochs": 1, "seeds": 1, "jobs": 1, "quiet": True}
    sweep = vaekit.sweep(**options)
    assert sweep.name == "mine"
    assert sorted(sweep.runs["beta"]) == [1, 2, 5, 10, 20, 50, 1000]
    assert sweep.provenance["sessions"][0]["preset"] == "mine.toml"
    assert "preset" not in sweep.spec
    again = vaekit.sweep(**options)
    assert again.runs["seconds"].tolist() == sweep.runs["seconds"].tolist()


def test_the_documented_table_of_presets_is_the_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "presets.md").read_text(encoding="utf-8")
    for preset in presets():
        assert f"| `{preset.name}` | {' | '.join(preset.about[name] for name in ABOUT)} |" in page

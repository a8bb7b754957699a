"""The commands: parse, one call, print where the result lies."""

import gc
import sys
import traceback
import warnings
from collections.abc import Callable
from importlib.metadata import version
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sweeps.spec.options import Command, help_of, of_command
from vae.errors import VaekitError
from vae.parameters import is_own
from vae.streams import say, whole_output

if TYPE_CHECKING:
    from sweeps.coordination.coordinator import Work
    from sweeps.spec.spec import Spec

COLLECTED = (100_000, 20, 100)
"""New objects at which a report looks for cycles of garbage, and how often for old ones: a tenth of its time else."""
SUMMARY = "Sweep the hyperparameters of VAEs, and see what they do on your data."

app = typer.Typer(
    help=SUMMARY,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="List, describe and fetch data.")
app.add_typer(data_app, name="data")

Sweep = Annotated[str, typer.Argument(help="Name of a sweep under --out, or its folder.")]
Out = Annotated[str, typer.Option(help="Folder that holds the sweeps.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Network = Annotated[
    str | None,
    typer.Option(help="Your own network, MODULE:FUNCTION, named again to read its weights.", show_default=False),
]


def option(help: str, default: str = "") -> Any:  # noqa: A002
    """An option that is None unless given; the spec owns its default, which `default` only shows."""
    return typer.Option(help=help, show_default=default or False)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"vaekit {version('vaekit')}")
        raise typer.Exit


@app.callback()
def _root(
    shown: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error; allowed anywhere.")] = False,
) -> None:
    """Take the options that stand before a command."""


DryRun = Annotated[bool, typer.Option("--dry-run", help="List trials and stacks, estimate the time, train nothing.")]


def takes_options(command: Command) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, in place of its `**options`, every option of a spec that it has."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in signature(function, eval_str=True).parameters.values() if p.kind != Parameter.VAR_KEYWORD]
        made = []
        for declared in of_command(command):
            kind = declared.type if declared.type in (int, int | None, float | None, bool) else str
            names = [f"--{declared.name}/--no-{declared.name}"] if kind is bool else []
            text, default = help_of(declared, command)
            shown = typer.Option(*names, help=text, show_default=False if kind is bool else default or False)
            made.append(
                Parameter(declared.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, shown])  # type: ignore[operator]
            )
        function.__signature__ = Signature([*own, *made])  # type: ignore[attr-defined]
        function.__annotations__ = {p.name: p.annotation for p in (*own, *made)}
        return function

    return decorate


@app.command()
@takes_options("sweep")
def sweep(
    spec: Annotated[
        Path | None, typer.Argument(metavar="SPEC.toml", help="File with options; the command line wins.")
    ] = None,
    dry_run: DryRun = False,
    **options: Any,
) -> None:
    """Train a sweep, or resume one, and write its report."""
    from sweeps.presets.presets import with_preset
    from sweeps.spec.make import make_spec, read_spec

    resolved = make_spec(with_preset((read_spec(spec) if spec else {}) | _given(options)), say)
    _find_own(resolved.network, *([spec.parent] if spec else []))
    (_preview if dry_run else _sweep)(resolved)


@app.command()
@takes_options("compare")
def compare(
    like: Annotated[
        str | None, typer.Argument(metavar="[NAME|PATH]", help="Sweep to take data and sizes from.")
    ] = None,
    dry_run: DryRun = False,
    **options: Any,
) -> None:
    """Train VAEs beside autoencoder twins, and compare their latent spaces and samples."""
    from sweeps.spec.compare import compare_spec
    from vae.files.results import find_folder

    given = _given(options)
    _find_own(given.get("network"))
    twin = find_folder(like, given.get("out", "results")) if like else None
    (_preview if dry_run else _sweep)(compare_spec(given, twin))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@app.command()
def report(
    sweeps: Annotated[
        list[str], typer.Argument(metavar="SWEEP...", help="One sweep, or several to compare side by side.")
    ],
    dest: Annotated[Path | None, option("Folder for the report.", "SWEEP/report, or NAMES-report beside it")] = None,
    network: Network = None,
    out: Out = "results",
) -> None:
    """Write the report of a sweep, or of several side by side, and print its path."""
    gc.set_threshold(*COLLECTED)
    from analysis.frames.sweep import open_sweep
    from analysis.report.write import write_comparison, write_report

    _find_own(network)
    opened = [open_sweep(sweep, out, network) for sweep in sweeps]
    print(write_report(opened[0], dest) if len(opened) == 1 else write_comparison(opened, dest))


@app.command()
def show(sweep: Sweep, out: Out = "results", as_json: Json = False) -> None:
    """Print which trial of a sweep to take and why, then its state, summary and leaderboard."""
    from analysis.choice.section import paragraphs as chosen
    from analysis.frames.sweep import open_sweep
    from analysis.presentation.view import View
    from analysis.report.terminal import print_summary
    from analysis.summary.section import paragraphs
    from analysis.summary.summary import summary

    view = View(open_sweep(sweep, out))
    if as_json:
        _print_json(summary(view))
    else:
        print_summary(summary(view), chosen(view), list(paragraphs(view)), view.words)


@app.command()
def dashboard(
    sweep: Sweep,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 picks a free one.")] = 8080,
    out: Out = "results",
) -> None:
    """Serve optuna-dashboard for a running or finished sweep, read-only, until Ctrl-C."""
    from sweeps.maintenance.dashboard import dashboard_server
    from vae.files.results import find_folder

    with dashboard_server(find_folder(sweep, out), port) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


@app.command("list")
def list_all(out: Out = "results", as_json: Json = False) -> None:
    """List the sweeps under --out."""
    from analysis.report.terminal import print_table
    from analysis.summary.listing import list_sweeps

    rows = list_sweeps(Path(out))
    _print_json(rows) if as_json else print_table("sweeps", rows)


@app.command()
def check(sweep: Sweep, network: Network = None, out: Out = "results", as_json: Json = False) -> None:
    """Check a results folder and suggest fixes; exit 1 if anything is wrong."""
    from dataclasses import asdict

    from sweeps.maintenance.check import check_sweep
    from vae.files.results import find_folder
    from vae.own.source import unnamed

    folder = find_folder(sweep, out)
    _find_own(network)
    findings = check_sweep(folder, network)
    if as_json:
        _print_json(
            {"name": folder.path.resolve().name, "sound": not findings, "findings": list(map(asdict, findings))}
        )
    else:
        print("\n".join(f"{f.file}: {f.problem}; {f.remedy}" for f in findings) or f"{folder.path}: no problems found")
        if lacking := ",".join(unnamed(str(folder.read_spec().get("network", "")), network)):
            say(f"weights of network {lacking}: checksums were checked, shapes were not; give --network {lacking}")
    if findings:
        raise typer.Exit(1)


@app.command()
def retry(
    sweep: Sweep,
    failed: Annotated[bool, typer.Option("--failed", help="Retrain failed trials and lost runs.")] = False,
    network: Network = None,
    out: Out = "results",
) -> None:
    """Retrain what failed or was lost, and write the report."""
    from analysis.presentation.words import counted
    from sweeps.maintenance.retry import forget_failed
    from vae.files.results import find_folder

    if not failed:
        raise VaekitError("retry needs --failed, which retrains failed trials and lost runs")
    _find_own(network)
    forgotten = forget_failed(find_folder(sweep, out), network)
    if not forgotten.trials:
        print("nothing to retry: no trial failed and no run is lost")
        return
    trials = ", ".join(map(str, forgotten.trials))
    many = "s" if len(forgotten.trials) > 1 else ""
    say(f"retraining {counted(len(forgotten.runs), 'run')} of trial{many} {trials}")
    _sweep(forgotten.spec)


@app.command()
def refine(
    sweep: Sweep,
    top: Annotated[int, typer.Option(help="Trials that get more seeds in any case.")] = 5,
    seeds: Annotated[int, typer.Option(help="Seeds that each of them has afterwards.")] = 10,
    network: Network = None,
    out: Out = "results",
) -> None:
    """Give the best trials, and those that may be as good, more seeds, and write the report."""
    from functools import partial

    from analysis.choice.more_seeds import worth_more_seeds
    from sweeps.coordination import refine as refining
    from sweeps.spec.make import spec_in
    from vae.files.results import find_folder
    from vae.own.source import check_named

    _find_own(network)
    spec = spec_in(find_folder(sweep, out))
    check_named(spec.network, network)
    how = refining.Refinement(choose=worth_more_seeds, top=top, seeds=seeds, note=say)
    how.check(spec)
    _sweep(spec, partial(refining.refine, how=how))


@app.command()
def figures(
    sweep: Sweep,
    pdf: Annotated[bool, typer.Option("--pdf", help="As PDF, which is the default.")] = False,
    svg: Annotated[bool, typer.Option("--svg", help="As SVG, whose text is text.")] = False,
    png: Annotated[bool, typer.Option("--png", help="As PNG with 300 dots an inch.")] = False,
    width: Annotated[float, typer.Option(help="Inches: 3.3 is a column of two.")] = 3.3,
    only: Annotated[str | None, option("Figures to write, by the names of their files: a,b,c.", "all")] = None,
    dest: Annotated[Path | None, option("Folder to write them to.", "SWEEP/figures")] = None,
    network: Network = None,
    out: Out = "results",
) -> None:
    """Save the report's figures as files for a paper, and print their paths."""
    from analysis.frames.sweep import open_sweep
    from analysis.paper.figures import write_figures
    from analysis.presentation.view import View

    _find_own(network)
    opened = open_sweep(sweep, out, network)
    kinds = [kind for kind, is_asked in {"pdf": pdf, "svg": svg, "png": png}.items() if is_asked] or ["pdf"]
    names = [name.strip() for name in only.split(",")] if only else []
    for path in write_figures(View(opened), dest or opened.folder.figures, kinds, width, names):
        print(path)


@app.command()
def export(
    sweep: Sweep,
    to: Annotated[str, typer.Option(help="Format: parquet or csv for frames, latex or md for tables, or bibtex.")],
    dest: Annotated[Path, typer.Option(help="Folder to write them to.")],
    rows: Annotated[int, typer.Option(help="Rows of the leaderboard in latex and md.")] = 10,
    out: Out = "results",
) -> None:
    """Save the four frames (trials, runs, history, dims), tables for a paper, or the works to cite."""
    from analysis.frames.sweep import open_sweep
    from analysis.paper.export import export as write
    from analysis.presentation.view import View

    for path in write(View(open_sweep(sweep, out)), to, dest, rows):
        print(path)


@app.command()
def score(
    codes: Annotated[str, typer.Argument(metavar="FILE.npz|SWEEP", help="File with codes and factors, or a sweep.")],
    dci: Annotated[
        str, typer.Option(help="Model that DCI fits: forest, or gbt as in the reference (takes minutes).")
    ] = "forest",
    scores: Annotated[str | None, option("Scores to compute for a sweep, by name: a,b,c.", "all")] = None,
    factor_bins: Annotated[
        int | None, option("Classes of a continuous factor, of equally many samples each.", "10")
    ] = None,
    network: Network = None,
    out: Out = "results",
    as_json: Json = False,
) -> None:
    """Score how well codes disentangle known factors: of a file (JSON) or of a sweep's runs."""
    from analysis.scores.across_runs import ACROSS_RUNS
    from analysis.scores.after_sweep import score_file, score_sweep
    from vae.columns import SCORES
    from vae.factors import BINS

    bins = BINS if factor_bins is None else factor_bins
    if codes.endswith(".npz"):
        _print_json(score_file(Path(codes), dci, factor_bins=bins))
        return
    from analysis.frames.sweep import open_sweep
    from analysis.report.terminal import print_table, rows_of

    _find_own(network)
    sweep = open_sweep(codes, out, network)
    names = scores or ",".join((*SCORES, ACROSS_RUNS))
    rows = rows_of(score_sweep(sweep, names, dci, factor_bins=bins))
    _print_json(rows) if as_json else print_table("scores", rows)


@app.command("presets")
def list_presets(
    preset: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Preset whose options to print, as TOML to start from.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the presets of `vaekit sweep --preset`, or print one."""
    from analysis.report.terminal import print_table
    from sweeps.presets import presets

    if preset:
        found = presets.find_preset(preset)
        _print_json(dict(found.options)) if as_json else print(found.path.read_text(encoding="utf-8"), end="")
        return
    rows = [{"name": known.name, **known.about} for known in presets.presets()]
    _print_json(rows) if as_json else print_table("presets", rows)


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """List the data that go by a name, and the formats of your own."""
    from analysis.report.terminal import print_table
    from vae.data import FORMAT_NAMES, catalogue

    rows = list(catalogue())
    if as_json:
        _print_json(rows)
    else:
        print_table(
            "data", [row | {"factors": ", ".join(f"{k} {n}" for k, n in row["factors"].items())} for row in rows]
        )
        print(f"or your own: {FORMAT_NAMES}")


@data_app.command("info")
@takes_options("data info")
def data_info(
    data: Annotated[str, typer.Argument(help="Name, folder or file.")],
    as_json: Json = False,
    picture: Annotated[Path | None, option("PNG file to write some of the images to.")] = None,
    **options: Any,
) -> None:
    """Read data as a sweep would, describe them, and show some."""
    from analysis.intrinsic_dimension.of_data import in_words, of_data
    from analysis.presentation.glimpse import plain, write_picture
    from analysis.report.terminal import print_fields, print_glimpse, rows_of
    from sweeps.spec.make import make_spec
    from vae.data import describe, load_data

    read = load_data(make_spec({"data": data} | _given(options)).data_config)
    if picture:
        write_picture(read, picture)
    dimension = of_data(read)
    if as_json:
        _print_json(describe(read) | {"intrinsic_dimension": rows_of(dimension)})
        return
    print_fields(plain(describe(read)) | {"intrinsic dimension": in_words(dimension)})
    print_glimpse(read)


@data_app.command("fetch")
def data_fetch(
    data: Annotated[str, typer.Argument(help="Name of a public data set (see data list).")],
) -> None:
    """Download a public data set with its checksums, if it is not there yet, and print its folder."""
    from vae.data import fetch_data

    print(fetch_data(data))


def main() -> NoReturn:
    """Run the command line: every error is one line on stderr, and --debug adds the traceback."""
    warnings.formatwarning = lambda message, *_: f"vaekit: {message}\n"
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    with whole_output():
        try:
            sys.exit(app(arguments or ["--help"], standalone_mode=False))
        except (VaekitError, typer.TyperException) as error:
            if "--debug" in sys.argv:
                traceback.print_exc()
            message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
            say(f"vaekit: {' '.join(message.split())}")
            sys.exit(getattr(error, "exit_code", 1))


def _sweep(spec: "Spec", work: "Work | None" = None) -> None:
    """Do all of a sweep, or some other work on it, and write its report."""
    from analysis.choice.more_seeds import worth_more_seeds
    from analysis.scores.in_sweep import score_run
    from sweeps.coordination.coordinator import run_sweep
    from sweeps.coordination.progress import live_progress
    from sweeps.coordination.refine import Refinement, work_of
    from sweeps.engines.engine import GO_ON
    from sweeps.engines.interrupts import stop_on_signals

    work = work or work_of(spec, Refinement(choose=worth_more_seeds, note=say))
    try:
        with stop_on_signals(say) as stop, live_progress(spec.objectives[0].name, quiet=spec.quiet) as show:
            status = run_sweep(spec, show, scorer=score_run, stop=stop, note=say, work=work)
        if status.interrupted:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        say(f"stopped: {GO_ON}")
        raise
    if status.timed_out:
        say(f"time is up: {GO_ON}")
    if spec.trials < status.trials:
        say(f"the sweep already has {status.trials} trials; --trials {spec.trials} removes none")
    if spec.stop_after and status.told == status.trials < spec.trials and status.since_best >= spec.stop_after:
        say(
            f"the best has not improved for {status.since_best} trials: the study ends at {status.trials} of "
            f"{spec.trials} trials"
        )
    if spec.report and status.told:
        report([str(status.path)], network=spec.network)
    else:
        print(status.path)
    if status.told:
        _say_if_too_short(status.path)
    if status.failed and not status.complete:
        raise VaekitError(f"every trial failed; the first reason is {status.first_error.splitlines()[0]}")


def _say_if_too_short(path: Path) -> None:
    from analysis.choice.length import too_short
    from analysis.frames.sweep import open_sweep
    from analysis.presentation.view import View

    view = View(open_sweep(path))
    if sentence := too_short(view):
        say(view.words(sentence))


def _preview(spec: "Spec") -> None:
    from analysis.report.terminal import MOST_ROWS, print_fields, print_table
    from sweeps.coordination.preview import preview_sweep

    preview = preview_sweep(spec, note=say)
    print_table("trials", preview.trial_rows)
    print_table("stacks", preview.stack_rows, MOST_ROWS)
    print_fields(preview.totals)
    for line in preview.notes:
        typer.echo(line)


def _find_own(network: str | None, *folders: Path) -> None:
    """Let the user's own networks be found in some folders and in this one, if any is named."""
    if network and is_own(network):
        from vae.own.source import look_in

        for folder in (*folders, Path()):
            look_in(folder)


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

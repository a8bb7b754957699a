"""The commands: parse, one call, print where the result lies."""

import sys
import traceback
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from vae.errors import VaekitError
from vae.streams import say, whole_output

if TYPE_CHECKING:
    from sweeps.spec.spec import Spec

app = typer.Typer(
    help="Sweep latent dimension, beta and hidden size of a VAE, and read what they do.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="The images that sweeps are trained on.")
app.add_typer(data_app, name="data")

Sweep = Annotated[str, typer.Argument(help="A sweep: its name under --out, or its folder.")]
Out = Annotated[str, typer.Option(help="Where sweeps land.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
    debug: Annotated[bool, typer.Option("--debug", help="Add the traceback to an error; may stand anywhere.")] = False,
) -> None:
    """Sweep latent dimension, beta and hidden size of a VAE, and read what they do."""


Data = Annotated[str | None, option("A name, a folder of IDX files, or an .npz file.", "digits")]
Limit = Annotated[int | None, option("Images to keep, a uniform subsample.")]
Size = Annotated[int | None, option("Side of the images after averaging blocks of pixels.")]
Binarize = Annotated[str | None, option("none, threshold or sample.", "none")]
Likelihood = Annotated[str | None, option("bernoulli, continuous_bernoulli or gaussian.", "bernoulli")]
Sigma = Annotated[str | None, option("learned or a number; for gaussian.", "learned")]
Seeds = Annotated[int | None, option("Runs of every trial.", "3")]
Epochs = Annotated[int | None, option("Passes over the training images.", "40")]
BatchSize = Annotated[int | None, option("Images in a minibatch.", "128")]
LearningRate = Annotated[float | None, option("Step size of Adam.", "0.001")]
BetaSchedule = Annotated[str | None, option("constant, linear:F or cyclic:N.", "constant")]
Scores = Annotated[str | None, option("Scores of the codes, or none.", "cheap ones on data with factors")]
Seed = Annotated[int | None, option("First seed of the runs, and the sampler's.", "0")]
OutOption = Annotated[str | None, option("Where sweeps land.", "results")]
Jobs = Annotated[str | None, option("Worker processes, one thread each.", "auto")]
EngineOption = Annotated[str | None, option("local processes or dask.", "local")]
Scheduler = Annotated[str | None, option("A Dask scheduler, tcp://HOST:PORT; of our own if not given.")]
Storage = Annotated[str | None, option("postgresql+psycopg://USER@HOST/DATABASE in place of the folder's journal.")]
Device = Annotated[str | None, option("auto, cpu or cuda.", "auto")]
Precision = Annotated[str | None, option("fp32, or bf16 products where the processor has them.", "fp32")]
Timeout = Annotated[str | None, option("Stop after this time: 90s, 30m, 2h.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print trials, stacks and an estimate of time.")]
ReportOption = Annotated[bool | None, typer.Option("--report/--no-report", help="End with the report.")]


@app.command()
def sweep(
    spec: Annotated[Path | None, typer.Argument(metavar="SPEC.toml", help="Options from a file.")] = None,
    data: Data = None,
    limit: Limit = None,
    size: Size = None,
    binarize: Binarize = None,
    likelihood: Likelihood = None,
    sigma: Sigma = None,
    trials: Annotated[int | None, option("Points of the search space.", "24, or the whole grid")] = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    beta_schedule: BetaSchedule = None,
    latent_dim: Annotated[str | None, option("Axis: low:high[:log], a,b,c or one value.", "2:32")] = None,
    beta: Annotated[str | None, option("Axis: low:high[:log], a,b,c or one value.", "0.1:16:log")] = None,
    hidden_dim: Annotated[str | None, option("Axis: a,b,c or low:high in powers of two.", "64,128,256")] = None,
    mode: Annotated[str | None, option("explore covers the space, optimize seeks the best.", "explore")] = None,
    sampler: Annotated[str | None, option("qmc, random or grid to explore, tpe to optimize.", "qmc or tpe")] = None,
    pruner: Annotated[str | None, option("none; to optimize also halving or median.", "none or halving")] = None,
    batch: Annotated[int | None, option("Trials asked at once to optimize.", "16")] = None,
    objective: Annotated[str | None, option("elbo, COLUMN:min, COLUMN:max, or several.", "elbo")] = None,
    scores: Scores = None,
    seed: Seed = None,
    name: Annotated[str | None, option("Folder under --out.", "the data's name")] = None,
    out: OutOption = None,
    jobs: Jobs = None,
    engine: EngineOption = None,
    scheduler: Scheduler = None,
    storage: Storage = None,
    device: Device = None,
    precision: Precision = None,
    keep_weights: Annotated[str | None, option("all, best or none.", "all")] = None,
    timeout: Timeout = None,
    dry_run: DryRun = False,
    report: ReportOption = None,
) -> None:
    """Train a sweep, or go on with one, and write its report."""
    options = {name: value for name, value in locals().items() if value is not None}
    from sweeps.spec.spec import make_spec, read_spec

    file, dry_run = options.pop("spec", None), options.pop("dry_run")
    resolved = make_spec((read_spec(file) if file else {}) | options)
    (_preview if dry_run else _sweep)(resolved)


@app.command()
def compare(
    like: Annotated[str | None, typer.Argument(metavar="[NAME|PATH]", help="A sweep: its sizes and data.")] = None,
    data: Data = None,
    limit: Limit = None,
    size: Size = None,
    binarize: Binarize = None,
    likelihood: Likelihood = None,
    sigma: Sigma = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    beta_schedule: BetaSchedule = None,
    latent_dim: Annotated[str | None, option("Choices a,b,c or one value.", "2,8,16")] = None,
    beta: Annotated[str | None, option("Of the VAE: choices a,b,c or one value.", "1")] = None,
    hidden_dim: Annotated[str | None, option("Choices a,b,c or one value.", "128")] = None,
    scores: Scores = None,
    seed: Seed = None,
    name: Annotated[str | None, option("Folder under --out.", "the data's or sweep's name, with -compare")] = None,
    out: OutOption = None,
    jobs: Jobs = None,
    engine: EngineOption = None,
    scheduler: Scheduler = None,
    storage: Storage = None,
    device: Device = None,
    precision: Precision = None,
    timeout: Timeout = None,
    dry_run: DryRun = False,
    report: ReportOption = None,
) -> None:
    """Train VAEs and their autoencoder twins, and report what either's latent space covers."""
    options = {name: value for name, value in locals().items() if value is not None}
    from sweeps.spec.compare import compare_spec
    from vae.files.results import find_folder

    dry_run = options.pop("dry_run")
    twin = find_folder(options.pop("like"), options.get("out", "results")) if like else None
    (_preview if dry_run else _sweep)(compare_spec(options, twin))


@app.command()
def report(
    sweeps: Annotated[list[str], typer.Argument(metavar="SWEEP...", help="One sweep, or several side by side.")],
    dest: Annotated[Path | None, option("The report's folder.", "SWEEP/report, or NAMES-report beside it")] = None,
    out: Out = "results",
) -> None:
    """Write a sweep's report, or one that sets several side by side, and print its path."""
    from analysis.frames.sweep import open_sweep
    from analysis.report.write import write_comparison, write_report

    opened = [open_sweep(sweep, out) for sweep in sweeps]
    print(write_report(opened[0], dest) if len(opened) == 1 else write_comparison(opened, dest))


@app.command()
def show(sweep: Sweep, out: Out = "results", as_json: Json = False) -> None:
    """Print a sweep's state, its best trial, its summary and its leaderboard."""
    from analysis.frames.sweep import open_sweep
    from analysis.presentation.view import View
    from analysis.report.terminal import print_summary
    from analysis.summary.section import paragraphs
    from analysis.summary.summary import summary

    view = View(open_sweep(sweep, out))
    _print_json(summary(view)) if as_json else print_summary(summary(view), list(paragraphs(view)))


@app.command()
def dashboard(
    sweep: Sweep,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8080,
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
def check(sweep: Sweep, out: Out = "results", as_json: Json = False) -> None:
    """Say what is not sound in a sweep's folder and what to do about it; exit 1 if anything is not."""
    from dataclasses import asdict

    from sweeps.maintenance.check import check_sweep
    from vae.files.results import find_folder

    folder = find_folder(sweep, out)
    findings = check_sweep(folder)
    if as_json:
        _print_json(
            {"name": folder.path.resolve().name, "sound": not findings, "findings": list(map(asdict, findings))}
        )
    else:
        print("\n".join(f"{f.file}: {f.problem}; {f.remedy}" for f in findings) or f"{folder.path} is sound")
    if findings:
        raise typer.Exit(1)


@app.command()
def retry(
    sweep: Sweep,
    failed: Annotated[bool, typer.Option("--failed", help="Train failed trials, and lost runs, again.")] = False,
    out: Out = "results",
) -> None:
    """Forget what failed, train it again, and write the report."""
    from analysis.presentation.words import counted
    from sweeps.maintenance.retry import forget_failed
    from vae.files.results import find_folder

    if not failed:
        raise VaekitError("retry needs --failed, which says what is trained again, got nothing")
    forgotten = forget_failed(find_folder(sweep, out))
    if not forgotten.trials:
        print("no trial failed and no run is lost: nothing is trained again")
        return
    trials = ", ".join(map(str, forgotten.trials))
    many = "s" if len(forgotten.trials) > 1 else ""
    say(f"training {counted(len(forgotten.runs), 'run')} again, of trial{many} {trials}")
    _sweep(forgotten.spec)


@app.command()
def export(
    sweep: Sweep,
    to: Annotated[str, typer.Option(help="parquet or csv.")],
    dest: Annotated[Path, typer.Option(help="The folder to write into.")],
    out: Out = "results",
) -> None:
    """Write the four frames (trials, runs, history, dims) as files."""
    from analysis.frames.export import export_frames
    from analysis.frames.sweep import open_sweep

    for path in export_frames(open_sweep(sweep, out), to, dest):
        print(path)


@app.command()
def score(
    codes: Annotated[str, typer.Argument(metavar="FILE.npz|SWEEP", help="Codes and factors, or a sweep.")],
    dci: Annotated[str, typer.Option(help="Fit of DCI: forest, or gbt as in the reference (minutes).")] = "forest",
    scores: Annotated[str | None, option("Scores of a sweep's runs.", "all")] = None,
    out: Out = "results",
    as_json: Json = False,
) -> None:
    """Score codes against known factors: a file's as JSON, or those of a sweep's runs as a table."""
    from analysis.scores.after_sweep import score_file, score_sweep

    if codes.endswith(".npz"):
        _print_json(score_file(Path(codes), dci))
        return
    from analysis.frames.sweep import open_sweep
    from analysis.report.terminal import print_table, rows_of

    sweep = open_sweep(codes, out)
    rows = rows_of(score_sweep(sweep, scores, dci) if scores else score_sweep(sweep, backend=dci))
    _print_json(rows) if as_json else print_table("scores", rows)


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """List the data that have a name."""
    from analysis.report.terminal import print_table
    from vae.data import SOURCES

    rows = [{"name": name, "description": source.description} for name, source in SOURCES.items()]
    _print_json(rows) if as_json else print_table("data", rows)


@data_app.command("info")
def data_info(
    data: Annotated[str, typer.Argument(help="A name, a folder of IDX files, or an .npz file.")],
    as_json: Json = False,
) -> None:
    """Read data as a sweep would, and say what is in it."""
    from analysis.report.terminal import print_fields
    from vae.data import describe, load_data

    info = describe(load_data(data))
    _print_json(info) if as_json else print_fields(info)


@data_app.command("fetch")
def data_fetch(data: Annotated[str, typer.Argument(help="mnist or fashion-mnist.")]) -> None:
    """Fetch public data into the cache, unless they are there, and print their folder."""
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


def _sweep(spec: "Spec") -> None:
    from analysis.scores.in_sweep import score_run
    from sweeps.coordination.coordinator import run_sweep
    from sweeps.coordination.progress import live_progress
    from sweeps.engines.engine import GO_ON
    from sweeps.engines.interrupts import stop_on_signals

    try:
        with stop_on_signals(say) as stop, live_progress(spec.objectives[0].name) as on_status:
            status = run_sweep(spec, on_status, scorer=score_run, stop=stop)
        if status.interrupted:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        say(f"stopped; {GO_ON}")
        raise
    if status.timed_out:
        say(f"the time is up; {GO_ON}")
    if spec.trials < status.trials:
        say(f"{status.trials} trials were asked before, and stay; {spec.trials} changes nothing")
    if spec.report and status.told:
        report([str(status.path)])
    else:
        print(status.path)
    if status.failed and not status.complete:
        raise VaekitError(f"every trial failed, the first with {status.first_error.splitlines()[0]}")


def _preview(spec: "Spec") -> None:
    from analysis.report.terminal import print_fields, print_table
    from sweeps.coordination.preview import preview_sweep

    preview = preview_sweep(spec)
    print_table("trials", preview.trial_rows)
    print_table("stacks", preview.stack_rows)
    print_fields(preview.totals)


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""What a report says of the rate-distortion plane: the frontier, the area below it, and the check of its slope."""

import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.plane import figures as plane_figures
from analysis.plane.convergence import slopes
from analysis.plane.frontier import frontier, frontier_area, frontier_corners
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by, varies
from analysis.presentation.words import counted, interval, number
from analysis.prose import NAMES
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.states import states
from analysis.statistics.zero_rate import zero_rate_distortion_nats
from vae.errors import VaekitError

SHOWN = 20
MOST_IMAGES = 60_000
"""Of a split that the end point is computed from: a larger one is thinned evenly, to fit into memory."""
NO_PAIRS = (
    "the slope of the frontier is beta only along runs that differ in nothing but beta, and no two complete trials "
    "have equal latent dimensions and hidden width at two betas (--sampler grid makes them)"
)


def plane_sections(sweep: Sweep, board: pd.DataFrame, runs: pd.DataFrame) -> list[Section]:
    """Show the plane of the complete trials' `runs`, the area under its frontier, and whether its slope is beta."""
    end, why = end_point(sweep) if len(board) else (None, "")
    return [
        frontier_section(sweep, board, runs, end, why),
        area_section(runs, end),
        convergence_section(runs),
    ]


def end_point(sweep: Sweep) -> tuple[float | None, str]:
    """Return D at rate 0 in nats per test image, and what it is; None, and why, where the images cannot be read."""
    try:
        train, test = (sweep.images(split, sweep.thinned(split, MOST_IMAGES)) for split in ("train", "test"))
        likelihood, sigma = sweep.spec.get("likelihood", "bernoulli"), sweep.spec.get("sigma", "learned")
        end = zero_rate_distortion_nats(train, test, likelihood, sigma)
    except VaekitError:
        return None, "The end point of the frontier at R = 0 is left out: the images can no longer be read."
    return end, (
        "The diamond is the exact end point of the frontier: at R = 0 a decoder is told nothing, and the best "
        f"independent pixels of {counted(len(train), 'train image')} cost D0 = {number(end)} nats on the test split; a "
        "run that collapsed lies there."
    )


def frontier_section(sweep: Sweep, board: pd.DataFrame, runs: pd.DataFrame, end: float | None, why: str) -> Section:
    """Show the rate-distortion plane."""
    points, title = frontier(runs, end), "Rate and distortion"
    if points.empty:
        return left_out(title, "frontier", points)
    colour = colour_by(points)
    figure = plane_figures.rate_distortion(
        points, frontier_corners(runs, end), int(board["trial"].iloc[0]), colour, end
    )
    sentence = f"{_how_to_read(points, colour, end)}\n\n{why} {_counts(sweep)}"
    return Section(title=title, slug="frontier", sentence=sentence, figure=figure, table=points)


def area_section(runs: pd.DataFrame, end: float | None) -> Section:
    """Show the area under the frontier, one number for a sweep."""
    area, title = frontier_area(runs, end), "Area under the frontier"
    if area.empty:
        return left_out(title, "frontier_area", area)
    row = area.iloc[0]
    if row["rate_high_nats"] <= row["rate_low_nats"]:
        return left_out(title, "frontier_area", area, "the frontier is a single point")
    size = interval(row["area_nats2"], row["area_nats2" + SUFFIX])
    start = "the end point" if end is not None else "the frontier's first point"
    spread = f" (a 95 % interval by the jackknife over {row['n']:.0f} seeds)" if row["n"] > 1 else ""
    sentence = (
        f"The integral of the frontier's D over R, from {start} at R = {number(row['rate_low_nats'])} to its "
        f"last point at {number(row['rate_high_nats'])} nats, is {size} square nats{spread}; the dashed line is the "
        "mean D over that interval. Beta has no part in it, and smaller is better; sweeps of the same data compare "
        "only over the same interval of R."
    )
    figure = plane_figures.frontier_area(area, frontier_corners(runs, end), end)
    return Section(title=title, slug="frontier_area", sentence=sentence, figure=figure, table=area, preview=area)


def convergence_section(runs: pd.DataFrame) -> Section:
    """Show the slope of D over R between neighbouring betas beside beta."""
    pairs, title = slopes(runs), "Is the slope beta?"
    if pairs.empty:
        return left_out(title, "convergence", pairs, NO_PAIRS)
    drawn = pairs[(pairs["slope"] < 0) & (pairs["beta_low"] > 0)]
    sentence = _slopes(pairs, len(pairs) - len(drawn))
    figure = plane_figures.convergence(pairs) if len(drawn) else None
    preview = pairs.head(SHOWN)
    return Section(title=title, slug="convergence", sentence=sentence, figure=figure, table=pairs, preview=preview)


def _how_to_read(points: pd.DataFrame, colour: str, end: float | None) -> str:
    on, beaten = int(points["on_frontier"].sum()), int(points["dominated"].sum())
    bars = " Bars are 95 % intervals over seeds." if (points["n"] > 1).any() else ""
    dots = f", coloured by {NAMES[colour]}" if varies(points[colour]) else ""
    through = " and the end point" if end is not None else ""
    return (
        f"Each dot is a trial on the test split{dots}; lower and further left is better. The dark line is the "
        f"frontier, the lower convex hull of the trials{through}, with {on} of {counted(len(points), 'trial')} on it; "
        f"{beaten} {'is' if beaten == 1 else 'are'} dominated: another point has no more R, no more D and less of one. "
        f"Faint lines join points of equal ELBO.{bars} The ring marks the trial that is first in the leaderboard."
    )


def _counts(sweep: Sweep) -> str:
    """What took no part in the plane, and in what unit it is."""
    counts = states(sweep.trials).set_index("state")["trials"]
    return (
        f"{counts['PRUNED']} pruned and {counts['FAIL']} failed trials are not shown. R and D are at beta = 1, "
        "whatever beta weighted R in training."
    )


def _slopes(pairs: pd.DataFrame, unseen: int) -> str:
    within, width, steepness = pairs["within"], pairs["slope" + SUFFIX], -pairs["slope"]
    reached = ~within & (steepness + width >= pairs["beta_low"]) & (steepness - width <= pairs["beta_high"])
    more = f", and the interval reaches them in {reached.sum()} more" if width.notna().any() else ""
    hidden = f" The figure has no place for {counted(unseen, 'pair')} with a rising D or beta 0." if unseen else ""
    return (
        "Trials that differ in beta alone check themselves: at the least D + beta R, D falls by beta nats for each nat "
        "of R, so between two neighbouring betas −dD/dR lies between them. A bar across spans the two betas, a bar up "
        "is a 95 % interval over seeds; where neither meets the line, a trial was not trained to its optimum, or "
        f"generalises otherwise than it trains. −dD/dR lies between its betas in {within.sum()} of "
        f"{counted(len(pairs), 'pair')}{more}.{hidden}"
    )

"""What a report says of the rate-distortion plane: the frontier, the area below it, and the check of its slope."""

import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.plane import figures
from analysis.plane.convergence import slopes
from analysis.plane.frontier import frontier, frontier_area, frontier_corners
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, nats, short_label
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.selection import varies
from analysis.statistics.states import states
from analysis.statistics.zero_rate import ZeroRate

SHOWN = 20
NO_PAIRS = (
    "the slope of the frontier is beta only along runs that differ in nothing but beta, and no two complete trials "
    "are equal in all else at two betas (--sampler grid makes them)"
)


def plane_sections(view: View) -> list[Section]:
    """Show the plane of the complete trials, the area under its frontier, and whether its slope is beta."""
    return [frontier_section(view), area_section(view), convergence_section(view)]


def frontier_section(view: View) -> Section:
    """Show the rate-distortion plane."""
    zero_rate, title = view.zero_rate.nats, "Rate and distortion"
    points = frontier(view.runs, zero_rate)
    if points.empty:
        return left_out(title, "frontier", points)
    colour = colour_by(points)
    best, corners = int(view.board["trial"].iloc[0]), frontier_corners(view.runs, zero_rate)
    figure = figures.rate_distortion(points, corners, best, colour, zero_rate)
    sentence = f"{_how_to_read(points, colour, zero_rate)}\n\n{_zero_rate(view.zero_rate)} {_counts(view.sweep)}"
    return Section(title=title, slug="frontier", sentence=sentence, figure=figure, table=points)


def area_section(view: View) -> Section:
    """Show the area under the frontier, one number for a sweep."""
    zero_rate, title = view.zero_rate.nats, "Area under the frontier"
    area = frontier_area(view.runs, zero_rate)
    if area.empty:
        return left_out(title, "frontier_area", area)
    row = area.iloc[0]
    if row["rate_high_nats"] <= row["rate_low_nats"]:
        return left_out(title, "frontier_area", area, "the frontier is a single point")
    size = interval(row["area_nats2"], row["area_nats2" + SUFFIX])
    start = "the zero-rate point" if zero_rate is not None else "the frontier's first point"
    spread = f" (a 95 % interval by the jackknife over {row['n']:.0f} seeds)" if row["n"] > 1 else ""
    sentence = (
        f"The integral of the frontier's D over R, from {start} at R = {nats(row['rate_low_nats'])} to its "
        f"last point at {nats(row['rate_high_nats'])} nats, is {size} square nats{spread}; the dashed line is the "
        "mean D over that interval. Beta has no part in it, and smaller is better; sweeps of the same data compare "
        "only over the same interval of R."
    )
    figure = figures.frontier_area(area, frontier_corners(view.runs, zero_rate), zero_rate)
    return Section(title=title, slug="frontier_area", sentence=sentence, figure=figure, table=area, preview=area)


def convergence_section(view: View) -> Section:
    """Show the slope of D over R between neighbouring betas beside beta."""
    pairs, title = slopes(view.runs), "Is the slope beta?"
    if pairs.empty:
        return left_out(title, "convergence", pairs, NO_PAIRS)
    drawn = pairs[(pairs["slope"] < 0) & (pairs["beta_low"] > 0)]
    sentence = _slopes(pairs, len(pairs) - len(drawn))
    figure = figures.convergence(pairs) if len(drawn) else None
    preview = pairs.head(SHOWN)
    return Section(title=title, slug="convergence", sentence=sentence, figure=figure, table=pairs, preview=preview)


def _how_to_read(points: pd.DataFrame, colour: str, zero_rate: float | None) -> str:
    on, beaten = int(points["on_frontier"].sum()), int(points["dominated"].sum())
    bars = " Bars are 95 % intervals over seeds." if (points["n"] > 1).any() else ""
    dots = f", coloured by {short_label(colour)}" if varies(points[colour]) else ""
    through = " and the zero-rate point" if zero_rate is not None else ""
    return (
        f"Each dot is a trial on the test split{dots}; lower and further left is better. The dark line is the "
        f"frontier, the lower convex hull of the trials{through}, with {on} of {counted(len(points), 'trial')} on it; "
        f"{beaten} {'is' if beaten == 1 else 'are'} dominated: another point has no more R, no more D and less of one. "
        f"Faint lines join points of equal ELBO.{bars} The ring marks the trial that is first in the leaderboard."
    )


def _zero_rate(point: ZeroRate) -> str:
    """What the point at R = 0 is, or why it is not there."""
    if point.nats is None and point.train_images:
        return "The frontier has no zero-rate point: no train image differs from another, so a learned sigma goes to 0."
    if point.nats is None:
        return "The zero-rate point of the frontier is left out: the images can no longer be read."
    return (
        "The diamond is the exact zero-rate point of the frontier: at R = 0 a decoder is told nothing, and the best "
        f"independent pixels of {counted(point.train_images, 'train image')} cost D0 = {nats(point.nats)} nats on "
        "the test split; a run that collapsed lies there."
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

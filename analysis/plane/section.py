"""What a report says of the rate-distortion plane: the frontier, the area below it, and the check of its slope."""

import pandas as pd
from matplotlib.axes import Axes

from analysis.choice.choice import choice
from analysis.frames.sweep import Sweep
from analysis.plane import figures
from analysis.plane.convergence import slopes
from analysis.plane.frontier import frontier, frontier_area, frontier_corners
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, nats, short_label
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.losses import weigh_rate
from analysis.statistics.selection import varies
from analysis.statistics.states import states
from analysis.statistics.zero_rate import ZeroRate

SHOWN = 20
NO_PAIRS = (
    "it compares trials that differ only in beta, and no two complete trials do (--sampler grid makes such pairs)"
)

NO_PRICE = "the slope of the frontier is beta where D + beta R is minimised, and no run's loss is beta_vae"


def plane_sections(view: View) -> list[Section]:
    """Show the plane of the complete trials."""
    return [frontier_section(view)]


def slope_sections(view: View) -> list[Section]:
    """Show the area under the frontier, and whether its slope is beta."""
    return [area_section(view), convergence_section(view)]


def frontier_section(view: View, into: Axes | None = None) -> Section:
    """Show the rate-distortion plane, in a figure of its own or in a panel of another."""
    zero_rate, title = view.zero_rate.nats, "Rate and distortion"
    points = frontier(view.runs, zero_rate)
    if points.empty:
        return left_out(title, "frontier")
    colour, corners = colour_by(points), frontier_corners(view.runs, zero_rate)
    figure = figures.rate_distortion(points, corners, _ringed(view), colour, zero_rate, into)
    reading = f"{_how_to_read(points, colour, zero_rate)}\n\n{_zero_rate(view.zero_rate)} {_counts(view.sweep)}"
    sentence = _on_frontier(points)
    return Section(title=title, slug="frontier", sentence=sentence, reading=reading, figure=figure, table=points)


def _ringed(view: View) -> dict[str, int]:
    """The trials with a ring: the first of the leaderboard, and the recommended one where it is another."""
    first, recommended = int(view.board["trial"].iloc[0]), choice(view).recommended
    return {"first": first} | ({} if recommended in (None, first) else {"recommended": int(recommended or 0)})


def area_section(view: View) -> Section:
    """Show the area under the frontier, one number for a sweep."""
    zero_rate, title = view.zero_rate.nats, "Area under the frontier"
    area = frontier_area(view.own_runs, zero_rate)
    if area.empty:
        return left_out(title, "frontier_area")
    row = area.iloc[0]
    if row["rate_high_nats"] <= row["rate_low_nats"]:
        return left_out(title, "frontier_area", "the frontier is a single point")
    size = interval(row["area_nats2"], row["area_nats2" + SUFFIX])
    start = "the zero-rate point" if zero_rate is not None else "the frontier's first point"
    spread = f" (a 95 % interval by the jackknife over {row['n']:.0f} seeds)" if row["n"] > 1 else ""
    sentence = (
        f"The area under the frontier from {start} at R = {nats(row['rate_low_nats'])} to its last point at R = "
        f"{nats(row['rate_high_nats'])} nats is {size} square nats{spread}. Smaller is better, and beta plays no part "
        "in it. The dashed line is the mean D over that interval. Compare sweeps of the same data only over the same "
        "interval of R."
    )
    figure = figures.frontier_area(area, frontier_corners(view.own_runs, zero_rate), zero_rate)
    return Section(title=title, slug="frontier_area", sentence=sentence, figure=figure, table=area, preview=area)


def convergence_section(view: View) -> Section:
    """Show the slope of D over R between neighbouring betas beside beta."""
    runs, title = weigh_rate(view.sweep.spec, view.own_runs), "Convergence check"
    pairs = slopes(runs)
    if pairs.empty:
        return left_out(title, "convergence", NO_PAIRS if len(runs) or view.own_runs.empty else NO_PRICE)
    drawn = pairs[(pairs["slope"] < 0) & (pairs["beta_low"] > 0)]
    sentence = _slopes(pairs, len(pairs) - len(drawn))
    figure = figures.convergence(pairs) if len(drawn) else None
    preview = pairs.head(SHOWN)
    return Section(title=title, slug="convergence", sentence=sentence, figure=figure, table=pairs, preview=preview)


def _how_to_read(points: pd.DataFrame, colour: str, zero_rate: float | None) -> str:
    bars = " Bars are 95 % intervals over seeds." if (points["n"] > 1).any() else ""
    dots = f", coloured by {short_label(colour)}" if varies(points[colour]) else ""
    through = " and the zero-rate point" if zero_rate is not None else ""
    return (
        f"Each dot is a trial on the test split{dots}; lower and further left is better. The dark line is the "
        f"frontier, the lower convex hull of the trials{through}. A trial is dominated where another has no more R, no "
        "more D, and less of one. ELBO is constant along the faint lines. Rings mark the first trial of the "
        f"leaderboard and the recommended one.{bars}"
    )


def _on_frontier(points: pd.DataFrame) -> str:
    on, beaten = int(points["on_frontier"].sum()), int(points["dominated"].sum())
    return (
        f"What each nat of rate buys: {on} of {counted(len(points), 'trial')} {'lies' if on == 1 else 'lie'} on the "
        f"frontier of rate and distortion, {beaten} {'is' if beaten == 1 else 'are'} dominated."
    )


def _zero_rate(point: ZeroRate) -> str:
    """What the point at R = 0 is, or why it is not there."""
    if point.nats is None and point.train_images:
        return "The frontier has no zero-rate point: all training images are equal, so the optimal sigma is 0."
    if point.nats is None:
        return "The zero-rate point is not shown: the images can no longer be read."
    return (
        "The diamond is the zero-rate point, where a collapsed run lies: at R = 0 the decoder ignores z, and the best "
        f"constant output, fitted to {counted(point.train_images, 'training image')}, has the exact distortion D0 = "
        f"{nats(point.nats)} nats on the test split."
    )


def _counts(sweep: Sweep) -> str:
    """What took no part in the plane, and in what unit it is."""
    counts = states(sweep.trials).set_index("state")["trials"]
    return (
        f"Not shown: {counts['PRUNED']} pruned and {counts['FAIL']} failed trials. R and D are unweighted, whatever "
        "beta was in training."
    )


def _slopes(pairs: pd.DataFrame, unseen: int) -> str:
    within, width, steepness = pairs["within"], pairs["slope" + SUFFIX], -pairs["slope"]
    reached = ~within & (steepness + width >= pairs["beta_low"]) & (steepness - width <= pairs["beta_high"])
    more = f", and its interval overlaps theirs in {reached.sum()} more" if width.notna().any() else ""
    hidden = f" Not drawn: {counted(unseen, 'pair')} with a rising D or with beta 0." if unseen else ""
    return (
        "The slope of the frontier should equal beta: at the minimum of D + beta R, one more nat of R lowers D by beta "
        "nats. So between two trials that differ only in beta, −dD/dR should lie between their betas. It does in "
        f"{within.sum()} of {counted(len(pairs), 'pair')}{more}. Horizontal bars span the two betas, vertical bars are "
        "95 % intervals over seeds. A cross that misses the line is a pair that was not trained to its optimum, or "
        f"that generalises differently from how it trains.{hidden}"
    )

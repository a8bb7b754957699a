"""Figures of a parameter's effect: frames in, figures out."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.effects.effect import QUANTITIES
from analysis.presentation.dots import draw_means, trial_dots
from analysis.presentation.style import colour_bar, new_figure, scale_x, styled
from analysis.presentation.words import label


@styled
def effects(means: pd.DataFrame, points: pd.DataFrame, parameter: str, colour: str) -> Figure:
    """Draw four panels of a parameter: each trial with its interval, and the mean with its band."""
    figure = new_figure(4.8)
    panels = figure.subplots(2, 2)
    for axes, quantity in zip(panels.flat, QUANTITIES, strict=True):
        dots = trial_dots(axes, points, parameter, quantity, colour, size=16)
        line = means[means["quantity"] == quantity]
        draw_means(axes, line, points[parameter])
        scale_x(axes, points[parameter])
        axes.set(xlabel=label(parameter).replace(" (", "\n("), ylabel=label(quantity))
    colour_bar(figure, dots, panels, points[colour])
    return figure

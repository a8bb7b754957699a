"""What a report says of single runs: a section a kind of picture, each of the first run beside one that sets it off."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from analysis.frames.traversal import MOST_DIMS, SPAN
from analysis.pictures import pictures
from analysis.pictures.figures import panels
from analysis.pictures.pictures import POINTS, Picture
from analysis.pictures.selection import WHAT, Shown, shown_runs
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.view import View
from vae.errors import DataError, ResultsError


def picture_sections(view: View) -> list[Section]:
    """Picture the first trial's first run and its autoencoder twin, or else the last trial's; nothing of a table."""
    return _of_shown(view, _sections, "Pictures of single runs", "pictures")


def glance_sections(view: View) -> list[Section]:
    """Picture data, reconstructions and prior samples side by side; nothing of a table."""
    return [] if view.sweep.is_table else _of_shown(view, _glance, "Data, reconstructions and samples", "at_a_glance")


def perturbation_sections(view: View) -> list[Section]:
    """Picture what lies around a code; nothing of a table."""
    return _of_shown(view, _perturbations, "Perturbations", "perturbations")


def _of_shown(view: View, build: Callable[[Shown], Iterator[Section]], title: str, slug: str) -> list[Section]:
    if view.sweep.is_table:
        return []
    try:
        shown = shown_runs(view)
    except ResultsError as error:
        return [left_out(title, slug, without_weights(error, "no weights of the first trial were kept"))]
    except DataError:
        return [left_out(title, slug, "the images can no longer be read")]
    return [left_out(title, slug)] if shown is None else list(build(shown))


def _sections(shown: Shown) -> Iterator[Section]:
    image = shown.places[0]
    yield _section(
        shown,
        "Reconstructions",
        f"Test images, and below them their reconstructions from posterior means, by {shown.who}. The table gives "
        "−log p(x|z) at the mean, in nats; D averages over posterior samples and is usually larger.",
        [pictures.reconstructions(shown)],
    )
    yield _section(
        shown,
        "Prior samples",
        f"Decoded samples from the prior N(0, I), not selected, by {shown.who}. A sample far from all codes decodes to "
        "something unlike the data. The table gives the nearest test image of each, and the root mean square "
        "difference of their pixels.",
        _each(shown, pictures.samples),
    )
    yield _section(
        shown,
        "Traversals",
        f"The code of test image {image}, with one dimension changed at a time, by {shown.who}. Each row is a "
        f"dimension, sorted by falling KL (for an autoencoder: by the variance of its codes), at most {MOST_DIMS}. "
        f"From left to right it covers the central {100 * SPAN:.0f} % of its values on the test split. The decoder "
        "does not use a dimension whose row does not change. The table gives the values.",
        _each(shown, pictures.traversals),
    )
    if len(shown.images) == 1:
        yield left_out("Interpolations", "interpolations", "they need two test images, and there is one")
        return
    yield _section(
        shown,
        "Interpolations",
        f"Decoded codes between those of two test images, by {shown.who}: on a straight line, and on an arc (spherical "
        "interpolation, with the length changing evenly). In a smooth latent space images change evenly; a jump or a "
        "blur is a gap between codes. The table gives the root mean square change of pixels per step.",
        _each(shown, pictures.interpolations),
    )


def _glance(shown: Shown) -> Iterator[Section]:
    role, run = shown.chosen, shown.runs[shown.chosen]
    parts = pictures.at_a_glance(shown, role)
    sentence = (
        f"Test images, their reconstructions in the same places, and decoded draws from N(0, I), by run {run.number}: "
        f"{WHAT[role]}."
    )
    yield Section(
        title="Data, reconstructions and samples",
        slug="at_a_glance",
        sentence=sentence,
        figure=panels([replace(panel, images=shown.brightness(panel.images)) for panel in parts], shown.limits),
    )


def _perturbations(shown: Shown) -> Iterator[Section]:
    yield _section(
        shown,
        "Perturbations",
        f"Decoded codes at growing distance from the code of test image {shown.places[0]}, by {shown.who}: first the "
        f"reconstruction, then {POINTS} directions, the same in every row. If images change at a small radius, nearby "
        "codes mean different images. The table gives the root mean square difference of pixels from the "
        "reconstruction.",
        _each(shown, pictures.perturbations),
    )


def _each(shown: Shown, draw: Callable[[Shown, str], Picture]) -> list[Picture]:
    return [draw(shown, role) for role in shown.runs]


def drawn(shown: Shown, parts: list[Picture]) -> Figure:
    """Return panels side by side, in the brightness of the data."""
    return panels([replace(panel, images=shown.brightness(panel.images)) for panel, _ in parts], shown.limits)


def _section(shown: Shown, title: str, sentence: str, parts: list[Picture]) -> Section:
    table = pd.concat([table for _, table in parts], ignore_index=True)
    slug = title.lower().replace(" ", "_")
    figure = drawn(shown, parts)
    return Section(title=title, slug=slug, sentence=sentence, figure=figure, table=table, is_half=True)

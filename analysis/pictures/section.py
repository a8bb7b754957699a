"""What a report says of single runs: a section a kind of picture, each of the best run beside one that sets it off."""

from collections.abc import Callable, Iterator

import pandas as pd

from analysis.frames.traversal import MOST_DIMS, SPAN
from analysis.pictures import pictures
from analysis.pictures.figures import panels
from analysis.pictures.pictures import POINTS, Picture
from analysis.pictures.selection import Shown, shown_runs
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from vae.errors import DataError, ResultsError


def picture_sections(view: View) -> list[Section]:
    """Picture the best trial's first run and its autoencoder twin, or else the worst trial's."""
    try:
        shown = shown_runs(view)
    except ResultsError:
        return [_left_out("no weights of the best trial were kept")]
    except DataError:
        return [_left_out("the images can no longer be read")]
    return [_left_out("no trial is complete")] if shown is None else list(_sections(shown))


def _left_out(why: str) -> Section:
    return left_out("Pictures of single runs", "pictures", pd.DataFrame({"run": []}), why)


def _sections(shown: Shown) -> Iterator[Section]:
    image = shown.places[0]
    yield _section(
        shown,
        "Reconstructions",
        f"Test images, and below them what is decoded from their posterior means, in {shown.who}. The table has what "
        "each costs: −log p(x|z) at the mean, in nats; D is over samples of the posterior and so mostly more.",
        [pictures.reconstructions(shown)],
    )
    yield _section(
        shown,
        "Prior samples",
        f"Draws from the prior N(0, I), decoded, in {shown.who}; none was picked. A draw where no codes are decodes to "
        "what is no image of these data. The table has the nearest test image of each draw and the root mean square "
        "over pixels to it.",
        _each(shown, pictures.samples),
    )
    yield _section(
        shown,
        "Traversals",
        f"The code of test image {image} with one dimension at a time set to other values, in {shown.who}. A row is a "
        "dimension, by falling KL (an autoencoder's, which has none: by the variance of its codes), at most "
        f"{MOST_DIMS}; from left to right it goes through the central {100 * SPAN:.0f} % of what codes of the test "
        "split take. A row that does not change is a dimension that the decoder does not use. The table has the "
        "values.",
        _each(shown, pictures.traversals),
    )
    yield _section(
        shown,
        "Perturbations",
        f"What is decoded ever further from the code of test image {image}, in {shown.who}: the same {POINTS} "
        "directions in every row, and the reconstruction itself in the first. Where an image changes at a small "
        "radius, neighbouring codes mean different images. The table has the root mean square over pixels by which "
        "each differs from the reconstruction.",
        _each(shown, pictures.perturbations),
    )
    if len(shown.images) == 1:
        nothing = pd.DataFrame({"run": []})
        yield left_out("Interpolations", "interpolations", nothing, "they join two test images, and there is one")
        return
    yield _section(
        shown,
        "Interpolations",
        f"Codes between those of two test images, decoded, in {shown.who}: on a straight line, and on an arc along "
        "which the direction turns and the length changes evenly. A smooth latent space changes evenly too; a jump or "
        "a blur on the way is a gap between codes. The table has the root mean square over pixels of each step.",
        _each(shown, pictures.interpolations),
    )


def _each(shown: Shown, draw: Callable[[Shown, str], Picture]) -> list[Picture]:
    return [draw(shown, role) for role in shown.runs]


def _section(shown: Shown, title: str, sentence: str, parts: list[Picture]) -> Section:
    figure = panels([panel for panel, _ in parts], shown.limits)
    table = pd.concat([table for _, table in parts], ignore_index=True)
    return Section(title=title, slug=title.lower().replace(" ", "_"), sentence=sentence, figure=figure, table=table)

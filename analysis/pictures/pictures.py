"""What one run decodes, as a panel of images and the table that it is read with."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.arrays import Float32
from analysis.frames.latent_paths import PATHS
from analysis.frames.traversal import MOST_DIMS, STEPS
from analysis.pictures.figures import Panel
from analysis.pictures.selection import Shown

SAMPLES = (4, 6)
"""Rows and columns of prior samples."""
RADII = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Of perturbations, in standard deviations of the prior."""
POINTS = 6
GLANCE = 5
"""Rows and columns of each picture at a glance."""
PAIRS = ((0, 1), (2, 3))
"""Of the shown images, joined by interpolations."""

Picture = tuple[Panel, pd.DataFrame]


def reconstructions(shown: Shown) -> Picture:
    """Test images, and a row of reconstructions a run; the table has what each costs in nats."""
    rows = {"test image": shown.images} | {role: run.reconstruct(shown.images) for role, run in shown.runs.items()}
    panel = Panel(
        images=np.stack(list(rows.values())),
        title="; ".join(shown.title(role) for role in shown.runs),
        across="test image (index in the split)",
        down="images (given or decoded)",
        columns=[str(place) for place in shown.places],
        rows=list(rows),
    )
    costs = {role: run.distortion_nats(shown.images) for role, run in shown.runs.items()}
    tables = [shown.table(role, image=shown.places, distortion_nats=nats) for role, nats in costs.items()]
    return panel, pd.concat(tables, ignore_index=True)


def at_a_glance(shown: Shown, role: str) -> list[Panel]:
    """Test images, their reconstructions and prior samples of a run, side by side."""
    run, count = shown.runs[role], GLANCE**2
    places = np.linspace(0, len(shown.test) - 1, count).round().astype(int)
    images = shown.test[places]
    parts = {"data": images, "reconstructions": run.reconstruct(images), "prior samples": run.sample(count)}
    return [
        Panel(
            images=drawn.reshape(GLANCE, GLANCE, *drawn.shape[1:]),
            title=title,
            across="",
            down="",
            columns=[""] * GLANCE,
            rows=[""] * GLANCE,
        )
        for title, drawn in parts.items()
    ]


def samples(shown: Shown, role: str) -> Picture:
    """Decoded draws from N(0, I); the table has the nearest test image of each."""
    rows, columns = SAMPLES
    drawn = shown.runs[role].sample(rows * columns)
    panel = Panel(
        images=drawn.reshape(rows, columns, *drawn.shape[1:]),
        title=shown.title(role),
        across="draw (number after the row's first)",
        down="first draw of the row (number)",
        columns=[str(column) for column in range(columns)],
        rows=[str(row * columns) for row in range(rows)],
    )
    nearest, distance = _nearest(drawn, shown.test)
    at = shown.test_places[nearest]
    return panel, shown.table(role, draw=range(len(drawn)), nearest_test_image=at, root_mean_square=distance)


def traversals(shown: Shown, role: str, dims: Sequence[int] | None = None) -> Picture:
    """One dimension at a time, a row each, through the aggregate posterior; the table has every value.

    Without `dims`, those of the largest KL.
    """
    run = shown.runs[role]
    moved = run.traverse(shown.images[0], run.ranked_dims[:MOST_DIMS].tolist() if dims is None else dims)
    named = zip(moved.dims, moved.kl_nats, strict=True)
    panel = Panel(
        images=moved.images,
        title=shown.title(role),
        across="quantile of the codes (share below)",
        down="dimension: KL\n(nats per image)",
        columns=[f"{level:.2f}" for level in moved.quantiles],
        rows=[f"{dim}: {kl:.2f}" if np.isfinite(kl) else str(dim) for dim, kl in named],
    )
    moving, kl = (np.repeat(column, STEPS) for column in (moved.dims, moved.kl_nats))
    levels, values = np.tile(moved.quantiles, len(moved.dims)), moved.places.ravel()
    return panel, shown.table(role, image=shown.places[0], dim=moving, kl_nats=kl, quantile=levels, value=values)


def perturbations(shown: Shown, role: str) -> Picture:
    """A code's surroundings, a row a radius; the table has how far each lies from the reconstruction."""
    rings = np.stack([shown.runs[role].perturb(shown.images[0], radius, POINTS) for radius in RADII])
    panel = Panel(
        images=rings,
        title=shown.title(role),
        across="direction (number)",
        down="radius\n(deviations of the prior)",
        columns=[str(point) for point in range(POINTS)],
        rows=[f"{radius:g}" for radius in RADII],
    )
    radii, points = np.repeat(RADII, POINTS), np.tile(np.arange(POINTS), len(RADII))
    change = _root_mean_square(rings - rings[:1], axes=2).ravel()
    return panel, shown.table(role, image=shown.places[0], radius=radii, direction=points, root_mean_square=change)


def interpolations(shown: Shown, role: str) -> Picture:
    """Ways between test images, a row each; the table has how far each step goes."""
    at = shown.places
    ways = [(a, b, path) for a, b in PAIRS if b < len(at) for path in PATHS]
    images = [shown.runs[role].interpolate(shown.images[a], shown.images[b], STEPS, path) for a, b, path in ways]
    shares = np.linspace(0, 1, STEPS)
    panel = Panel(
        images=np.stack(images),
        title=shown.title(role),
        across="share of the way (0 to 1)",
        down="path (test images)",
        columns=[f"{share:.2f}" for share in shares],
        rows=[f"{path}\n{at[a]} to {at[b]}" for a, b, path in ways],
    )
    steps = _root_mean_square(np.diff(np.stack(images), axis=1), axes=2)
    keys = pd.DataFrame([(at[a], at[b], path) for a, b, path in ways], columns=["first_image", "last_image", "path"])
    repeated = keys.loc[keys.index.repeat(STEPS)].reset_index(drop=True)
    moved = np.pad(steps, ((0, 0), (1, 0))).ravel()
    return panel, shown.table(
        role,
        **{str(name): column for name, column in repeated.items()},
        share=np.tile(shares, len(ways)),
        root_mean_square=moved,
    )


def _root_mean_square(images: Float32, axes: int) -> Float32:
    """Over the pixels of images whose first `axes` axes count them."""
    return np.asarray(np.sqrt(np.square(images).mean(axis=tuple(range(axes, images.ndim)))))


def _nearest(images: Float32, test: Float32) -> tuple[np.ndarray, np.ndarray]:
    """Which test image is nearest to each, and the root mean square over pixels to it."""
    from sklearn.metrics import pairwise_distances_argmin_min

    flat = images.reshape(len(images), -1)
    at, distance = pairwise_distances_argmin_min(flat, test.reshape(len(test), -1))
    return at, distance / np.sqrt(flat.shape[1])

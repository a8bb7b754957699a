"""What scores are computed on: which images of which splits, and how little noise is left."""

import itertools

import numpy as np
import pytest

from analysis.metrics import METRICS
from analysis.scores.of_codes import score_codes
from vae.data import Data
from vae.scored import MOST, MOST_HELD_OUT, scored_rows
from vae.trained import Scored

GRID = np.array(list(itertools.product(range(3), range(4), range(5), range(10))))
"""Every combination once: no factor tells of another."""


def data_of(images: int, held_out: int) -> Data:
    """Images that are nothing but their splits, of which validation and test are this large."""
    order = np.random.default_rng(0).permutation(images)
    test, validation, train = (np.sort(part) for part in np.split(order, [held_out, 2 * held_out]))
    pixels = np.zeros((images, 1, 1), np.uint8)
    return Data("x", pixels, 1.0, None, (), train, validation, test, low=0.0, high=1.0, resample=False, content_hash="")


def scored_of(codes: np.ndarray, factors: np.ndarray, held_out: int) -> Scored:
    """A run with these codes, means and samples alike."""
    rows = scored_rows(data_of(len(codes), held_out), "test")
    same = codes.astype(np.float32)
    return Scored(
        means=same, samples=same, factors=factors, pooled=rows.pooled, train=rows.train, held_out=rows.held_out
    )


@pytest.mark.parametrize("split", ["validation", "test"])
def test_few_images_are_all_scored_and_what_is_fitted_on_is_not_held_out(split: str) -> None:
    data = data_of(768, 77)
    rows = scored_rows(data, split)
    np.testing.assert_array_equal(rows.train, data.train)
    np.testing.assert_array_equal(rows.held_out, data.split(split))
    seen = np.arange(768) if split == "test" else np.sort(np.concatenate([data.train, data.validation]))
    np.testing.assert_array_equal(rows.pooled, seen)


def test_of_many_images_as_many_are_scored_as_the_field_does_and_always_the_same() -> None:
    data = data_of(100_000, 10_000)
    rows, again = scored_rows(data, "test"), scored_rows(data, "test")
    assert [len(part) for part in (rows.pooled, rows.train, rows.held_out)] == [MOST, MOST, MOST_HELD_OUT]
    np.testing.assert_array_equal(rows.everything, again.everything)
    assert not np.intersect1d(rows.train, rows.held_out).size
    assert np.isin(rows.train, data.train).all()
    assert np.isin(rows.held_out, data.test).all()
    shares = [np.isin(rows.pooled, data.split(name)).mean() for name in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.015)


def test_what_a_study_looks_for_sees_no_test_image() -> None:
    data = data_of(100_000, 10_000)
    assert not np.intersect1d(scored_rows(data, "validation").everything, data.test).size


@pytest.mark.parametrize("held_out", [40, 60, 200])
def test_codes_that_are_the_factors_score_one_whatever_the_splits(held_out: int) -> None:
    names = [name for name, metric in METRICS.items() if metric.high == 1 and name not in ("sap", "jemmig", "udr")]
    for name, score in score_codes(names, scored_of(GRID, GRID, held_out)).items():
        # Logistic regression parts middle values less than perfectly; the rest has nothing to miss.
        near = 0.35 if name in ("explicitness", "infoe", "beta_vae", "irs") else 0.02
        assert float(score) == pytest.approx(1, abs=near), name
    for name in ("mig", "sap_r2", "modularity", "mig_sup", "dcimig"):
        assert float(score_codes([name], scored_of(GRID, GRID, held_out))[name]) == pytest.approx(1, abs=1e-9), name


def test_fits_read_the_rows_held_out_and_other_scores_all_rows() -> None:
    right = np.random.default_rng(0).permutation(GRID)
    scored = scored_of(right, right, 60)
    lost = scored.factors.copy()
    lost[scored.held_out] = np.random.default_rng(1).permutation(lost[scored.held_out])
    wrong = score_codes(["dci_informativeness", "mig"], scored_of(right, lost, 60))
    assert float(wrong["dci_informativeness"]) < 0.5
    assert 0.6 < float(wrong["mig"]) < 0.95


def test_the_noise_of_a_score_falls_with_the_rows_that_it_is_of() -> None:
    """The squared correlation of n unrelated numbers is chi-squared over n: ten times the rows, a tenth the noise."""
    factors = np.repeat(GRID, 2, axis=0)[:770]

    def spread(rows: int) -> float:
        values = []
        for seed in range(200):
            codes = np.random.default_rng(seed).standard_normal((len(factors), 4))
            scored = scored_of(codes, factors, 77)
            chosen = {"pooled": scored.pooled if rows == 770 else scored.held_out}
            few = Scored(**{**vars(scored), **chosen})
            values.append(float(score_codes(["sap_r2"], few)["sap_r2"]))
        return float(np.std(values))

    assert spread(77) / spread(770) == pytest.approx(10, rel=0.3)

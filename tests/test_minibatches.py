"""What every run of a stack sees: the order of images, and pixels drawn anew in each epoch."""

from dataclasses import replace

import pytest
import torch

from vae.data import Data, DataConfig, load_data
from vae.minibatches import minibatches_of, training_minibatches
from vae.randomness import ORDER, shared_generator

EPOCHS = 40


def in_their_order(data: Data, epoch: int) -> torch.Tensor:
    """The training images of an epoch (image, pixel), the shuffle undone."""
    images = torch.cat(list(training_minibatches(data, epoch, 128)), dim=1)[0]
    order = torch.from_numpy(shared_generator(ORDER, epoch).permutation(len(data.train)))
    return torch.empty_like(images).index_copy_(0, order, images)


@pytest.fixture(scope="module")
def sampled() -> Data:
    return load_data(DataConfig(binarize="sample"))


def test_sampled_pixels_are_drawn_anew_in_each_epoch_with_their_grey_value_as_chance(sampled: Data) -> None:
    grey = torch.from_numpy(sampled.pixels(sampled.train))
    epochs = torch.stack([in_their_order(sampled, epoch) for epoch in range(EPOCHS)])
    assert set(epochs.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(epochs[0], in_their_order(sampled, 0))
    between = (grey > 0.3) & (grey < 0.7)
    assert (epochs[0] != epochs[1])[between].float().mean() == pytest.approx(0.46, abs=0.03)
    # 64 x 1,397 means of 40 draws each: four standard errors of their average
    assert (epochs.mean(0) - grey).mean().abs() < 4 * 0.5 / (EPOCHS * grey.numel()) ** 0.5
    assert (epochs.mean(0) - grey).abs().max() < 0.5


def test_held_out_pixels_stay_as_they_were_drawn(sampled: Data) -> None:
    one, other = (torch.cat(list(minibatches_of(sampled, sampled.test, size)), dim=1) for size in (50, 128))
    assert torch.equal(one, other)
    assert set(one.unique().tolist()) == {0.0, 1.0}


def test_pixels_that_are_not_sampled_are_the_same_in_every_epoch(sampled: Data) -> None:
    plain = replace(sampled, resample=False)
    assert torch.equal(in_their_order(plain, 0), in_their_order(plain, 3))
    assert torch.equal(in_their_order(plain, 0), torch.from_numpy(plain.pixels(plain.train)))

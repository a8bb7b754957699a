"""Where a stack's step writes: tensors that it finds again at the next, or new ones each time."""

from collections import defaultdict
from collections.abc import Hashable

import torch
from torch import Tensor

from vae.networks.padding import Shape


class Memory:
    """New tensors, which belong to who asks for them."""

    def empty(self, owner: Hashable, like: Tensor, *shape: int) -> Tensor:
        """Return an empty tensor for what one place of the step writes, of another's dtype and device."""
        return like.new_empty(shape)

    def other_than(self, other: Tensor, *shape: int) -> Tensor:
        """Return an empty tensor for what is made of another and soon read, of its dtype and device."""
        return other.new_empty(shape)


NEW = Memory()


class Kept(Memory):
    """The same tensors at each step: nothing is allocated, and what was written last is still in cache.

    What an owner wrote stays until it writes again; another tensor than one that is read, until the next is asked for.
    """

    def __init__(self) -> None:
        self._owned: dict[tuple[Hashable, Shape], Tensor] = {}
        self._others: dict[tuple[Shape, torch.dtype], list[Tensor]] = defaultdict(list)

    def empty(self, owner: Hashable, like: Tensor, *shape: int) -> Tensor:
        """Return the owner's."""
        found = self._owned.get((owner, shape))
        if found is None:
            found = self._owned[owner, shape] = like.new_empty(shape)
        return found

    def other_than(self, other: Tensor, *shape: int) -> Tensor:
        """Return one of two, which take turns."""
        kept = self._others[shape, other.dtype]
        for tensor in kept:
            if tensor.data_ptr() != other.data_ptr():
                return tensor
        kept.append(other.new_empty(shape))
        return kept[-1]


def apart(like: Tensor, memory: Memory = NEW, owner: Hashable = "apart") -> Tensor:
    """Return an empty tensor of a (run, sample, value) one's shape, with a free row behind each run's.

    So torch's loops over it end with each run: some round the rest of a vector otherwise than the vector, and what is
    a run's rest must not depend on its neighbours.
    """
    runs, samples, values = like.shape
    return memory.empty(owner, like, runs, samples + 1, values)[:, :samples]

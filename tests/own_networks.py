"""Networks of the user's own, as tests name them: `tests.own_networks:FUNCTION`."""

import math
from typing import Any

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


class Noisy(nn.Module):
    """BatchNorm, dropout, a layer that no step uses, tied weights and a frozen one."""

    def __init__(self, shape: Shape, latent: int, hidden: int) -> None:
        super().__init__()
        channels, height, width = shape
        inner = (4, height // 2, width // 2)
        self.Encoder = nn.Sequential(
            nn.Conv2d(channels, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
            nn.Linear(math.prod(inner), 2 * latent),
        )  # fmt: skip
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.BatchNorm1d(hidden), nn.ReLU())
        self.output = nn.Sequential(nn.Linear(hidden, math.prod(shape)), nn.Unflatten(1, shape))
        self.unused = nn.Linear(2, 2)
        self.add_module("µ head", nn.Linear(1, 1))
        self.tied = self.unused
        self.frozen = nn.Parameter(torch.ones(()), requires_grad=False)

    def encode(self, x: Tensor) -> Any:
        return self.Encoder(x * self.frozen).chunk(2, dim=1)

    def decode(self, z: Tensor) -> Any:
        return self.output(self.decoder(z))


def noisy(shape: Shape, latent_dim: int, hidden_dim: int) -> nn.Module:
    return Noisy(shape, latent_dim, hidden_dim)


class Textbook(nn.Module):
    """The mlp of vaekit, written by hand, its parameters named and drawn as there."""

    def __init__(self, shape: Shape, latent: int, hidden: int) -> None:
        super().__init__()
        self.shape, pixels = shape, math.prod(shape)
        self.fc1, self.fc_mu, self.fc_logvar = (
            nn.Linear(pixels, hidden), nn.Linear(hidden, latent), nn.Linear(hidden, latent),
        )  # fmt: skip
        self.fc2, self.fc3 = nn.Linear(latent, hidden), nn.Linear(hidden, pixels)

    def encode(self, x: Tensor) -> Any:
        hidden = torch.relu(self.fc1(x.flatten(1)))
        return self.fc_mu(hidden), self.fc_logvar(hidden)

    def decode(self, z: Tensor) -> Tensor:
        return torch.Tensor(self.fc3(torch.relu(self.fc2(z)))).reshape(-1, *self.shape)


def textbook(shape: Shape, latent_dim: int, hidden_dim: int) -> nn.Module:
    return Textbook(shape, latent_dim, hidden_dim)


class Wrong(Textbook):
    """Breaks the contract as it is told."""

    def __init__(self, sizes: tuple[Shape, int, int], breach: str) -> None:
        super().__init__(*sizes)
        self.breach = breach
        if breach == "half":
            self.half()
        if breach == "lazy":
            self.more = nn.LazyLinear(2)
        if breach == "named":
            self.add_module("two\nlines", nn.Linear(1, 1))
        if breach == "state":
            self.register_buffer("phase", torch.zeros((), dtype=torch.complex64))

    def encode(self, x: Tensor) -> Any:
        mu, logvar = super().encode(x)
        encoded: dict[str, Any] = {
            "three": (mu, logvar, mu),
            "one": mu,
            "narrow": (mu, logvar[:, 1:]),
            "flat": (mu.flatten(), logvar),
            "array": (mu.detach().numpy(), logvar),
            "detached": (mu.detach(), logvar.detach()),
            "double": (mu.double(), logvar),
        }
        return encoded.get(self.breach, (mu, logvar))

    def decode(self, z: Tensor) -> Any:
        output = super().decode(z)
        if self.breach == "raises":
            raise RuntimeError("two\nlines")
        if self.breach == "detached":
            return torch.ones_like(output, requires_grad=True)
        decoded = {"flattened": output.flatten(1), "last": output.movedim(1, -1), "none": None}
        return decoded.get(self.breach, output)


class Mute(nn.Module):
    """Cannot decode."""

    def encode(self, x: Tensor) -> Any:
        return x, x


def mute(shape: Shape, latent_dim: int, hidden_dim: int) -> nn.Module:
    return Mute()


def no_module(shape: Shape, latent_dim: int, hidden_dim: int) -> int:
    return 3


def two_arguments(shape: Shape, latent_dim: int) -> nn.Module:
    return Textbook(shape, latent_dim, 1)


_calls = iter(range(10**6))


def unseeded(shape: Shape, latent_dim: int, hidden_dim: int) -> nn.Module:
    module = Textbook(shape, latent_dim, hidden_dim)
    nn.init.constant_(module.fc1.bias, next(_calls))
    return module


def __getattr__(name: str) -> Any:
    """`wrong_BREACH` builds a module with that breach."""
    if not name.startswith("wrong_"):
        raise AttributeError(name)
    return lambda *sizes, **named: Wrong(sizes or tuple(named.values()), name.removeprefix("wrong_"))

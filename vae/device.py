"""Which device the stacks are trained on."""

from importlib.metadata import version

from vae.errors import ConfigError


def resolve_device(wanted: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda; ConfigError where cuda is wanted and torch finds none.

    torch is not imported where its version already says that it is a CPU build: that takes a second.
    """
    has_cuda = not version("torch").endswith("+cpu") and wanted != "cpu" and _torch_finds_cuda()
    if wanted == "cuda" and not has_cuda:
        raise ConfigError(f"device cuda needs a GPU that torch can use, got torch {version('torch')} and none")
    return "cuda" if has_cuda else "cpu"


def _torch_finds_cuda() -> bool:
    import torch

    return torch.cuda.is_available()

"""Which device the stacks are trained on, and the way there."""

from importlib.metadata import version
from typing import TYPE_CHECKING

from vae.errors import ConfigError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def resolve_device(wanted: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda; ConfigError where cuda is wanted and torch finds none.

    torch is not imported where its version already says that it is a CPU build: that takes a second.
    """
    has_cuda = not version("torch").endswith("+cpu") and wanted != "cpu" and _torch_finds_cuda()
    if wanted == "cuda" and not has_cuda:
        raise ConfigError(f"device cuda needs a GPU, and torch {version('torch')} finds none: use cpu")
    return "cuda" if has_cuda else "cpu"


def check_precision(precision: str, device: str) -> None:
    """Check that the device multiplies in that precision; ConfigError where it would only pretend to."""
    if precision == "fp32":
        return
    import torch

    if not (torch.cuda.is_bf16_supported() if device == "cuda" else torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        raise ConfigError(f"precision bf16 needs a processor with bf16 products, got {device} without: use fp32")


def to_device(tensor: "Tensor", device: "torch.device") -> "Tensor":
    """Send a tensor without waiting: from memory that is not pinned, the host waits for all that a GPU has to do."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _torch_finds_cuda() -> bool:
    import torch

    return torch.cuda.is_available()

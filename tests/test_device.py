"""Which device is taken, and what it is refused for."""

import pytest
import torch

from sweeps.spec.make import make_spec
from vae import device
from vae.device import check_precision, resolve_device
from vae.errors import ConfigError


@pytest.mark.parametrize("place", ["cpu", "cuda"])
@pytest.mark.parametrize("can", [True, False])
def test_bf16_needs_a_device_that_multiplies_in_it(monkeypatch: pytest.MonkeyPatch, place: str, can: bool) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: can and place == "cpu")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: can and place == "cuda")
    check_precision("fp32", place)
    if can:
        check_precision("bf16", place)
    else:
        with pytest.raises(ConfigError, match=f"precision bf16 needs a processor with bf16 products, got {place}"):
            check_precision("bf16", place)


@pytest.mark.parametrize(
    ("torch_version", "finds", "wanted", "taken"),
    [
        ("2.13.0+cpu", True, "auto", "cpu"),
        ("2.13.0+cu128", True, "auto", "cuda"),
        ("2.13.0+cu128", False, "auto", "cpu"),
        ("2.13.0", True, "cpu", "cpu"),
        ("2.13.0", True, "cuda", "cuda"),
    ],
)
def test_auto_is_a_gpu_where_torch_finds_one(
    monkeypatch: pytest.MonkeyPatch, torch_version: str, finds: bool, wanted: str, taken: str
) -> None:
    monkeypatch.setattr(device, "version", lambda _: torch_version)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: finds)
    assert resolve_device(wanted) == taken


@pytest.mark.parametrize("torch_version", ["2.13.0+cpu", "2.13.0+cu128"])
def test_a_gpu_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, torch_version: str) -> None:
    monkeypatch.setattr(device, "version", lambda _: torch_version)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device cuda needs a GPU, and torch 2.13.0.* finds none"):
        resolve_device("cuda")


def test_a_sweep_of_a_gpu_is_known_as_another_where_there_is_none() -> None:
    there, here = (make_spec({"device": name}).identity for name in ("cuda", "cpu"))
    assert {name for name in there if there[name] != here[name]} == {"device"}

"""How a sweep was made, as a paper's methods section says it."""

from collections.abc import Mapping
from typing import Any

from analysis.presentation.view import View
from analysis.presentation.words import counted, listed, short_label

FIXED = ("network", "depth", "learning_rate", "batch_size")
"""Options that a reader needs where they were not searched."""


def methods(view: View) -> str:
    """Return sentences to copy: data, models, hyperparameters, training, selection and version."""
    spec, data = view.sweep.spec, view.sweep.provenance.get("data", {})
    trials = int((view.sweep.trials["state"] == "COMPLETE").sum())
    return view.words(
        f"We trained {_models(view)} with a {str(spec['likelihood']).replace('_', ' ')} likelihood on "
        f"{data.get('name', spec['data'])}{_splits(data)}: {counted(trials, 'setting')} of {_axes(view)}, each with "
        f"{counted(int(spec['seeds']), 'random seed')}. {_training(spec)} {_selection(view)}{_version(view)}"
    )


def _models(view: View) -> str:
    twin = " and autoencoders of the same sizes and seeds" if view.is_comparison else ""
    return f"variational autoencoders{twin}"


def _splits(data: Mapping[str, Any]) -> str:
    counts = [f"{data[name]:,} {name}" for name in ("train", "validation", "test") if isinstance(data.get(name), int)]
    return f" ({', '.join(counts)} images)" if counts else ""


def _axes(view: View) -> str:
    spec = view.sweep.spec
    parts = []
    for name in [name for name in view.parameters if name not in FIXED or not _is_one(spec[name])]:
        axis = str(spec[name])
        low, colon, high = axis.partition(":")
        values = f"from {low} to {high.partition(':')[0]}" if colon else axis.replace(",", ", ")
        parts.append(f"{short_label(name)} {values}")
    sampler = str(spec.get("sampler", ""))
    return f"{listed(parts)}{f' ({sampler} sampler)' if sampler else ''}"


def _training(spec: Mapping[str, Any]) -> str:
    epochs = spec["epochs"]
    length = "until the validation loss stopped falling" if epochs == "auto" else f"for {counted(int(epochs), 'epoch')}"
    how = ", ".join(f"{name.replace('_', ' ')} {spec[name]}" for name in FIXED if name in spec and _is_one(spec[name]))
    return f"Each model ({how}) was trained with Adam {length}."


def _is_one(axis: object) -> bool:
    return not any(mark in str(axis) for mark in ",:")


def _selection(view: View) -> str:
    names = listed([f"{objective.name} ({objective.direction}d)" for objective in view.sweep.objectives])
    return f"Settings were compared by {names} on the validation split; the test split was evaluated once, at the end."


def _version(view: View) -> str:
    sessions = view.sweep.provenance.get("sessions", [])
    version = str(sessions[-1].get("versions", {}).get("vaekit", "")) if sessions else ""
    return f" We used vaekit {version}." if version[:1].isdigit() else ""  # a checkout that is not installed has none

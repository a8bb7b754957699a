"""The Optuna study: which point comes next, what was told, and where it is stored."""

import warnings

with warnings.catch_warnings():
    # Optuna imports it, and in a notebook without ipywidgets it warns of a bar that nobody sees.
    warnings.simplefilter("ignore")
    import tqdm.auto  # noqa: F401

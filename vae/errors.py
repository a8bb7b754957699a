"""Everything vaekit raises on purpose.

    VaekitError
    ├── ConfigError     a value breaks a rule (latent_dim, beta, an axis, an objective)
    ├── DataError       images that cannot be found, read or modelled
    ├── ResultsError    a results folder that cannot be read, written or resumed
    ├── StorageError    a database that does not answer, or a study that another process holds
    └── EngineError     workers that cannot be reached, or that only fail

The message is one line: what is wrong, and what to do. The command line prints it and exits with 1.
"""

LONGEST_SAID = 80


def said(value: object) -> str:
    """Return a value as an error repeats it: short, and of an array its shape alone."""
    if hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    text = repr(value)
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}..."


class VaekitError(Exception):
    """Base of every error that a user can fix."""


class ConfigError(VaekitError, ValueError):
    """A value breaks a rule."""


class DataError(VaekitError):
    """Images that cannot be found, read or modelled."""


class ResultsError(VaekitError):
    """A results folder that cannot be read, written or resumed."""


class StorageError(VaekitError):
    """A database that does not answer, or a study that another process holds."""


class EngineError(VaekitError):
    """Workers that cannot be reached, or that only fail."""

"""Which images a sweep reads and what is done to them before training."""

from dataclasses import dataclass

from vae.errors import ConfigError

BINARIZATIONS = ("none", "threshold", "sample")
MINIMUM_IMAGES = 10  # the smallest set of which train, validation and test all get an image


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The images to read and how they are prepared; a bad value raises ConfigError."""

    source: str = "digits"
    """A name in SOURCES, a folder of IDX files, or an .npz file."""
    limit: int | None = None
    """Number of images kept of all splits together, drawn uniformly; None keeps all."""
    size: int | None = None
    """Height and width in pixels, drawn so (sprites, shapes) or averaged over blocks; None keeps the images' own."""
    binarize: str = "none"
    """none, threshold (pixel > 0.5) or sample (Bernoulli of the grey value)."""

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("data must be a name, a folder of IDX files or an .npz file, got ''")
        _check_at_least("limit", self.limit, MINIMUM_IMAGES)
        _check_at_least("size", self.size, 1)
        if self.binarize not in BINARIZATIONS:
            raise ConfigError(f"binarize must be one of {', '.join(BINARIZATIONS)}, got {self.binarize!r}")


def _check_at_least(name: str, value: int | None, minimum: int) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{name} must be a whole number, got {value!r}")
    if value < minimum:
        raise ConfigError(f"{name} must be at least {minimum}, got {value}")

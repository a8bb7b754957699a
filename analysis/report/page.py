"""HTML from templates: whatever stands in a value stays text."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from analysis.presentation.words import cells, heading

TEMPLATES = Path(__file__).parent / "templates"


def fill(template: str, **values: Any) -> str:
    """Return a template of `templates/` with its values, escaped."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["heading"] = heading
    environment.globals["rows"] = cells
    # `tojson` escapes what would end a script; NaN would not be JSON.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment

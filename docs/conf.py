"""Builds the site: `python -m sphinx -W -b html docs site`. It needs no network, and neither do its pages."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_ext")]
from sweeps.coordination.machine import machine_here  # noqa: E402

project = "vaekit"
author = "the vaekit contributors"
copyright = author
html_title = "vaekit"
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "from_code",
]
exclude_patterns = ["_ext"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
default_role = "code"
smartquotes = False  # --option is no dash
needs_sphinx = "8.0"

os.environ.setdefault("OMP_NUM_THREADS", "1")
machine_here("fp32")  # measured before any notebook, which would say so
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_custom_sections = [("Options", "params_style")]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "tango"

# Links within the site are checked by every build: -W makes a missing page or heading an error. Where there is a
# network, `python -m sphinx -b linkcheck docs build/links` checks the others.
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_ignore = [r"http://127\.0\.0\.1.*", r"https://openreview\.net/.*"]  # openreview refuses machines

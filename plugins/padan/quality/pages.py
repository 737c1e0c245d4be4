"""Views of the data docs that need no network: our page templates before those of Great Expectations.

Its own load styles, scripts and pictures from half a dozen public hosts, and show nothing where those are out of reach.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

_TEMPLATES = Path(__file__).parent / "templates"


def _prefer_own_templates(view: Any) -> None:
    view.env.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), view.env.loader])


class PageView(DefaultJinjaPageView):
    """A suite, or one run of it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _prefer_own_templates(self)


class IndexView(DefaultJinjaIndexPageView):
    """The list of all runs and suites."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _prefer_own_templates(self)

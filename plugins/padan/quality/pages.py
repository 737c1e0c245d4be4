"""Pages of the data docs that need no network, and tell of each expectation how severe it is and why it exists.

Our templates come before those of Great Expectations.

Its own load styles, scripts and pictures from half a dozen public hosts, and show nothing where those are out of reach.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from great_expectations.render.renderer.content_block.validation_results_table_content_block import (
    ValidationResultsTableContentBlockRenderer,
)
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


class ResultTable(ValidationResultsTableContentBlockRenderer):
    """Results of a run, with the rows that were asked, severity, reason and the query of the cases beside each."""

    @classmethod
    def _process_content_block(cls, content_block: Any, *arguments: Any, **named: Any) -> None:
        super()._process_content_block(content_block, *arguments, **named)
        content_block.header_row += ["Rows asked", "Severity", "Why", "Cases"]

    @classmethod
    def _get_content_block_fn(cls, *arguments: Any, **named: Any) -> Any:
        make_row = super()._get_content_block_fn(*arguments, **named)

        def make_longer_row(*inner: Any, result: Any = None, **inner_named: Any) -> Any:
            (row,) = make_row(*inner, result=result, **inner_named)  # type: ignore[misc]  # never None here
            meta = result.expectation_config.meta
            return [[*row, meta["asked"], meta["severity"], meta["why"], meta["cases"]]]

        return make_longer_row

"""How many requests about people are under way at once."""

from __future__ import annotations

import pytest

from padan.settings import SiasnSettings


@pytest.mark.parametrize(("rate", "crew"), [(4, 8), (20, 8), (50, 10), (100, 20), (200, 40), (float("inf"), 64)])
def test_as_many_requests_are_under_way_as_the_rate_needs(rate: float, crew: int) -> None:
    given = {"base_url": "https://x", "token_url": "https://x", "consumer_key": "k", "consumer_secret": "s"}
    assert SiasnSettings(**given, requests_per_second=rate).at_once == crew  # type: ignore[arg-type]
    assert SiasnSettings(**given, requests_per_second=rate, concurrency=3).at_once == 3  # type: ignore[arg-type]

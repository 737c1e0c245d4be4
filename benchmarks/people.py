"""A measured run of the per-person fetch: SiasnClient against the server, at a bounded rate or without a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil, inf

from pydantic import SecretStr

from benchmarks.contestant import Figures, Job, clocked, serve
from padan.agencies import Exchange, Page, SiasnClient
from padan.settings import SiasnSettings


def measure(job: Job) -> Figures:
    """Fetch ``data_utama`` of ``people`` people; ``rate`` in requests a second, None: as fast as it goes."""
    rate = job["rate"] or inf
    settings = SiasnSettings(
        base_url=f"{job['server_url']}/after/{job['delay_ms']}" if job["delay_ms"] else job["server_url"],
        token_url=f"{job['server_url']}/oauth2/token",
        sso_token_url=f"{job['server_url']}/auth/token",
        consumer_key=SecretStr("benchmark"),
        consumer_secret=SecretStr("benchmark"),
        sso_client_id="benchmark",
        sso_username=SecretStr("benchmark"),
        sso_password=SecretStr("benchmark"),
        requests_per_second=rate,
    )
    exchanges: list[Exchange] = []
    figures: Figures = {"concurrency": settings.at_once}
    with SiasnClient(settings, exchanges.append) as client:
        list(client.fetch_people([("data_utama", _nip(0))]))  # obtains the tokens
        exchanges.clear()
        with clocked(figures):
            answers = list(client.fetch_people(_asked(job["people"])))
    if not all(isinstance(answer, Page) for answer in answers):
        raise ValueError("not every person was answered")
    figures |= {
        "people": len(answers),
        "per_second": len(exchanges) / figures["seconds"],
        "busiest_second": max(Counter(int(exchange.started_at.timestamp()) for exchange in exchanges).values()),
        "share_of_allowed": None if rate == inf else len(exchanges) / figures["seconds"] / rate,
    }
    return figures


def people_for(rate: float, seconds: float) -> int:
    """How many people keep a client of this rate busy for so long."""
    return ceil(rate * seconds)


def _asked(people: int) -> Iterator[tuple[str, str]]:
    return (("data_utama", _nip(index)) for index in range(people))


def _nip(index: int) -> str:
    return f"199001012015011{index % 1000:03}" if index < 1000 else f"19900101201502{index % 10000:04}"


if __name__ == "__main__":
    serve(measure)

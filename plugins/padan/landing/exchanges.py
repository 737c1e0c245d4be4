"""The exchange log: one row per request made, whatever became of the step that made it."""

from __future__ import annotations

import threading

from padan.agencies import Exchange
from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.warehouse import exchange_log
from padan.warehouse.connection import Connection


class ExchangeRecorder:
    """Collects exchanges and writes them on a connection of its own, so that no rollback takes them along.

    An exchange waits for its page, which tells the number of rows; one that failed, or whose page never came, is
    written without.
    """

    def __init__(self, connection: Connection, agreement: Agreement, party: PartyCode, extract_id: int) -> None:
        self._connection = connection
        self._party = party
        self._extract_id = extract_id
        self._purposes = {dataset.name: dataset.purpose for dataset in agreement.datasets if dataset.party == party}
        self._waiting: list[Exchange] = []
        self._rows: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def record(self, exchange: Exchange) -> None:
        """Take an exchange; the client calls this."""
        with self._lock:
            self._waiting.append(exchange)

    def count_rows(self, dataset: str, body_sha256: str, rows: int) -> None:
        """Tell how many rows the answer with this body had."""
        with self._lock:
            self._rows[dataset, body_sha256] = rows

    def flush(self, *, final: bool = False) -> None:
        """Write what is complete; with ``final``, everything."""
        with self._lock:
            ready, waiting = [], []
            for exchange in self._waiting:
                rows = self._rows.get((exchange.dataset, exchange.body_sha256 or ""))
                if final or rows is not None or exchange.error or exchange.dataset not in self._purposes:
                    ready.append((exchange, rows))
                else:
                    waiting.append(exchange)
            self._waiting = waiting
            self._rows.clear() if not waiting else None
            exchange_log.append(self._connection, [self._row(exchange, rows) for exchange, rows in ready])

    def _row(self, exchange: Exchange, rows: int | None) -> tuple[object, ...]:
        return (
            self._extract_id,
            self._party,
            exchange.endpoint,
            exchange.dataset,
            self._purposes.get(exchange.dataset, "otentikasi"),
            exchange.attempt,
            exchange.status,
            exchange.error,
            None if exchange.error else rows,
            exchange.body_bytes,
            exchange.body_sha256,
            exchange.started_at,
            exchange.duration,
        )

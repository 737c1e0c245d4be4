"""The life of an extract: opened or continued, worked on by one run at a time, ended."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import psycopg
from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.agreement.clauses import Action
from padan.agreement.model import PartyCode
from padan.errors import (
    ContractViolation,
    MalformedResponse,
    PadanError,
    PublicationStopped,
    SourceUnavailable,
    StepFailed,
    WarehouseBusy,
)
from padan.landing import archive
from padan.landing.exchanges import ExchangeRecorder
from padan.landing.told import complete
from padan.landing.withdrawal import withdraw
from padan.places import Place
from padan.settings import Settings
from padan.warehouse import exchange_log, raw_tables
from padan.warehouse.connection import Connection, connect, exclusive
from padan.warehouse.migrations import migrate

logger = logging.getLogger(__name__)

READ_TO_THE_END = -1  # extract_dataset.next_start once no page is left


@dataclass(frozen=True)
class Extract:
    """An extract of one party; ``published`` once there is nothing left to do."""

    extract_id: int
    party: PartyCode
    as_of: date
    published: bool


@dataclass(frozen=True)
class Work:
    """What a step of landing works with, for as long as it holds the party's lock."""

    connection: Connection
    database_url: str = field(repr=False)
    extract: Extract
    agreement: Agreement
    archive_dir: Place
    settings: Settings

    def datasets(self, *access: str) -> list[Dataset]:
        """The party's datasets, in the agreed order; only those of the given access pattern, if any is given."""
        return [
            dataset
            for dataset in self.agreement.datasets
            if dataset.party == self.extract.party and (not access or dataset.access in access)
        ]

    def dataset(self, name: str) -> Dataset:
        """One dataset of the party."""
        return self.agreement.dataset(self.extract.party, name)

    @contextmanager
    def recorder(self) -> Iterator[ExchangeRecorder]:
        """The exchange log of this step; written to the end also when the step fails."""
        with connect(self.database_url, application="padan exchange log", role="loader") as connection:
            recorder = ExchangeRecorder(connection, self.agreement, self.extract.party, self.extract.extract_id)
            try:
                yield recorder
            finally:
                recorder.flush(final=True)
                exchange_log.seal(connection, self.settings.key(exchange_log.SEAL_KEY), self.archive_dir)


@dataclass(frozen=True)
class Progress:
    """How far a dataset of an open extract is."""

    mode: str
    since: str | None
    next_start: int | None
    completed: bool


def open_extract(settings: Settings, agreement: Agreement, party: PartyCode, as_of: date) -> int:
    """Continue the party's unfinished extract, or open one; bring the tables up to the agreement.

    An unfinished extract is continued if it is at most ``settings.resume_within_days`` old and the agreement is the
    same; from an earlier day only the people already answered are kept, and lists are read anew. Else it is given up.

    Raises:
        AgreementNotInForce: on a day outside the validity (PKS article 6).
        ConfigurationError: an item left the agreement, and a model still reads it.
        StepFailed: another run works on this party.
    """
    agreement = agreement.on(as_of)  # what the addenda in force on that day add and take away
    agreement.require_in_force(as_of)
    url = settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, role="owner") as connection, exclusive(connection, party):
        withdraw(connection, settings, agreement, as_of)
        raw_tables.ensure(connection, agreement)
        connection.execute("set role loader")
        fingerprint = hashlib.sha256(agreement.model_dump_json().encode()).hexdigest()
        found = connection.execute(
            "select extract_id, as_of, agreement_sha256 from landing.extract where party = %s and state = 'open'",
            (party,),
        ).fetchone()
        if found:
            extract_id, opened_for, agreed = found
            extract = Extract(extract_id, party, opened_for, False)
            work = Work(connection, url, extract, agreement, settings.archive_dir, settings)
            age = (as_of - opened_for).days
            if agreed == fingerprint and 0 <= age <= settings.resume_within_days:
                _continue(work, as_of)
                return int(extract_id)
            why = "the agreement changed" if agreed != fingerprint else f"opened for {opened_for}, {age} days away"
            _abandon(work, why)
        row = connection.execute(
            "insert into landing.extract (party, as_of, agreement_sha256) values (%s, %s, %s) returning extract_id",
            (party, as_of, fingerprint),
        ).fetchone()
        extract_id = int(row[0]) if row else 0
        _mark_intact(connection, extract_id)
        logger.info("%s: opened extract %d for %s", party, extract_id, as_of)
        return extract_id


def _continue(work: Work, as_of: date) -> None:
    extract = work.extract
    logger.info("%s: continuing extract %d of %s", extract.party, extract.extract_id, extract.as_of)
    if as_of == extract.as_of:
        return
    with work.connection.transaction():
        _start_lists_over(work)
        work.connection.execute(
            "update landing.extract set as_of = %s where extract_id = %s", (as_of, extract.extract_id)
        )


def _start_lists_over(work: Work) -> None:
    for dataset in work.datasets("paged", "file_drop"):
        start_over(work, dataset)


def _mark_intact(connection: Connection, extract_id: int) -> None:
    connection.execute("insert into landing.staged_intact (extract_id) values (%s)", (extract_id,))


def _survive_crash(work: Work) -> None:
    """After a crash of the server the staged lists are empty: forget that they were landed."""
    key = (work.extract.extract_id,)
    intact = work.connection.execute("select from landing.staged_intact where extract_id = %s", key).fetchone()
    if intact is not None or work.extract.published:
        return
    logger.warning("%s: the database server crashed; the lists of extract %d are read anew", work.extract.party, *key)
    with work.connection.transaction():
        _start_lists_over(work)
        _mark_intact(work.connection, *key)


def _abandon(work: Work, why: str) -> None:
    logger.warning("%s: giving up extract %d: %s", work.extract.party, work.extract.extract_id, why)
    with work.connection.transaction():
        for dataset in work.datasets():
            start_over(work, dataset)
        end(work, "abandoned", why)


def start_over(work: Work, dataset: Dataset) -> None:
    """Forget what an open extract holds of a dataset, in tables and archive."""
    extract = work.extract
    work.connection.execute(sql.SQL("truncate {}").format(raw_tables.staged_table(dataset)))
    for table in ("quarantine", "dropped_field", "checkpoint", "extract_dataset"):
        work.connection.execute(
            sql.SQL("delete from {} where extract_id = %s and dataset = %s").format(sql.Identifier("landing", table)),
            (extract.extract_id, dataset.name),
        )
    archive.discard(work.archive_dir, dataset, extract.as_of, extract.extract_id)


def end(work: Work, state: str, reason: str | None = None) -> None:
    """Close an extract and delete what only an open one needs. Quarantine and counts stay."""
    extract_id = work.extract.extract_id
    for dataset in work.datasets():
        work.connection.execute(sql.SQL("truncate {}").format(raw_tables.staged_table(dataset)))
    for table in ("checkpoint", "roster", "staged_intact"):
        work.connection.execute(
            sql.SQL("delete from {} where extract_id = %s").format(sql.Identifier("landing", table)), (extract_id,)
        )
    work.connection.execute(
        "update landing.extract set state = %s, reason = %s, ended_at = now() where extract_id = %s",
        (state, reason, extract_id),
    )


@contextmanager
def working_on(settings: Settings, agreement: Agreement, extract_id: int, action: Action = "extract") -> Iterator[Work]:
    """Hold the party's lock and hand out what a step needs.

    A ContractViolation or PublicationStopped inside the block ends the extract as ``stopped``, a MalformedResponse as
    ``failed``; after any other error it stays open, with the reason noted, and the next run continues it.

    Raises:
        StepFailed: another run works on the party, or the extract has ended without publication.
        AgreementNotInForce
    """
    url = settings.database_url.get_secret_value()
    with connect(url, role="loader") as connection:
        party = _look_up(connection, extract_id).party
        with exclusive(connection, party):
            extract = _look_up(connection, extract_id)
            agreement = agreement.on(extract.as_of)
            agreement.require_in_force(extract.as_of, action)
            work = Work(connection, url, extract, agreement, settings.archive_dir, settings)
            try:
                _survive_crash(work)
                yield work
            except (ContractViolation, PublicationStopped) as error:
                _note(work, error, "stopped")
                raise
            except MalformedResponse as error:
                _note(work, error, "failed")
                raise
            except PadanError as error:
                _note(work, error, None)
                raise
            except psycopg.errors.DiskFull:
                raise WarehouseBusy("the disk of the warehouse is full; nothing was published") from None
            except psycopg.OperationalError as error:
                raise SourceUnavailable(f"the warehouse went away ({type(error).__name__})") from None
            except psycopg.Error as error:  # its text may quote a value
                raise StepFailed(
                    f"the warehouse refused a statement ({error.sqlstate} {type(error).__name__})"
                ) from None


def _look_up(connection: Connection, extract_id: int) -> Extract:
    row = connection.execute(
        "select party, as_of, state, reason from landing.extract where extract_id = %s", (extract_id,)
    ).fetchone()
    if row is None:
        raise StepFailed(f"there is no extract {extract_id}")
    party, as_of, state, reason = row
    if state not in ("open", "published"):
        raise StepFailed(f"extract {extract_id} of {party} is {state}: {reason}; open a new one")
    return Extract(extract_id, party, as_of, state == "published")


def _note(work: Work, error: PadanError, state: str | None) -> None:
    if work.connection.closed:
        return
    complete(work, error, ended=state is not None)
    with work.connection.transaction():
        if state:
            end(work, state, str(error))
        else:
            work.connection.execute(
                "update landing.extract set reason = %s where extract_id = %s", (str(error), work.extract.extract_id)
            )


def begin(work: Work, dataset: Dataset, mode: str, since: str | None = None, note: str | None = None) -> Progress:
    """Enter a dataset into the extract unless it is there already; how far it is."""
    found = progress(work, dataset)
    if found:
        return found
    work.connection.execute(
        "insert into landing.extract_dataset (extract_id, dataset, mode, since, note) values (%s, %s, %s, %s, %s)",
        (work.extract.extract_id, dataset.name, mode, since, note),
    )
    return Progress(mode, since, None, False)


def progress(work: Work, dataset: Dataset) -> Progress | None:
    """How far a dataset is, or None if it was not begun."""
    row = work.connection.execute(
        "select mode, since, next_start, completed_at is not null from landing.extract_dataset "
        "where extract_id = %s and dataset = %s",
        (work.extract.extract_id, dataset.name),
    ).fetchone()
    return Progress(*row) if row else None

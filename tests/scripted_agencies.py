"""Agencies that answer from lists in memory: exactly what a test says, as the two clients would hand it on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from padan import landing
from padan.agencies import Exchange, FailedUnit, Page, PageReader
from padan.agreement import Agreement, load_agreement
from padan.landing import ExtractSummary
from padan.landing.report import DatasetCounts
from padan.settings import Settings
from padan.warehouse.connection import connect
from padan.warehouse.fingerprint import warehouse_hash

PROJECT_DIR = Path(__file__).resolve().parent.parent
AGREEMENT = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
DAY = date(2026, 3, 2)
JF_ID, OTHER_JF_ID = "jf-statistisi-pertama", "jf-guru"
JF_CODE, OTHER_JF_CODE = "14903", "99999"
LISTS_OF_BPS = ("holders", "position_history", "credits", "competence_tests", "formations", "reference_codes")


def settings_for(database_url: str, folder: Path, **changes: Any) -> Settings:
    """Settings with every folder below ``folder``."""
    (folder / "export").mkdir(parents=True, exist_ok=True)
    return Settings.model_validate(
        {
            "database_url": database_url,
            "agreement_file": PROJECT_DIR / "agreement" / "sandbox.yaml",
            "state_dir": folder / "state",
            "archive_dir": folder / "archive",
            "secret_key": "synthetic " * 4,
            "portal_export_dir": folder / "export",
            "project_dir": PROJECT_DIR,
            **changes,
        }
    )


def environment_of(settings: BaseSettings) -> dict[str, str]:
    """The environment variables from which ``settings`` would be read."""

    def text(value: Any) -> str:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return json.dumps([text(one) for one in value]) if isinstance(value, tuple) else str(value)

    prefix = settings.model_config.get("env_prefix", "")
    given = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {f"{prefix}{name.upper()}": text(value) for name, value in given.items() if value is not None}


def nip_of(number: int) -> str:
    """A synthetic NIP of a PNS."""
    return f"19900101201501{1 + number % 2}{number % 1000:03d}" if number < 1000 else f"1990{number:04d}2015011001"


def row_of(party: str, dataset: str, agreement: Agreement = AGREEMENT, **values: Any) -> dict[str, Any]:
    """A row with every agreed field; those not given are their own name."""
    items = agreement.dataset(party, dataset).items  # type: ignore[arg-type]
    return {item.field: f"<{item.field}>" for item in items} | values


@dataclass
class World:
    """What both agencies hold."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in LISTS_OF_BPS})
    reference: dict[str, list[Any]] = field(default_factory=dict)
    people: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    export: list[dict[str, str]] = field(default_factory=list)

    def write_export(self, folder: Path, day: date = DAY) -> Path:
        """Write the portal export of a day."""
        path = folder / f"portal_export_{day.isoformat()}.csv"
        names = list(self.export[0] if self.export else row_of("bkn", "portal_export"))
        lines = [",".join(names), *(",".join(row.values()) for row in self.export)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def small_world(people: int = 12) -> World:
    """A mixed-scope world: every fourth person of BPS's list and of the export has a JF that BPS does not foster."""
    world = World()
    for number in range(people):
        outside = number % 4 == 3
        add_person(world, number, outside=outside)
    world.lists["formations"] = [
        row_of("bps", "formations", formation_id="F1", jf_code=JF_CODE, needed=12, filled=7, updated_at=moment(1)),
        row_of("bps", "formations", formation_id="F2", jf_code=OTHER_JF_CODE, needed=1, filled=1, updated_at=moment(1)),
    ]
    world.lists["reference_codes"] = [
        row_of("bps", "reference_codes", code_type="jf", code=JF_CODE, bkn_code=None, updated_at=moment(1)),
    ]
    for dataset in AGREEMENT.datasets:
        if dataset.party == "bkn" and dataset.access == "paged":
            world.reference[dataset.name] = [row_of("bkn", dataset.name)]
    world.reference["ref_kel_jabatan"] = [
        row_of("bkn", "ref_kel_jabatan", id="kel-bps", pembinaId=AGREEMENT.scope.fostering_instansi_id),
        row_of("bkn", "ref_kel_jabatan", id="kel-lain", pembinaId="another"),
    ]
    world.reference["ref_jabatan_fungsional"] = [
        row_of("bkn", "ref_jabatan_fungsional", id=JF_ID, kel_jabatan_id="kel-bps"),
        row_of("bkn", "ref_jabatan_fungsional", id=OTHER_JF_ID, kel_jabatan_id="kel-lain"),
    ]
    return world


def moment(day: int) -> str:
    """An updated_at in February 2026."""
    return f"2026-02-{day:02d}T00:00:00Z"


def add_person(world: World, number: int, *, outside: bool = False, day: int = 1) -> str:
    """Add one person to both sides, in scope or not; returns the NIP."""
    nip, code, jf = nip_of(number), OTHER_JF_CODE if outside else JF_CODE, OTHER_JF_ID if outside else JF_ID
    holder = f"H{number:05d}"
    secret = f"outside-{number}" if outside else f"person-{number}"
    world.lists["holders"].append(
        row_of("bps", "holders", holder_id=holder, nip=nip, name=secret, jf_code=code, credit_total=12.5, nik=None,
               phone_number="0812", email="x@example.invalid", updated_at=moment(day), deleted_at=None)
    )  # fmt: skip
    for dataset, key in (("position_history", "history_id"), ("credits", "credit_id"), ("competence_tests", "test_id")):
        values = {
            key: f"{key}{number}",
            "holder_id": holder,
            "jf_code": code,
            "updated_at": moment(day),
            "deleted_at": None,
        }
        world.lists[dataset].append(row_of("bps", dataset, **values))
    export = row_of(
        "bkn", "portal_export", pns_id=f"P{number}", nip_baru=nip, nama=secret, jenis_jabatan_id="2", jabatan_id=jf
    )
    world.export.append(export | {"alamat": f"street of {secret}"})
    own = {"idPns": f"P{number}", "nipBaru": nip}
    world.people[nip] = {
        "data_utama": [row_of("bkn", "data_utama", id=f"P{number}", nipBaru=nip, nama=secret, alamat="somewhere")],
        "rw_jabatan": [
            row_of("bkn", "rw_jabatan", id=f"J{number}", jabatanFungsionalId=jf, **own),
            row_of("bkn", "rw_jabatan", id=f"K{number}", jabatanFungsionalId="", namaJabatan="outside-position", **own),
        ],
        "rw_golongan": [row_of("bkn", "rw_golongan", id=f"G{number}", **own)],
        "rw_angkakredit": [row_of("bkn", "rw_angkakredit", id=f"A{number}", pns=f"P{number}")],
        "rw_pendidikan": [row_of("bkn", "rw_pendidikan", id=f"E{number}", **own)],
    }
    return nip


class _Scripted:
    def __init__(self, on_exchange: Callable[[Exchange], None]) -> None:
        self._tell = on_exchange

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def _page(self, party: str, dataset: str, unit: str, rows: list[Any], total: int | None, last: bool) -> Page:
        body = repr([dataset, rows]).encode(errors="replace")
        sha256, now = hashlib.sha256(body).hexdigest(), datetime.now(UTC)
        self._tell(Exchange(party, f"/{dataset}", dataset, 1, 200, None, len(body), sha256, now, 0.001))
        return Page(dataset, unit, rows, total, last, now, sha256)


class ScriptedJf(_Scripted):
    """BPS's service over a world."""

    def __init__(self, world: World, on_exchange: Callable[[Exchange], None], page_size: int = 5) -> None:
        super().__init__(on_exchange)
        self.world, self.page_size = world, page_size
        self.asked: list[tuple[str, str | None]] = []

    def pages(
        self, dataset: str, updated_since: str | None = None, start: int = 1, reader: PageReader | None = None
    ) -> Iterator[Page]:
        self.asked.append((dataset, updated_since))
        rows = sorted(
            self.world.lists[dataset], key=lambda row: str(row.get("updated_at")) if isinstance(row, dict) else ""
        )
        if updated_since is None:
            rows = [row for row in rows if not isinstance(row, dict) or row.get("deleted_at") is None]
        else:
            rows = [row for row in rows if str(row["updated_at"]) >= updated_since]
        number = start
        while True:
            chunk = rows[(number - 1) * self.page_size : number * self.page_size]
            last = number * self.page_size >= len(rows)
            yield self._page("bps", dataset, str(number), chunk, len(rows), last)
            if last:
                return
            number += 1

    def total(self, dataset: str) -> int:
        rows = self.world.lists[dataset]
        return sum(1 for row in rows if not isinstance(row, dict) or row.get("deleted_at") is None)


class ScriptedSiasn(_Scripted):
    """BKN's service over a world."""

    def __init__(self, world: World, on_exchange: Callable[[Exchange], None], page_size: int = 5) -> None:
        super().__init__(on_exchange)
        self.world, self.page_size = world, page_size
        self.unusable: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str]] = []

    def pages(self, dataset: str, start: int = 0) -> Iterator[Page]:
        rows, offset = self.world.reference[dataset], start
        while True:
            chunk = rows[offset : offset + self.page_size]
            last = offset + self.page_size >= len(rows)
            yield self._page("bkn", dataset, str(offset), chunk, len(rows), last)
            if last:
                return
            offset += self.page_size

    def fetch_people(self, requests: Iterable[tuple[str, str]]) -> Iterator[Page | FailedUnit]:
        for dataset, nip in requests:
            self.asked.append((dataset, nip))
            if (dataset, nip) in self.unusable:
                yield FailedUnit(dataset, nip, "html_body", f"{dataset}: the body is HTML")
            else:
                yield self._page("bkn", dataset, nip, self.world.people.get(nip, {}).get(dataset, []), None, True)


@dataclass
class Bench:
    """A warehouse of its own, a world, and the steps of landing over it."""

    settings: Settings
    world: World
    agreement: Agreement = AGREEMENT
    jf: type[ScriptedJf] = ScriptedJf
    siasn: type[ScriptedSiasn] = ScriptedSiasn
    unusable: set[tuple[str, str]] = field(default_factory=set)
    clients: list[Any] = field(default_factory=list)

    @property
    def export_dir(self) -> Path:
        """The file drop."""
        return self.settings.portal_export_dir

    def open_jf(self, on_exchange: Callable[[Exchange], None]) -> ScriptedJf:
        """A client of BPS's service; the latest is ``clients[-1]``."""
        client = self.jf(self.world, on_exchange)
        self.clients.append(client)
        return client

    def open_siasn(self, on_exchange: Callable[[Exchange], None]) -> ScriptedSiasn:
        """A client of SIASN; the latest is ``clients[-1]``."""
        client = self.siasn(self.world, on_exchange)
        client.unusable = self.unusable
        self.clients.append(client)
        return client

    def bps(self, day: date = DAY) -> ExtractSummary:
        """Extract and publish BPS."""
        extract_id = landing.open_extract(self.settings, self.agreement, "bps", day)
        landing.land_lists(self.settings, self.agreement, extract_id, self.open_jf)
        return landing.publish(self.settings, self.agreement, extract_id)

    def bkn(self, day: date = DAY, *, write_export: bool = True, daily_calls: int | None = None) -> ExtractSummary:
        """Write the portal export of the day; extract and publish BKN."""
        if write_export:
            self.world.write_export(self.export_dir, day)
        extract_id = landing.open_extract(self.settings, self.agreement, "bkn", day)
        landing.land_reference(self.settings, self.agreement, extract_id, self.open_siasn)
        landing.land_rosters(self.settings, self.agreement, extract_id, daily_calls=daily_calls)
        landing.land_people(self.settings, self.agreement, extract_id, self.open_siasn)
        return landing.publish(self.settings, self.agreement, extract_id)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query returns."""
        with connect(self.settings.database_url.get_secret_value()) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        """The one value that a query returns."""
        return self.rows(query, *parameters)[0][0]

    def hash(self) -> str:
        """The warehouse's hash."""
        with connect(self.settings.database_url.get_secret_value()) as connection:
            return warehouse_hash(connection).combined

    def add_up(self) -> None:
        """Every published count adds up, and quarantine holds what was counted."""
        wrong = self.rows(
            "select * from landing.extract_dataset join landing.extract using (extract_id) where state = 'published' "
            "and (extracted <> landed + quarantined or landed <> unchanged + inserted + updated or quarantined <> "
            "(select count(*) from landing.quarantine q where q.extract_id = extract_dataset.extract_id "
            "and q.dataset = extract_dataset.dataset))"
        )
        assert wrong == []


def counts(summary: ExtractSummary, dataset: str) -> DatasetCounts:
    """The counts of one dataset."""
    return next(one for one in summary.datasets if one.dataset == dataset)

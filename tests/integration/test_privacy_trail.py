"""A person's trail: all that touched the person and nobody else, in under a second, itself logged for good."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from padan.agreement import load_agreement
from padan.cli import app
from padan.errors import ConfigurationError
from padan.privacy.trail import Entry, subject_of, trail
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

DAY = date(2026, 3, 10)
NIP, OTHER = "199001012015011001", "199001012015011002"
KEY = b"k" * 32
CASE, OTHER_CASE = "K-0123456789AB", "K-00000000000B"
# What dbt makes and a trail reads, in as many columns as it reads; 100,000 people besides.
WAREHOUSE = f"""
    create schema snapshots; create schema integration;
    create table snapshots.snap_bkn__people as
        select 'P' || n as person_id_bkn, lpad(n::text, 18, '9') as nip, timestamp '2026-01-01' as dbt_valid_from,
            null::timestamp as dbt_valid_to from generate_series(1, 100000) as n
        union all select 'PX', '{NIP}', '2026-03-02', '2026-03-05'
        union all select 'PX', '{NIP}', '2026-03-05', null
        union all select 'PY', '{OTHER}', '2026-03-02', null;
    create table snapshots.snap_bps__holders as
        select 'H' || n as holder_id, lpad(n::text, 18, '9') as nip_bps, timestamp '2026-01-01' as dbt_valid_from,
            null::timestamp as dbt_valid_to from generate_series(1, 100000) as n
        union all select 'HX', '{NIP}', '2026-03-01', '2026-03-04';
    create table snapshots.snap_comparison__differences as
        select 'PX' as person_id_bkn, 'HX' as holder_id, 'golongan' as attribute, 'modified' as verdict,
            timestamp '2026-03-03' as dbt_valid_from, timestamp '2026-03-05' as dbt_valid_to
        union all select 'PY', 'HY', 'nik', 'modified', '2026-03-03', null;
    create table integration.int_comparison__verdicts as
        select 'ax' as asn_key, 'identical' as verdict from generate_series(1, 12)
        union all select 'a' || n, 'identical' from generate_series(1, 100000) as n;
    create table integration.int_matching__people as
        select 'ax' as asn_key, 'PX' as person_id_bkn, 'HX' as holder_id
        union all select 'ay', 'PY', 'HY';
    insert into landing.extract (party, as_of, agreement_sha256, state)
        select party, day, '', 'published'
        from unnest(array['bkn', 'bps']) as party, generate_series(date '2026-03-01', '2026-03-06', '1 day') as day;
    insert into landing.extract_dataset (extract_id, dataset, mode, extracted, landed)
        select extract_id, dataset, 'full', 1, 1 from landing.extract
        inner join (values ('bkn', 'data_utama'), ('bkn', 'ref_golongan'), ('bps', 'holders'), ('bps', 'credits'),
            ('bps', 'formations')) as made (party, dataset) using (party);
    insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party,
        value_fingerprint, due_on)
        select case_id, '2026-03-03', 'opened', 'data', asn_key, attribute, 'modified', 'warning', 'bps',
            repeat('0', 64), '2026-04-20'
        from (values ('{CASE}', 'ax', 'golongan'), ('{OTHER_CASE}', 'ay', 'nik')) as made (case_id, asn_key, attribute);
    insert into ledger.event (case_id, as_of, kind, actor) values ('{CASE}', '2026-03-04', 'acknowledged', 'Biro SDM');
    insert into ledger.event (case_id, as_of, kind, actor, verdict, severity, owner_party, instansi_id,
        value_fingerprint) values ('{CASE}', '2026-03-05', 'reassigned', 'data', 'modified', 'warning', 'both', 'I1',
        repeat('0', 64));
    insert into ledger.event (case_id, as_of, kind, actor, reason)
        values ('{CASE}', '2026-03-07', 'resolved', 'data', 'agreed');
    insert into access.reading (read_at, login, party, agencies, worklist_of) values
        ('2026-03-02 03:00+00', 'before_it_was', 'bps', null, '2026-03-02'),
        ('2026-03-03 03:00+00', 'unit_bps', 'bps', null, '2026-03-03'),
        ('2026-03-03 18:00+00', 'unit_bps', 'bps', null, '2026-03-03'),
        ('2026-03-03 19:00+00', 'unit_bps', 'bps', null, '2026-03-03'),
        ('2026-03-03 03:00+00', 'other_side', 'bkn', null, '2026-03-03'),
        ('2026-03-04 03:00+00', 'agency_unknown', 'bps', array['I1'], '2026-03-04'),
        ('2026-03-05 03:00+00', 'unit_bkn', 'bkn', null, '2026-03-05'),
        ('2026-03-06 03:00+00', 'its_agency', 'bkn', array['I0', 'I1'], '2026-03-06'),
        ('2026-03-06 03:00+00', 'other_agency', 'bkn', array['I0'], '2026-03-06'),
        ('2026-03-07 03:00+00', 'after_it_was', 'bkn', null, '2026-03-07');
    insert into access.reading (read_at, login, party, worklist_of)
        select timestamptz '2026-03-08 03:00+00', 'much', 'bps', '2026-03-08' from generate_series(1, 300000);
    insert into access.reading (read_at, login, party, agencies, worklist_of)
        select timestamptz '2026-03-06 03:00+00', 'much', 'bps', array['I0', 'I2'], '2026-03-06'
        from generate_series(1, 100000);
    insert into alerts.digest (digest_id, party, as_of, state, subject, new_cases, mended_cases, open_cases, body_text,
        body_html, created_at) values ('D1', 'bps', '2026-03-03', 'sent', '', 1, 0, 1, '', '', now());
    insert into alerts.announced_case (party, case_id, value_fingerprint, digest_id, attribute)
        values ('bps', '{CASE}', 'f', 'D1', 'golongan'), ('bps', '{OTHER_CASE}', 'f', 'D1', 'nik');
    insert into landing.quarantine (extract_id, as_of, party, dataset, unit, rule, reason)
        select max(extract_id), '2026-03-06', 'bkn', 'rw_jabatan', '{NIP}', 'html_body', '' from landing.extract;
    insert into minutes.edition (period, edition, cut, state, drafted_on, manifest, manifest_sha256, signed_on)
        values ('2025-S2', 1, '2026-03-06', 'draft', '2026-03-06', '', '', '2026-03-06');
    insert into minutes.frozen_input (edition_id, name, content, sha256)
        select edition_id, 'personal', '[{{"nip": "{NIP}", "case_id": "{CASE}"}}]', '' from minutes.edition;
"""


@pytest.fixture(scope="module")
def url(new_database: Callable[[], str]) -> str:
    url = new_database()
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute(WAREHOUSE.encode())
        connection.execute("grant usage on schema snapshots, integration to privacy")
        connection.execute("grant select on all tables in schema snapshots, integration to privacy")
    return url


def look_up(url: str, nip: str = NIP, **changes: Any) -> tuple[Entry, ...]:
    agreement = load_agreement(Path(__file__).parents[2] / "agreement" / "sandbox.yaml")
    with connect(url) as connection:
        return trail(
            connection, agreement, KEY, nip, **{"by": "PPID", "purpose": "permintaan 1/2026", "as_of": DAY, **changes}
        )


def test_everything_that_touched_the_person_is_listed(url: str) -> None:
    found = [(str(one.on), one.kind, one.what, one.detail) for one in look_up(url)]
    requests = [(day, what) for day, kind, what, _ in found if kind == "request"]
    # On BKN's list from the 2nd on, on BPS's from the 1st to the 4th; no list that is about no person.
    assert requests == sorted(
        [(f"2026-03-0{day}", "data_utama dari BKN: masuk daftar pengambilan") for day in range(2, 7)]
        + [
            (f"2026-03-0{day}", f"{name} dari BPS: masuk daftar pengambilan")
            for day in range(1, 5)
            for name in ("credits", "holders")
        ]
        + [("2026-03-06", "rw_jabatan dari BKN ditahan: html_body")]
    )
    others = [(day, kind, what, detail) for day, kind, what, detail in found if kind not in ("request", "access")]
    assert others == [
        ("2026-03-03", "case", f"kasus {CASE}: golongan opened", "oleh data"),
        ("2026-03-03", "comparison", "golongan dibandingkan: modified", "sampai 2026-03-05"),
        ("2026-03-03", "mail", f"kasus {CASE} dihitung pada surat kepada penghubung BPS", "D1"),
        ("2026-03-03", "view", "daftar kerja 2026-03-03 sisi BPS dibuka oleh unit_bps, 1 kali", f"memuat {CASE}"),
        ("2026-03-04", "case", f"kasus {CASE}: golongan acknowledged", "oleh Biro SDM"),
        ("2026-03-04", "view", "daftar kerja 2026-03-03 sisi BPS dibuka oleh unit_bps, 2 kali", f"memuat {CASE}"),
        ("2026-03-05", "case", f"kasus {CASE}: golongan reassigned", "oleh data"),
        ("2026-03-05", "view", "daftar kerja 2026-03-05 sisi BKN dibuka oleh unit_bkn, 1 kali", f"memuat {CASE}"),
        ("2026-03-06", "comparison", "12 atribut dibandingkan", "12 sama"),
        ("2026-03-06", "document", "lampiran Berita Acara 2025-S2, edisi 1", "draft"),
        ("2026-03-06", "view", "daftar kerja 2026-03-06 sisi BKN dibuka oleh its_agency, 1 kali", f"memuat {CASE}"),
        ("2026-03-07", "case", f"kasus {CASE}: golongan resolved", "oleh data"),
    ]
    assert OTHER_CASE not in str(found)
    assert NIP not in str(found)


def test_a_look_up_takes_less_than_a_second_and_shows_in_the_next_one(url: str) -> None:
    started = time.monotonic()
    look_up(url, purpose="permintaan 2/2026")
    seconds = time.monotonic() - started
    print(f"a trail among 100,000 people in {seconds:.2f} s")
    assert seconds < 1
    assert ("penelusuran oleh PPID", "permintaan 2/2026") in [
        (one.what, one.purpose) for one in look_up(url) if one.kind == "access"
    ]
    assert [one for one in look_up(url, OTHER) if one.kind == "access"] == []


def test_the_log_holds_a_keyed_hash_and_cannot_be_taken_back(url: str) -> None:
    look_up(url, purpose="permintaan 3/2026")
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "select looked_up_on, looked_up_by, subject, t::text from privacy.subject_access as t order by 1 desc"
        ).fetchone()
        assert row is not None
        assert row[:3] == (DAY, "PPID", subject_of(KEY, NIP))
        assert NIP not in row[3]
        assert subject_of(b"o" * 32, NIP) != row[2]
        for statement in ("update privacy.subject_access set purpose = 'x'", "delete from privacy.subject_access",
                          "truncate privacy.subject_access"):  # fmt: skip
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "insert into privacy.subject_access (looked_up_on, looked_up_by, purpose, subject) "
                "values (now(), 'x', %s, repeat('0', 64))",
                (f"cari {NIP}",),
            )


@pytest.mark.parametrize(("nip", "changes"), [("17", {}), (f"{NIP}x", {}), (NIP, {"by": " "}), (NIP, {"purpose": ""})])
def test_who_asks_why_and_about_whom_must_be_said(url: str, nip: str, changes: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as error:
        look_up(url, nip, **changes)
    assert nip not in str(error.value)


def test_the_command_reads_the_nip_from_where_others_do_not_see_it(
    url: str, tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "DATABASE_URL": url, "AGREEMENT_FILE": project_dir / "agreement" / "sandbox.yaml", "STATE_DIR": tmp_path,
        "ARCHIVE_DIR": tmp_path, "PORTAL_EXPORT_DIR": tmp_path, "PROJECT_DIR": project_dir,
        "SECRET_KEY": "synthetic " * 4,
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    words = ["subject", "trail", "--by", "PPID", "--purpose", "x", "--json"]
    asked = [
        CliRunner().invoke(app, words, input=f"{NIP}\n"),
        CliRunner().invoke(app, words, env={"PADAN_SUBJECT_NIP": NIP}),
        CliRunner().invoke(app, [*words, NIP]),
    ]
    for number, result in enumerate(asked):
        assert result.exit_code == 0, result.output
        assert NIP not in result.output
        entries = json.loads(result.stdout)
        assert len([one for one in entries if one["kind"] == "access"]) == number
    assert CliRunner().invoke(app, words[:2]).exit_code == 2


def test_an_empty_warehouse_knows_nobody(new_database: Callable[[], str]) -> None:
    empty = new_database()
    migrate(empty)
    assert look_up(empty) == ()

"""dbt on a real database: verdicts, findings, history, secrecy, repeatability."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from padan import differences
from padan.quality.suites import Attribute, expand, read_suites
from padan.warehouse.connection import connect
from sandbox.postgres import SUPERUSER, EmbeddedPostgres
from tests.integration.dbt_world import (
    BKN_ID,
    JF_OTHER,
    JF_PERTAMA,
    PROJECT_DIR,
    Dbt,
    Row,
    bkn_person,
    holder,
    load,
    nik,
    nip,
    prepare,
    references,
)

EXPECTATIONS = PROJECT_DIR / "expectations"
DAY_1, DAY_2, DAY_3 = "2026-01-05", "2026-01-06", "2026-01-07"
Case = tuple[str | None, str | None, str, str]
ReadAs = Callable[[str, str], list[tuple[Any, ...]]]


def world() -> dict[str, list[Row]]:
    """Nine people alike but for one thing each, and some whom one side alone knows."""
    return references() | {
        "raw_bkn.data_utama": [
            bkn_person(1),
            bkn_person(2, tgl_lahir="31-02-1990"),
            bkn_person(3, nama="Budi Santosa 3"),
            bkn_person(4),
            bkn_person(5),
            bkn_person(6, unor_nama="--Direktorat Contoh Dua"),
            bkn_person(7, jabatan_fungsional_id=JF_OTHER, kode_jenjang_jabatan="PT"),
            bkn_person(8),
            bkn_person(9, tmt_gol_akhir="", gelar_belakang=None),
            bkn_person(30),
            bkn_person(31, jabatan_fungsional_id=JF_OTHER),
        ],
        "raw_bkn.rw_angkakredit": [
            {"id": "c1", "pns": "P0001", "kredit_baru_total": "12.500", "is_konversi": "1", "bulan_mulai_penailan": "1",
             "tahun_mulai_penailan": "2024", "bulan_selesai_penailan": "2", "tahun_selesai_penailan": "2024"},
            {"id": "c8", "pns": "P0008", "kredit_baru_total": "dua belas"},
        ],
        "raw_bkn.rw_jabatan": [{"id": "r1", "id_pns": "P0030", "jabatan_fungsional_id": JF_PERTAMA,
                                "tmt_jabatan": "01-03-2016", "tanggal_sk": "2016/02/01"}],
        "raw_bkn.portal_export": [{"pns_id": "P0099", "nip_baru": nip(99), "nama": "Hilang", "jabatan_id": "jf-muda"}],
        "raw_bps.holders": [
            holder(1, credit_total="12.5"),
            holder(2),
            holder(3),
            holder(4, instansi_code="0998"),
            holder(5, nip_bps=nip(500)),
            holder(6),
            holder(7, employment_status="LMA"),
            holder(8, credit_total=0),
            holder(9),
            holder(10, nip_bps=nip(1)),
            holder(40),
        ],
        "raw_bps.credits": [{"credit_id": "o1", "holder_id": "77", "credit_points": "5"}],
    }  # fmt: skip


EXPECTED: set[Case] = {
    ("P0002", "2", "birth_date", "not_comparable"),
    ("P0003", "3", "name", "modified"),
    ("P0004", "4", "instansi", "not_comparable"),
    ("P0005", "5", "nip", "modified"),
    ("P0006", "6", "unit", "modified"),
    ("P0007", "7", "jabatan_fungsional", "modified"),
    ("P0007", "7", "employment_status", "not_comparable"),
    ("P0008", "8", "credit_total", "not_comparable"),
    ("P0009", "9", "golongan_tmt", "only_in_bps"),
    ("P0009", "9", "title_back", "only_in_bps"),
    ("P0030", None, "presence", "only_in_bkn"),
    (None, "40", "presence", "only_in_bps"),
}


@pytest.fixture(scope="module")
def dbt(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    prepare(database_url)
    load(database_url, world())
    runner = Dbt(database_url, tmp_path_factory.mktemp("dbt"))
    runner.run(DAY_1, "build")  # with the unit tests
    return runner


def rows(dbt: Dbt, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dbt.database_url) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def read_as(dbt: Dbt, postgres_server: EmbeddedPostgres) -> ReadAs:
    """Run a query as one of the reading roles."""

    def read(role: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres_server.url(urlsplit(dbt.database_url).path[1:], SUPERUSER)) as connection:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    return read


def built_tables(dbt: Dbt) -> list[tuple[str, str]]:
    return rows(
        dbt,
        "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
        "and table_schema ~ '^(reference|integration|snapshots|staging_.*|marts_.*)$' order by 1, 2",
    )


def content(dbt: Dbt) -> dict[str, str]:
    """A hash of each table that dbt built."""
    hashed = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
    names = [f"{schema}.{table}" for schema, table in built_tables(dbt)]
    return {name: rows(dbt, hashed.format(name))[0][0] for name in names}


def test_every_difference_is_found_and_none_invented(dbt: Dbt) -> None:
    found = rows(
        dbt,
        "select person_id_bkn, holder_id, attribute, verdict from integration.int_comparison__differences",
    )
    assert set(found) == EXPECTED
    assert len(found) == len(EXPECTED)


def test_matching_goes_from_nip_to_nik(dbt: Dbt) -> None:
    tiers = rows(dbt, "select tier, count(*) from integration.int_matching__pairs group by 1")
    assert dict(tiers) == {"exact_nik": 1, "exact_nip": 8}


def test_findings_name_field_and_rule(dbt: Dbt) -> None:
    found = rows(dbt, "select dataset, field, rule from marts_reconciliation.fct_findings order by 1, 2, 3")
    assert found == [
        ("credits", "holder_id", "unknown_holder"),
        ("data_utama", "tgl_lahir", "impossible_date"),
        ("holders", "employment_status", "unmapped_code"),
        ("holders", "instansi_code", "unmapped_code"),
        ("holders", "nip_bps", "duplicate_person"),
        ("portal_export", "pns_id", "person_without_data_utama"),
        ("rw_angkakredit", "kredit_baru_total", "not_a_number"),
        ("rw_jabatan", "tanggal_sk", "not_a_date"),
    ]


def test_each_flag_names_a_query_over_public_marts(dbt: Dbt, read_as: ReadAs) -> None:
    """What an expectation names to list its cases runs for whoever may read the public marts, and for nothing else."""
    registry = rows(dbt, "select attribute, authority, label_id from reference.attribute_registry")
    attributes = [Attribute(*row) for row in registry]
    own = [(file, tuple(item for item in file.expectations if item.cases_query)) for file in read_suites(EXPECTATIONS)]
    with_own_queries = [file.model_copy(update={"expectations": items}) for file, items in own if items]
    queries = {
        (suite.name, item.id): item.cases_query
        for suite in (expand(file, attributes, date.fromisoformat(DAY_1)) for file in with_own_queries)
        for item in suite.expectations
    }
    assert len(queries) > 80
    found = {name: read_as("bi_reader", query) for name, query in queries.items()}
    assert all(len(row) == 1 for listed in found.values() for row in listed)
    cases = {case_id for (case_id,) in rows(dbt, "select case_id from marts_reconciliation.fct_differences")}
    named = found["comparison_attributes", "tolerance_name"]
    assert len(named) == 1
    assert {case_id for (case_id,) in named} < cases
    assert len(found["staging_bps_credits", "holder_known"]) == 1


def test_what_stops_publication_names_a_query_that_lists_it(dbt: Dbt) -> None:
    """Each runs; of rows that break it, it lists those alone: here no ledger ran, and a few rows are half bad."""
    registry = rows(dbt, "select attribute, authority, label_id from reference.attribute_registry")
    attributes = [Attribute(*row) for row in registry]
    critical = {
        (file.suite, item.id): item
        for file in read_suites(EXPECTATIONS)
        for item in expand(file, attributes, date.fromisoformat(DAY_1)).expectations
        if item.severity == "critical"
    }
    assert len(critical) > 240
    with psycopg.connect(dbt.database_url) as connection:
        listed = {name: connection.execute(item.cases_query.encode()).fetchall() for name, item in critical.items()}
    of_rows = {
        name: found
        for name, found in listed.items()
        if critical[name].type
        not in {"expect_table_row_count_to_be_between", "expect_column_distinct_values_to_contain_set"}
    }
    broken = {name: len(found) for name, found in of_rows.items() if found}
    (differing,) = rows(dbt, "select count(*) from marts_reconciliation.fct_differences")
    assert broken == {
        ("marts_fct_cases", "every_difference_has_a_case"): differing[0],
        ("staging_bkn_findings", "not_mostly_findings"): 1,
        ("staging_bps_findings", "not_mostly_findings"): 1,
    }
    assert listed["marts_dim_asn", "rows_present"][0][0] > 0


def test_a_difference_is_addressed_to_the_party_that_must_mend(dbt: Dbt) -> None:
    found = rows(dbt, "select attribute, owner_party, case_id from marts_reconciliation.fct_differences")
    owners = {attribute: owner for attribute, owner, _ in found}
    assert (owners["jabatan_fungsional"], owners["name"], owners["presence"]) == ("bkn", "bps", "both")
    # Unusable at BKN, though BKN is the authority; without a mapping at BPS.
    assert (owners["birth_date"], owners["credit_total"], owners["instansi"]) == ("bkn", "bkn", "bps")
    assert all(re.fullmatch("K-[0-9A-F]{12}", case_id) for _, _, case_id in found)


def personal_values() -> set[str]:
    """What a reader of public marts must not meet."""
    fields = {
        "raw_bkn.data_utama": ("id", "nip_baru", "nik", "nama", "tgl_lahir"),
        "raw_bps.holders": ("nip_bps", "nik", "name", "nip_lama_bps", "birth_date"),
    }
    return {str(row[field]) for table, names in fields.items() for row in world()[table] for field in names}


def test_public_marts_hold_no_personal_value(dbt: Dbt, read_as: ReadAs) -> None:
    values = personal_values()
    looked_at = 0
    for schema, table in built_tables(dbt):
        if not schema.startswith("marts_") or table == "rpt_difference_worklist":
            continue
        for row in read_as("bi_reader", f"select to_jsonb(t) from {schema}.{table} t"):
            looked_at += 1
            held = {str(value) for value in row[0].values()}
            assert not held & values, f"{schema}.{table}"
    assert looked_at > 20
    worklist = rows(dbt, "select to_jsonb(t) from marts_reconciliation.rpt_difference_worklist t")
    assert {str(value) for row in worklist for value in row[0].values()} & values, (
        "found nothing in the worklist either: this test searches wrongly"
    )


@pytest.mark.parametrize(
    ("role", "table"),
    [
        ("bi_reader", "marts_reconciliation.rpt_difference_worklist"),
        ("bi_reader", "integration.int_comparison__verdicts"),
        ("bi_reader", "integration.int_comparison__differences"),
        ("bi_reader", "snapshots.snap_bkn__people"),
        ("liaison_bps", "staging_bkn.stg_bkn__people"),
    ],
)
def test_a_role_reads_no_more_than_it_may(read_as: ReadAs, role: str, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read_as(role, f"select count(*) from {table}")


def test_artefacts_and_logs_hold_no_personal_value(dbt: Dbt) -> None:
    # NIPs, NIKs and names; an id such as P0001 is too short to search for.
    searched = {value for value in personal_values() if len(value) > 10}
    files = [path for path in dbt.home.rglob("*") if path.is_file()]
    assert any(path.name == "dbt.log" for path in files)
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [value for value in searched if value in text], path.name


def test_the_same_run_again_changes_no_row(dbt: Dbt) -> None:
    before = content(dbt)
    dbt.stages(DAY_1)
    assert content(dbt) == before
    dbt.stages(DAY_2)  # another day, the same data
    assert content(dbt) == before
    assert len(before) > 30


# Numbers and fingerprints as they were made before they were keyed, for every difference that is open.
BEFORE_KEYS = """
    select
        case_key,
        'K-' || upper(left(encode(sha256(convert_to(pair || '|' || attribute, 'UTF8')), 'hex'), 12)) as old_case_id,
        encode(sha256(convert_to(concat_ws(
            '|', pair, attribute, verdict, coalesce(bkn_value, '-'), coalesce(bps_value, '-')
        ), 'UTF8')), 'hex') as old_fingerprint
    from integration.int_comparison__differences
    cross join lateral (select coalesce(person_id_bkn, '') || '|' || coalesce(holder_id, '')) as pairs (pair)
"""


def test_case_numbers_from_before_they_were_keyed_stay_valid(dbt: Dbt) -> None:
    """A ledger of the version before: each case keeps its number, none looks changed; what is new is keyed."""
    keyed = dict(rows(dbt, "select case_key, case_id from integration.int_comparison__open_differences"))
    old = {key: (number, seen) for key, number, seen in rows(dbt, BEFORE_KEYS)}
    assert set(keyed) == set(old)
    assert not set(keyed.values()) & {number for number, _ in old.values()}
    with psycopg.connect(dbt.database_url) as connection:
        connection.execute(
            f"""
            insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party,
                instansi_id, value_fingerprint, due_on)
            select old_case_id, '{DAY_1}', 'opened', 'data', asn_key, attribute, fct_differences.verdict, severity,
                owner_party, fct_differences.instansi_id, old_fingerprint, '2026-03-02'
            from ({BEFORE_KEYS}) as before
            join integration.int_comparison__differences using (case_key)
            join marts_reconciliation.fct_differences using (asn_key, attribute)
            where attribute <> 'presence';  -- those are opened today, by the version with keys
            insert into ledger.event (case_id, as_of, kind, actor, until, reason)
            select case_id, '{DAY_1}', 'waived', 'a unit', '2026-12-01', 'known' from ledger.difference_case
            where attribute = 'name';
            update snapshots.snap_comparison__differences as kept
            set case_id = old_case_id, value_fingerprint = old_fingerprint
            from ({BEFORE_KEYS}) as before where kept.case_key = before.case_key and kept.attribute <> 'presence'
            """.encode()
        )
    dbt.stages(DAY_2)
    now = rows(
        dbt,
        "select case_key, case_id, value_fingerprint, attribute, first_seen_on::text "
        "from marts_reconciliation.fct_differences "
        "join integration.int_comparison__open_differences using (case_id, attribute, value_fingerprint)",
    )
    assert {row[4] for row in now} == {DAY_1}
    assert {row[0]: row[1:3] for row in now if row[3] != "presence"} == {
        row[0]: old[row[0]] for row in now if row[3] != "presence"
    }
    assert {row[1] for row in now if row[3] == "presence"} == {keyed[row[0]] for row in now if row[3] == "presence"}
    with connect(dbt.database_url) as connection:
        done = differences.update(connection, date.fromisoformat(DAY_2), critical_term=10, warning_term=30)
        ((codes,),) = rows(dbt, "select count(*) from marts_reference.fct_reference_differences")
        assert done.events == {"opened": 2 + codes}  # the two whom one side alone knows, and codes, in no older ledger
        states = connection.execute("select attribute, state from ledger.difference_case where state <> 'open'")
        assert states.fetchall() == [("name", "waived")]

        # Values that change are under a key from then on, and the number stays.
        with connection.transaction(force_rollback=True):
            connection.execute("set local role transformer; set local padan.pseudonym_key = 'synthetic'")
            connection.execute(
                "update integration.int_comparison__differences set bkn_value = 'new', bps_value = 'old' "
                "where attribute = 'unit' and verdict = 'modified'"
            )
            model = "intermediate/comparison/int_comparison__open_differences.sql"
            query = (dbt.home / "target" / "compiled" / "padan" / model).read_text()
            ((key, number, fingerprint),) = connection.execute(
                f"select case_key, case_id, value_fingerprint from ({query}) as found where attribute = 'unit'".encode()
            ).fetchall()
        assert number == old[key][0]
        assert fingerprint == hmac.new(b"synthetic", b"P0006|6|unit|modified|new|old", hashlib.sha256).hexdigest()


def test_history_of_what_changed(dbt: Dbt) -> None:
    """Day 3: one mended, one changed again, one gone; then the same day again with a correction."""
    changed = world()
    changed["raw_bkn.data_utama"][2]["nama"] = "Budi Santoso 3"
    changed["raw_bkn.data_utama"][5]["unor_nama"] = "--Direktorat Contoh Tiga"
    del changed["raw_bkn.data_utama"][9]
    load(dbt.database_url, changed)
    dbt.stages(DAY_3)

    def differences() -> dict[tuple[Any, ...], str]:
        found = rows(
            dbt,
            "select attribute, holder_id, first_seen_on::text from marts_reconciliation.fct_differences "
            "join integration.int_comparison__open_differences using (case_id, attribute)",
        )
        return {(attribute, holder_id): day for attribute, holder_id, day in found}

    def versions(*people: str) -> list[tuple[Any, ...]]:
        return rows(
            dbt,
            "select person_id_bkn, dbt_valid_from::date::text, dbt_valid_to::date::text "
            f"from snapshots.snap_bkn__people where person_id_bkn in {people} order by 1, 2",
        )

    after = differences()
    assert ("name", "3") not in after
    assert after["unit", "6"] == DAY_3
    assert after["nip", "5"] == DAY_1
    assert versions("P0006", "P0030") == [("P0006", DAY_1, DAY_3), ("P0006", DAY_3, None), ("P0030", DAY_1, DAY_3)]

    before = content(dbt)
    dbt.stages(DAY_3)
    assert content(dbt) == before

    # The correction undoes one change, and brings another.
    changed["raw_bkn.data_utama"][5]["unor_nama"] = "--Direktorat Contoh Dua"
    changed["raw_bkn.data_utama"][0]["instansi_kerja_id"] = BKN_ID
    load(dbt.database_url, changed)
    dbt.stages(DAY_3)
    assert versions("P0001", "P0006") == [("P0001", DAY_1, DAY_3), ("P0001", DAY_3, None), ("P0006", DAY_1, None)]
    assert differences()["unit", "6"] == DAY_1
    assert differences()["instansi", "1"] == DAY_3


def test_an_earlier_day_is_refused_once_a_later_one_is_kept(dbt: Dbt) -> None:
    before = content(dbt)
    done = dbt.run(DAY_1, "snapshot", "--select", "tag:people_history", check=False)
    assert done.returncode != 0
    assert "later than as_of" in done.stdout
    assert {name: hashed for name, hashed in content(dbt).items() if name.startswith("snapshots.")} == {
        name: hashed for name, hashed in before.items() if name.startswith("snapshots.")
    }


def test_a_comparison_that_did_not_take_place_fails_the_build(dbt: Dbt) -> None:
    with psycopg.connect(dbt.database_url) as connection:
        connection.execute(
            "update integration.int_comparison__compared set verdicts = left(verdicts, -1) where holder_id = '2'"
        )
        connection.execute("alter table integration.int_comparison__bps_people rename column unit to unit_name")
    tests = ("every_expected_case_has_a_verdict", "registry_attributes_are_columns_on_both_sides")
    done = dbt.run(DAY_3, "test", "--select", *tests, check=False)
    assert done.returncode != 0
    assert done.stdout.count("Got 1 result, configured to fail if != 0") == 2
    assert nip(2) not in done.stdout
    assert nik(2) not in done.stdout


def test_one_stale_agency_is_named(dbt: Dbt) -> None:
    with psycopg.connect(dbt.database_url) as connection:
        for party, age in (("bkn", "1 hour"), ("bps", "3 days")):
            extract = connection.execute(
                "insert into landing.extract (party, as_of, agreement_sha256, state) "
                "values (%s, '2026-01-05', 'x', 'published') returning extract_id",
                (party,),
            ).fetchone()
            assert extract
            connection.execute(
                "insert into landing.extract_dataset (extract_id, dataset, mode, completed_at) "
                "select %s, table_name, 'full', now() - %s::interval "
                "from information_schema.tables where table_schema = %s",
                (extract[0], age, f"raw_{party}"),
            )
    dbt.run(DAY_3, "source", "freshness", check=False)
    results = json.loads(Path(dbt.home / "target" / "sources.json").read_text())["results"]
    statuses = {(result["unique_id"].split(".")[2], result["status"]) for result in results}
    assert statuses == {("raw_bkn", "pass"), ("raw_bps", "warn")}

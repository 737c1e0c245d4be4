"""Retention: exactly what is past its term goes, with a record; what leaves the agreement leaves the tables."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import psycopg
import pytest

from padan import landing, retention
from padan.agreement import Agreement, load_agreement
from padan.agreement.clauses import Addendum
from padan.errors import ConfigurationError
from padan.landing import archive
from padan.matching.review import file_in
from padan.retention.erasure import _derived, _of_dataset
from padan.retention.kept import RECORDS, WITHOUT_TERM
from padan.retention.terms import Past
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate
from tests.integration.dbt_world import Dbt
from tests.scripted_agencies import AGREEMENT, DAY, Bench, settings_for, small_world

END = date(2026, 6, 30)
LAST = END + timedelta(days=90)  # of the term `person` of the annex
# Kept whatever the terms: evidence without a value, the code's own tables, and what is no person's.
KEPT = {
    "landing.exchange_log", "landing.exchange_seal", "landing.extract", "landing.extract_dataset",
    "landing.dropped_field", "landing.schema_revision", "raw_bkn.ref_instansi", "raw_bps.formations",
    "raw_bps.reference_codes", "reference.attribute_registry",
}  # fmt: skip


def until(end: date, **changes: Any) -> Agreement:
    """The sandbox's agreement with another end, and other terms."""
    validity = AGREEMENT.validity.model_copy(update={"end": end})
    return AGREEMENT.model_copy(update={"validity": validity, **changes})


def with_term(name: str, counted_from: str, days: int) -> Agreement:
    changed = tuple(
        one.model_copy(update={"counted_from": counted_from, "days": days}) if one.id == name else one
        for one in AGREEMENT.retention
    )
    return until(END, retention=changed)


def withdrawing(*items: str, from_day: date) -> Agreement:
    """With an addendum that removes items."""
    addendum = Addendum.model_validate(
        {
            "numbers": {"bps": "1/X", "bkn": "2/X"}, "signed": DAY, "in_force_from": from_day,
            "summary": "less", "cites": ["12"], "changes": {"remove_items": list(items)},
        }
    )  # fmt: skip
    return AGREEMENT.model_copy(update={"addenda": (addendum,)})


def rows(bench: Bench) -> dict[str, int]:
    """Rows of every table, the derived ones too."""
    found = {}
    with connect(bench.settings.database_url.get_secret_value()) as connection:
        tables = connection.execute(
            "select nspname || '.' || relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind = 'r' and nspname !~ '^(pg_|information_schema)'"
        ).fetchall()
        for (table,) in tables:
            found[table] = connection.execute(f"select count(*) from {table}").fetchone()[0]  # type: ignore[index]
    return found


def maintain(bench: Bench, agreement: Agreement, day: date) -> dict[str, int]:
    return retention.maintain(bench.settings, agreement, day, bench.settings.archive_dir / "minutes")


def foreseen(bench: Bench, agreement: Agreement, day: date) -> dict[str, int]:
    """What a dry run names, by where it is; nothing may have changed, not even the record."""
    before, files = rows(bench), sorted(bench.settings.archive_dir.rglob("*"))
    numbered = bench.value("select last_value from landing.erasure_erasure_id_seq")
    found = retention.foresee(bench.settings, agreement, day, bench.settings.archive_dir / "minutes")
    assert (rows(bench), sorted(bench.settings.archive_dir.rglob("*"))) == (before, files)
    assert bench.value("select last_value from landing.erasure_erasure_id_seq") == numbered
    assert all(one.rule for one in found)
    counts: Counter[str] = Counter()
    for one in found:
        counts[one.relation] += one.count
    return dict(sorted(counts.items()))


def archived(bench: Bench) -> set[str]:
    return {"/".join(path.parts[-4:-2]) for path in bench.settings.archive_dir.rglob(f"*{archive.SUFFIX}")}


@pytest.fixture(scope="module")
def built(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Both agencies landed, with a row in quarantine, and everything that dbt derives."""
    bench = Bench(settings_for(new_database(), tmp_path_factory.mktemp("built"), quarantine_limit=0.5), small_world())
    bench.world.lists["credits"][0]["credit_points"] = ["not", "a", "scalar"]
    bench.bps()
    bench.bkn()
    url = bench.settings.database_url.get_secret_value()
    Dbt(url, tmp_path_factory.mktemp("dbt")).stages(DAY.isoformat())
    with connect(url, role="transformer") as connection:
        connection.execute("insert into matching.person_pair values ('a', 'b', 'nip_corrected', 1, '')")
        connection.execute("insert into matching.review_pair values ('a', 'c', 'probabilistic', 0.9, '', 'uncertain')")
    return bench


def test_after_the_end_exactly_what_is_past_its_term_goes(built: Bench) -> None:
    review = file_in(built.settings.state_dir)
    review.parent.mkdir(parents=True)
    review.write_text("people in clear")
    before, agreement = rows(built), until(END)
    assert before["landing.quarantine"] == 1
    assert before["snapshots.snap_bkn__people"] > 5
    assert maintain(built, agreement, LAST) == {}
    assert rows(built) == before
    assert review.exists()
    assert {"bkn/data_utama", "bkn/ref_instansi"} <= archived(built)

    told = foreseen(built, agreement, LAST + timedelta(days=1))
    done = maintain(built, agreement, LAST + timedelta(days=1))
    assert told == done
    assert not review.exists()
    after = rows(built)
    emptied = {table for table, count in after.items() if before.get(table) and not count}
    assert {table for table, count in after.items() if count != before.get(table)} - emptied == {"landing.erasure"}
    assert {
        "raw_bkn.data_utama", "raw_bkn.portal_export", "raw_bkn.rw_golongan", "raw_bps.holders", "raw_bps.credits",
        "landing.quarantine", "snapshots.snap_bkn__people", "snapshots.snap_bps__holders", "marts_asn.dim_asn",
        "snapshots.snap_comparison__differences", "staging_bps.stg_bps__holders", "integration.int_matching__people",
        "matching.person_pair", "matching.review_pair",
    } <= emptied  # fmt: skip
    assert {table for table in KEPT if before[table]} - emptied == {table for table in KEPT if before[table]}
    assert not {name for name in archived(built) if "ref_" not in name} - {"bps/formations", "bps/reference_codes"}
    assert "bkn/ref_instansi" in archived(built)
    assert done["raw_bkn.data_utama"] == before["raw_bkn.data_utama"]

    recorded = built.rows("select relation, rule, cut_off, rows, as_of from landing.erasure where relation = %s",
                          "raw_bkn.data_utama")  # fmt: skip
    assert recorded == [("raw_bkn.data_utama", "person", LAST, before["raw_bkn.data_utama"], LAST + timedelta(days=1))]
    text = str(built.rows("select erasure::text from landing.erasure"))
    assert "person-" not in text
    again = rows(built)
    assert maintain(built, agreement, LAST + timedelta(days=2)) == {}
    assert rows(built) == again


def test_what_several_datasets_hold_together_is_foretold_once(bench: Bench) -> None:
    """Whom SIASN was asked about falls under the terms of each of its datasets."""
    bench.bps()
    bench.bkn()
    asked = bench.value("select count(*) from landing.person_asked")
    agreement, day = until(END), LAST + timedelta(days=1)
    told = foreseen(bench, agreement, day)
    assert told["landing.person_asked"] == asked > 0
    assert maintain(bench, agreement, day) == told


def test_an_extension_in_time_keeps_everything(bench: Bench) -> None:
    bench.bps()
    before = rows(bench)
    assert maintain(bench, until(END + timedelta(days=365)), LAST + timedelta(days=1)) == {}
    assert rows(bench) == before


def test_a_term_from_receipt_takes_the_older_rows_alone(bench: Bench) -> None:
    bench.bps()
    bench.world.lists["holders"][0]["name"] = "changed"
    bench.world.lists["holders"][0]["updated_at"] = "2026-02-20T00:00:00Z"
    bench.bps(DAY + timedelta(days=10))
    agreement = with_term("person", "received", 30)
    assert maintain(bench, agreement, DAY + timedelta(days=30)) == {}
    maintain(bench, agreement, DAY + timedelta(days=31))
    assert bench.rows("select distinct _as_of from raw_bps.holders") == [(DAY + timedelta(days=10),)]
    days = {path.parts[-2] for path in bench.settings.archive_dir.rglob(f"*{archive.SUFFIX}") if "holders" in str(path)}
    assert days == {(DAY + timedelta(days=10)).isoformat()}
    assert bench.value("select count(*) from raw_bps.reference_codes") == 1


def test_a_term_from_being_superseded_spares_the_present_state(bench: Bench) -> None:
    bench.world.lists["credits"][0]["credit_points"] = ["not", "a", "scalar"]
    bench.bps()
    agreement = with_term("person", "superseded", 30)
    assert maintain(bench, agreement, DAY + timedelta(days=300)) == {}  # nothing newer was published
    bench.bps(DAY + timedelta(days=10))
    held = bench.value("select count(*) from raw_bps.holders")
    assert maintain(bench, agreement, DAY + timedelta(days=40)) == {}
    told = foreseen(bench, agreement, DAY + timedelta(days=41))
    done = maintain(bench, agreement, DAY + timedelta(days=41))
    assert told == done
    assert done["landing.quarantine"] == 1
    assert done["archive/bps/holders"] > 0
    assert not [name for name in done if name.startswith("raw_")]
    assert bench.value("select count(*) from raw_bps.holders") == held


def test_of_history_the_versions_that_ended_long_ago_go(built: Bench) -> None:
    with connect(built.settings.database_url.get_secret_value(), role="transformer") as connection:
        columns = "person_id_bkn, dbt_scd_id, dbt_valid_from, dbt_valid_to"
        connection.execute(
            f"insert into snapshots.snap_bkn__people ({columns}) values "
            "('old', 'a', '2026-01-01', '2026-01-10'), ('recent', 'b', '2026-01-10', '2026-02-10'), "
            "('open', 'c', '2025-01-01', null)"
        )
    agreement = with_term("person", "superseded", 30)
    maintain(built, agreement, date(2026, 2, 10))
    assert built.rows("select person_id_bkn from snapshots.snap_bkn__people order by 1") == [("open",), ("recent",)]


def test_nobody_changes_the_record(built: Bench) -> None:
    url = built.settings.database_url.get_secret_value()
    for role in ("loader", "owner"):
        with connect(url, role=role) as connection, pytest.raises(psycopg.Error):  # type: ignore[arg-type]
            connection.execute("delete from landing.erasure")


# --- what leaves the agreement


@pytest.fixture
def project(bench: Bench, tmp_path: Path, project_dir: Path) -> Path:
    """A copy of the models and expectations, which a test may change."""
    for folder in ("dbt_project/staging", "expectations"):
        shutil.copytree(project_dir / folder, tmp_path / "project" / folder)
    return tmp_path / "project"


def test_an_item_that_leaves_the_agreement_leaves_tables_quarantine_and_archive(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.bkn()
    bench.rows(
        "insert into landing.quarantine (extract_id, as_of, party, dataset, rule, reason, payload) "
        """select 1, %s, 'bkn', 'portal_export', 'r', 'r', '{"nip_lama": "x", "unor_id": "y"}' returning 1""",
        DAY,
    )
    next_day = DAY + timedelta(days=1)
    bench.agreement = withdrawing("bkn.portal_export.nip_lama", from_day=next_day)
    with caplog.at_level(logging.WARNING):
        bench.bkn()  # not in force yet
        assert "portal_export: nip_lama" not in caplog.text
        bench.bkn(next_day)
    assert "bkn.portal_export: nip_lama is no item of the agreement any more" in caplog.text
    columns = bench.rows("select table_schema from information_schema.columns where column_name = 'nip_lama' "
                         "and table_name in ('portal_export', 'staged_bkn_portal_export')")  # fmt: skip
    assert columns == []
    assert bench.rows("select payload from landing.quarantine where dataset = 'portal_export'") == [({"unor_id": "y"},)]
    recorded = dict(bench.rows("select relation, rows from landing.erasure where rule = 'item_withdrawn'"))
    assert recorded["raw_bkn.portal_export.nip_lama"] == 9
    assert recorded["landing.quarantine.bkn.portal_export.nip_lama"] == 1
    assert recorded["archive/bkn/portal_export"] >= 1
    keys = bench.settings.archive_keys()
    files = sorted((bench.settings.archive_dir / "bkn" / "portal_export").rglob(f"*{archive.SUFFIX}"))
    assert len(files) >= 2
    for path in files:
        text = b"\n".join(archive.read(path, *keys)).decode()
        assert "nip_lama" not in text
        assert "person-1" in text
    before = bench.rows("select count(*) from landing.erasure")
    bench.bkn(next_day + timedelta(days=1))
    assert bench.rows("select count(*) from landing.erasure") == before


def test_an_item_that_a_model_reads_is_refused_before_anything_happens(bench: Bench, project: Path) -> None:
    bench.settings.project_dir = project
    bench.bkn()
    before, asked = bench.hash(), len(bench.rows("select from landing.exchange_log"))
    bench.agreement = withdrawing("bkn.data_utama.nip_lama", "bkn.portal_export.nip_lama", from_day=DAY)
    with pytest.raises(ConfigurationError) as error:
        bench.bkn(DAY + timedelta(days=1))
    assert "bkn.data_utama.nip_lama (dbt_project/staging/bkn/stg_bkn__people.sql)" in str(error.value)
    assert "portal_export" not in str(error.value)
    assert bench.hash() == before
    assert len(bench.rows("select from landing.exchange_log")) == asked

    model = project / "dbt_project" / "staging" / "bkn" / "stg_bkn__people.sql"
    model.write_text(model.read_text().replace("{{ stripped('nip_lama') }} as nip_lama,", ""))
    bench.bkn(DAY + timedelta(days=1))
    assert bench.value("select count(*) from landing.erasure where relation = 'raw_bkn.data_utama.nip_lama'") == 1


def test_a_dataset_that_leaves_the_agreement_is_emptied(bench: Bench) -> None:
    bench.bps()
    assert bench.value("select count(*) from raw_bps.credits") == 9
    bench.agreement = AGREEMENT.model_copy(
        update={"datasets": tuple(one for one in AGREEMENT.datasets if one.key != "bps.credits")}
    )
    landing.open_extract(bench.settings, bench.agreement, "bps", DAY + timedelta(days=1))
    assert bench.value("select count(*) from raw_bps.credits") == 0
    assert bench.rows("select relation, rows from landing.erasure") == [("raw_bps.credits", 9)]


def test_history_forgets_the_column_that_its_model_has_no_longer(built: Bench) -> None:
    with connect(built.settings.database_url.get_secret_value(), role="transformer") as connection:
        connection.execute("alter table snapshots.snap_bps__holders add column telephone text")
        connection.execute("insert into snapshots.snap_bps__holders (telephone, dbt_scd_id) values ('0812', 'x')")
    assert maintain(built, AGREEMENT, DAY) == {"snapshots.snap_bps__holders.telephone": 1}
    assert maintain(built, AGREEMENT, DAY) == {}


def test_every_table_has_a_term_or_a_reason_why_not(built: Bench) -> None:
    """A new table that grows is found here: it falls under a dataset's term, a record's, or has a reason."""
    under = {holding for holding, _ in holdings(built)}
    tables = set(rows(built))
    assert len(tables) > 80
    reached = under | set(RECORDS)
    without = {
        table for table in tables - reached if not [pattern for pattern in WITHOUT_TERM if fnmatchcase(table, pattern)]
    }
    assert without == set(), "\n".join(sorted(without))
    both = {table for table in reached if [pattern for pattern in WITHOUT_TERM if fnmatchcase(table, pattern)]}
    assert both == set()
    idle = {pattern for pattern in WITHOUT_TERM if not [table for table in tables if fnmatchcase(table, pattern)]}
    assert idle == set()
    assert all(len(reason.split()) > 3 for reason in WITHOUT_TERM.values())


def holdings(bench: Bench) -> Iterator[tuple[str, str]]:
    """Table and rule of all that maintenance reaches when every term of the agreement is over."""
    with connect(bench.settings.database_url.get_secret_value(), role="loader") as connection:
        for dataset in AGREEMENT.datasets:
            for holding in _of_dataset(connection, dataset):
                yield holding.name, dataset.name
        for holding in _derived(connection, Past("person", ended=END)):
            yield holding.name, "derived"
    yield "minutes.frozen_input", "annexes"


@pytest.mark.parametrize("file", ["sandbox.yaml", "pks_bps_bkn_2023.yaml"])
def test_each_record_about_people_is_under_a_term_of_the_file(file: str, project_dir: Path) -> None:
    agreement = load_agreement(project_dir / "agreement" / file)
    covered = [relation for retention in agreement.retention for relation in retention.covers]
    assert sorted(covered) == sorted(RECORDS)


def test_records_of_access_go_when_their_term_is_over(new_database: Callable[[], str], tmp_path: Path) -> None:
    bench = Bench(settings_for(new_database(), tmp_path), small_world())
    migrate(bench.settings.database_url.get_secret_value())
    old, last = DAY - timedelta(days=1826), DAY - timedelta(days=1825)
    with connect(bench.settings.database_url.get_secret_value(), role="owner") as connection:
        connection.execute(
            "insert into access.reading (read_at, login, party, worklist_of) select "
            "(day + time '12:00') at time zone 'Asia/Jakarta', 'unit', 'bps', day from unnest(%s::date[]) as day",
            ([old, last],),
        )
        connection.execute(
            "insert into privacy.subject_access (looked_up_on, looked_up_by, purpose, subject) "
            "select day, 'PPID', 'x', repeat('0', 64) from unnest(%s::date[]) as day",
            ([old, last],),
        )
    gone = {"access.reading": 1, "privacy.subject_access": 1}
    assert foreseen(bench, AGREEMENT, DAY) == gone
    assert maintain(bench, AGREEMENT, DAY) == gone
    assert bench.rows("select worklist_of from access.reading") == [(last,)]
    assert bench.rows("select looked_up_on from privacy.subject_access") == [(last,)]
    recorded = bench.rows("select relation, rule, cut_off, rows from landing.erasure order by 1")
    assert recorded == [(name, "access_record", last, 1) for name in gone]
    assert maintain(bench, AGREEMENT, DAY) == {}

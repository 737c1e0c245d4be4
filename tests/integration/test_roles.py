"""Least privilege, proved: every role x every relation x every verb against the table in tests/role_matrix.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from padan.cli import app
from padan.warehouse.connection import connect
from sandbox.postgres import GROUPS, SUPERUSER, EmbeddedPostgres
from tests.column_classes import CLASSES, Node, classified, worst
from tests.integration.dbt_world import Dbt, bkn_person, holder, load, prepare, references

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
MATRIX: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).resolve().parents[1] / "role_matrix.yaml").read_text()
)
IDENTITY = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{18}|[0-9]{16})(?![0-9A-Za-z])")
WORKLIST = "marts_reconciliation.rpt_difference_worklist"
READINGS = "select login, party, agencies, worklist_of from access.reading where reading_id > {} order by reading_id"
Relation = tuple[str, str]


@pytest.fixture(scope="module")
def built(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """Everything that migrations, the agreement and dbt make, with some people who differ."""
    prepare(database_url)
    people = {
        "raw_bkn.data_utama": [
            bkn_person(1, nama="Budi Santosa 1"),
            bkn_person(2, tgl_lahir="31-02-1990"),
            bkn_person(3),
        ],
        "raw_bps.holders": [holder(1), holder(2, jenjang="MU", jf_code="14902"), holder(4)],
    }
    load(database_url, references() | people)
    dbt = Dbt(database_url, tmp_path_factory.mktemp("dbt"))
    dbt.stages("2026-01-05")
    return dbt


@pytest.fixture(scope="module")
def warehouse(built: Dbt) -> str:
    return built.database_url


@pytest.fixture(scope="module")
def nodes(built: Dbt) -> dict[str, Node]:
    """What dbt says that it makes, by ``schema.name``."""
    return classified(json.loads((built.home / "target" / "manifest.json").read_text()))


def expected(role: str, relation: Relation) -> set[str]:
    name = ".".join(relation)
    fitting = [pattern for pattern in MATRIX[role] if fnmatchcase(name, pattern)]
    verbs = MATRIX[role][max(fitting, key=len)] if fitting else "none"
    return {"all": set(VERBS), "none": set()}.get(verbs, {verb.upper() for verb in verbs.split()})


def allowed(url: str) -> dict[tuple[str, Relation], set[str]]:
    with connect(url) as connection:
        rows = connection.execute(
            "select role, nspname, relname, array(select verb from unnest(%s::text[]) as verb "
            "where has_table_privilege(role, pg_class.oid, verb)) "
            "from unnest(%s::text[]) as role cross join pg_class "
            "join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind in ('r', 'v', 'm', 'p') and nspname !~ '^pg_' and nspname <> 'information_schema'",
            (list(VERBS), list(GROUPS)),
        )
        return {(role, (schema, name)): set(verbs) for role, schema, name, verbs in rows}


def differing(url: str) -> list[str]:
    return [
        f"{role} on {'.'.join(relation)}: {sorted(verbs)}, not {sorted(expected(role, relation))}"
        for (role, relation), verbs in sorted(allowed(url).items())
        if verbs != expected(role, relation)
    ]


def read(url: str, role: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        return connection.execute(query.encode()).fetchall()


def test_every_role_may_do_what_the_matrix_says_and_nothing_else(warehouse: str) -> None:
    assert set(MATRIX) == set(GROUPS)
    assert len(allowed(warehouse)) > 8 * 80
    assert differing(warehouse) == []


@pytest.mark.parametrize(
    "statement",
    [
        "grant update on landing.exchange_log to loader",
        "grant select on raw_bps.holders to bi_reader",
        "grant select on landing.quarantine to auditor",
    ],
)
def test_the_matrix_test_can_fail(warehouse: str, statement: str) -> None:
    with connect(warehouse, role="owner") as connection:
        connection.execute(statement.encode())
        try:
            assert len(differing(warehouse)) == 1
        finally:
            connection.execute(statement.replace("grant", "revoke").replace(" to ", " from ").encode())
    assert differing(warehouse) == []


@pytest.fixture(scope="module")
def alone(warehouse: str, postgres_server: EmbeddedPostgres) -> str:
    """URL of a login as the pipeline's is made: it may take every role, and has the rights of none by itself."""
    database = urlsplit(warehouse).path[1:]
    with psycopg.connect(postgres_server.url(database, SUPERUSER), autocommit=True) as connection:
        connection.execute(sql.SQL("create role alone login password {}").format(sql.Literal("synthetic")))
        for role in GROUPS:
            grant = sql.SQL("grant {} to alone with inherit false, set true").format(sql.Identifier(role))
            connection.execute(grant)
    return make_conninfo(postgres_server.url(database, SUPERUSER), user="alone", password="synthetic")  # noqa: S106


def test_a_login_by_itself_may_do_nothing(alone: str) -> None:
    with psycopg.connect(alone, autocommit=True) as connection:
        may = connection.execute(
            "select nspname || '.' || relname, verb from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "cross join unnest(%s::text[]) as verb where relkind in ('r', 'v', 'm', 'p') and nspname !~ '^pg_' "
            "and nspname <> 'information_schema' and has_table_privilege(pg_class.oid, verb)",
            (list(VERBS),),
        ).fetchall()
        assert may == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select nip from marts_reconciliation.rpt_difference_worklist")
        connection.execute("set role loader")
        assert connection.execute("select count(*) > 0 from raw_bps.holders").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select 1 from ledger.event")


def test_a_room_may_not_take_the_role_of_another(warehouse: str) -> None:
    with connect(warehouse, role="owner") as connection:
        members = connection.execute(
            "select member::regrole::text, roleid::regrole::text from pg_auth_members "
            "where member = any(%s::text[]::regrole[])",
            (list(GROUPS),),
        ).fetchall()
    assert members == []


def test_no_login_role_owns_data(warehouse: str) -> None:
    owners = read(
        warehouse,
        "auditor",
        "select distinct rolname, rolcanlogin from pg_class join pg_roles on pg_roles.oid = relowner "
        "join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1",
    )
    assert owners == [("owner", False), ("transformer", False)]


def test_the_loader_cannot_change_the_exchange_log(warehouse: str) -> None:
    for statement in (
        "update landing.exchange_log set status = 500",
        "delete from landing.exchange_log",
        "truncate landing.exchange_log cascade",
        "alter table landing.exchange_log disable trigger all",
    ):
        with connect(warehouse, role="loader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_each_liaison_role_sees_the_differences_of_its_own_side_in_clear(warehouse: str) -> None:
    query = "select distinct owner_party from marts_reconciliation.rpt_difference_worklist order by 1"
    assert read(warehouse, "transformer", query) == [("bkn",), ("both",), ("bps",)]
    assert read(warehouse, "liaison_bps", query) == [("both",), ("bps",)]
    assert read(warehouse, "liaison_bkn", query) == [("bkn",), ("both",)]
    clear = read(warehouse, "liaison_bps", "select nip, name from marts_reconciliation.rpt_difference_worklist")
    assert any(IDENTITY.search(nip or "") for nip, _ in clear)
    assert len(read(warehouse, "quality", query)) == 3


@pytest.fixture
def padan(warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run ``padan access WORDS`` as the test database's own login."""
    places = {f"{folder}_DIR": str(tmp_path) for folder in ("STATE", "ARCHIVE", "PORTAL_EXPORT")}
    project = Path(__file__).resolve().parents[2]
    agreement = project / "agreement" / "sandbox.yaml"
    settings = {"DATABASE_URL": warehouse, "AGREEMENT_FILE": agreement, "PROJECT_DIR": project, **places}
    for name, value in {**settings, "SECRET_KEY": "synthetic " * 4}.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    return lambda *words: CliRunner().invoke(app, ["access", *words])


def test_the_totals_of_each_login_are_those_of_its_worklist(warehouse: str, unit: Callable[..., str]) -> None:
    agency = read(warehouse, "transformer", f"select min(instansi_id) from {WORKLIST} where owner_party = 'bps'")[0][0]
    logins = (unit("unit_hitung", "bps"), unit("unit_hitung_bkn", "bkn"), unit("unit_hitung_satu", "bps", agency))
    for login in logins:
        with psycopg.connect(login, autocommit=True) as connection:
            listed = connection.execute(f"select count(*) from {WORKLIST}".encode()).fetchone()
            counted = connection.execute("select sum(cases) from marts_reconciliation.rpt_worklist_totals").fetchone()
        assert listed == counted
        assert listed != (0,)


def test_a_login_of_single_agencies_sees_those_and_its_own_side_alone(
    warehouse: str, padan: Callable[..., Any], tmp_path: Path
) -> None:
    with psycopg.connect(warehouse) as connection:  # the small world has one agency
        connection.execute("set local role transformer")
        connection.execute(
            "update marts_reconciliation.rpt_difference_worklist set instansi_id = 'other' where case_id = ("
            "select min(case_id) from marts_reconciliation.rpt_difference_worklist "
            "where owner_party in ('bps', 'both'))"
        )
    counted = "select instansi_id, count(*) from marts_reconciliation.rpt_difference_worklist where {} group by 1"
    agencies = dict(read(warehouse, "transformer", counted.format("owner_party in ('bps', 'both')")))
    assert len(agencies) > 1
    one = sorted(name for name in agencies if name)[0]
    file = tmp_path / "password"
    words = ("unit_contoh", "--party", "bps", "--by", "Biro SDM", "--password-file", str(file))
    done = padan("grant", *words, "--agency", one)
    assert done.exit_code == 0, (done.output, done.exception)
    assert file.stat().st_mode & 0o777 == 0o600
    password = file.read_text().strip()
    assert len(password) > 30
    assert password not in done.output
    login = make_conninfo(warehouse, user="unit_contoh", password=password)

    def seen() -> dict[str, int]:
        with psycopg.connect(login) as connection:
            return dict(connection.execute(counted.format("true").encode()).fetchall())

    assert seen() == {one: agencies[one]}
    with psycopg.connect(login) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("insert into access.liaison values ('unit_contoh', 'bps', 'x', current_date, 'x')")
    with psycopg.connect(login) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("set role liaison_bps")
    assert padan("grant", *words).exit_code != 0  # never over a file that is there
    file.unlink()
    assert padan("grant", *words, "--agency", "elsewhere").exit_code == 0
    assert not file.exists()  # an old login keeps its password
    assert seen() == {one: agencies[one]}
    listed = json.loads(padan("list", "--json").output)
    mine = [found for found in listed if found["login"] == "unit_contoh"]
    assert mine == [
        {"login": "unit_contoh", "party": "bps", "whole_side": False, "agencies": sorted([one, "elsewhere"])}
    ]
    assert padan("revoke", "unit_contoh").exit_code == 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login)
    assert padan("revoke", "unit_contoh").exit_code != 0


@pytest.fixture
def unit(warehouse: str, padan: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Make a login of a liaison unit; gives the URL of a connection as it."""
    made = []

    def grant(login: str, party: str, *agencies: str) -> str:
        file = tmp_path / login
        words = [word for one in agencies for word in ("--agency", one)]
        done = padan("grant", login, "--party", party, "--by", "Biro SDM", "--password-file", str(file), *words)
        assert done.exit_code == 0, (done.output, done.exception)
        made.append(login)
        return make_conninfo(warehouse, user=login, password=file.read_text().strip())

    yield grant
    for login in made:
        assert padan("revoke", login).exit_code == 0


def last_reading(url: str) -> int:
    return int(read(url, "auditor", "select coalesce(max(reading_id), 0) from access.reading")[0][0])


@pytest.mark.parametrize(("party", "agencies"), [("bps", ()), ("bkn", ()), ("bps", ("A",)), ("bkn", ("A", "B"))])
def test_a_login_of_a_unit_may_what_its_role_may_on_every_relation(
    warehouse: str, unit: Callable[..., str], party: str, agencies: tuple[str, ...]
) -> None:
    role = f"liaison_{party}{'_agencies' if agencies else ''}"
    with psycopg.connect(unit("unit_periksa", party, *agencies), autocommit=True) as connection:
        assert connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone() == (True,)
        may: dict[Relation, set[str]] = {}
        for schema, name, verb in connection.execute(
            "select nspname, relname, verb from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "cross join unnest(%s::text[]) as verb where relkind in ('r', 'v', 'm', 'p') and nspname !~ '^pg_' "
            "and nspname <> 'information_schema' and has_table_privilege(pg_class.oid, verb)",
            (list(VERBS),),
        ):
            may.setdefault((schema, name), set()).add(verb)
        own = {relation: verbs for (one, relation), verbs in allowed(warehouse).items() if one == role and verbs}
        assert may == own == {relation: expected(role, relation) for relation in own}
        for schema, name in may:
            connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # it inherits, and needs to become nobody
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


def test_each_query_of_a_liaison_login_on_the_worklist_is_on_record(
    warehouse: str, unit: Callable[..., str], padan: Callable[..., Any]
) -> None:
    whole, single = unit("unit_semua", "bps"), unit("unit_satu", "bkn", "A", "B")
    queries = (
        f"select nip, name from {WORKLIST} where nip = '199001012015011001'",
        f"select count(*) from {WORKLIST}",
        f"select 1 from {WORKLIST} as a inner join {WORKLIST} as b using (attribute) limit 1",  # two looks at it
        f"explain select * from {WORKLIST}",  # none
        "select sum(cases) from marts_reconciliation.rpt_worklist_totals",  # counts alone: none
    )
    before = last_reading(warehouse)
    day = date(2026, 1, 5)
    with psycopg.connect(whole, autocommit=True) as connection:
        for query in queries:
            connection.execute(query.encode())
        statement = f"select case_id from {WORKLIST} where attribute = %s".encode()
        for attribute in ("golongan", "nobody"):  # planned once, run twice; the second finds nothing
            connection.execute(statement, (attribute,), prepare=True)
        with connection.transaction(), connection.cursor(name="page") as cursor:
            cursor.execute(f"select * from {WORKLIST}".encode())
            cursor.fetchmany(1)
    with psycopg.connect(single, autocommit=True) as connection:
        connection.execute(f"select * from {WORKLIST}".encode())
    found = read(warehouse, "auditor", READINGS.format(before))
    assert found == [("unit_semua", "bps", None, day)] * 7 + [("unit_satu", "bkn", ["A", "B"], day)]
    assert "199001012015011001" not in str(read(warehouse, "auditor", "select t::text from access.reading t"))
    told = json.loads(padan("log", "--json").output)
    seen = {(one["login"], one["party"], one["times"]) for one in told["readings"]}
    assert {("unit_semua", "bps", 7), ("unit_satu", "bkn", 1)} <= seen


def test_a_reading_cannot_be_kept_off_the_record(
    warehouse: str, unit: Callable[..., str], padan: Callable[..., Any]
) -> None:
    login = unit("unit_diam", "bps")
    unit("unit_diam2", "bps")
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="put on record"):
            connection.execute(f"select nip from {WORKLIST}".encode())
        connection.execute("set default_transaction_read_only = off")
        for statement in ("select * from access.reading", "delete from access.reading",
                          "insert into access.reading (login) values ('x')"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        lacking = json.loads(padan("log", "--json").output)["lacking"]
        with connection.transaction(force_rollback=True):
            assert connection.execute(f"select nip from {WORKLIST}".encode()).fetchall()
        connection.execute(f"select count(*) from {WORKLIST}".encode())
        assert json.loads(padan("log", "--json").output)["lacking"] == lacking + 1
    assert "lacking" in padan("log").output


def test_a_login_of_a_whole_side_and_of_agencies_is_on_record_too(
    warehouse: str, unit: Callable[..., str], padan: Callable[..., Any], tmp_path: Path
) -> None:
    login = unit("unit_dua", "bps", "A")
    words = ("grant", "unit_dua", "--party", "bps", "--by", "Biro SDM", "--password-file", str(tmp_path / "more"))
    assert padan(*words).exit_code == 0
    before = last_reading(warehouse)
    with psycopg.connect(login, autocommit=True) as connection:
        assert connection.execute(f"select nip from {WORKLIST}".encode()).fetchall()
    found = read(warehouse, "auditor", READINGS.format(before))
    assert found
    assert {row[:2] for row in found} == {("unit_dua", "bps")}


def test_a_record_stays_until_its_term_whoever_asks(
    warehouse: str, postgres_server: EmbeddedPostgres, unit: Callable[..., str]
) -> None:
    with psycopg.connect(unit("unit_kekal", "bkn"), autocommit=True) as connection:
        connection.execute(f"select count(*) from {WORKLIST}".encode())
    database = urlsplit(warehouse).path[1:]
    with psycopg.connect(postgres_server.url(database, SUPERUSER), autocommit=True) as connection:
        for statement in ("update access.reading set login = 'x'", "delete from access.reading",
                          "truncate access.reading"):  # fmt: skip
            with pytest.raises(psycopg.errors.RaiseException, match="access.reading is append-only"):
                connection.execute(statement.encode())
        connection.execute("set role owner")
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("update access.reading set login = 'x'")


def test_a_login_of_a_whole_side_sees_all_of_it(warehouse: str, padan: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "password"
    words = ("grant", "unit_utama", "--party", "bkn", "--by", "Direktur", "--password-file", str(file))
    assert padan(*words).exit_code == 0
    query = "select case_id from marts_reconciliation.rpt_difference_worklist order by 1"
    with psycopg.connect(make_conninfo(warehouse, user="unit_utama", password=file.read_text().strip())) as connection:
        assert connection.execute(query).fetchall() == read(warehouse, "liaison_bkn", query)
    assert padan("revoke", "unit_utama").exit_code == 0


@pytest.mark.parametrize("name", ["owner", "padan_second", "pg_monitor", "Unit", "x", "loader"])
def test_no_login_is_made_of_another_role(padan: Callable[..., Any], tmp_path: Path, name: str) -> None:
    words = ("grant", name, "--party", "bps", "--by", "Biro SDM", "--password-file", str(tmp_path / "password"))
    assert padan(*words).exit_code != 0
    assert not (tmp_path / "password").exists()


def test_what_bi_reader_reads_names_nobody(warehouse: str) -> None:
    seen = 0
    for (role, (schema, name)), verbs in allowed(warehouse).items():
        if role == "bi_reader" and "SELECT" in verbs:
            text = "\n".join(row[0] for row in read(warehouse, role, f"select t::text from {schema}.{name} t"))
            seen += len(text)
            assert not IDENTITY.search(text), name
            assert "Budi" not in text, name
    assert seen > 1000


def columns_built(url: str) -> dict[str, set[str]]:
    """Columns of everything in dbt's schemas."""
    rows = read(
        url,
        "quality",
        "select table_schema || '.' || table_name, array_agg(column_name::text) from information_schema.columns "
        "where table_schema ~ '^(reference|integration|snapshots|staging_.*|marts_.*)$' group by 1",
    )
    return {name: set(columns) for name, columns in rows}


def test_every_column_that_is_there_is_listed_with_its_class(warehouse: str, nodes: dict[str, Node]) -> None:
    there = columns_built(warehouse)
    assert set(there) == set(nodes)
    wrong = {name: there[name] ^ set(node["columns"]) for name, node in nodes.items()}
    assert {name: columns for name, columns in wrong.items() if columns} == {}
    with connect(warehouse, role="transformer") as connection:
        connection.execute("alter table staging_bkn.stg_bkn__people add column telephone text")
        assert "telephone" in columns_built(warehouse)["staging_bkn.stg_bkn__people"]
        connection.execute("alter table staging_bkn.stg_bkn__people drop column telephone")


def test_what_bi_reader_may_read_in_the_database_has_no_revealing_column(
    warehouse: str, nodes: dict[str, Node]
) -> None:
    readable = {
        role: [".".join(name) for (one, name), verbs in allowed(warehouse).items() if one == role and "SELECT" in verbs]
        for role in ("bi_reader", "liaison_bps")
    }
    assert len(readable["bi_reader"]) > 10
    assert max((worst(nodes[name]) for name in readable["bi_reader"]), key=CLASSES.index) == "indirect"
    assert {worst(nodes[name]) for name in readable["liaison_bps"]} == {"none", "direct"}


def test_people_appear_under_a_key_that_only_the_secret_makes(warehouse: str) -> None:
    (stored,) = read(
        warehouse,
        "transformer",
        "select asn_key = encode(public.hmac(coalesce(person_id_bkn, '') || '|' || coalesce(holder_id, ''), "
        "'synthetic', 'sha256'), 'hex') from integration.int_matching__people limit 1",
    )
    assert stored == (True,)
    with pytest.raises(psycopg.errors.UndefinedObject):
        read(warehouse, "bi_reader", "select current_setting('padan.pseudonym_key')")

"""Suite ``worklist``: what liaison units wait for, at a million open cases: a page of the worklist and its totals.

Every query runs four ways: without a policy but with the same rows asked for; under the policies that Padan makes (the
agencies of a login in a sub-select, which PostgreSQL evaluates once), without and with the record of who reads that
they make of the worklist; and under naive ones (evaluated row by row). Then all users ask at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Any

import psycopg
from psycopg import sql
from rich.table import Table

from benchmarks.contestant import RunFailed
from benchmarks.report import against, table
from benchmarks.suites import Bench, Result
from padan.warehouse.migrations import migrate
from sandbox.postgres import SUPERUSER

CASES, AGENCIES, USERS, TURNS = 1_000_000, 600, 20, 5
PAUSE = 1.0  # seconds that a user looks at what came, when all ask at once
DATABASE = "bench_worklist"
Taken = dict[str, dict[str, list[float]]]  # query, way: milliseconds
TARGETS = {"milliseconds": 100.0, "overhead": 1.5}
PARTY = "bps"
# The shape of marts_reconciliation.rpt_difference_worklist , with its indexes.
_POPULATE = """
drop schema if exists worklist cascade;
create schema worklist;
create table worklist.cases as
select
    'K-' || upper(lpad(to_hex(number), 12, '0')) as case_id,
    lpad((199001012014121000 + number %% 1000)::text, 18, '0') as nip,
    'Nama Contoh ' || number as name,
    -- Few agencies have most people, as in life: the share falls with the square.
    'instansi-' || floor(%(agencies)s * power((hashint8(number) & 1048575) / 1048576.0, 2))::int as instansi_id,
    (array['nip', 'name', 'golongan', 'jenjang', 'unit', 'jf_tmt', 'credit_total', 'education_level', 'instansi',
        'birth_date'])[1 + number %% 10] as attribute,
    (array['bps', 'bkn', 'both'])[1 + (number / 10) %% 3] as owner_party,
    case when number %% 10 < 4 then 'critical' else 'warning' end as severity,
    (array['open', 'acknowledged', 'disputed'])[1 + (number / 7) %% 3] as state,
    'nilai BKN ' || number as bkn_value,
    'nilai BPS ' || number as bps_value,
    date '2026-01-05' + (hashint8(number * 31) & 255) as due_on
from generate_series(1, %(cases)s::bigint) as number;
alter table worklist.cases add primary key (case_id);
create index on worklist.cases (due_on, case_id, instansi_id, owner_party, attribute);
create index on worklist.cases (instansi_id);
-- That of marts_reconciliation.rpt_worklist_totals.
create table worklist.totals as
select
    owner_party, instansi_id, attribute, severity, state, false as is_paused,
    case
        when due_on < '2026-04-01' then 'overdue' when due_on < '2026-04-08' then 'within_7_days'
        when due_on < '2026-05-01' then 'within_30_days' else 'later'
    end as due,
    count(*) as cases, min(due_on) as earliest_due_on
from worklist.cases group by 1, 2, 3, 4, 5, 6, 7;
alter table worklist.totals add primary key (owner_party, instansi_id, attribute, severity, state, is_paused, due);
create index on worklist.totals (instansi_id);
create table worklist.silent_cases (like worklist.cases including indexes);
insert into worklist.silent_cases table worklist.cases;
create table worklist.naive_cases (like worklist.cases including indexes);
insert into worklist.naive_cases table worklist.cases;
create table worklist.naive_totals (like worklist.totals including indexes);
insert into worklist.naive_totals table worklist.totals;
"""
# As macro only_own_side makes them.
_PROTECT = """
alter table worklist.{table} enable row level security;
create policy own_side on worklist.{table} for select to liaison_bps
    using (owner_party in ('bps', 'both') and {recorded_whole});
create policy own_agencies on worklist.{table} for select to liaison_bps_agencies
    using (owner_party in ('bps', 'both') and {condition} and {recorded});
grant select on worklist.{table} to liaison_bps, liaison_bps_agencies
"""
SUBSELECT = "instansi_id = any((select access.agencies('bps'))::text[])"
NAIVE = "access.sees('bps', instansi_id)"
RECORDED = {
    "recorded_whole": "(select access.note_reading('bps', null, date '2026-04-01'))",
    "recorded": "(select access.note_reading('bps', access.agencies('bps'), date '2026-04-01'))",
}
SILENT = dict.fromkeys(RECORDED, "true")
PROTECTED = {
    "cases": {"condition": SUBSELECT, **RECORDED},
    "silent_cases": {"condition": SUBSELECT, **SILENT},
    "totals": {"condition": SUBSELECT, **SILENT},
    "naive_cases": {"condition": NAIVE, **SILENT},
    "naive_totals": {"condition": NAIVE, **SILENT},
}
_NAIVE_FUNCTION = """
create or replace function access.sees(of_party text, of_instansi text) returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (
        select from access.liaison where login = session_user and party = of_party and instansi_id = of_instansi
    )
$$
"""
_PAGE = "select * from worklist.{} where true {} order by due_on, case_id limit 50"
_FILTERED = "select * from worklist.{} where attribute = 'golongan' {} order by due_on, case_id limit 50"
_COUNTED = "select attribute, state, count(*), min(due_on) from worklist.{} where true {} group by 1, 2"
_TOTALS = (
    "select attribute, state, sum(cases)::bigint, min(earliest_due_on) from worklist.{} where true {} group by 1, 2"
)
QUERIES = {
    "page": ("cases", _PAGE),
    "page of one attribute": ("cases", _FILTERED),
    "totals": ("totals", _TOTALS),
    "totals counted from the worklist": ("cases", _COUNTED),
}
WAITED_FOR = ("page", "page of one attribute", "totals")  # what is held against the target


def users(server: Any, url: str, seed: int = 20231204) -> dict[str, list[str] | None]:
    """Twenty logins and their agencies: two units that see every agency (None), the others one to sixty of them."""
    chance = random.Random(seed)
    made: dict[str, list[str] | None] = {"bench_user_0": None, "bench_user_1": None}
    for number in range(2, USERS):
        size = max(1, round(60 * chance.random() ** 2))
        made[f"bench_user_{number}"] = sorted(f"instansi-{one}" for one in chance.sample(range(AGENCIES), size))
    with psycopg.connect(server.url(DATABASE, SUPERUSER), autocommit=True) as connection:
        connection.execute("truncate access.liaison")
        for login, agencies in made.items():
            name = sql.Identifier(login)
            role = sql.Identifier("liaison_bps" if agencies is None else "liaison_bps_agencies")
            connection.execute(sql.SQL("drop role if exists {}").format(name))
            connection.execute(sql.SQL("create role {} login in role {}").format(name, role))
            connection.cursor().executemany(
                "insert into access.liaison (login, party, instansi_id, granted_on, granted_by) "
                "values (%s, %s, %s, '2026-01-05', 'benchmark')",
                [(login, PARTY, agency) for agency in agencies or ()],
            )
    return made


def plainly(agencies: list[str] | None) -> str:
    """The condition that a query without a policy would carry to ask for the same rows."""
    rows = "and owner_party in ('bps', 'both')"
    if agencies is None:
        return rows
    return f"{rows} and instansi_id = any(array[{', '.join(repr(one) for one in agencies)}])"


def measure(bench: Bench) -> Result:
    """Milliseconds of every query, user and way, in turns; the rows are the same or it fails."""
    url = bench.server.ensure_database(DATABASE, inherits=True)
    migrate(url)
    with psycopg.connect(bench.server.url(DATABASE, SUPERUSER), autocommit=True) as connection:
        bench.progress(f"making {CASES:,} cases")
        connection.execute(
            psycopg.ClientCursor(connection).mogrify(_POPULATE, {"agencies": AGENCIES, "cases": CASES}).encode()
        )
        connection.execute(_NAIVE_FUNCTION)
        for name, conditions in PROTECTED.items():
            connection.execute(_PROTECT.format(table=name, **conditions).encode())
        connection.execute("grant usage on schema worklist to liaison_bps, liaison_bps_agencies")
    made = users(bench.server, url)
    with psycopg.connect(bench.server.url(DATABASE, SUPERUSER), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    ways = ("plain", "policy", "recorded", "naive", "together")
    taken: Taken = {name: {way: [] for way in ways} for name in QUERIES}
    for number, (login, agencies) in enumerate(made.items()):
        bench.progress(f"user {number + 1} of {USERS}")
        _one_user(bench, login, agencies, taken, naive=number == 2)
    bench.progress(f"{USERS} users at once")
    with ThreadPoolExecutor(USERS) as pool:
        for asked in pool.map(lambda login: _at_once(bench, login), made):
            for name, milliseconds in asked.items():
                taken[name]["together"] += milliseconds
    return {"cases": CASES, "agencies": AGENCIES, "users": USERS, "targets": TARGETS, "queries": _summary(taken)}


def _one_user(bench: Bench, login: str, agencies: list[str] | None, taken: Taken, *, naive: bool) -> None:
    url = bench.server.url(DATABASE, SUPERUSER)
    with (
        psycopg.connect(url, autocommit=True) as plain,
        psycopg.connect(url, autocommit=True) as restricted,
    ):
        restricted.execute(sql.SQL("set session authorization {}").format(sql.Identifier(login)))
        for name, (relation, query) in QUERIES.items():
            silent = relation if relation == "totals" else f"silent_{relation}"
            ways = {
                "plain": (plain, query.format(relation, plainly(agencies))),
                "policy": (restricted, query.format(silent, "")),
                "recorded": (restricted, query.format(relation, "")),
                "naive": (restricted, query.format(f"naive_{relation}", "")),
            }
            for turn in range(TURNS + 1):
                # The naive way judges every row: some seconds, and once is enough to tell.
                chosen = ways if naive and turn == 1 else {way: ways[way] for way in ("plain", "policy", "recorded")}
                rows = {way: _timed(*asked, taken[name][way], turn > 0) for way, asked in chosen.items()}
                if len({str(found) for found in rows.values()}) != 1:
                    raise RunFailed(f"{name}: {login} sees other rows than asked for without a policy")


def _at_once(bench: Bench, login: str) -> dict[str, list[float]]:
    """One of many users: asks, looks at what came, asks again; milliseconds by query."""
    taken: dict[str, list[float]] = {name: [] for name in WAITED_FOR}
    chance = random.Random(login)
    with psycopg.connect(bench.server.url(DATABASE, SUPERUSER), autocommit=True) as connection:
        connection.execute(sql.SQL("set session authorization {}").format(sql.Identifier(login)))
        for turn in range(TURNS + 1):
            for name in WAITED_FOR:
                relation, query = QUERIES[name]
                time.sleep(2 * PAUSE * chance.random())
                _timed(connection, query.format(relation, ""), taken[name], turn > 0)
    return taken


def _timed(connection: psycopg.Connection[Any], query: str, taken: list[float], counts: bool) -> list[Any]:
    began = time.perf_counter()
    rows = connection.execute(query.encode()).fetchall()
    if counts:  # the first turn warms
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(rows)


def _summary(taken: Taken) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, ways in taken.items():
        shown = {way: {"median": _at(values, 50), "p95": _at(values, 95)} for way, values in ways.items() if values}
        found[name] = {
            **shown,
            "overhead": _ratio(ways["policy"], ways["plain"]),
            "overhead_recorded": _ratio(ways["recorded"], ways["plain"]),
            "naive_over_plain": sum(ways["naive"]) / len(ways["naive"]) / (sum(ways["plain"]) / len(ways["plain"])),
        }
    return found


def _ratio(values: list[float], plain: list[float]) -> float:
    """Median of the ratios, turn by turn."""
    return _at([value / other for value, other in zip(values, plain, strict=True)], 50)


def _at(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def tables(result: Result) -> Iterator[Table]:
    """Per query: one after the other in each way, and all users at once."""
    shown = table(
        f"{result['cases']:,} open cases, {result['agencies']} agencies, {result['users']} users (ms, p95)",
        "query", "plain", "policy", "overhead", "target", "", "on record", "overhead", "all at once", "target", "",
        "naive",
    )  # fmt: skip
    for name, one in result["queries"].items():
        at_once = one.get("together", {}).get("p95")
        held = against(at_once, result["targets"]["milliseconds"], at_most=True) if at_once else ("", "")
        shown.add_row(
            name,
            f"{one['plain']['p95']:.1f}",
            f"{one['policy']['p95']:.1f}",
            f"{one['overhead']:.2f}",
            *against(one["overhead"], result["targets"]["overhead"], at_most=True),
            f"{one['recorded']['p95']:.1f}",
            f"{one['overhead_recorded']:.2f}",
            f"{at_once:.1f}" if at_once else "",
            *held,
            f"{one['naive']['p95']:.1f}",
        )
    yield shown

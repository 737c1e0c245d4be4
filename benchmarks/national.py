"""Suite ``national``: every step from raw to marts for PEOPLE people a side; then a day of changes; then once more.

The result is held against the planted truth after each day: a pipeline that computes something wrong has no figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
from rich.table import Table

from benchmarks import comparison
from benchmarks import population as world
from benchmarks.contestant import PROJECT, Figures, RunFailed, run_module
from benchmarks.population import Population
from benchmarks.report import MEGA, table
from benchmarks.suites import Bench, Result
from benchmarks.watching import watched
from padan.agreement import load_agreement
from padan.flows.pipeline import PIPELINE
from padan.warehouse import raw_tables
from padan.warehouse.migrations import migrate
from sandbox.postgres import SUPERUSER

DATABASE = "padan_national"
FIRST_DAY = date(2026, 1, 5)
CHANGED = 20_000  # people a day
STEPS = tuple(step.name for flow in PIPELINE if flow.name in ("build_warehouse", "reconcile") for step in flow.steps)
BUILDING = tuple(
    step for step in STEPS if not step.startswith(("check_", "write_"))
)  # what leaves something in the tables
AGREEMENT = PROJECT / "agreement" / "sandbox.yaml"
_SHOWN_NODES = 25


def measure(bench: Bench) -> Result:
    """Generate, and run every step for a full first day, a day of changes, and that day again.

    Raises:
        RunFailed: a step failed, or the differences found are not those planted.
    """
    population = Population(bench.options.people, FIRST_DAY)
    url, figures = fresh_database(bench), {}
    with psycopg.connect(url, autocommit=True) as connection:
        bench.progress(f"generating {population.people:,} people a side")
        world.prepare(connection, load_agreement(AGREEMENT), population)
        figures["generated_bytes"] = _size(connection)
        days = {"full": play(bench, connection, population, FIRST_DAY)}
        others = comparison.contest(bench, DATABASE, differing(connection))
        changed = 0
        next_day = FIRST_DAY + timedelta(days=1)
        if bench.options.days > 1:
            changed = world.change(connection, load_agreement(AGREEMENT), population, next_day, CHANGED)
        for day in ("changes", "repeated")[: bench.options.days - 1]:
            days[day] = play(bench, connection, population, next_day)
        relations = _relations(connection)
    return {
        "people": population.people,
        "changed": changed,
        "days": days,
        "others": others,
        "relations": relations,
        **figures,
    }


def fresh_database(bench: Bench) -> str:
    """The URL of a warehouse with empty raw tables."""
    with psycopg.connect(bench.server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)")
    url = bench.server.ensure_database(DATABASE, inherits=True)
    migrate(url)
    with psycopg.connect(url) as connection:
        raw_tables.ensure(connection, load_agreement(AGREEMENT))
    return url


def environment(bench: Bench, url: str) -> dict[str, str]:
    """The settings of a step."""
    state = bench.directory / "national"
    return {
        "PADAN_DATABASE_URL": url,
        "PADAN_AGREEMENT_FILE": str(AGREEMENT),
        "PADAN_STATE_DIR": str(state),
        "PADAN_ARCHIVE_DIR": str(state / "archive"),
        "PADAN_PORTAL_EXPORT_DIR": str(state),
        "PADAN_PROJECT_DIR": str(PROJECT),
        "PADAN_SECRET_KEY": "synthetic " * 4,
    }


def play(
    bench: Bench,
    connection: psycopg.Connection,
    population: Population,
    as_of: date,
    steps: tuple[str, ...] = STEPS,
) -> list[Figures]:
    """The figures of each step of one day, whose outcome was right."""
    settings = environment(bench, bench.server.url(DATABASE))
    done = []
    for step in steps:
        figures: Figures = {"step": step}
        with watched(bench.server, DATABASE, figures):
            job = {"step": step, "as_of": as_of.isoformat(), "environment": settings}
            figures |= run_module("benchmarks.step", job)
        figures["database_bytes"] = _size(connection)
        bench.progress(f"{as_of} {step}: {figures['seconds']:.1f} s")
        done.append(figures)
        if nodes := figures.get("nodes"):
            slowest = sorted(nodes, key=lambda node: -node["seconds"])[:5]
            bench.progress("    " + ", ".join(f"{node['name'][:40]} {node['seconds']:.1f} s" for node in slowest))
        for one in figures["statements"][:3]:
            bench.progress(f"    {one['seconds']:.1f} s, {one['calls']} calls: {one['node'] or one['statement'][:110]}")
    verify(connection, population)
    return done


def differing(connection: psycopg.Connection) -> int:
    """Values planted that differ among people known to both."""
    row = connection.execute("select count(*) from bench.planted where attribute <> 'presence'").fetchone()
    return int(row[0]) if row else 0


def verify(connection: psycopg.Connection, population: Population) -> None:
    """Hold the verdicts, the mart and the ledger against the planted truth.

    Raises:
        RunFailed: naming what differs, by attribute and verdict.
    """
    attributes = [row[0] for row in connection.execute("select attribute from reference.attribute_registry")]
    expected = world.truth(connection, population, attributes)
    differences = {key: count for key, count in expected.items() if key[1] != "identical"}
    pairs = expected["presence", "identical"]
    _same("differences", _counted(connection, "marts_reconciliation.fct_differences"), differences)
    of_people = "ledger.difference_case where state <> 'resolved' and starts_with(case_id, 'K-')"
    _same("open cases", _counted(connection, of_people), differences)
    compared = connection.execute(
        "select attribute, sum(pairs)::bigint from integration.int_comparison__attribute_by_instansi group by 1"
    ).fetchall()
    _same("pairs compared", dict(compared), {name: pairs for name in attributes if name != "presence"})


def _same(what: str, found: dict[Any, int], expected: dict[Any, int]) -> None:
    wrong = [
        f"{key}: {found.get(key, 0)}, not {expected.get(key, 0)}"
        for key in sorted(found.keys() | expected.keys())
        if found.get(key, 0) != expected.get(key, 0)
    ]
    if wrong:
        raise RunFailed(f"{what}: {'; '.join(wrong)}")


def _counted(connection: psycopg.Connection, relation: str) -> dict[tuple[str, str], int]:
    rows = connection.execute(f"select attribute, verdict, count(*) from {relation} group by 1, 2".encode())
    return {(attribute, verdict): count for attribute, verdict, count in rows}


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _relations(connection: psycopg.Connection) -> dict[str, int]:
    """Bytes of the largest tables, indexes included."""
    rows = connection.execute(
        "select relnamespace::regnamespace || '.' || relname, pg_total_relation_size(oid) from pg_class "
        "where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|bench|information)' "
        "order by 2 desc limit 20"
    )
    return dict(rows.fetchall())


def tables(result: Result) -> Iterator[Table]:
    """Each step of each day; the slowest nodes and statements of the full day; the largest tables."""
    people = result["people"]
    for day, steps in result["days"].items():
        yield _steps(f"{people:,} people a side: {_TITLES[day].format(changed=result['changed'])}", people, steps)
    for day in [day for day in ("full", "changes") if day in result["days"]]:
        yield _nodes(f"Slowest dbt nodes, {day}", result["days"][day])
        yield _statements(f"Dearest statements, {day}", result["days"][day])
    yield _others(result)
    made = table("Largest tables", "", "MB", "bytes/person")
    for name, size in result["relations"].items():
        made.add_row(name, f"{size / MEGA:,.0f}", f"{size / people:,.0f}")
    yield made


def _others(result: Result) -> Table:
    full = {step["step"]: step for step in result["days"]["full"]}
    integrated, staged = full["integrate"]["seconds"], full["build_staging"]["seconds"]
    through = integrated + staged + full["update_ledger"]["seconds"]
    made = table(
        "Beside a hand-written statement and what a user would pick instead",
        "",
        "seconds",
        "integrate / it",
        "staging to ledger / it",
        "its Python MB",
        "Postgres MB",
    )
    for name, figures in result["others"].items():
        made.add_row(
            name,
            f"{figures['seconds']:.1f}",
            f"{integrated / figures['seconds']:.2f}",
            f"{through / figures['seconds']:.2f}",
            f"{figures.get('peak_bytes', 0) / MEGA:,.0f}",
            f"{figures['postgres_peak_bytes'] / MEGA:,.0f}",
        )
    return made


_TITLES = {"full": "everything", "changes": "a day with {changed:,} changed people", "repeated": "that day again"}


def _steps(title: str, people: int, steps: list[Figures]) -> Table:
    made = table(title, "", "seconds", "people/s", "Python MB", "Postgres MB", "temporary MB", "WAL MB", "database MB")
    for step in [*steps, _together(steps)]:
        made.add_row(
            step["step"],
            f"{step['seconds']:.1f}",
            f"{people / step['seconds']:,.0f}",
            f"{step['peak_bytes'] / MEGA:,.0f}",
            f"{step['postgres_peak_bytes'] / MEGA:,.0f}",
            f"{step['temporary_bytes'] / MEGA:,.0f}",
            f"{step['wal_bytes'] / MEGA:,.0f}",
            f"{step['database_bytes'] / MEGA:,.0f}",
        )
    return made


def _together(steps: list[Figures]) -> Figures:
    summed = {name: sum(step[name] for step in steps) for name in ("seconds", "temporary_bytes", "wal_bytes")}
    most = {name: max(step[name] for step in steps) for name in ("peak_bytes", "postgres_peak_bytes", "database_bytes")}
    return {"step": "together", **summed, **most}


def _nodes(title: str, steps: list[Figures]) -> Table:
    made = table(title, "node", "kind", "step", "seconds", "rows")
    nodes = [{**node, "step": step["step"]} for step in steps for node in step.get("nodes", ())]
    for node in sorted(nodes, key=lambda node: -node["seconds"])[:_SHOWN_NODES]:
        rows = "" if node["rows"] is None else f"{node['rows']:,}"
        made.add_row(node["name"][:60], node["kind"], node["step"], f"{node['seconds']:.2f}", rows)
    return made


def _statements(title: str, steps: list[Figures]) -> Table:
    made = table(title, "statement", "step", "calls", "seconds", "temporary MB")
    found = [{**statement, "step": step["step"]} for step in steps for statement in step["statements"]]
    for one in sorted(found, key=lambda one: -one["seconds"])[:_SHOWN_NODES]:
        label = f"{one['node'] or ''} {one['statement']}".strip()[:90]
        made.add_row(
            label, one["step"], f"{one['calls']:,}", f"{one['seconds']:.2f}", f"{one['temporary_bytes'] / MEGA:,.0f}"
        )
    return made

"""Suite ``national``: every step from raw to marts for PEOPLE people a side; a day of changes; once more; more days.

The result is held against the planted truth after each day: a pipeline that computes something wrong has no figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from rich.table import Table

from benchmarks import comparison
from benchmarks import population as world
from benchmarks.contestant import PROJECT, Figures, RunFailed, run_module
from benchmarks.population import Population
from benchmarks.report import MEGA, table
from benchmarks.suites import Bench, Options, Result
from benchmarks.watching import watched
from padan.agreement import load_agreement
from padan.flows.pipeline import PIPELINE
from padan.warehouse import raw_tables
from padan.warehouse.migrations import migrate
from sandbox.postgres import SUPERUSER

DATABASE = "padan_national"
FIRST_DAY = date(2026, 1, 5)
STEPS = tuple(step.name for flow in PIPELINE if flow.name in ("build_warehouse", "reconcile") for step in flow.steps)
BUILDING = tuple(
    step for step in STEPS if not step.startswith(("check_", "write_"))
)  # what leaves something in the tables
AGREEMENT = PROJECT / "agreement" / "sandbox.yaml"
_SHOWN_NODES = 25


@dataclass(frozen=True)
class Day:
    """What happens on a day: ``full``, ``changes`` or ``repeated``; ``changed``: the people asked for."""

    kind: str
    changed: int = 0


def planned(options: Options) -> list[Day]:
    """Everything; a day of changes; that day again; then a day for each further number of changed people."""
    first, *further = options.changed
    days = [Day("full"), Day("changes", first), Day("repeated"), *(Day("changes", number) for number in further)]
    return days[: options.days]


def measure(bench: Bench) -> Result:
    """Generate, and run every step on each day; what is measured is kept step by step.

    Raises:
        RunFailed: a step failed, or the differences found are not those planted.
    """
    population, agreement = Population(bench.options.people, FIRST_DAY), load_agreement(AGREEMENT)
    result: Result = {"people": population.people, "days": [], "others": {}}
    as_of = FIRST_DAY
    with psycopg.connect(fresh_database(bench), autocommit=True) as connection:
        bench.progress(f"generating {population.people:,} people a side")
        world.prepare(connection, agreement, population)
        result["generated_bytes"] = _size(connection)
        for day in planned(bench.options):
            changed = 0
            if day.kind == "changes":
                as_of += timedelta(days=1)
                changed = world.change(connection, agreement, population, as_of, day.changed)
            done: dict[str, Any] = {"kind": day.kind, "changed": changed, "as_of": as_of.isoformat(), "steps": []}
            result["days"].append(done | {"right": False})
            for figures in played(bench, connection, population, as_of):
                done["steps"].append(figures)
                bench.keep(result)
            result["days"][-1] = done | {"right": True}
            if day.kind == "full":
                for name, figures in comparison.contest(bench, DATABASE, differing(connection)):
                    result["others"][name] = figures
                    bench.keep(result)
            result["relations"] = _relations(connection)
            bench.keep(result)
    return result


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
    return list(played(bench, connection, population, as_of, steps))


def played(
    bench: Bench,
    connection: psycopg.Connection,
    population: Population,
    as_of: date,
    steps: tuple[str, ...] = STEPS,
) -> Iterator[Figures]:
    """Run the steps of one day, the figures of each as it ends; at the end of all the outcome is judged.

    Raises:
        RunFailed: a step failed, or the outcome is not what was planted.
    """
    settings = environment(bench, bench.server.url(DATABASE))
    for step in steps:
        figures: Figures = {"step": step}
        with watched(bench.server, DATABASE, figures):
            job = {"step": step, "as_of": as_of.isoformat(), "environment": settings}
            figures |= run_module("benchmarks.step", job)
        figures["database_bytes"] = _size(connection)
        bench.progress(f"{as_of} {step}: {figures['seconds']:.1f} s")
        if nodes := figures.get("nodes"):
            slowest = sorted(nodes, key=lambda node: -node["seconds"])[:5]
            bench.progress("    " + ", ".join(f"{node['name'][:40]} {node['seconds']:.1f} s" for node in slowest))
        for one in figures["statements"][:3]:
            bench.progress(f"    {one['seconds']:.1f} s, {one['calls']} calls: {one['node'] or one['statement'][:110]}")
        yield figures
    verify(connection, population)


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
    """Each step of each day whose outcome was right; slowest nodes and statements; the others; the largest tables."""
    people = result["people"]
    days = [day for day in result["days"] if day["right"]]
    for day in days:
        title = f"{people:,} people a side: {_TITLES[day['kind']].format(changed=day['changed'])}"
        yield _steps(title, people, day["steps"])
    for kind in ("full", "changes"):
        for day in [day for day in days if day["kind"] == kind][:1]:
            yield _nodes(f"Slowest dbt nodes, {kind}", day["steps"])
            yield _statements(f"Dearest statements, {kind}", day["steps"])
    if result["others"]:
        yield _others(result)
    if result.get("relations"):
        made = table("Largest tables", "", "MB", "bytes/person")
        for name, size in result["relations"].items():
            made.add_row(name, f"{size / MEGA:,.0f}", f"{size / people:,.0f}")
        yield made


def _others(result: Result) -> Table:
    full = {step["step"]: step["seconds"] for step in result["days"][0]["steps"]}
    integrated = full["integrate"]
    through = full["build_staging"] + integrated + full["update_ledger"]
    made = table(
        "Beside a hand-written statement and what a user would pick instead",
        "",
        "seconds",
        "integrate / it",
        "staging to ledger / it",
        "its Python MB",
        "Postgres MB",
    )
    stopped = []
    for name, figures in result["others"].items():
        memory = (f"{figures.get('peak_bytes', 0) / MEGA:,.0f}", f"{figures['postgres_peak_bytes'] / MEGA:,.0f}")
        if "stopped" in figures:
            stopped.append(f"{name}: {figures['stopped']}")
            made.add_row(name, "stopped", "", "", *memory)
            continue
        seconds = figures["seconds"]
        made.add_row(name, f"{seconds:.1f}", f"{integrated / seconds:.2f}", f"{through / seconds:.2f}", *memory)
    made.caption = "\n".join(stopped)
    return made


_TITLES = {"full": "everything", "changes": "a day with {changed:,} changed people", "repeated": "that day again"}


def _steps(title: str, people: int, steps: list[Figures]) -> Table:
    made = table(
        title, "", "seconds", "of SQL", "people/s", "Python MB", "Postgres MB", "temporary MB", "WAL MB", "database MB"
    )
    for step in [*steps, _together(steps)]:
        made.add_row(
            step["step"],
            f"{step['seconds']:.1f}",
            f"{step['sql_seconds'] or 0:.1f}",
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
    summed["sql_seconds"] = sum(step["sql_seconds"] or 0 for step in steps)
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

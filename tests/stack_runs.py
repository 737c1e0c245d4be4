"""Playing runs and faults on a one-machine stack."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import psycopg
import requests
from rich.console import Console

from sandbox.airflow_run import AirflowClient, follow
from sandbox.postgres import SUPERUSER
from sandbox.stack import Stack

FIRST_DAY = date(2031, 3, 3)  # any day within the sandbox agreement will do; it is not today


def airflow_client(stack: Stack) -> AirflowClient:
    """A client of the stack's Airflow."""
    return AirflowClient(stack.addresses()["airflow"], "admin", stack.secrets["airflow_password"])


def run_dags(stack: Stack, as_of: date) -> list[str]:
    """Trigger the first DAG, follow the chain to its end, return the failed steps."""
    return follow(airflow_client(stack), as_of, Console(quiet=True), patience=900)


def latest_tasks(stack: Stack, dag_id: str) -> dict[str, str]:
    """State of each task in the newest run of a DAG."""
    client = airflow_client(stack)
    return {name: task["state"] for name, task in client.tasks(dag_id, client.latest_run_id(dag_id)).items()}


@contextmanager
def fault(stack: Stack, service: str, kind: str, path: str, **options: object) -> Iterator[None]:
    """A fault of a sandbox service for as long as the block lasts."""
    url = f"https://127.0.0.1:{stack.ports[service]}/_sandbox/faults"
    bundle = str(stack.home / "certificates" / "ca.pem")
    body = {"kind": kind, "path": path, "times": None, "options": options}
    requests.post(url, json=body, verify=bundle, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(url, verify=bundle, timeout=10).raise_for_status()


@contextmanager
def connections_watched(stack: Stack) -> Iterator[set[tuple[str, str, bool]]]:
    """Database, application and whether it is encrypted, of every connection seen while the block lasts."""
    seen: set[tuple[str, str, bool]] = set()
    over = threading.Event()
    query = (
        "select datname, application_name, coalesce(ssl, false) from pg_stat_activity "
        "left join pg_stat_ssl using (pid) "
        "where backend_type = 'client backend' and datname is not null"
    )

    def watch() -> None:
        with psycopg.connect(stack.postgres.url("postgres", SUPERUSER), autocommit=True) as connection:
            while not over.wait(0.05):
                seen.update(connection.execute(query).fetchall())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def run_alone(stack: Stack, dag_id: str, as_of: date, patience: float = 120) -> str:
    """Trigger one DAG by itself and wait for its end; the state of the run."""
    client = airflow_client(stack)
    moment = datetime.now(UTC)
    client.trigger(dag_id, as_of)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        run = client.run_since(dag_id, moment)
        if run and run["state"] in ("success", "failed"):
            return str(run["state"])
        time.sleep(0.5)
    raise TimeoutError(f"{dag_id} did not end within {patience:.0f} s")

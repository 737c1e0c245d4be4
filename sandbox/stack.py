"""Padan's whole world on one machine: what `make run`, `make stop`, `make status` and `make clean` do.

Everything lives below ``var/``. Processes are kept by supervisord; ports are chosen free at the first start and kept;
passwords are generated into files of mode 0600.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests
from cryptography.fernet import Fernet

from sandbox.certificates import ensure_certificates
from sandbox.postgres import EmbeddedPostgres, free_port

PROJECT_DIR = Path(__file__).resolve().parent.parent
PORTS = ("siasn", "jf", "smtp", "mail", "docs", "airflow")
SECRETS = (
    "siasn_consumer_key", "siasn_consumer_secret", "siasn_sso_password", "jf_client_secret",
    "airflow_jwt", "airflow_api", "airflow_password", "padan_secret_key",
)  # fmt: skip
SEED = 20231204


class StackError(Exception):
    """A part of the stack did not start; the message names it and its log."""


class Stack:
    """The processes and files below ``home``. Constructing does no I/O."""

    def __init__(self, home: Path = PROJECT_DIR / "var", people: int = 2000) -> None:
        self.home = home
        self.people = people
        self.postgres = EmbeddedPostgres(home / "postgres")
        self.logs = home / "logs"
        self.world = home / "world"

    # -- files -----------------------------------------------------------------------------------------------------
    @cached_property
    def ports(self) -> dict[str, int]:
        """Loopback ports by service; chosen anew while nothing of ours runs and another program took one."""
        return {name: int(port) for name, port in self._kept("ports.json", lambda: _free_ports()).items()}

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Generated secrets by name."""
        made = {name: secrets.token_urlsafe(24) for name in SECRETS}
        return self._kept("secrets.json", lambda: made | {"airflow_fernet": Fernet.generate_key().decode()})

    def _kept(self, name: str, make: Callable[[], dict[str, str]]) -> dict[str, str]:
        path = self.home / name
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        made = make()
        if made.keys() - kept.keys():  # the first start, or that of a version that needs more
            kept = made | kept
            self.home.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(kept))
        return kept

    def addresses(self) -> dict[str, str]:
        """What a person opens, by name."""
        port = self.ports
        return {
            "airflow": f"http://127.0.0.1:{port['airflow']}",
            "data_docs": f"http://127.0.0.1:{port['docs']}/data_docs/index.html",
            "dbt_docs": f"http://127.0.0.1:{port['docs']}/dbt_docs/index.html",
            "mail": f"http://127.0.0.1:{port['mail']}",
        }

    def padan_environment(self) -> dict[str, str]:
        """The ``PADAN_*`` settings of a run against this sandbox."""
        port, secret = self.ports, self.secrets
        bundle, _, _ = ensure_certificates(self.home / "certificates")
        siasn, jf = f"https://127.0.0.1:{port['siasn']}", f"https://127.0.0.1:{port['jf']}"
        return {
            "PADAN_DATABASE_URL": self.postgres.url("padan"),
            "PADAN_AGREEMENT_FILE": str(PROJECT_DIR / "agreement" / "sandbox.yaml"),
            "PADAN_STATE_DIR": str(self.home / "state"),
            "PADAN_ARCHIVE_DIR": str(self.home / "archive"),
            "PADAN_PORTAL_EXPORT_DIR": str(self.world / "portal_export"),
            "PADAN_PROJECT_DIR": str(PROJECT_DIR),
            "PADAN_SECRET_KEY": secret["padan_secret_key"],
            "PADAN_SIASN_BASE_URL": siasn,
            "PADAN_SIASN_TOKEN_URL": f"{siasn}/oauth2/token",
            "PADAN_SIASN_SSO_TOKEN_URL": f"{siasn}/auth/realms/public-siasn/protocol/openid-connect/token",
            "PADAN_SIASN_CONSUMER_KEY": secret["siasn_consumer_key"],
            "PADAN_SIASN_CONSUMER_SECRET": secret["siasn_consumer_secret"],
            "PADAN_SIASN_SSO_CLIENT_ID": "padan-sandbox",
            "PADAN_SIASN_SSO_USERNAME": "sandbox-operator",
            "PADAN_SIASN_SSO_PASSWORD": secret["siasn_sso_password"],
            "PADAN_SIASN_REQUESTS_PER_SECOND": "2000",
            "PADAN_SIASN_CONCURRENCY": "8",
            "PADAN_SIASN_CA_BUNDLE": str(bundle),
            "PADAN_JF_BASE_URL": jf,
            "PADAN_JF_TOKEN_URL": f"{jf}/oauth2/token",
            "PADAN_JF_CLIENT_ID": "padan",
            "PADAN_JF_CLIENT_SECRET": secret["jf_client_secret"],
            "PADAN_JF_CA_BUNDLE": str(bundle),
            "PADAN_SMTP_HOST": "127.0.0.1",
            "PADAN_SMTP_PORT": str(port["smtp"]),
            "PADAN_ALERTS_OPERATORS": "operators@padan.invalid",
        }

    def _service_environment(self) -> dict[str, str]:
        """What the sandbox services need to know: the world and the credentials that they accept."""
        secret = self.secrets
        return {
            "PADAN_SANDBOX_WORLD": str(self.world),
            "PADAN_SANDBOX_SIASN_CONSUMER_KEY": secret["siasn_consumer_key"],
            "PADAN_SANDBOX_SIASN_CONSUMER_SECRET": secret["siasn_consumer_secret"],
            "PADAN_SANDBOX_SIASN_SSO_CLIENT_ID": "padan-sandbox",
            "PADAN_SANDBOX_SIASN_SSO_USERNAME": "sandbox-operator",
            "PADAN_SANDBOX_SIASN_SSO_PASSWORD": secret["siasn_sso_password"],
            "PADAN_SANDBOX_JF_CLIENT_ID": "padan",
            "PADAN_SANDBOX_JF_CLIENT_SECRET": secret["jf_client_secret"],
        }

    def airflow_environment(self) -> dict[str, str]:
        """Airflow's configuration."""
        home, secret, address = self.home / "airflow", self.secrets, self.addresses()["airflow"]
        passwords = home / "passwords.json"
        if not passwords.exists():
            home.mkdir(parents=True, exist_ok=True)
            passwords.touch(mode=0o600)
            passwords.write_text(json.dumps({"admin": secret["airflow_password"]}))
        database = self.postgres.url("airflow").removeprefix("postgresql://")
        core, scheduler, api = "AIRFLOW__CORE__", "AIRFLOW__SCHEDULER__", "AIRFLOW__API__"
        return {
            "AIRFLOW_HOME": str(home),
            f"{core}EXECUTOR": "LocalExecutor",
            f"{core}DAGS_FOLDER": str(PROJECT_DIR / "dags"),
            f"{core}PLUGINS_FOLDER": str(PROJECT_DIR / "plugins"),
            f"{core}LOAD_EXAMPLES": "False",
            f"{core}DAGS_ARE_PAUSED_AT_CREATION": "False",
            f"{core}FERNET_KEY": secret["airflow_fernet"],
            f"{core}DEFAULT_TIMEZONE": "Asia/Jakarta",
            f"{core}PARALLELISM": "4",
            f"{core}EXECUTION_API_SERVER_URL": f"{address}/execution/",
            f"{core}SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            f"{core}SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
            # asyncpg calls it ssl, and reads the authority from the environment.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{database.split('?')[0]}?ssl=verify-full",
            "PGSSLROOTCERT": str(self.postgres.authority),
            f"{scheduler}SCHEDULER_HEARTBEAT_SEC": "1",
            f"{scheduler}SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            f"{scheduler}ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            f"{api}SECRET_KEY": secret["airflow_api"],
            f"{api}BASE_URL": address,
            f"{api}HOST": "127.0.0.1",
            f"{api}PORT": str(self.ports["airflow"]),
            f"{api}WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secret["airflow_jwt"],
            "AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "86400",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def environment(self) -> dict[str, str]:
        """The whole environment of the stack's processes."""
        binaries = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            **self._service_environment(),
            **self.padan_environment(),
            **self.airflow_environment(),
        }

    def _write_padan_env(self) -> None:
        """``var/padan.env``, from which the ``padan`` command reads its settings."""
        path = self.home / "padan.env"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}='{value}'\n" for name, value in self.padan_environment().items()))

    # -- processes -------------------------------------------------------------------------------------------------
    def _programs(self) -> dict[str, list[str]]:
        binaries = Path(sys.executable).parent
        port = self.ports
        _, certificate, key = ensure_certificates(self.home / "certificates")
        docs = self.home / "docs"

        def uvicorn(application: str, on: int) -> list[str]:
            return [
                str(binaries / "uvicorn"), application, "--factory", "--host", "127.0.0.1", "--port", str(on),
                "--ssl-certfile", str(certificate), "--ssl-keyfile", str(key),
                "--no-access-log",  # a path holds a NIP
                "--log-level", "warning", "--timeout-keep-alive", "75",
            ]  # fmt: skip

        return {
            "siasn": uvicorn("sandbox.siasn:create_app", port["siasn"]),
            "jf": uvicorn("sandbox.jf_service:create_app", port["jf"]),
            "mail": [
                sys.executable, "-m", "sandbox.mail", "--smtp-port", str(port["smtp"]),
                "--http-port", str(port["mail"]), "--to", str(self.home / "mail"),
            ],
            "docs": [
                sys.executable, "-m", "http.server", str(port["docs"]), "--bind", "127.0.0.1",
                "--directory", str(docs),
            ],
            **{
                f"airflow-{part}": [str(binaries / "airflow"), part]
                for part in ("api-server", "scheduler", "dag-processor", "triggerer")
            },
        }  # fmt: skip

    def _supervisor_configuration(self) -> Path:
        path = self.home / "supervisord.conf"
        socket = self.home / "supervisor.sock"
        lines = [
            "[unix_http_server]", f"file={socket}", "chmod=0600",
            "[supervisord]", f"logfile={self.logs}/supervisord.log", f"pidfile={self.home}/supervisord.pid",
            f"childlogdir={self.logs}", f"directory={PROJECT_DIR}", "silent=true",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisorctl]", f"serverurl=unix://{socket}",
        ]  # fmt: skip
        for name, command in self._programs().items():
            lines += [
                f"[program:{name}]", f"command={' '.join(command)}", "autostart=true", "autorestart=true",
                "startsecs=2", "startretries=3", "stopasgroup=true", "killasgroup=true", "stopwaitsecs=10",
                "redirect_stderr=true", f"stdout_logfile={self.logs}/{name}.log", "stdout_logfile_maxbytes=20MB",
                "stdout_logfile_backups=2",
            ]  # fmt: skip
        path.write_text("\n".join(lines) + "\n")
        return path

    def supervisor(self, *words: str) -> str:
        """Output of supervisorctl; empty where supervisord does not run."""
        binary = Path(sys.executable).parent / "supervisorctl"
        configuration = self.home / "supervisord.conf"
        if not configuration.exists():
            return ""
        done = subprocess.run(
            [str(binary), "-c", str(configuration), *words], capture_output=True, text=True, check=False
        )
        return done.stdout

    def supervising(self) -> bool:
        """Whether our supervisord runs."""
        try:
            process = psutil.Process(int((self.home / "supervisord.pid").read_text()))
            return "supervisord" in " ".join(process.cmdline())
        except (OSError, ValueError, psutil.Error):
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One start, stop or run at a time below this home.

        Raises:
            StackError: if another command holds it.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError("another make run, stop or clean is under way in this checkout") from None
            yield

    def up(self, progress: Callable[[str], None]) -> None:
        """Start whatever does not run yet.

        Raises:
            StackError: naming the part that failed and its log.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        self._link_docs()
        if not self.supervising() and not all(_free(port) for port in self.ports.values()):
            (self.home / "ports.json").unlink()  # another program took one meanwhile
            del self.ports
        progress("PostgreSQL")
        self.postgres.start()
        self.postgres.ensure_database("padan")
        self.postgres.ensure_database("airflow", roles=())
        self._write_padan_env()
        with ThreadPoolExecutor(3) as pool:
            progress("the databases and the synthetic population")
            for part in [pool.submit(task) for task in (self._migrate_airflow, self._migrate_padan, self.build_world)]:
                part.result()
        if not self.supervising():
            progress("the services")
            command = [str(Path(sys.executable).parent / "supervisord"), "-c", str(self._supervisor_configuration())]
            self._checked("supervisord", command)
        self._wait_until_ready()

    def _link_docs(self) -> None:
        """A folder of what the docs server shows: the two documentations, and not the logs and targets beside them."""
        (self.home / "state").mkdir(exist_ok=True)
        docs = self.home / "docs"
        docs.mkdir(exist_ok=True)
        for name in ("data_docs", "dbt_docs"):
            if not (docs / name).is_symlink():
                (docs / name).symlink_to(self.home / "state" / name)

    def _checked(self, name: str, command: list[str]) -> None:
        log = self.logs / f"{name}.log"
        with log.open("a") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=PROJECT_DIR,
                env=self.environment(), check=False,
            )  # fmt: skip
        if done.returncode != 0:
            raise StackError(f"{name} failed with exit code {done.returncode}; see {log}")

    def _once(self, marker: str, content: str, do: Callable[[], None]) -> None:
        path = self.home / marker
        if path.exists() and path.read_text() == content:
            return
        do()
        path.write_text(content)

    def _migrate_airflow(self) -> None:
        from importlib.metadata import version

        airflow = str(Path(sys.executable).parent / "airflow")
        self._once(
            "airflow.version",
            version("apache-airflow"),
            lambda: self._checked("airflow-db-migrate", [airflow, "db", "migrate"]),
        )

    def _migrate_padan(self) -> None:
        self._checked("padan-migrate", [sys.executable, "-m", "padan", "migrate"])

    def build_world(self, day: int | None = None) -> None:
        """Make the synthetic population, unless it is there in this size; ``day`` plays another day of it."""
        kept = self.home / "world.json"
        before = json.loads(kept.read_text()) if kept.exists() else {}
        wanted = {"people": self.people, "seed": SEED, "day": day or before.get("day", 1)}
        if before == wanted:
            return
        command = [sys.executable, "-m", "sandbox", "build", "--to", str(self.world)]
        for name, value in wanted.items():
            command += [f"--{name}", str(value)]
        self._checked("world", command)
        kept.write_text(json.dumps(wanted))

    def _wait_until_ready(self, seconds: float = 120) -> None:
        waiting = {"siasn": "siasn", "jf": "jf", "mail": "mail", "docs": "docs", "airflow-api-server": "airflow"}
        end = time.monotonic() + seconds
        while waiting and time.monotonic() < end:
            waiting = {name: port for name, port in waiting.items() if _free(self.ports[port])}
            broken = [line.split()[0] for line in self.supervisor("status").splitlines() if "FATAL" in line]
            if broken:
                raise StackError(f"{broken[0]} does not stay up; see {self.logs / broken[0]}.log")
            time.sleep(0.2)
        while time.monotonic() < end:
            try:
                # Airflow makes the interface of tasks at its first call, which takes seconds: not the first task's.
                requests.get(f"{self.addresses()['airflow']}/execution/health", timeout=60).raise_for_status()
                health = requests.get(f"{self.addresses()['airflow']}/api/v2/monitor/health", timeout=5).json()
                parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
                if all((health.get(part) or {}).get("status") == "healthy" for part in parts):
                    return
            except (requests.RequestException, ValueError):
                pass
            time.sleep(0.5)
        late = ", ".join(waiting) or "Airflow"
        raise StackError(f"{late} not ready after {seconds:.0f} s; see {self.logs}")

    def down(self) -> None:
        """Stop every process."""
        if self.supervising():
            pid = int((self.home / "supervisord.pid").read_text())
            self.supervisor("shutdown")
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).wait(30)
        if (self.home / "postgres").exists():
            self.postgres.stop()

    def clean(self) -> None:
        """Stop everything and delete everything that a run made."""
        self.down()
        self.postgres.remove()
        shutil.rmtree(self.home, ignore_errors=True)


def _free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_ports() -> dict[str, str]:
    found: list[int] = []
    while len(found) < len(PORTS):
        port = free_port()
        if port not in found:
            found.append(port)
    return {name: str(port) for name, port in zip(PORTS, found, strict=True)}


def host_port(url: str) -> str:
    """``host:port`` of an address, for people."""
    return urlsplit(url).netloc

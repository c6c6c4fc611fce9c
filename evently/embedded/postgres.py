"""The embedded PostgreSQL: creates the data folder, the server, its roles and its database."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from evently.database.identity import DatabaseRole
from evently.embedded import parent_death, processes, relay
from evently.embedded.programs import data_folder, give_ownership, postgres_programs, server_user
from evently.embedded.state import CannotStart

MAJOR = "18"
PROGRAM = "postgres"
SUPERUSER = "evently"
DATABASE = "evently"
LOG_LIMIT_BYTES = 20 * 1024 * 1024
START_SECONDS = 120


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def tuning(*, throwaway: bool) -> dict[str, str]:
    """Return PostgreSQL settings for a small machine.

    throwaway: do not sync to disk; for tests.
    """
    megabytes = memory_bytes() // 1024 // 1024
    settings = {
        "listen_addresses": "127.0.0.1",
        # TCP with a password only: the path of a Unix socket could be too long.
        "unix_socket_directories": "",
        "cluster_name": "evently",
        "max_connections": "200",
        "shared_buffers": f"{min(max(megabytes // 16, 32), 512)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 128)}MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "1GB",
        "wal_compression": "pglz",
        "random_page_cost": "1.1",
        "jit": "off",
        # Saves three processes; the data of a small installation fits in memory anyway.
        "io_method": "sync",
        "autovacuum_naptime": "20s",
        "max_locks_per_transaction": "128",
        "shared_preload_libraries": "pg_stat_statements",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%a ",
        # Statements and details contain personal data; the message alone names the error.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    if throwaway:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        # Tests cause hundreds of deadlocks, each of which would wait for a second by default.
        settings["deadlock_timeout"] = "100ms"
    return settings


class Postgres:
    """The embedded PostgreSQL of one EVENTLY_HOME."""

    name = "postgres"
    stop_signal = signal.SIGINT

    def __init__(self, home: Path, *, passwords: dict[str, str], throwaway: bool = False) -> None:
        """Configure the server without starting it; `servers.describe` sets its port.

        passwords: by role, as `state.ensure_passwords` returns them.
        """
        self.port = 0
        self.passwords = passwords
        self.throwaway = throwaway
        self.user = server_user(home / f"postgres-{MAJOR}")
        self.programs = postgres_programs(self.user)
        self.data = data_folder(home, f"postgres-{MAJOR}", self.user)
        self.log = home / "postgres.log"

    def stop_leftover(self) -> None:
        """Stop a server that a killed supervisor left running, and remove its pid file."""
        processes.stop_leftover(PROGRAM, folder=self.data, stop_signal=self.stop_signal)
        # No server runs here any more, and the pid may belong to another process by now. Without
        # /proc that is uncertain, and PostgreSQL has to decide.
        if processes.has_proc():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def prepare(self) -> None:
        """Rotate the log, and create the data folder if it is missing."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        if not (self.data / "PG_VERSION").exists():
            self._initialize()

    def _initialize(self) -> None:
        """Run initdb beside the data folder and rename it, so that it is complete or absent."""
        draft = self.data.with_name(f"{self.data.name}.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700, parents=True)
        give_ownership(draft, self.user)
        password_file = self.data.with_name(f"{self.data.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords[SUPERUSER])
        give_ownership(password_file, self.user)
        try:
            self._run_as_user(
                [
                    *(str(self.programs / "initdb"), "-D", str(draft), "-U", SUPERUSER),
                    *("-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8"),
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *(["--no-sync"] if self.throwaway else []),
                ]
            )
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.data)

    def _run_as_user(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            check=False,
            cwd="/",
            capture_output=True,
            text=True,
            preexec_fn=partial(parent_death.request_signal, signal.SIGKILL, os.getpid()),
            **(self.user.switch() if self.user else {}),
        )
        if done.returncode != 0:
            raise CannotStart(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")

    def command(self) -> list[str]:
        settings = tuning(throwaway=self.throwaway)
        return [
            *(str(self.programs / PROGRAM), "-D", str(self.data), f"-cport={self.port}"),
            *(f"-c{name}={value}" for name, value in settings.items()),
        ]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server; `wait_until` waits until it answers."""
        with relay.log_for(self.log, PROGRAM) as log:
            return processes.spawn(
                self.command(),
                death_signal=self.stop_signal,
                user=self.user,
                cwd=Path("/"),
                output=log,
            )

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the superuser, which only this launcher uses."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.passwords[SUPERUSER],
            dbname=database,
            connect_timeout=3,
            autocommit=True,
        )

    def answers(self) -> bool:
        """Return whether the server accepts connections. Raises PasswordLost."""
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise PasswordLost from error
            return False
        return True

    def reset_password(self) -> None:
        """Set the superuser's password without a running server, after passwords.json was lost."""
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(SUPERUSER), sql.Literal(self.passwords[SUPERUSER])
        )
        subprocess.run(
            [str(self.programs / PROGRAM), "--single", "-D", str(self.data), "postgres"],
            input=statement.as_string() + "\n",
            check=True,
            cwd="/",
            capture_output=True,
            text=True,
            **(self.user.switch() if self.user else {}),
        )

    def create_roles_and_database(self) -> None:
        """Create roles and database if missing, and set the roles' passwords; may be repeated."""
        with self.connect("postgres") as connection:
            _ensure_role(connection, "evently_owner", self.passwords, "CREATEDB CREATEROLE")
            _ensure_role(connection, "evently_app", self.passwords, "NOCREATEDB NOCREATEROLE")
            _lend_roles(connection, "evently_app")
            if self.throwaway:
                # Tests empty tables by deleting without triggers (`evently/tests/database.py`).
                connection.execute(
                    "GRANT SET ON PARAMETER session_replication_role TO evently_owner"
                )
            existing = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if existing is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER evently_owner").format(
                        sql.Identifier(DATABASE)
                    )
                )
        with self.connect(DATABASE) as connection:
            # Only a superuser may create this extension; migrations create the others.
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


class PasswordLost(Exception):
    """The server refuses the superuser's password that EVENTLY_HOME holds."""


def _ensure_role(
    connection: "psycopg.Connection[tuple[object, ...]]",
    role: str,
    passwords: dict[str, str],
    rights: str,
) -> None:
    existing = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "CREATE" if existing is None else "ALTER"
    connection.execute(
        sql.SQL("{verb} ROLE {role} LOGIN NOSUPERUSER {rights} PASSWORD {password}").format(
            verb=sql.SQL(verb),
            role=sql.Identifier(role),
            rights=sql.SQL(rights),
            password=sql.Literal(passwords[role]),
        )
    )


def _lend_roles(connection: "psycopg.Connection[tuple[object, ...]]", login: str) -> None:
    """Make the roles that the application's login takes for each request, where they are missing.

    The login has none of their rights by itself (docs/adr).
    """
    for role in DatabaseRole:
        existing = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if existing.fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        connection.execute(
            sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
                sql.Identifier(role), sql.Identifier(login)
            )
        )


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log file, for an error message; "" if it cannot be read."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def wait_until(
    answers: Callable[[], bool],
    process: "subprocess.Popen[bytes]",
    *,
    log: Path,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Poll a server until it answers.

    check: called between polls; may raise to give up. Raises CannotStart with the end of the log if
    the process ends, or does not answer within START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        check()
        if process.poll() is not None or time.monotonic() > deadline:
            raise CannotStart(
                f"{log.stem} did not start. The last lines of {log}:\n{last_lines(log)}"
            )
        time.sleep(0.03)

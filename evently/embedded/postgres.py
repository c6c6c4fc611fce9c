"""An embedded PostgreSQL: made, started, and left with its roles and its database."""

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

from evently.embedded import leash, processes
from evently.embedded.programs import data_folder, hand_over, postgres_programs, server_user
from evently.embedded.state import CannotStart

MAJOR = "18"
PROGRAM = "postgres"
SUPERUSER = "evently"
DATABASE = "evently"
LOG_LIMIT_BYTES = 20 * 1024 * 1024
START_SECONDS = 120


def memory_bytes() -> int:
    """Return the machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def tuning(*, throwaway: bool) -> dict[str, str]:
    """Return PostgreSQL's settings, fit for a small machine.

    throwaway: for tests; faster, and a power cut loses the data.
    """
    megabytes = memory_bytes() // 1024 // 1024
    settings = {
        "listen_addresses": "127.0.0.1",
        # Everything goes over TCP, with a password: no socket path that could get too long.
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
        # Three processes fewer; the data of a small installation is in memory anyway.
        "io_method": "sync",
        "autovacuum_naptime": "20s",
        "max_locks_per_transaction": "128",
        "shared_preload_libraries": "pg_stat_statements",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%a ",
        # Statements and details hold personal data; the message alone says what went wrong.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    if throwaway:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings


class Postgres:
    """The embedded PostgreSQL of one EVENTLY_HOME."""

    name = "postgres"
    polite_signal = signal.SIGINT

    def __init__(self, home: Path, *, passwords: dict[str, str], throwaway: bool = False) -> None:
        """Describe the server; nothing starts yet, and its port is settled later.

        passwords: by role, as `state.settle_passwords` returns them.
        """
        self.port = 0
        self.passwords = passwords
        self.throwaway = throwaway
        self.user = server_user(home / f"postgres-{MAJOR}")
        self.programs = postgres_programs(self.user)
        self.data = data_folder(home, f"postgres-{MAJOR}", self.user)
        self.log = home / "postgres.log"

    def clear_away(self) -> None:
        """Wait until a killed predecessor is gone, and remove what says that it runs."""
        processes.send_off(PROGRAM, folder=self.data, polite=self.polite_signal)
        # Nothing runs here any more; the number in it may belong to another process by now.
        # Where that cannot be seen, PostgreSQL has to judge it.
        if processes.can_look_around():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the data folder where there is none."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        if not (self.data / "PG_VERSION").exists():
            self._make()

    def _make(self) -> None:
        """Run initdb beside the data folder and move it there, so that it is whole or absent."""
        draft = self.data.with_name(f"{self.data.name}.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700, parents=True)
        hand_over(draft, self.user)
        password_file = self.data.with_name(f"{self.data.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords[SUPERUSER])
        hand_over(password_file, self.user)
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
            preexec_fn=partial(leash.fasten, signal.SIGKILL, os.getpid()),
            **(self.user.switch() if self.user else {}),
        )
        if done.returncode != 0:
            raise CannotStart(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")

    def command(self) -> list[str]:
        """Return the server's command line."""
        settings = tuning(throwaway=self.throwaway)
        return [
            *(str(self.programs / PROGRAM), "-D", str(self.data), f"-cport={self.port}"),
            *(f"-c{name}={value}" for name, value in settings.items()),
        ]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server; `wait` says when it answers."""
        with self.log.open("ab") as log:
            return processes.spawn(
                self.command(),
                last_signal=self.polite_signal,
                user=self.user,
                cwd=Path("/"),
                output=log.fileno(),
            )

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the superuser, which only the launcher is."""
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
        """Return whether the server takes connections. Raises CannotStart when it never will."""
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise PasswordLost from error
            return False
        return True

    def reset_password(self) -> None:
        """Give the superuser its password again, without a running server.

        For a data folder whose passwords.json was lost.
        """
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

    def settle(self) -> None:
        """Make the roles and the database, and set the passwords; may run again at any time."""
        with self.connect("postgres") as connection:
            _settle_role(connection, "evently_owner", self.passwords, "CREATEDB CREATEROLE")
            _settle_role(connection, "evently_app", self.passwords, "NOCREATEDB NOCREATEROLE")
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER evently_owner").format(
                        sql.Identifier(DATABASE)
                    )
                )
        with self.connect(DATABASE) as connection:
            # Only a superuser may create this one; migrations create the others.
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


class PasswordLost(Exception):
    """The server does not know the superuser's password that EVENTLY_HOME remembers."""


def _settle_role(
    connection: "psycopg.Connection[tuple[object, ...]]",
    role: str,
    passwords: dict[str, str],
    rights: str,
) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "CREATE" if known is None else "ALTER"
    connection.execute(
        sql.SQL("{verb} ROLE {role} LOGIN NOSUPERUSER {rights} PASSWORD {password}").format(
            verb=sql.SQL(verb),
            role=sql.Identifier(role),
            rights=sql.SQL(rights),
            password=sql.Literal(passwords[role]),
        )
    )


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, for the person at the terminal."""
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
    """Wait by asking until a server answers.

    check: called between two looks; may raise to give up. Raises CannotStart with the end of
    the log when the process ends or never answers.
    """
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        check()
        if process.poll() is not None or time.monotonic() > deadline:
            raise CannotStart(f"{log.stem} does not start. The end of {log}:\n{last_lines(log)}")
        time.sleep(0.03)

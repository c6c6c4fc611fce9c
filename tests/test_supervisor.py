"""`script/server` as a whole, with real processes."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from boxoffice.demo import people
from evently.embedded.processes import ServerUser
from evently.embedded.programs import may_enter
from evently.environment import BASE_DIR
from evently.tests.database import url_of
from evently.tests.running import (
    PATIENCE_SECONDS,
    READY_SECONDS,
    Running,
    home_for_tests,
    processes_of,
    production,
    wait_for,
)

WITHOUT_DEMO = {"DEMO": "false"}

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@pytest.fixture
def new_home():
    """Create data folders, which are deleted once no process uses them."""
    with ExitStack() as folders:
        yield lambda **options: folders.enter_context(home_for_tests(**options))


@pytest.fixture
def home(new_home):
    return new_home()


@pytest.fixture
def used_home(new_home):
    """Create a data folder in which Evently has been started before, without the demo."""
    return new_home(started_before=True)


@pytest.fixture
def start(new_home):
    """Start supervisors; after the test, they and all their processes are killed."""
    started = []

    def start_one(home, **options):
        running = Running(home, **options).start()
        started.append(running)
        return running

    yield start_one
    # In reverse order: an earlier one of the same home would wait for its processes to end.
    for running in reversed(started):
        running.kill_everything()


def remaining_processes(home):
    wait_for(lambda: not processes_of(home))
    return processes_of(home)


def comes_to_be_ready(running):
    """Tell whether it becomes ready; a busy machine may say that it is not for a moment."""
    return wait_for(lambda: running.get("/readyz")[0] == 200)


def parent_of(pid):
    # After the command, which may contain spaces and brackets: state, parent, …
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def named(home, part):
    return {pid for pid, command in processes_of(home).items() if part in command}


def test_two_copies_run_side_by_side_and_ctrl_c_stops_each(start, new_home):
    one_home, other_home = new_home(started_before=True), new_home(started_before=True)
    one, other = start(one_home, more=WITHOUT_DEMO), start(other_home, more=WITHOUT_DEMO)
    one.await_ready()
    other.await_ready()

    assert comes_to_be_ready(one)
    assert "evently_http_requests_total" in one.get("/metrics")[1]

    third = start(one_home)
    assert third.process.wait(timeout=PATIENCE_SECONDS) == 1
    assert "already running" in third.said()

    assert one.end(signal.SIGINT) == 0
    assert remaining_processes(one_home) == {}
    assert comes_to_be_ready(other)
    assert other.end(signal.SIGTERM) == 0
    assert remaining_processes(other_home) == {}


def test_kill_9_leaves_nothing_and_the_next_start_keeps_data(start, used_home):
    first = start(used_home, more=WITHOUT_DEMO).await_ready()
    with first.database() as database:
        database.execute("CREATE TABLE kept (word text)")
        database.execute("INSERT INTO kept VALUES ('still here')")
    ports = (used_home / "ports.json").read_text()
    # The worker, at least two pool processes, and the scheduler.
    assert wait_for(lambda: len(named(used_home, "celery")) >= 4)
    assert wait_for(lambda: len(named(used_home, "gunicorn")) >= 3)

    first.end(signal.SIGKILL)
    second = start(used_home, port=first.port, more=WITHOUT_DEMO)
    second.await_ready()

    assert (used_home / "ports.json").read_text() == ports
    with second.database() as database:
        assert database.execute("SELECT word FROM kept").fetchone() == ("still here",)
    second.end(signal.SIGKILL)
    assert remaining_processes(used_home) == {}


def backup(home, *arguments):
    return subprocess.run(
        [BASE_DIR / "script" / "backup", *arguments],
        env=os.environ | {"EVENTLY_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )


def test_backup_of_a_running_evently_is_restored_into_an_empty_home(start, new_home, tmp_path):
    home, restored = new_home(started_before=True), new_home()
    running = start(home, more=WITHOUT_DEMO).await_ready()
    file = tmp_path / "evently.dump"
    with running.database() as database:
        database.execute("CREATE TABLE kept (word text)")
        database.execute("INSERT INTO kept VALUES ('before')")
        made = backup(home, file)
        database.execute("INSERT INTO kept VALUES ('after')")
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evently.dump", "keys"]
    keys = tmp_path / "keys" / "evently.keys.dump"
    assert (keys.stat().st_mode & 0o077, keys.parent.stat().st_mode & 0o077) == (0, 0)

    refused = backup(home, "--restore", file)
    assert refused.returncode == 1
    assert "Set EVENTLY_HOME to a new folder" in refused.stderr
    done = backup(restored, "--restore", file)
    assert done.returncode == 0, done.stderr

    without_register = start(restored, more=WITHOUT_DEMO)
    assert without_register.process.wait(READY_SECONDS) != 0
    assert "there is no register of erasures" in without_register.said()
    register = home / "erasures.jsonl"
    assert register.stat().st_mode & 0o077 == 0
    (restored / "erasures.jsonl").write_bytes(register.read_bytes())

    second = start(restored, more=WITHOUT_DEMO).await_ready()
    with second.database() as database:
        assert database.execute("SELECT word FROM kept").fetchall() == [("before",)]
    with second.database("evently_app") as database:
        database.execute("SET ROLE evently_worker")
        assert database.execute("SELECT count(*) FROM events").fetchone() == (0,)


def made_at_first_start(running):
    """Return when the database, its tables and the demo were made, which takes most of the time."""
    with running.database() as database:
        return (
            (running.home / "postgres-18" / "PG_VERSION").stat().st_mtime_ns,
            database.execute("SELECT max(applied) FROM django_migrations").fetchone(),
            database.execute("SELECT id, created_at FROM events ORDER BY id").fetchall(),
        )


def test_second_start_creates_nothing_anew_and_has_all_data(start, home):
    first = start(home).await_ready()
    assert wait_for(lambda: "organizer@evently.example" in first.said())
    made = made_at_first_start(first)
    assert len(made[-1]) > 0
    assert first.end(signal.SIGINT) == 0

    start(home, port=first.port).await_ready()

    assert made_at_first_start(first) == made


def kill_and_wait_for_restart(running, part):
    # Worker and scheduler start when the web server is ready.
    assert wait_for(lambda: named(running.home, part)), running.said()
    before = named(running.home, part)
    os.kill(min(before), signal.SIGKILL)
    assert wait_for(lambda: named(running.home, part) - before), running.said()


def test_crashed_processes_are_restarted(start, used_home):
    running = start(used_home, more=WITHOUT_DEMO).await_ready()
    for part in ("gunicorn", "celery", "postgres -D"):
        kill_and_wait_for_restart(running, part)
    assert comes_to_be_ready(running), running.said()
    assert running.end(signal.SIGINT) == 0
    assert remaining_processes(used_home) == {}


def test_web_workers_go_on_until_their_killed_main_process_is_replaced(start, used_home):
    running = start(used_home, more=WITHOUT_DEMO).await_ready()
    assert wait_for(lambda: len(named(used_home, "gunicorn")) >= 3), running.said()
    before = named(used_home, "gunicorn")
    (main,) = (pid for pid in before if parent_of(pid) == running.process.pid)

    # So that it takes notice only when it is let go on.
    running.process.send_signal(signal.SIGSTOP)
    os.kill(main, signal.SIGKILL)
    assert wait_for(lambda: main not in named(used_home, "gunicorn"))
    assert comes_to_be_ready(running)

    running.process.send_signal(signal.SIGCONT)
    assert wait_for(lambda: not before & named(used_home, "gunicorn")), running.said()
    assert comes_to_be_ready(running)
    assert running.end(signal.SIGTERM) == 0
    assert remaining_processes(used_home) == {}


def test_password_files_are_private_and_servers_require_passwords(start, used_home):
    """What the first start has made is copied with its modes."""
    home = used_home
    running = start(home, more=WITHOUT_DEMO).await_ready()
    # The home itself lets the servers' user of root pass.
    assert home.stat().st_mode & 0o007 == 0
    assert [
        str(path)
        for path in home.rglob("*")
        if not path.is_symlink() and path.exists() and path.stat().st_mode & 0o077
    ] == []
    ports = json.loads((home / "ports.json").read_text())
    with socket.create_connection(("127.0.0.1", ports["valkey"]), timeout=30) as broker:
        broker.sendall(b"PING\r\n")
        assert broker.recv(100).startswith(b"-NOAUTH")
    shell = subprocess.run(
        [sys.executable, "manage.py", "dbshell", "--", "-Atc", "select current_user"],
        cwd=BASE_DIR,
        env=running.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.stdout.strip() == "evently_app", shell.stderr
    assert running.end(signal.SIGTERM) == 0


def test_every_line_of_production_is_json_and_polling_adds_none(start, home):
    running = start(home, more=production() | {"WEB_WORKERS": "1"}).await_ready()
    for _ in range(30):
        # Ready or, on a busy machine, not just now: neither is worth a line of a request.
        assert running.get("/readyz")[0] in (200, 503)
    running.get("/nothing-here")
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as garbage:
        garbage.sendall(b"not http at all\r\n\r\n")
        garbage.recv(100)
    with running.database("evently_app") as database, suppress(psycopg.Error):
        database.execute("SELECT nothing FROM nowhere")
    kill_and_wait_for_restart(running, "celery")
    assert running.end(signal.SIGTERM) == 0

    logs = [running.log, home / "postgres.log", home / "valkey.log"]
    lines = {path.name: [*map(json.loads, path.read_text().splitlines())] for path in logs}
    output = lines[running.log.name]
    assert all(line.keys() >= {"event", "level", "logger", "timestamp"} for line in output)
    requests = [line for line in output if line["event"] == "request"]
    assert [(line["path"], line["client"]) for line in requests] == [
        ("/nothing-here", "127.0.0.0/24")
    ]
    assert any("nowhere" in line["event"] for line in lines["postgres.log"])


def test_wrong_password_of_the_database_is_one_sentence_and_waiting(start, home):
    url = f"postgres://nobody:hunter2@{urlsplit(url_of()).netloc.rpartition('@')[2]}/evently"
    running = start(home, more=production() | {"DATABASE_URL": url})
    assert wait_for(lambda: "Waiting for it" in running.said()), running.said()
    assert running.process.poll() is None
    assert running.end(signal.SIGTERM) == 0
    said = [json.loads(line)["event"] for line in running.said().splitlines()]
    assert sum("refuses the password of nobody" in line for line in said) == 1
    assert len(said) < 10
    assert "hunter2" not in running.said()


def test_used_port_stops_the_start_with_a_message(start, home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = start(home, port=taken.getsockname()[1])
        assert running.process.wait(timeout=PATIENCE_SECONDS) == 1
        assert "already in use" in running.said()
        assert "Traceback" not in running.said()


def test_missing_secret_stops_the_start_with_a_message(start, home):
    running = start(home, more={"DEBUG": "false", "SECRET_KEY": ""})
    assert running.process.wait(timeout=PATIENCE_SECONDS) == 2
    assert "SECRET_KEY is not set" in running.said()
    assert "Traceback" not in running.said()
    assert not home.exists()


@pytest.mark.django_db(transaction=True)
def test_demo_logins_stop_the_start_outside_development(start, home):
    people.make_people()
    database = {"DATABASE_URL": url_of("default"), "DATABASE_OWNER_URL": url_of("owner")}
    running = start(home, more=production() | database)
    assert running.process.wait(timeout=PATIENCE_SECONDS) == 1
    assert "organizer@evently.example and attendee@evently.example can log in" in running.said()
    assert "close_demo" in running.said()
    assert "Traceback" not in running.said()


def python_for_all_users(folder):
    """Copy this Python to where an ordinary user can run it; root's may be unreachable.

    With what is compiled, like the checkout: where that user may not write, each process would
    compile everything anew.
    """
    version = f"python3.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    unneeded = shutil.ignore_patterns(
        "test", "site-packages", "dist-packages", "config-*", "idlelib"
    )
    shutil.copytree(base / "lib" / version, folder / "lib" / version, ignore=unneeded)
    (folder / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin" / version)
    for library in (base / "lib").glob("libpython3*.so*"):
        shutil.copy(library, folder / "lib")
    open_to_all_users(folder)
    return str(folder / "bin" / version)


def open_to_all_users(folder):
    """Let all users read what was copied, whatever the umask of the tests."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests run as an ordinary user already")
def test_ordinary_user_can_run_roots_checkout_and_kill_9_leaves_nothing(start, new_home):
    user = pwd.getpwnam("nobody")
    packages = Path(sysconfig.get_path("purelib"))
    if not may_enter(packages, ServerUser(user.pw_name, user.pw_uid, user.pw_gid)):
        pytest.skip(f"an ordinary user cannot reach {packages}")
    home = new_home()
    folder = home.parent
    unneeded = (".venv", ".git", ".evently*", ".*_cache", "node_modules")
    shutil.copytree(
        BASE_DIR, folder / "tree", ignore=shutil.ignore_patterns(*unneeded), symlinks=True
    )
    open_to_all_users(folder / "tree")
    python = python_for_all_users(folder / "python")
    # Not what is in it: the checkout is root's.
    os.chown(folder, user.pw_uid, user.pw_gid)
    before = set((folder / "tree").rglob("*"))
    running = start(
        home,
        user=user,
        folder=folder / "tree",
        command=[python, "-m", "evently.supervisor"],
        more=production()
        | {
            "STATIC_ROOT": "",
            "PYTHONPATH": str(packages),
            "LD_LIBRARY_PATH": str(folder / "python" / "lib"),
            "HOME": str(folder),
        },
    ).await_ready()
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_of(home)}
    assert owners == {user.pw_uid}
    # Static files went where this user may write, and nothing else was written.
    assert (home / "static" / ".collected").is_file()
    assert set((folder / "tree").rglob("*")) == before

    running.end(signal.SIGKILL)
    assert remaining_processes(home) == {}

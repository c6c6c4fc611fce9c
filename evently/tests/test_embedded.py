"""The decisions of the launcher, without starting servers."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from evently.embedded import addresses, processes, state
from evently.embedded.__main__ import main as embedded_main
from evently.embedded.postgres import Postgres
from evently.supervisor.children import STEADY_SECONDS, Child, describe_code
from evently.tests.running import PATIENCE_SECONDS, home_for_tests


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTLY_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder):
    """Return what other users could read or enter."""
    found = [folder, *folder.rglob("*")]
    return [path for path in found if not path.is_symlink() and path.stat().st_mode & 0o077]


def test_ports_stay_while_they_are_free(home):
    first = state.choose_ports(home, ["postgres", "valkey"])
    assert state.choose_ports(home, ["postgres", "valkey"]) == first
    assert len(set(first.values())) == 2

    with socket.socket() as other:
        other.bind(("127.0.0.1", first["postgres"]))
        other.listen()
        second = state.choose_ports(home, ["postgres", "valkey"])
    assert second["postgres"] != first["postgres"]
    assert second["valkey"] == first["valkey"]
    assert addresses.ports() == second


def test_addresses_carry_passwords_of_their_roles(home):
    state.choose_ports(home, ["postgres", "valkey"])
    passwords = state.ensure_passwords(home)
    assert state.ensure_passwords(home) == passwords
    assert f"evently_app:{passwords['evently_app']}@" in addresses.database_url(role="app")
    assert f"evently_owner:{passwords['evently_owner']}@" in addresses.database_url(role="owner")
    assert f":{passwords['valkey']}@" in addresses.redis_url()
    assert len(set(passwords.values())) == 4


@pytest.mark.parametrize("content", ["", "{", "[]", '{"postgres": null}'])
def test_broken_files_count_as_missing(home, content):
    (home / "ports.json").write_text(content)
    (home / "passwords.json").write_text(content)
    assert addresses.database_url(role="app").startswith("postgres://evently_app@127.0.0.1:")
    assert state.choose_ports(home, ["postgres"])["postgres"] in processes.PORTS


def test_home_is_locked_until_its_holder_ends(home):
    lock = state.lock_home(home, note="process 1, http://localhost:8000")
    with pytest.raises(state.AlreadyRunning, match="process 1, http://localhost:8000"):
        state.lock_home(home, note="process 2")
    os.close(lock)
    os.close(state.lock_home(home, note="process 3"))


def test_json_files_are_for_their_owner_only(home):
    state.write_json(home / "x.json", {"a": 1})
    assert json.loads((home / "x.json").read_text()) == {"a": 1}
    assert (home / "x.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["x.json"]


@pytest.fixture
def sleeper(tmp_path):
    """Run a copy of `sleep` under a server's name, and the real one, both in the data folder."""
    folder = (tmp_path / "data").resolve()
    folder.mkdir()
    program = tmp_path / "a-server"
    shutil.copy(shutil.which("sleep"), program)
    started = [subprocess.Popen([name, "300"], cwd=folder) for name in (program, "sleep")]
    yield folder, program, *started
    for process in started:
        process.kill()
        process.wait()


def test_running_finds_only_the_program_in_its_folder(sleeper):
    folder, program, server, bystander = sleeper
    assert processes.running("a-server", folder=folder) == [server.pid]
    assert processes.running("sleep", folder=folder) == [bystander.pid]
    assert processes.running("a-server", folder=folder.parent) == []

    # An update has replaced it in the meantime.
    program.unlink()
    assert processes.running("a-server", folder=folder) == [server.pid]


def test_stop_leftover_ends_the_server_and_no_other_process(sleeper):
    folder, _, server, bystander = sleeper

    processes.stop_leftover("a-server", folder=folder, stop_signal=signal.SIGTERM)

    assert server.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert bystander.poll() is None


@pytest.mark.parametrize(("proc", "stays"), [("/proc", False), ("/nowhere", True)])
def test_pid_file_stays_where_processes_cannot_be_listed(monkeypatch, proc, stays):
    monkeypatch.setattr(processes, "PROCESSES", Path(proc))
    with home_for_tests() as home:
        state.make_home(home)
        server = Postgres(home, passwords={})
        server.data.mkdir()
        (server.data / "postmaster.pid").write_text("1")

        server.stop_leftover()

        assert (server.data / "postmaster.pid").exists() is stays


def test_new_home_belongs_to_its_owner_only(tmp_path, umask):
    home = tmp_path / "new" / "home"
    state.make_home(home)
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [[], ["mail"], ["lock", "notes.txt"], ["passwords.json"]])
def test_existing_home_becomes_private_with_all_it_contains(tmp_path, content, umask):
    for name in content:
        (tmp_path / name).touch(mode=0o666)
    for folder in ("metrics", "valkey/appendonlydir"):
        if content:
            (tmp_path / folder).mkdir(mode=0o777, parents=True)
            (tmp_path / folder / "file").touch(mode=0o666)
    if content == ["mail"]:
        (tmp_path / "lock").touch(mode=0o666)
    tmp_path.chmod(0o755)

    state.make_home(tmp_path)

    assert open_to_others(tmp_path) == []


def test_links_out_of_a_home_are_not_followed(tmp_path, umask):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch(mode=0o644)
    home = tmp_path / "home"
    home.mkdir()
    (home / "lock").touch()
    (home / "link").symlink_to(elsewhere)
    before = elsewhere.stat().st_mode

    state.make_home(home)

    assert elsewhere.stat().st_mode == before


def test_folder_of_all_users_is_refused_and_unchanged(tmp_path):
    tmp_path.chmod(0o1777)
    with pytest.raises(state.CannotStart, match="files of all users"):
        state.make_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_only_the_servers_user_of_root_passes_through_home():
    with home_for_tests() as home:
        state.make_home(home)
        # A home of an earlier release.
        home.chmod(0o711)
        state.make_home(home)
        server = Postgres(home, passwords={})

        assert server.data == home / "postgres-18"
        status = home.stat()
        assert (status.st_mode & 0o777, status.st_gid) == (0o710, server.user.gid)


@pytest.mark.parametrize("mode", [0o710, 0o750, 0o755])
def test_second_start_leaves_the_passage_of_running_servers(tmp_path, mode):
    """Root's PostgreSQL crashed when Evently was started twice."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "lock").touch()
    home.chmod(mode)

    state.make_home(home)

    assert home.stat().st_mode & 0o777 == (0o710 if mode == 0o710 else 0o700)


def test_home_with_other_files_is_refused_and_unchanged(tmp_path):
    (tmp_path / "other-file").touch()
    # /run and /var have folders of this name.
    (tmp_path / "lock").mkdir()
    tmp_path.chmod(0o755)

    with pytest.raises(state.CannotStart, match="contains other files"):
        state.make_home(tmp_path)

    assert tmp_path.stat().st_mode & 0o7777 == 0o755


def test_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(state.CannotStart, match="Set EVENTLY_HOME"):
        state.make_home(tmp_path / "file")


def test_child_that_keeps_failing_is_restarted_with_longer_pauses(capsys):
    def launch():
        raise OSError("no such program")

    child = Child("web", launch)
    for _ in range(8):
        child.due_at = 0
        child.restart_if_ended()
    said = capsys.readouterr().err
    pauses = [line.rsplit(" ", 2)[-2] for line in said.splitlines()]
    assert pauses == ["0.5", "1", "2", "4", "8", "16", "30", "30"]


def test_child_that_has_run_for_long_is_restarted_at_once(capsys):
    child = Child("web", lambda: subprocess.Popen(["sleep", "600"], start_new_session=True))
    for run_for, wanted in [(STEADY_SECONDS + 1, "restarting in 0 s"), (0, "restarting in 0.5 s")]:
        if child.process is None:
            child.start()
        child.started_at -= run_for
        first = child.process
        first.kill()
        first.wait()

        child.restart_if_ended()

        assert wanted in capsys.readouterr().err
        assert (child.process is None) == (run_for == 0)


def test_exit_codes_are_described():
    assert describe_code(3) == "exit code 3"
    assert describe_code(-9) == "SIGKILL"


def test_a_call_without_a_command_says_how_to_call_it(capsys):
    assert embedded_main(["--throwaway", "--"]) == 2
    assert "-- pytest" in capsys.readouterr().err

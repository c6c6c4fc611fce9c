"""What the launcher decides without starting anything."""

import json
import os
import socket
from pathlib import Path

import pytest

from evently.embedded import addresses, processes, state
from evently.supervisor.children import Child, describe_code


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTLY_HOME", str(tmp_path))
    return tmp_path


def test_ports_stay_while_they_are_free(home):
    first = state.settle_ports(home, ["postgres", "valkey"])
    assert state.settle_ports(home, ["postgres", "valkey"]) == first
    assert len(set(first.values())) == 2

    with socket.socket() as other:
        other.bind(("127.0.0.1", first["postgres"]))
        other.listen()
        second = state.settle_ports(home, ["postgres", "valkey"])
    assert second["postgres"] != first["postgres"]
    assert second["valkey"] == first["valkey"]
    assert addresses.ports() == second


def test_addresses_carry_passwords_of_their_roles(home):
    state.settle_ports(home, ["postgres", "valkey"])
    passwords = state.settle_passwords(home)
    assert state.settle_passwords(home) == passwords
    assert f"evently_app:{passwords['evently_app']}@" in addresses.database_url(role="app")
    assert f"evently_owner:{passwords['evently_owner']}@" in addresses.database_url(role="owner")
    assert f":{passwords['valkey']}@" in addresses.redis_url()
    assert len(set(passwords.values())) == 4


@pytest.mark.parametrize("content", ["", "{", "[]", '{"postgres": null}'])
def test_broken_files_count_as_missing(home, content):
    (home / "ports.json").write_text(content)
    (home / "passwords.json").write_text(content)
    assert addresses.database_url(role="app").startswith("postgres://evently_app@127.0.0.1:")
    assert state.settle_ports(home, ["postgres"])["postgres"] in processes.PORTS


def test_home_is_locked_once_and_free_when_its_holder_is_gone(home):
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


def test_working_in_finds_processes_by_their_folder(home):
    before = Path.cwd()
    os.chdir(home)
    try:
        assert os.getpid() in processes.working_in(home.resolve())
    finally:
        os.chdir(before)
    assert os.getpid() not in processes.working_in(home.resolve())


def test_a_child_that_keeps_failing_is_started_later_and_later(capsys):
    def launch():
        raise OSError("no such program")

    child = Child("web", launch)
    for _ in range(8):
        child.due_at = 0
        child.tend()
    said = capsys.readouterr().err
    pauses = [line.rsplit(" ", 2)[-2] for line in said.splitlines()]
    assert pauses == ["0.5", "1", "2", "4", "8", "16", "30", "30"]


def test_exit_codes_are_said_in_words():
    assert describe_code(3) == "exit code 3"
    assert describe_code(-9) == "SIGKILL"

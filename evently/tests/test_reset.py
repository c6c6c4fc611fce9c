"""script/reset: starting over."""

import os
import subprocess

import pytest

from evently.embedded import programs, state
from evently.embedded.processes import ServerUser
from evently.embedded.reset import reset
from evently.environment import BASE_DIR

FILES = ("passwords.json", "ports.json", "postgres.log", "celerybeat-schedule", "lock")


def fill(home):
    """Create the files that a start leaves in its folder."""
    home.mkdir(exist_ok=True)
    for name in FILES:
        (home / name).touch()
    for name in ("postgres-18", "valkey", "mail", "metrics"):
        (home / name).resolve().mkdir(exist_ok=True)
        (home / name / "people").touch()


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Use a temporary folder instead of /var/lib for files of the servers' user."""
    monkeypatch.setattr(programs, "SHARED", tmp_path / "shared")
    return tmp_path / "shared"


def test_reset_deletes_everything_with_the_folder(tmp_path):
    home = tmp_path / "home"
    fill(home)

    gone = reset(home)

    assert not home.exists()
    assert {home / "postgres-18", home / "mail", home / "lock"} <= set(gone)
    assert reset(home) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_reset_follows_links_to_data_out_of_roots_home(tmp_path, shared):
    tmp_path.chmod(0o700)
    home, nobody = tmp_path / "home", ServerUser(name="nobody", uid=65534, gid=65534)
    home.mkdir()
    places = [programs.data_folder(home, name, nobody) for name in ("postgres-18", "valkey")]
    fill(home)
    assert all(place.is_relative_to(shared) and place.is_dir() for place in places)

    assert set(places) <= set(reset(home))

    assert not home.exists()
    assert list(shared.iterdir()) == []


def test_reset_keeps_other_files(tmp_path):
    fill(tmp_path)
    (tmp_path / "notes.txt").touch()

    reset(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_reset_refuses_a_folder_with_other_files_only(tmp_path):
    (tmp_path / "mail").mkdir()
    (tmp_path / "notes.txt").touch()

    with pytest.raises(state.CannotStart):
        reset(tmp_path)

    assert (tmp_path / "mail").exists()


def test_reset_refuses_while_it_is_in_use(tmp_path):
    fill(tmp_path)
    lock = state.lock_home(tmp_path, note="process 1")

    with pytest.raises(state.AlreadyRunning, match="process 1"):
        reset(tmp_path)

    os.close(lock)
    assert (tmp_path / "postgres-18" / "people").exists()


def run_script(home, *arguments, answer=""):
    return subprocess.run(
        [BASE_DIR / "script" / "reset", *arguments],
        env=os.environ | {"EVENTLY_HOME": str(home)},
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )


def test_script_asks_for_confirmation(tmp_path):
    home = tmp_path / "home"
    fill(home)

    for answer in ("no\n", ""):
        asked = run_script(home, answer=answer)
        assert (asked.returncode, asked.stderr, home.exists()) == (1, "", True)
        assert f"bookings and emails in {home}" in asked.stdout

    assert run_script(home, answer="yes\n").returncode == 0
    assert not home.exists()

    fill(home)
    assert run_script(home, "--yes").returncode == 0
    assert not home.exists()

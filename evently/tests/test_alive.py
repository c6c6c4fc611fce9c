"""The health check of containers."""

import fcntl
import socket

import pytest

from evently import heartbeats
from evently.redis_client import redis_client
from evently.supervisor import alive


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTLY_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def seen():
    with redis_client(timeout_seconds=5) as client:
        client.delete(heartbeats.SEEN)
        yield client
        client.delete(heartbeats.SEEN)


def test_nothing_runs_without_a_lock(home, capsys):
    (home / "lock-worker").touch()

    assert alive.main([]) == 1
    assert "Nothing runs" in capsys.readouterr().out


def test_roles_are_those_whose_locks_are_held(home):
    with (home / "lock-worker").open("w") as lock, (home / "lock").open("w") as shared:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(shared, fcntl.LOCK_SH)
        assert alive.running_roles() == ["worker"]
        lock.close()
        fcntl.flock(shared, fcntl.LOCK_EX)
        assert alive.running_roles() == ["web", "worker", "mailer", "scheduler"]


def test_worker_is_alive_by_a_sign_of_this_machine(seen):
    heartbeats.note(heartbeats.SEEN, "worker:evently-1@elsewhere")
    assert alive.dead_roles(["worker"]) == ["worker"]

    heartbeats.note(heartbeats.SEEN, f"worker:evently-1@{socket.gethostname()}")
    assert alive.dead_roles(["worker"]) == ["worker"], "one of its two processes"
    heartbeats.note(heartbeats.SEEN, f"urgent-worker:evently-1@{socket.gethostname()}")
    assert alive.dead_roles(["worker"]) == []

    long_ago = seen.time()[0] - int(heartbeats.DEAD_SECONDS) - 1
    seen.hset(heartbeats.SEEN, f"worker:evently-1@{socket.gethostname()}", long_ago)
    assert alive.dead_roles(["worker"]) == ["worker"]


def test_broker_that_is_down_shows_no_sign(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert alive.dead_roles(["worker", "scheduler"]) == ["worker", "scheduler"]


def test_web_server_that_does_not_answer_is_dead(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        monkeypatch.delenv("BIND", raising=False)

        assert alive.main(["web"]) == 1

    assert capsys.readouterr().out == "No sign of life: web\n"

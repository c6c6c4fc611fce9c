"""Any output becomes JSON lines."""

import json
import os
import subprocess
import sys

import pytest

from evently.embedded import relay
from evently.tests.running import wait_for


def relayed(text):
    done = subprocess.run(
        [sys.executable, "-I", "-S", relay.__file__, "web"],
        input=text.encode(errors="surrogateescape"),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_objects_pass_unchanged():
    line = {"event": "request", "status": 200}
    assert relayed(json.dumps(line) + "\n") == [line]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Loaded 11 demo events.", "info"),
        ("/x/y.py:3: UserWarning: careful", "warning"),
        ("2026-11-26 20:00:00 UTC [7] FATAL:  no such role", "critical"),
        ("7:M 26 Nov 2026 10:00:00.000 # Server initialized", "warning"),
        ('["a list"]', "info"),
        ("{broken", "info"),
        ("byte \udcff", "info"),
    ],
)
def test_other_lines_become_events(text, level):
    (line,) = relayed(text)
    assert (line["logger"], line["level"]) == ("web", level)
    assert line["timestamp"].endswith("Z")


def test_traceback_becomes_one_event():
    program = "try:\n    1 / 0\nexcept ArithmeticError:\n    raise ValueError('ada@example.org')"
    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    last, first = relayed(f"before\n{failed.stderr.decode()}")[::-1][:2]
    assert first["event"] == "before"
    assert last["event"].startswith("ValueError")
    assert "ZeroDivisionError" in last["exception"]
    assert "ada@" not in json.dumps(last)


def test_traceback_that_is_cut_off_is_written():
    (line,) = relayed("Traceback (most recent call last):\n  File x\n")
    assert line["level"] == "error"


def test_log_with_other_lines_is_put_aside(tmp_path):
    path = tmp_path / "postgres.log"
    path.write_text("LOG: plain\n")
    with relay.log_for(path, "postgres", json_lines=True) as log:
        os.write(log, b"new\n")
    relay._running.pop().process.wait()
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["new"]
    assert (tmp_path / "postgres.log.1").read_text() == "LOG: plain\n"


def test_relay_that_was_killed_is_restarted_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(relay, "STEADY_SECONDS", 0)
    path = tmp_path / "postgres.log"
    with relay.log_for(path, "postgres", json_lines=True) as log:
        os.write(log, b"before\n")
        assert wait_for(path.read_text)
        killed = relay._running[-1].process
        killed.kill()
        killed.wait()
        os.write(log, b"meanwhile\n")

        relay.restart_killed()

        os.write(log, b"after\n")
    relay._running[-1].process.wait()
    lines = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert lines == ["before", "meanwhile", "after"]
    relay.restart_killed()
    assert relay._running == [], "one that has ended by itself is not started again"

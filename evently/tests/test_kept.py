"""Servers and a template kept between runs of single files."""

import ast
import os
import subprocess
import sys

import pytest

from evently.embedded import kept
from evently.environment import BASE_DIR
from evently.tests import template


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("KEEPER_LOCK", "RUN_LOCK", "READY"):
        monkeypatch.setattr(kept, name, tmp_path / name)
    return tmp_path


def test_a_second_run_at_the_same_time_gets_servers_of_its_own(folder, monkeypatch):
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(kept, "ensure_keeper", lambda: pytest.fail("the kept ones are in use"))
    monkeypatch.setattr(kept, "_run_apart", lambda command: f"apart: {command}")
    first = kept.lock(kept.RUN_LOCK)

    assert kept.run(["pytest"]) == "apart: ['pytest']"

    os.close(first)
    os.close(kept.lock(kept.RUN_LOCK))


def test_stop_ends_no_other_program_that_has_the_id_of_a_killed_keeper(folder, monkeypatch):
    monkeypatch.setattr(kept, "START_SECONDS", 0.3)
    held = kept.lock(kept.KEEPER_LOCK)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        kept.READY.write_text(f"{other.pid} {kept.started_from()}")
        kept.stop()
        assert other.poll() is None
        other.communicate(b"\n")
        assert other.returncode == 0
    os.close(held)


def test_run_apart_does_not_keep_a_template_on_another_server(folder, monkeypatch):
    monkeypatch.setattr(kept.servers, "needed", list)
    monkeypatch.setattr(kept, "_run_apart", list)
    assert kept.run(["checks.py", "--reuse-db", "-x"]) == ["checks.py", "-x"]


def test_a_keeper_is_known_while_it_lives_and_by_what_it_wrote_when_ready(folder):
    kept.READY.write_text("12 left by a killed one")
    assert kept.keeper() is None

    living = kept.lock(kept.KEEPER_LOCK)
    kept.READY.unlink()
    assert kept.keeper() == (0, "")
    kept.READY.write_text(f"12 {kept.started_from()}")
    assert kept.keeper() == (12, kept.started_from())
    os.close(living)


def test_template_is_another_after_a_change_of_a_migration_or_its_sql(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "BASE_DIR", tmp_path)
    seen = {template.digest()}
    for name in ("app/migrations/0001_x.py", "app/sql/x_v01.sql", "app/sql/x_v02.sql"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
        seen.add(template.digest())
    (tmp_path / "app/sql/x_v02.sql").write_text("SELECT 1")
    seen.add(template.digest())
    (tmp_path / "app/views.py").write_text("")
    seen.add(template.digest())

    assert len(seen) == 5


def test_template_is_another_after_a_change_of_what_migrations_import():
    covered = set(template.sources())
    for migration in BASE_DIR.glob("*/**/migrations/*.py"):
        if ".venv" in migration.parts:
            continue
        for node in ast.walk(ast.parse(migration.read_text())):
            for module in filter(is_ours, imported_by(node)):
                assert file_of(module) in covered, f"{migration.name}: {module}"


def imported_by(node):
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def is_ours(module):
    return module.split(".")[0] in {"evently", "events", "bookings", "waitlists", "notifications"}


def file_of(module):
    return BASE_DIR.joinpath(*module.split(".")).with_suffix(".py")

"""What `script/server` runs, by its arguments and the environment."""

import subprocess

import pytest

from evently.configuration import faults
from evently.environment import BASE_DIR
from evently.supervisor.roles import plan

ALL = {"web", "worker", "mailer", "scheduler"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("ROLES", raising=False)
    monkeypatch.delenv("MIGRATE_ON_START", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("arguments", "variables", "roles", "migrates"),
    [
        ([], {}, ALL, True),
        (["web"], {}, {"web"}, False),
        (["worker", "scheduler"], {}, {"worker", "scheduler"}, False),
        (["--migrate", "web"], {}, {"web"}, True),
        (["--no-migrate"], {}, ALL, False),
        ([], {"ROLES": "worker, scheduler"}, {"worker", "scheduler"}, False),
        (["web"], {"ROLES": "worker"}, {"web"}, False),
        ([], {"MIGRATE_ON_START": "false"}, ALL, False),
        (
            ["--migrate"],
            {"MIGRATE_ON_START": "false"},
            ALL,
            True,
        ),
        (["web"], {"MIGRATE_ON_START": "true"}, {"web"}, True),
    ],
)
def test_roles_and_migration(environment, arguments, variables, roles, migrates):
    for name, value in variables.items():
        environment.setenv(name, value)

    wanted = plan(arguments)

    assert (wanted.roles, wanted.migrate) == (roles, migrates)


def test_unknown_role_is_named(capsys):
    with pytest.raises(SystemExit):
        plan(["beat"])
    assert "'beat' is not one of web, worker, mailer, scheduler" in capsys.readouterr().err

    assert faults({"ROLES": "web,celery"}) == [
        "ROLES can contain web, worker, mailer, scheduler, not 'celery'."
    ]


@pytest.mark.skipif(not (BASE_DIR / ".venv").is_dir(), reason="there is no .venv in the checkout")
def test_reload_follows_the_link_that_it_was_started_by(tmp_path):
    link = tmp_path / "current"
    link.symlink_to(BASE_DIR)
    show = "from evently.supervisor.services import CHECKOUT; print(CHECKOUT)"

    def checkout_of(folder):
        return subprocess.run(
            [str(folder / ".venv" / "bin" / "python"), "-c", show],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    assert checkout_of(link) == str(link)
    assert checkout_of(BASE_DIR) == str(BASE_DIR)

"""What `script/server` runs, by its arguments and the environment."""

import pytest

from evently.configuration import faults
from evently.supervisor.roles import plan


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("ROLES", raising=False)
    monkeypatch.delenv("MIGRATE_ON_START", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("arguments", "variables", "roles", "migrates"),
    [
        ([], {}, {"web", "worker", "scheduler"}, True),
        (["web"], {}, {"web"}, False),
        (["worker", "scheduler"], {}, {"worker", "scheduler"}, False),
        (["--migrate", "web"], {}, {"web"}, True),
        (["--no-migrate"], {}, {"web", "worker", "scheduler"}, False),
        ([], {"ROLES": "worker, scheduler"}, {"worker", "scheduler"}, False),
        (["web"], {"ROLES": "worker"}, {"web"}, False),
        ([], {"MIGRATE_ON_START": "false"}, {"web", "worker", "scheduler"}, False),
        (["--migrate"], {"MIGRATE_ON_START": "false"}, {"web", "worker", "scheduler"}, True),
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
    assert "'beat' is not one of web, worker, scheduler" in capsys.readouterr().err

    assert faults({"ROLES": "web,celery"}) == [
        "ROLES can contain web, worker, scheduler, not 'celery'."
    ]

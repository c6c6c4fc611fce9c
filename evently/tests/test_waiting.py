"""A database or broker that does not answer is one sentence."""

import socket

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from evently import waiting

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_database_and_broker_that_answer_are_no_problem():
    assert waiting.database_problem("default") == ""
    assert waiting.database_problem("owner") == ""
    assert waiting.broker_problem() == ""


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"PASSWORD": "hunter2"}, "refuses the password of evently_app; check DATABASE_URL."),
        ({"NAME": "elsewhere"}, "has no database elsewhere"),
        ({"PORT": "1"}, ":1 does not answer."),
        ({"HOST": "no-such-host.invalid"}, "cannot be found by its name"),
    ],
)
def test_database_problem_is_one_sentence(monkeypatch, changed, part):
    for name, value in changed.items():
        monkeypatch.setitem(connections["default"].settings_dict, name, value)
    sentence = waiting.database_problem("default")
    assert part in sentence
    assert "\n" not in sentence
    assert "hunter2" not in sentence


def test_broker_problem_is_one_sentence(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{taken.getsockname()[1]}/0"
        assert "does not answer" in waiting.broker_problem()
        assert "hunter2" not in waiting.broker_problem()


def test_broker_that_refuses_the_password_is_named(settings):
    head, _, tail = settings.REDIS_URL.partition("://")
    settings.REDIS_URL = f"{head}://:wrong@{tail.rpartition('@')[2]}"
    assert "refuses the password; check REDIS_URL" in waiting.broker_problem()


def test_waiting_says_each_sentence_once_with_longer_pauses():
    answers, said, pauses = iter(["down"] * 4 + ["refuses", ""]), [], []
    left = waiting.wait_until_usable(lambda: next(answers), say=said.append, pause=pauses.append)
    assert left == ""
    assert said == ["down Waiting for it ...", "refuses Waiting for it ..."]
    assert pauses == [1, 2, 4, 8, 16]


def test_waiting_ends_with_patience():
    left = waiting.wait_until_usable(
        lambda: "down", say=lambda text: None, patience_seconds=5, pause=lambda seconds: None
    )
    assert left == "down"


def test_migrate_says_why_the_database_does_not_answer(monkeypatch):
    monkeypatch.setitem(connections["owner"].settings_dict, "PORT", "1")
    with pytest.raises(CommandError, match=r":1 does not answer\.$"):
        call_command("migrate", "--wait", "0", "--skip-checks")

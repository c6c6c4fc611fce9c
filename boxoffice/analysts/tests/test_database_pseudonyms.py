"""The key of pseudonyms and the smallest group, by plain SQL of the owner."""

from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import ProgrammingError

from boxoffice.analysts.rotation import rotate_pseudonyms
from evently.tests.database import as_owner
from evently.tests.sql import assert_refused, run
from evently.tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "INSERT INTO secrets.pseudonym_keys VALUES (%s, %s, %s)"
GROUP = "INSERT INTO secrets.smallest_group VALUES (%s, %s)"


def keys():
    with as_owner() as owner:
        return owner.execute("SELECT month, inner_pad, outer_pad FROM secrets.pseudonym_keys")


@pytest.mark.parametrize(
    ("constraint", "statement", "row"),
    [
        ("chk_pseudonym_month", KEY, (date(2030, 1, 2), b"a" * 64, b"b" * 64)),
        ("chk_pseudonym_key", KEY, (date(2030, 1, 1), b"a" * 64, b"b" * 63)),
        ("chk_smallest_group_single", GROUP, (False, 5)),
        ("smallest_group_pkey", GROUP, (True, 5)),
    ],
)
def test_rows_are_refused(constraint, statement, row):
    with as_owner() as owner, pytest.raises(psycopg.IntegrityError) as refusal:
        owner.execute(statement, row)
    assert_refused(refusal.value, constraint)


def test_there_is_one_key_for_a_month():
    rotate_pseudonyms(using="owner", at_once=True)
    with as_owner() as owner, pytest.raises(psycopg.IntegrityError) as refusal:
        owner.execute(
            "INSERT INTO secrets.pseudonym_keys SELECT * FROM secrets.pseudonym_keys LIMIT 1"
        )
    assert_refused(refusal.value, "pseudonym_keys_pkey")


def test_groups_of_four_are_refused():
    with as_owner() as owner, pytest.raises(psycopg.IntegrityError) as refusal:
        owner.execute("UPDATE secrets.smallest_group SET persons = 4")
    assert_refused(refusal.value, "chk_smallest_group")


def test_keys_are_random_and_two_that_rotate_at_once_make_one(clock):
    clock.stop(datetime(2031, 5, 1, tzinfo=UTC))

    outcomes = run_together(rotate_pseudonyms, rotate_pseudonyms, rotate_pseudonyms)

    assert sorted(outcomes) == [False, False, True]
    ((month, inner, outer),) = keys().fetchall()
    assert month == date(2031, 5, 1)
    assert len({inner[:32], inner[32:], outer[:32], outer[32:]}) == 4


@pytest.mark.parametrize("table", ["pseudonym_keys", "smallest_group"])
def test_the_application_can_neither_read_nor_replace(table):
    for statement in (f"SELECT * FROM secrets.{table}", f"TRUNCATE secrets.{table}"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(statement)
    with pytest.raises(ProgrammingError, match="permission denied"):
        rotate_pseudonyms(at_once=True)

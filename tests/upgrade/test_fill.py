"""The script behind the dumps still works with the current code, so that new dumps can be made."""

import pytest
from django.core.management import call_command

from evently.tests.functions import definitions
from tests.upgrade.fill import Story
from tests.upgrade.invariants import INVARIANTS, STATES
from tests.upgrade.restoring import connect, django_in, new_database


@pytest.mark.slow
def test_filled_database_holds_all_states_and_invariants(keys, broker):
    with new_database() as name:
        with django_in(name):
            call_command("migrate", verbosity=0)
            with connect(name) as connection:
                functions = definitions(connection)
            Story().tell()
        with connect(name) as connection:
            for table, states in STATES.items():
                found = connection.execute(f"SELECT DISTINCT status FROM {table}").fetchall()
                assert {status for (status,) in found} == states, table
            for invariant, query in INVARIANTS.items():
                assert connection.execute(query).fetchall() == [], invariant
            assert definitions(connection) == functions

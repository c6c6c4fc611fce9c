"""What the database tells of an event's organizer, and to whom."""

from uuid import uuid4

import pytest

from evently.database.identity import VISITOR, DatabaseRole, Identity, acting_as, attendee
from evently.tests.sql import value
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

ORGANIZER = DatabaseRole.ORGANIZER


def told(event, identity):
    with acting_as(identity):
        return value("SELECT evently_organizer(%s) IS NOT NULL", event.pk)


def test_who_organizes_an_unpublished_event_is_told_to_those_who_manage_it():
    event, other = EventFactory(published_at=None), EventFactory()

    for stranger in (VISITOR, attendee(uuid4()), Identity(ORGANIZER, other.created_by_id)):
        assert not told(event, stranger)
        assert told(other, stranger)
    for insider in (
        Identity(ORGANIZER, event.created_by_id),
        Identity(ORGANIZER, uuid4(), (event.pk,)),
        Identity(DatabaseRole.SUPERUSER, uuid4()),
        Identity(DatabaseRole.WORKER),
    ):
        assert told(event, insider)

"""How attendees reach the organizer, and where replies to emails may go."""

import pytest

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.database.clock import now
from evently.errors import Invalid
from evently.tests.sql import run
from events.contact import contact_address, reply_address
from events.factories import EventFactory
from events.operations import edit_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed():
    return OrganizerFactory(email_verified_at=now())


def test_organizers_own_address_is_shown_where_they_chose_so(confirmed):
    event = EventFactory(created_by=confirmed)
    assert (contact_address(event), reply_address(event)) == ("", "")

    event.shows_organizer_email = True
    assert contact_address(event) == reply_address(event) == confirmed.email


def test_unconfirmed_address_is_not_shown():
    organizer = OrganizerFactory(email_verified_at=None)
    event = EventFactory(created_by=organizer, shows_organizer_email=True)

    assert (contact_address(event), reply_address(event)) == ("", "")


def test_replies_go_to_addresses_that_are_known(confirmed, settings):
    settings.REPLY_TO_DOMAINS = frozenset({"venue.example"})
    event = EventFactory(created_by=confirmed)
    helper = OrganizerFactory(email_verified_at=now())
    run(
        "INSERT INTO event_staff (event_id, user_id, role) VALUES (%s, %s, 'manager')",
        event.pk,
        helper.pk,
    )
    stranger = UserFactory(email_verified_at=now())

    for address, is_known in (
        ("box@Venue.example", True),
        (confirmed.email.upper(), True),
        (helper.email, True),
        (stranger.email, False),
        ("victim@elsewhere.example", False),
    ):
        event.contact_email = address
        assert contact_address(event) == address
        assert reply_address(event) == (address if is_known else "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contact_email", "a..b@example.com"),
        ("contact_email", "box@example.com\nBcc: all@example.com"),
        ("contact_url", "javascript:alert(1)"),
        ("contact_url", "ftp://example.com/"),
        ("contact_url", "example.com"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_contact_is_an_address_and_a_web_link(field, value):
    event = EventFactory()

    with pytest.raises(Invalid) as refused:
        edit_event(event_id=event.pk, version=None, **{field: value})
    assert refused.value.fields.keys() == {field}

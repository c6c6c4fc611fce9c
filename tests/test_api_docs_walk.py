"""docs/api.md: its examples work when they are pasted, and it names the error codes."""

import re
import subprocess
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import OrganizerFactory
from events.factories import EventFactory
from notifications.kinds import KINDS
from waitlists.models import WaitlistEntry
from waitlists.operations import confirm_entry

GUIDE = Path(__file__).parent.parent / "docs" / "api.md"
TEXT = GUIDE.read_text()
DEMO_PASSWORD = "evently-demo"
# Stops at the first failure; a status from 400 on is one.
PRELUDE = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n'


def examples(text):
    """Return the shell blocks of a part of the guide as one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def paste(script, state):
    """Run a script in bash after an earlier one; state: a file with its variables."""
    names = sorted(set(re.findall(r"^([A-Z_]+)=", script, re.MULTILINE)))
    keep = f"declare -p {' '.join(names)} >> {state}\ndeclare -f field >> {state}\n"
    earlier = f"source {state}\n" if state.exists() else ""
    run = subprocess.run(
        ["bash", "-c", f"{PRELUDE}{earlier}{script}\n{keep}"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


@pytest.mark.django_db(transaction=True)
def test_examples_work_when_pasted(live_server, settings, tmp_path):
    settings.PUBLIC_URL = live_server.url
    organizer = OrganizerFactory(email="organizer@evently.example")
    organizer.set_password(DEMO_PASSWORD)
    organizer.save(update_fields=["password"])
    EventFactory(name="Maps That Lie", created_by=organizer, priced=24)
    sold_out = EventFactory(name="Film", created_by=organizer, total_capacity=2)
    booking = BookingFactory(event=sold_out, quantity=2)
    text = TEXT.replace("http://localhost:8000", live_server.url)
    until_offers, offers = text.split("### Offers")

    paste(examples(until_offers), tmp_path / "state")
    entry = WaitlistEntry.objects.get()
    confirm_entry(event_id=sold_out.pk, entry_id=entry.pk)
    cancel_booking(event_id=sold_out.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
    paste(examples(offers), tmp_path / "state")


def documented_codes():
    """Return the codes that the OpenAPI document names."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    responses = document["components"]["responses"].values()
    return {code for one in responses for code in re.findall(r"`(\w+)`", one["description"])}


def test_guide_names_every_code_and_notification_type():
    named = set(re.findall(r"`([a-z_]+)`", TEXT))

    assert documented_codes() - named - {"If"} == set()
    assert set(KINDS) - named == set()

"""Prices have the decimals of their currency: in the database, operations, form, API and import."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict

from evently.accounts.factories import OrganizerFactory
from evently.api.tests.client import api
from evently.errors import Invalid
from evently.tests.database import as_owner
from evently.tests.rows import book
from evently.tests.rows import event as insert_event
from evently.tests.sql import refused, run, value
from events import operations
from events.admin.forms import EventForm
from events.factories import EventFactory
from events.models import Event

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("price", "currency"),
    [("1000", "JPY"), ("1.500", "KWD"), ("1000.00", "JPY"), ("0.0001", "CLF")],
)
def test_database_accepts_amounts_of_a_currency(price, currency):
    id_ = insert_event(base_price=price, currency=currency)

    assert value("SELECT current_price FROM events WHERE id = %s", id_) == Decimal(price)


@pytest.mark.parametrize(
    ("price", "currency"), [("1000.50", "JPY"), ("1.0005", "KWD"), ("9.999", "EUR"), ("5", "XQZ")]
)
def test_database_refuses_amounts_that_a_currency_does_not_have(price, currency):
    with refused("trg_event_money"):
        insert_event(base_price=price, currency=currency)


def test_database_checks_changed_prices_only():
    id_ = insert_event(base_price=10, currency="EUR", published_at=None)
    for change in ("current_price = 9.999", "base_price = 0.001", "currency = 'XQZ'"):
        with refused("trg_event_money"):
            run(f"UPDATE events SET {change} WHERE id = %s", id_)
    run("UPDATE events SET base_price = 10.50, current_price = 10.50 WHERE id = %s", id_)
    with refused("trg_event_money"):
        run("UPDATE events SET currency = 'JPY' WHERE id = %s", id_)


@pytest.mark.django_db(transaction=True)
def test_event_of_an_earlier_release_can_still_be_edited_and_moves_seats():
    event = EventFactory(priced=10, published_at=None)
    legacy(event)

    operations.edit_event(event_id=event.pk, version=None, venue="The Barn")
    run("UPDATE events SET total_capacity = total_capacity + 1 WHERE id = %s", event.pk)

    with pytest.raises(Invalid) as refusal:
        operations.edit_event(event_id=event.pk, version=None, base_price=Decimal("11.5"))
    assert refusal.value.fields.keys() == {"base_price"}


def legacy(event):
    """Give an event a price that its currency cannot have, as was possible before."""
    with as_owner() as connection:
        connection.execute("ALTER TABLE events DISABLE TRIGGER trg_event_money")
    run("UPDATE events SET currency = 'JPY', base_price = 10.5 WHERE id = %s", event.pk)
    with as_owner() as connection:
        connection.execute("ALTER TABLE events ENABLE TRIGGER trg_event_money")


# ── The form ────────────────────────────────────────────────────────────────
def form_with(**given):
    typed = QueryDict(mutable=True)
    typed.update({"base_price": "0", "currency": "EUR"} | given)
    form = EventForm(typed, instance=Event())
    form.is_valid()
    return form


@pytest.mark.parametrize(
    ("typed", "currency", "price"),
    [("12,50", "EUR", "12.50"), ("1.280,50", "EUR", "1280.50"), ("1.500", "kwd", "1.5")],
)
def test_form_accepts_a_comma(typed, currency, price):
    form = form_with(base_price=typed, currency=currency)

    assert "base_price" not in form.errors
    assert form.cleaned_data["base_price"] == Decimal(price)


def test_form_asks_about_unclear_amounts_and_keeps_what_was_typed():
    form = form_with(base_price="1,000")

    assert "Do you mean 1000 or 1?" in str(form.errors["base_price"])
    assert 'value="1,000"' in str(form["base_price"])
    assert 'inputmode="decimal"' in str(form["base_price"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"base_price": "1000.50", "currency": "JPY"}, "base_price"),
        ({"base_price": "5", "currency": "XQZ"}, "currency"),
    ],
)
def test_operation_refuses_what_a_currency_does_not_have(given, field):
    columns = {"name": "Jazz", "venue": "Barn", "event_date": "2100-05-01T19:00:00+02:00"}
    answer = api(OrganizerFactory()).post(
        "/api/v1/events/", columns | given | {"total_capacity": 5}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {field}


# ── The API and imports ─────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("price", "currency", "shown"), [("1000", "JPY", "1000"), ("1.5", "KWD", "1.500")]
)
def test_api_shows_the_decimals_of_the_currency(price, currency, shown):
    event = EventFactory(
        base_price=Decimal(price),
        current_price=Decimal(price),
        currency=currency,
        payment_mode="door",
    )
    user = OrganizerFactory()

    assert api().get(f"/api/v1/events/{event.pk}/").json()["current_price"] == shown
    quote = api(user).post(f"/api/v1/events/{event.pk}/quote/", {"quantity": 1}).json()
    assert (quote["unit_price"], quote["total_amount"]) == (shown, shown)
    booked = (
        api(user)
        .post("/api/v1/bookings/", {"event": str(event.pk), "quantity": 2, "unit_price": shown})
        .json()
    )
    assert booked["unit_price"] == shown
    assert Decimal(booked["total_amount"]) == 2 * Decimal(price)


def test_database_refuses_bookings_at_prices_that_the_currency_does_not_have():
    event_id = insert_event(base_price=1000, currency="JPY")
    with refused("trg_booking_money"):
        book(event_id, 1, unit_price="999.50", total_amount="999.50")


def test_import_accepts_a_comma_and_checks_currency_and_decimals(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("Subject,Start Date,Start Time,Location\nJazz,2100-05-01,19:00,Barn\n")
    address = OrganizerFactory().email

    def bring_in(**options):
        call_command("import_events", path, organizer=address, timezone="Europe/Berlin", **options)

    for options in (
        {"price": "1,000"},
        {"price": "1000.50", "currency": "JPY"},
        {"price": "5", "currency": "XQZ"},
    ):
        with pytest.raises(CommandError):
            bring_in(**options)
    bring_in(price="12,50")
    assert Event.objects.get().base_price == Decimal("12.50")


@pytest.mark.parametrize(
    ("currency", "stored", "shown"),
    [("JPY", "1000", "1000"), ("KWD", "1.5", "1.500"), ("EUR", "66", "66.00")],
)
def test_form_shows_prices_with_the_decimals_of_their_currency(currency, stored, shown):
    # The database keeps four decimals.
    price = Decimal(stored).quantize(Decimal("0.0001"))
    event = EventFactory(base_price=price, currency=currency, payment_mode="door")

    form = EventForm(instance=Event.objects.get(pk=event.pk))

    assert form["base_price"].value() == form["current_price"].value() == shown

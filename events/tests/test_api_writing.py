"""Creating, changing and publishing events through the API."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.tests.rows import book
from events.api import NotYourEvent, managed_event
from events.factories import EventFactory
from events.models import Event, EventStaff, PriceChange, PriceRule, StaffRole
from events.operations import save_price_rule
from events.signals import event_changed

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"
DRAFT = {
    "name": "Piano 🎹 at the Old Mill",
    "venue": "Old Mill",
    "event_date": "2100-05-01T19:00:00+02:00",
    "total_capacity": 80,
    "base_price": "24.00",
}


def test_organizers_create_change_and_publish_events():
    client = api(OrganizerFactory())

    made = client.post(EVENTS, DRAFT)
    assert made.status_code == 201, made.content
    url = made.headers["Location"]
    assert made.json()["name"] == DRAFT["name"]
    assert made.json()["published_at"] is None
    assert made.json()["event_date"] == "2100-05-01T17:00:00Z"

    changed = client.patch(url, {"venue": "Barn"}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.status_code, changed.json()["venue"]) == (200, "Barn")
    assert changed.headers["ETag"].startswith('"2-')

    assert_problem(api().get(url), 404, "not_found")
    published = client.post(f"{url}publish/")
    assert published.json()["published_at"].endswith("Z")
    assert api().get(url).status_code == 200
    assert_problem(client.post(f"{url}publish/"), 409, "already_published")


@pytest.mark.parametrize(("given", "notified"), [({}, True), ({"notify": False}, False)])
def test_change_is_announced_unless_the_request_says_otherwise(given, notified):
    event = EventFactory(created_by=OrganizerFactory())
    heard = []

    def hear(sender, notify, **kwargs):
        heard.append(notify)

    event_changed.connect(hear)
    try:
        changed = api(event.created_by).patch(
            f"{EVENTS}{event.pk}/", {"venue": "Barn"} | given, headers={"If-Match": "*"}
        )
    finally:
        event_changed.disconnect(hear)

    assert changed.status_code == 200
    assert heard == [notified]
    event.refresh_from_db()
    assert event.last_change["notified"] is notified


def test_price_that_a_rule_moves_is_changed_with_a_reason_only():
    event = EventFactory(created_by=OrganizerFactory(), priced=30)
    save_price_rule(event_id=event.pk, version=0, enabled=True, floor=20, ceiling=40)
    client, url, any_version = api(event.created_by), f"{EVENTS}{event.pk}/", {"If-Match": "*"}

    for given in ({}, {"price_reason": " "}):
        refused = client.patch(url, {"current_price": "25.00"} | given, headers=any_version)
        assert "price_reason" in assert_problem(refused, 422, "price_reason_required")["errors"]
    for wrong in ("a\nb", "x" * 201, None, ["x"]):
        given = {"current_price": "25.00", "price_reason": wrong}
        refused = client.patch(url, given, headers=any_version)
        assert "price_reason" in assert_problem(refused, 422, "invalid")["errors"]
    same = client.patch(url, {"current_price": "30.00", "venue": "Barn"}, headers=any_version)
    assert (same.status_code, PriceRule.objects.get().is_active) == (200, True)

    given = {"current_price": "25.00", "price_reason": "A quiet week"}
    changed = client.patch(url, given, headers=any_version)

    assert (changed.status_code, changed.json()["current_price"]) == (200, "25.00")
    assert PriceChange.objects.get().reason == "A quiet week"
    assert PriceRule.objects.get().suspended_at is not None
    # Nothing moves it any more, so no reason is needed.
    assert client.patch(url, {"current_price": "26.00"}, headers=any_version).status_code == 200


def test_reason_without_a_new_price_is_refused():
    event = EventFactory(created_by=OrganizerFactory(), priced=10)
    client, url = api(event.created_by), f"{EVENTS}{event.pk}/"

    def change(**body):
        return client.patch(url, body | {"price_reason": "Rain"}, headers={"If-Match": "*"})

    problem = assert_problem(change(venue="Barn"), 422, "invalid")
    assert "current_price" in problem["errors"]["price_reason"][0]
    # The current price follows the base price, unless a rule moves it.
    assert change(base_price="12.00").status_code == 200
    assert PriceChange.objects.filter(event_id=event.pk, reason="Rain").count() == 1
    save_price_rule(event_id=event.pk, version=0, enabled=True, floor=5, ceiling=20)
    assert_problem(change(base_price="13.00"), 422, "invalid")


@pytest.mark.parametrize("amount", ["100000000", "123456789012345", "1" * 2000, "1.00001"])
def test_amount_that_is_too_large_or_too_exact_is_told_the_limit(amount):
    event = EventFactory(created_by=OrganizerFactory(), priced=10)
    client, url = api(event.created_by), f"{EVENTS}{event.pk}/"
    change = client.patch(url, {"base_price": amount}, headers={"If-Match": "*"})
    rule = {"floor": amount, "ceiling": amount}
    answers = [
        change,
        client.put(f"{url}pricing-rule/", rule, headers={"If-Match": "*"}),
        client.get(EVENTS, {"min_price": amount}),
    ]

    limit = "at most 4 decimals" if "." in amount else "below 100,000,000"
    for answer in answers:
        (text, *_) = next(iter(assert_problem(answer, 422, "invalid")["errors"].values()))
        assert text.startswith("Enter ")
        assert limit in text


def test_attendees_cannot_write_events():
    client = api(UserFactory())

    assert_problem(client.post(EVENTS, DRAFT), 403, "scope_missing")


def test_events_of_other_organizers_cannot_be_changed():
    event = EventFactory(name="mine")
    client = api(OrganizerFactory())
    url = f"{EVENTS}{event.pk}/"

    for response in (
        client.patch(url, {"name": "theirs"}, headers={"If-Match": "*"}),
        client.post(f"{url}publish/"),
        client.post(f"{url}cancel/", {}),
        client.get(f"{url}analytics/"),
    ):
        assert_problem(response, 403, "not_your_event")
    assert Event.objects.get().name == "mine"


def test_managers_write_events_like_their_organizers():
    draft = EventFactory(published_at=None)
    manager = OrganizerFactory()
    EventStaff.objects.create(event=draft, user=manager, role=StaffRole.MANAGER)
    client, url = api(manager), f"{EVENTS}{draft.pk}/"

    assert client.get(url).status_code == 200
    assert client.patch(url, {"name": "new"}, headers={"If-Match": "*"}).status_code == 200
    assert client.post(f"{url}publish/").status_code == 200
    assert client.get(f"{url}analytics/").status_code == 200
    assert client.post(f"{url}cancel/", {}).json()["status"] == "cancelled"


def test_door_staff_cannot_write_events():
    draft, published = EventFactory(published_at=None), EventFactory()
    helper = OrganizerFactory()
    for event in (draft, published):
        EventStaff.objects.create(event=event, user=helper, role=StaffRole.DOOR)
    client = api(helper)

    assert_problem(client.get(f"{EVENTS}{draft.pk}/"), 404, "not_found")
    assert_problem(client.post(f"{EVENTS}{draft.pk}/publish/"), 404, "not_found")
    assert_problem(client.post(f"{EVENTS}{published.pk}/cancel/", {}), 403, "not_your_event")


def test_managing_takes_one_query_for_any_user(django_assert_num_queries):
    event, manager = EventFactory(created_by=OrganizerFactory()), OrganizerFactory()
    EventStaff.objects.create(event=event, user=manager, role=StaffRole.MANAGER)

    for user in (event.created_by, manager):
        with django_assert_num_queries(1):
            assert managed_event(event.pk, user) == event
    another = OrganizerFactory()
    with django_assert_num_queries(1), pytest.raises(NotYourEvent):
        managed_event(event.pk, another)


def test_superusers_can_change_all_events():
    event = EventFactory()

    response = api(SuperuserFactory()).patch(
        f"{EVENTS}{event.pk}/", {"name": "new"}, headers={"If-Match": '"1"'}
    )

    assert response.json()["name"] == "new"


def test_outdated_version_is_refused():
    event = EventFactory(created_by=OrganizerFactory())
    client, url = api(event.created_by), f"{EVENTS}{event.pk}/"
    client.patch(url, {"name": "first"}, headers={"If-Match": '"1"'})

    late = client.patch(url, {"name": "second"}, headers={"If-Match": '"1"'})

    assert_problem(late, 412, "edited_meanwhile")
    assert_problem(client.patch(url, {"name": "x"}), 428, "if_match_required")
    assert_problem(
        client.patch(url, {"name": "x"}, headers={"If-Match": "W/x"}), 412, "edited_meanwhile"
    )
    assert client.get(url).json()["name"] == "first"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "null\x00byte"}, "name"),
        ({"event_date": "2100-05-01T19:00:00"}, "event_date"),
        ({"event_date": "2001-05-01T19:00:00Z"}, "event_date"),
        ({"event_date": "9999-12-31T23:59:59Z"}, "event_date"),
        ({"ends_at": "2099-01-01T00:00:00Z"}, "ends_at"),
        ({"sales_start_at": "2100-05-01T17:00:00Z"}, "sales_start_at"),
        ({"sales_end_at": "2020-01-01T00:00:00Z"}, "sales_end_at"),
        ({"cancellation_deadline": "2100-05-01T17:00:01Z"}, "cancellation_deadline"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"total_capacity": 0}, "total_capacity"),
        ({"total_capacity": -1}, "total_capacity"),
        ({"total_capacity": 2**70}, "total_capacity"),
        ({"base_price": "-0.01"}, "base_price"),
        ({"base_price": "1.001"}, "base_price"),
        ({"base_price": "100000000"}, "base_price"),
        ({"base_price": "NaN"}, "base_price"),
        ({"currency": "euro"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"payment_mode": "free"}, "payment_mode"),
        ({"payment_mode": "barter"}, "payment_mode"),
        ({"max_per_booking": 11}, "max_per_booking"),
        ({"max_per_person": 0}, "max_per_person"),
        ({"payment_days": 2**40}, "payment_days"),
        ({"promotion_window_minutes": 0}, "promotion_window_minutes"),
    ],
)
def test_invalid_drafts_are_refused_by_field(change, field):
    response = api(OrganizerFactory()).post(EVENTS, DRAFT | change)

    problem = assert_problem(response, 422, "invalid")
    assert list(problem["errors"]) == [field]
    assert not Event.objects.exists()


def test_repeated_request_creates_one_draft():
    client, headers = api(OrganizerFactory()), {"Idempotency-Key": "draft 1"}

    first = client.post(EVENTS, DRAFT, headers=headers)
    again = client.post(EVENTS, DRAFT, headers=headers)
    other = client.post(EVENTS, DRAFT | {"name": "Other"}, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == client.get(first.headers["Location"]).json()
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert_problem(other, 422, "idempotency_mismatch")
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_change_with_if_match_star_is_never_refused():
    organizer = OrganizerFactory()
    event, clients = EventFactory(created_by=organizer), [api(organizer) for _ in range(8)]

    def rename(number):
        try:
            return clients[number].patch(
                f"{EVENTS}{event.pk}/", {"name": f"Name {number}"}, headers={"If-Match": "*"}
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(rename, range(len(clients))))

    assert {answer.status_code for answer in answers} == {200}
    event.refresh_from_db()
    assert event.version == 1 + len(clients)


def test_currency_of_a_published_event_cannot_change():
    organizer = OrganizerFactory()
    event = EventFactory(created_by=organizer, currency="EUR")
    response = api(organizer).patch(
        f"{EVENTS}{event.pk}/", {"currency": "KWD"}, headers={"If-Match": "*"}
    )
    assert "currency" in assert_problem(response, 422, "currency_settled")["errors"]


def test_read_only_fields_are_refused():
    body = DRAFT | {"available_seats": 3, "version": 9, "status": "cancelled", "vanue": "x"}

    response = api(OrganizerFactory()).post(EVENTS, body)

    errors = assert_problem(response, 422, "invalid")["errors"]
    assert set(errors) == {"available_seats", "version", "status", "vanue"}
    assert errors["status"][0].startswith("This field is read-only. Use `POST events/{id}/cancel/`")
    assert errors["vanue"] == ["There is no such field. Did you mean “venue”?"]
    assert not Event.objects.exists()


def test_capacity_in_use_is_refused():
    event = EventFactory(created_by=OrganizerFactory(), total_capacity=5)
    book(event.pk, 3)

    response = api(event.created_by).patch(
        f"{EVENTS}{event.pk}/", {"total_capacity": 2}, headers={"If-Match": "*"}
    )

    assert_problem(response, 409, "capacity_in_use")

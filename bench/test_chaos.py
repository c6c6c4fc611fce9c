"""`script/chaos`: a short run, and what its audit must find wrong."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID, uuid4

import pytest

from bench.chaos import audit, promises
from bench.chaos.audit import BROKEN, LOST, REPEATED, TWICE, UNLOGGED, UNTOLD
from bench.chaos.facts import CalledOff, Facts, Message, Row
from bench.chaos.faults import FAULTS, Limits
from bench.chaos.history import Act, History, Kind, Outcome, Trouble
from bench.chaos.nemesis import SHORT, plan
from bench.chaos.promises import Times
from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED, STATIC_ROOT

EVENT, BEA, CY, DEE = (uuid4() for _ in range(4))
BOOKING, CANCELLED, CLAIMED, ENTRY, LEFT, OFFER = (uuid4() for _ in range(6))


def act(kind: Kind, person: UUID, outcome: Outcome = Outcome.DONE, **more: object) -> Act:
    return Act(kind, person, EVENT, outcome, **more)  # type: ignore[arg-type]


# Bea books, Cy books and cancels, Dee is refused, waits and accepts an offer; Bea joins and leaves.
ACTS = (
    act(Kind.BOOK, BEA, made=BOOKING),
    act(Kind.BOOK, CY, made=CANCELLED),
    act(Kind.CANCEL, CY, about=CANCELLED),
    act(Kind.BOOK, DEE, Outcome.REFUSED),
    act(Kind.JOIN, DEE, made=ENTRY),
    act(Kind.ACCEPT, DEE, about=OFFER, made=CLAIMED),
    act(Kind.JOIN, BEA, made=LEFT),
    act(Kind.LEAVE, BEA, about=LEFT),
    act(Kind.CALL_OFF, CY),
)
CALLED_OFF = CalledOff(
    "cancelled", open=0, people=2, messages=[Message(f"event_cancelled:{EVENT}", "sent")] * 2
)
FACTS = Facts(
    bookings=(
        Row(BOOKING, EVENT, BEA, "confirmed"),
        Row(CANCELLED, EVENT, CY, "cancelled"),
        Row(CLAIMED, EVENT, DEE, "confirmed"),
    ),
    entries=(Row(ENTRY, EVENT, DEE, "booked"), Row(LEFT, EVENT, BEA, "left")),
    offers=(Row(OFFER, EVENT, DEE, "used", CLAIMED),),
    messages=(
        Message(f"booking_confirm:{BOOKING}", "sent"),
        Message(f"booking_confirm:{CANCELLED}", "delivered", copies=0),
        Message(f"cancellation:{CANCELLED}", "sent", copies=2, may_be_repeated=True),
        Message(f"booking_confirm:{CLAIMED}", "sent"),
        Message(f"waitlist_join:{ENTRY}:1", "sent"),
        Message(f"waitlist_join:{LEFT}:1", "delivered", copies=0),
        Message(f"promotion:{OFFER}", "sent"),
    ),
    attempts={(EVENT, BEA): 1, (EVENT, CY): 1, (EVENT, DEE): 2},
    called_off=CALLED_OFF,
)


def wrong(acts: Sequence[Act] = ACTS, facts: Facts = FACTS) -> set[str]:
    """Return the names of the checks that find something."""
    found = audit.audit(History(acts=list(acts)), facts)
    return {name for name, texts in found.items() if texts}


def without(rows: Sequence[Row], row_id: UUID) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.id != row_id)


def with_status(rows: Sequence[Row], row_id: UUID, status: str) -> tuple[Row, ...]:
    return tuple(replace(row, status=status) if row.id == row_id else row for row in rows)


def with_message(key: str, **changes: object) -> Facts:
    """Return the facts with a message that is other than it should be."""
    messages = [
        replace(each, **changes) if each.key.startswith(key) else each  # type: ignore[arg-type]
        for each in FACTS.messages
    ]
    assert messages != list(FACTS.messages)
    return replace(FACTS, messages=messages)


# ── The audit ───────────────────────────────────────────────────────────────
def test_audit_accepts_what_was_done_as_it_was_answered() -> None:
    assert wrong() == set()


@pytest.mark.parametrize("row_id", [BOOKING, CLAIMED], ids=["booked", "claimed"])
def test_audit_finds_a_lost_booking(row_id: UUID) -> None:
    assert LOST in wrong(facts=replace(FACTS, bookings=without(FACTS.bookings, row_id)))


def test_audit_finds_a_lost_entry_and_a_lost_offer() -> None:
    assert LOST in wrong(facts=replace(FACTS, entries=without(FACTS.entries, ENTRY)))
    assert LOST in wrong(facts=replace(FACTS, offers=()))


def test_audit_finds_what_was_undone_again() -> None:
    for row_id in (CANCELLED, LEFT):
        facts = replace(
            FACTS,
            bookings=with_status(FACTS.bookings, row_id, "confirmed"),
            entries=with_status(FACTS.entries, row_id, "waiting"),
        )
        assert LOST in wrong(facts=facts)
    assert LOST in wrong(facts=replace(FACTS, offers=with_status(FACTS.offers, OFFER, "pending")))


def test_audit_finds_a_booking_that_no_client_cancelled() -> None:
    assert LOST in wrong(
        facts=replace(FACTS, bookings=with_status(FACTS.bookings, BOOKING, "cancelled"))
    )


def test_audit_finds_a_request_done_twice() -> None:
    again = Row(uuid4(), EVENT, BEA, "confirmed")
    assert TWICE in wrong(facts=replace(FACTS, bookings=(*FACTS.bookings, again)))
    assert TWICE in wrong(facts=replace(FACTS, entries=(*FACTS.entries, again)))


def test_audit_finds_a_refused_request_that_was_done() -> None:
    refused = [replace(each, outcome=Outcome.REFUSED, made=None) for each in ACTS[:1]]
    assert TWICE in wrong((*refused, *ACTS[1:]))


def test_request_without_an_answer_may_have_been_done_or_not() -> None:
    unknown = replace(ACTS[0], outcome=Outcome.UNKNOWN, made=None, answers=0)
    assert wrong((unknown, *ACTS[1:])) == set()
    never = replace(FACTS, bookings=without(FACTS.bookings, BOOKING), messages=FACTS.messages[1:])
    assert wrong((unknown, *ACTS[1:]), never) == set()


def test_offer_accepted_twice_makes_one_booking() -> None:
    again = Row(uuid4(), EVENT, DEE, "confirmed")
    acts = (*ACTS, act(Kind.ACCEPT, DEE, about=OFFER, made=CLAIMED))
    assert TWICE in wrong(acts, replace(FACTS, bookings=(*FACTS.bookings, again)))


def test_audit_finds_an_attempt_that_is_not_logged() -> None:
    refused = {**FACTS.attempts, (EVENT, DEE): 0}
    assert wrong(facts=replace(FACTS, attempts=refused)) == {UNLOGGED}
    busy = replace(ACTS[0], answers=3)
    assert wrong((busy, *ACTS[1:])) == {UNLOGGED}


def test_audit_finds_a_broken_invariant() -> None:
    assert wrong(facts=replace(FACTS, broken={"ledger out of balance": [[EVENT]]})) == {BROKEN}


@pytest.mark.parametrize("key", ["booking_confirm", "cancellation", "waitlist_join", "promotion"])
def test_audit_finds_a_person_who_was_not_told(key: str) -> None:
    kept = [each for each in FACTS.messages if not each.key.startswith(key)]
    assert wrong(facts=replace(FACTS, messages=kept)) == {UNTOLD}


@pytest.mark.parametrize("status", ["pending", "failed", "delivered"])
def test_audit_finds_an_email_that_did_not_go_out(status: str) -> None:
    key = f"booking_confirm:{BOOKING}"
    assert wrong(facts=with_message(key, status=status, copies=0)) == {UNTOLD}


def test_audit_finds_an_email_that_did_not_arrive() -> None:
    assert wrong(facts=with_message(f"promotion:{OFFER}", copies=0)) == {UNTOLD}


def test_audit_finds_an_unmarked_repetition() -> None:
    assert wrong(facts=with_message("cancellation", may_be_repeated=False)) == {REPEATED}
    again = Message(f"waitlist_join:{ENTRY}:2", "sent")
    assert wrong(facts=replace(FACTS, messages=(*FACTS.messages, again))) == {REPEATED}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"status": "active"}, LOST),
        ({"open": 1}, LOST),
        ({"people": 3}, UNTOLD),
        ({"messages": [replace(CALLED_OFF.messages[0], copies=0)] * 2}, UNTOLD),
        ({"messages": [replace(CALLED_OFF.messages[0], copies=2)] * 2}, REPEATED),
    ],
    ids=["status", "open", "people", "untold", "repeated"],
)
def test_audit_finds_what_is_left_of_a_cancelled_event(
    changes: dict[str, object], check: str
) -> None:
    called_off = replace(CALLED_OFF, **changes)  # type: ignore[arg-type]
    assert wrong(facts=replace(FACTS, called_off=called_off)) == {check}


# ── Promises ────────────────────────────────────────────────────────────────
TIMES = Times(began=100, ended=110, back=112)


def broken(history: History, limits: Limits, times: Times = TIMES) -> set[str]:
    found = promises.broken_promises(history, limits, times)
    return {name for name, texts in found.items() if texts}


def errors_at(*times: float) -> History:
    return History(troubles=[Trouble(at, "503", "GET /") for at in times])


def test_errors_are_allowed_only_until_shortly_after_the_part_is_back() -> None:
    allowed = Limits(errors=True, after_seconds=5)
    assert broken(errors_at(101, 116.9), allowed) == set()
    assert broken(errors_at(117.1), allowed) == {promises.ERRORS}
    assert broken(errors_at(101), Limits()) == {promises.ERRORS}


def test_long_waits_silent_health_late_offers_and_odd_answers_are_found() -> None:
    assert broken(History(waits=[(5.1, "GET /")]), Limits()) == {promises.WAITS}
    silent = History(unhealthy=[101])
    assert broken(silent, Limits()) == {promises.HEALTH}
    assert broken(silent, Limits(is_healthy=False)) == set()
    assert broken(History(overdue=[0, 11]), Limits(overdue_seconds=10)) == {promises.OVERDUE}
    assert broken(History(unexpected=["500"]), Limits(errors=True)) == {promises.UNEXPECTED}
    assert broken(History(), Limits(), Times(100, 110, None)) == {promises.AWAY}


def test_two_faults_at_once_allow_what_either_allows() -> None:
    both = Limits(errors=True, after_seconds=5).widened_by(Limits(overdue_seconds=10))
    assert both == Limits(errors=True, after_seconds=5)


# ── The command ─────────────────────────────────────────────────────────────
def test_order_of_faults_depends_on_the_seed_only() -> None:
    first, again, other = (
        [[fault.name for fault in group] for group in islice(plan(FAULTS, seed=seed), 80)]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert sorted(names[0] for names in first[: len(FAULTS)]) == sorted(f.name for f in FAULTS)
    assert all(len(names) == 2 for names in first[len(FAULTS) : 2 * len(FAULTS)])


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.processes
def test_nothing_acknowledged_is_lost_while_parts_are_killed() -> None:
    """Limits of time are left to `script/chaos`: a machine that runs tests is busy."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["STATIC_ROOT"] = str(STATIC_ROOT)
    run = subprocess.run(
        [sys.executable, "-m", "bench.chaos", "--short", "--leeway", "120", "--people", "60"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-4000:]
    assert f"{len(SHORT)} rounds" in run.stdout

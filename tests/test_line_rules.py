"""Each rule of script/check_line: a line that keeps it is right, one that breaks it is told."""

import re
from datetime import timedelta

import pytest

from tests.line_records import EVENT, START, load_script, seal, written

check_line = load_script()

A, B, C = "a" * 16, "b" * 16, "c" * 16
CLOSES = START + timedelta(days=30)


def before_close(**length: float) -> str:
    return written(CLOSES - timedelta(**length))


def opened(**members):
    line = {"kind": "opened", "capacity": 10, "free": 0, "skips": 3, "until": written(CLOSES)}
    return line | members


def joined(ref, seats=2, position=1, **members):
    return {
        "kind": "joined", "ref": ref, "seats": seats, "least": seats, "score": 0,
        "confirmed": True, "position": position,
    } | members  # fmt: skip


def cancelled(seats, free, **members):
    return {"kind": "cancelled", "seats": seats, "free": free} | members


def booked(seats, free, **members):
    return {"kind": "booked", "seats": seats, "free": free} | members


def offered(ref, seats=2, free=0, **members):
    until = written(START + timedelta(hours=1))
    return {"kind": "offered", "ref": ref, "seats": seats, "free": free, "until": until} | members


def of(kind, ref, **members):
    return {"kind": kind, "ref": ref} | members


def timed(lines: list[dict]) -> list[dict]:
    """Return the lines, sealed, a minute apart unless they have times."""
    at, complete = START, []
    for line in lines:
        at = at + timedelta(minutes=1)
        line = {"at": written(at)} | line
        if line["kind"] == "joined":
            line = {"rank": line["at"]} | line
        complete.append({name: value for name, value in line.items() if value is not None})
    return seal(complete)


WAITS = [opened(), joined(A)]
TWO_WAIT = [opened(), joined(A, 4), joined(B, 2, 2)]
OFFERED = [*WAITS, cancelled(2, 2), offered(A)]
PART_OFFERED = [opened(), joined(A, 4, least=1), cancelled(2, 2), offered(A)]
# A needs 4 and was passed by three public sales, B waits behind; 1 seat is free.
PASSED = [
    opened(free=1), joined(A, 4), joined(B, 2, 2), booked(1, 0), cancelled(1, 1), booked(1, 0),
    cancelled(1, 1), booked(1, 0), cancelled(1, 1),
]  # fmt: skip
TWICE = [*PASSED[:7]]
# A needs more than the event has, and was passed by three public sales.
BIG = [opened(free=1), joined(A, 11), *PASSED[3:]]
RANK_A = written(START + timedelta(minutes=2))
SAME = {"score": 0, "rank": RANK_A, "position": 1}
LATE = {"at": before_close(minutes=4, seconds=59)}
NEARLY_LATE = {"at": before_close(minutes=5)}
LAST_DAY = {"at": before_close(hours=23)}

# Lines before, a right line, a wrong one (or how it differs from the right one), and what is told.
# fmt: off
RULES = {
    "time": (
        WAITS, joined(B, position=2), {"at": written(START), "rank": written(START)}, "not before",
    ),
    "time that exists": (
        WAITS, joined(B, position=2), {"rank": "2026-02-30T00:00:00.000000Z"}, "day is",
    ),
    "opened twice": (WAITS, joined(B, position=2), opened(), "waitlist is"),
    "not opened": ([], opened(), joined(A), "waitlist is"),
    "after closed": (
        [*WAITS, of("left", A), {"kind": "closed"}], opened(), booked(1, 0), "waitlist is",
    ),
    "closed while waiting": (WAITS, of("left", A), {"kind": "closed"}, "open entries"),
    "closed with an offer": (
        OFFERED, of("declined", A, free=2), {"kind": "closed"}, "open entries",
    ),
    "opened with reason": ([], opened(reason="carried over"), {"reason": "older"}, "carried over"),
    "carried over later": (
        [*WAITS, of("left", A), {"kind": "closed"}], opened(), opened(reason="carried over"),
        "in seq 1 only",
    ),
    "opened seats": ([], opened(free=10), {"free": 11}, "0 to 10"),
    "capacity": (WAITS, {"kind": "capacity", "capacity": 11, "free": 1}, {"free": 0}, "free is 0"),
    "capacity lowered": (
        [opened(free=1), joined(A)], {"kind": "capacity", "capacity": 9, "free": 0},
        {"capacity": 8, "free": 0}, "expected: -1",
    ),
    "booked seats": ([opened(free=1), joined(A)], booked(1, 0), {"free": 1}, "expected: 0"),
    "booked more": (
        [opened(free=1), joined(A)], booked(1, 0), {"seats": 2, "free": 0}, "expected: -1",
    ),
    "sold to the last": (WAITS, cancelled(1, 1), {"free": 2}, "expected: 1"),
    "cancelled more": (OFFERED, cancelled(8, 8), {"seats": 9, "free": 9}, "0 to 8"),
    "public sale past a fit": (
        [*WAITS, cancelled(2, 2)], offered(A), booked(1, 1), f"an offer to {A}",
    ),
    "public sale past an unconfirmed": (
        [opened(free=2), joined(A, confirmed=False)], booked(1, 1), of("confirmed", B), "never",
    ),
    "public sale past a reserver": (PASSED, of("left", A), booked(1, 0), "reserves"),
    "two passes": (TWICE, booked(1, 0), offered(A, 4), "from|seats"),
    "strict": ([opened(skips=0, free=1), joined(A)], of("left", A), booked(1, 0), "reserves"),
    "off": ([opened(skips=None, free=1), *PASSED[1:]], booked(1, 0), {"free": 1}, "free is 1"),
    "rules turned strict": (
        [*TWICE, {"kind": "rules", "skips": 2, "until": written(CLOSES)}], of("left", A),
        booked(1, 0), "reserves",
    ),
    "rules turned off": (
        [*PASSED, {"kind": "rules", "until": written(CLOSES)}], booked(1, 0), {"seats": 2}, "free",
    ),
    "reserves no more in 24 hours": (
        PASSED, booked(1, 0) | LAST_DAY, {"at": before_close(hours=25)}, "reserves",
    ),
    "larger than the event": (BIG, booked(1, 0), {"seats": 2}, "free is 0"),
    "event as large again": (
        [*BIG, {"kind": "capacity", "capacity": 11, "free": 2}], of("left", A), booked(1, 1),
        "reserves",
    ),
    "sale in the last 5 minutes": (
        [*WAITS, cancelled(2, 2)], booked(1, 1) | LATE, NEARLY_LATE, f"an offer to {A}",
    ),
    "offer in the last 5 minutes": (
        [*WAITS, cancelled(2, 2)], offered(A, until=before_close(minutes=1)) | NEARLY_LATE, LATE,
        "last 5 minutes",
    ),
    "offer past a fit": (
        [opened(), joined(A), joined(B, 2, 2), cancelled(2, 2)], offered(A), {"ref": B},
        f"an offer to {A}",
    ),
    "offer past a larger": ([*TWO_WAIT, cancelled(2, 2)], offered(B), {"ref": A}, "4 to 4"),
    "offer past a reserver": (
        [*PASSED, cancelled(1, 2)], of("left", A), offered(B), "nothing, it reserves",
    ),
    "offer after two passes": (
        [*TWICE, cancelled(1, 2)], offered(B), {"seats": 1, "free": 1}, "2 to 2",
    ),
    "offers count as passes": (
        [
            opened(skips=1), joined(A, 4), joined(B, 2, 2), joined(C, 1, 3), cancelled(2, 2),
            offered(B), cancelled(1, 1),
        ],
        of("left", A), offered(C, 1), "reserves",
    ),
    "offer to an unconfirmed": (
        [opened(), joined(A, confirmed=False), joined(B, position=2), cancelled(2, 2)], offered(B),
        {"ref": A}, "not confirmed",
    ),
    "confirmation starts the count": (
        [
            opened(free=3), joined(A, 4, confirmed=False), booked(1, 2), booked(1, 1), booked(1, 0),
            of("confirmed", A), cancelled(1, 1),
        ],
        booked(1, 0), {"seats": 2}, "free",
    ),
    "offer of fewer": (
        [opened(), joined(A, 4, least=1), cancelled(3, 3)], offered(A, 3), {"seats": 2, "free": 1},
        "expected: 3",
    ),
    "offer of more": (
        [*WAITS, cancelled(3, 3)], offered(A, 2, 1), {"seats": 3, "free": 0}, "2 to 2",
    ),
    "offer's seats": ([*WAITS, cancelled(2, 2)], offered(A), {"free": 2}, "expected: 0"),
    "offer without time": (
        [*WAITS, cancelled(2, 2)], offered(A), {"until": written(START)}, "until is",
    ),
    "offer past the end": (
        [*WAITS, cancelled(2, 2)], offered(A, until=written(CLOSES)),
        {"until": before_close(seconds=-1)}, "until is",
    ),
    "offer to none": ([*WAITS, cancelled(2, 2)], offered(A), {"ref": B}, "never joined"),
    "second offer": (OFFERED, of("declined", A, free=2), offered(A), "does not wait"),
    "cause": ([*WAITS, cancelled(2, 2)], offered(A, cause=3), {"cause": 2}, "freed seats"),
    "announced offer": (
        [*WAITS, joined(B, position=2), cancelled(2, 2), of("override", B, seats=2, reason="x")],
        offered(B), {"seats": 1, "free": 1}, "2 to 2",
    ),
    "announced and not made": (
        [*WAITS, of("override", A, seats=2, reason="x"), cancelled(2, 2)], offered(A),
        of("left", A), "override announced",
    ),
    "announced seats": (
        [opened(), joined(A, 4, least=1), cancelled(4, 4), of("override", A, seats=3, reason="x")],
        offered(A, 3, 1), {"seats": 4, "free": 0}, "expected: 3",
    ),
    "override counts once": (
        [*TWICE, cancelled(1, 2), of("override", B, seats=2, reason="x"), offered(B)],
        of("reserved", A), {"ref": B}, "does not wait",
    ),
    "override without an aim": (
        WAITS, of("override", A, seats=2, reason="x"), {"score": 1}, "score and rank",
    ),
    "override without a reason": (
        WAITS, of("override", A, seats=2, reason="x"), {"reason": None}, "lacks",
    ),
    "moved": (
        TWO_WAIT, of("override", B, reason="x", score=1, rank=RANK_A, position=1),
        {"score": 0, "position": 1}, "position is 1",
    ),
    "position": (WAITS, joined(B, position=2), {"position": 1}, "position is 1"),
    "score first": (WAITS, joined(B, position=2, score=-1), {"position": 1}, "position is 1"),
    "bonus": (WAITS, joined(B, position=2), {"score": 1, "position": 1}, "score is 1"),
    "rank back-dated": (
        WAITS, joined(B, position=2), {"rank": written(START), "position": 1}, "rank is",
    ),
    "rank in the future": (
        WAITS, joined(B, position=2), {"rank": before_close(hours=1)}, "rank is",
    ),
    "same ref": ([*WAITS, of("left", A)], joined(B), {"ref": A}, "joined before"),
    "least": (WAITS, joined(B, 2, 2), {"least": 3}, "least is 3"),
    "left": (WAITS, of("left", A), {"ref": B}, "never joined"),
    "left twice": (OFFERED, of("declined", A, free=2), of("left", A), "does not wait"),
    "confirmed twice": (
        [*WAITS, joined(B, position=2, confirmed=False)], of("confirmed", B), {"ref": A},
        "confirmed before",
    ),
    "least raised": (
        [opened(), joined(A, least=1)], of("changed", A, seats=2, least=1, **SAME), {"least": 2},
        "at most 1",
    ),
    "least said on confirming": (
        [opened(), joined(A, least=1, confirmed=False), of("confirmed", A)],
        of("changed", A, seats=2, least=2, **SAME), {"least": 3}, "at most 2",
    ),
    "more seats": (WAITS, of("changed", A, seats=2, least=1, **SAME), {"seats": 3}, "at most 2"),
    "place kept": (
        WAITS, of("changed", A, seats=2, least=1, **SAME), {"score": 1}, "score or rank",
    ),
    "rest": (
        [*PART_OFFERED, of("used", A, seats=2, free=0)], of("changed", A, seats=2, least=1, **SAME),
        {"seats": 3}, "at most 2",
    ),
    "after a decline": (
        [*PART_OFFERED, of("declined", A, free=2)], of("changed", A, seats=4, least=3, **SAME),
        {"seats": 5}, "at most 4",
    ),
    "rest at its old place": (
        [*PART_OFFERED, of("used", A, seats=2, free=0)], of("changed", A, seats=2, least=1, **SAME),
        {"rank": written(START)}, "score or rank",
    ),
    "rest after a lapse": (
        [*PART_OFFERED, of("lapsed", A, free=2, at=written(START + timedelta(hours=1)))],
        {"kind": "closed", "at": written(START + timedelta(hours=1))},
        of("changed", A, seats=2, least=1, at=written(START + timedelta(hours=1)), **SAME),
        "right after",
    ),
    "used": (OFFERED, of("used", A, seats=1, free=1), {"seats": 3, "free": 0}, "at most 2"),
    "used seats": (OFFERED, of("used", A, seats=1, free=1), {"free": 0}, "expected: 1"),
    "used late": (
        OFFERED, of("used", A, seats=2, free=0), {"at": written(START + timedelta(hours=1))},
        "not used",
    ),
    "lapsed early": (
        OFFERED, of("lapsed", A, free=2, at=written(START + timedelta(hours=1))),
        {"at": written(START + timedelta(minutes=9))}, "not lapsed",
    ),
    "lapsed with the waitlist": (
        [*OFFERED, {"kind": "rules", "until": written(START + timedelta(minutes=9))}],
        of("lapsed", A, free=2, at=written(START + timedelta(minutes=9))),
        of("used", A, seats=2, free=0, at=written(START + timedelta(minutes=9))), "not used",
    ),
    "declined seats": (OFFERED, of("declined", A, free=2), {"free": 0}, "expected: 2"),
    "declined without": (WAITS, of("left", A), of("declined", A, free=0), "no open offer"),
    "reserved": (PASSED, of("reserved", A), {"ref": B}, f"expected: {A}"),
    "reserved early": (TWICE, cancelled(1, 2), of("reserved", A), "expected: none"),
    "reserved late": (PASSED, of("reserved", A), LAST_DAY, "expected: none"),
    "member of another kind": (WAITS, of("left", A), {"seats": 2}, "it has"),
    "unknown kind": (WAITS, of("left", A), {"kind": "jumped"}, "unknown"),
    "number as text": (WAITS, cancelled(1, 1), {"seats": "1"}, "seats is"),
    "number with a point": (WAITS, cancelled(1, 1), {"free": 1.0}, "free is 1.0"),
    "true as a number": (WAITS, cancelled(1, 1), {"seats": True}, "seats is true"),
}
# fmt: on


def older(**members):
    """Return how the record of an older waitlist begins: A has an overdue offer, B waits."""
    offer = offered(A, 2, 0, cause=1, until=written(START)) | members
    return [
        opened(free=2, reason="carried over"),
        joined(A, position=None, score=5, rank="2026-10-01T00:00:00.000000Z"),
        joined(B, position=None, rank="2026-09-01T00:00:00.000000Z"),
        of("override", A, seats=2, reason="carried over"),
        offer,
    ]


def test_an_older_waitlist_is_carried_over():
    *_, (_, waitlist) = check_line.replay(timed(older()), EVENT)

    assert (waitlist.positions(), waitlist.entries[B].passes) == ({B: 1}, 0)


def test_what_is_carried_over_ends_with_the_first_other_line():
    after = [*older(), joined(C, position=2)]
    list(check_line.replay(timed(after), EVENT))

    for number in (1, 2):  # a bonus and a back-dated rank, after it
        lines = [*after, older()[number] | {"ref": "d" * 16}]
        with pytest.raises(check_line.Wrong) as told:
            list(check_line.replay(timed(lines), EVENT))
        assert told.value.seq == len(lines)


@pytest.mark.parametrize("name", RULES)
def test_rule(name):
    lines, right, wrong, words = RULES[name]
    if "kind" not in wrong:
        wrong = right | wrong
    list(check_line.replay(timed([*lines, right]), EVENT))

    with pytest.raises(check_line.Wrong) as told:
        list(check_line.replay(timed([*lines, wrong]), EVENT))

    assert told.value.seq == len(lines) + 1
    assert re.search(words, str(told.value))

"""script/check_line on draws: right ones are right, and each way to cheat is told at its line.

The hashes below were computed by sha256sum in a shell, not by this code; see
waitlists/tests/test_drawing.py for the commands.
"""

from collections import Counter
from datetime import timedelta

import pytest

from tests.line_draws import drand_round, read, written
from tests.line_records import EVENT, START, document, load_script, seal
from tests.test_check_line import DOCS, run, simulate
from waitlists.drawing import command

check_line = load_script()

SECRET = "5517a51b6ca9dd807ea14569e1dea7ebe8f0eeeb19220168f19a04bb7bf48c10"
COMMITMENT = "faff3bfb5f5dea3781b90f182ac5d11fbacd48b88525e594b124ec63dd47cd45"
LIST = "31ca6fc96539bf72b8cda8b65fe74a306c600f144b8a9985ca2c1885c9a40e18"
VALUE = "1405d7cd0cc9a990194fb50ec1ad0e674294fa2ad15972d7603289c0cc9397fa"
SEED = "a26edd47d28cfdd694103004e170b51c58f1af8b57fb4f7ff9e4455bcc5d0b93"
A, B, C, D, E = REFS = (
    "00000000000000aa",
    "0123456789abcdef",
    "5b0fa1c92d7e4386",
    "e83c4419a07d25f6",
    "fedcba9876543210",
)
ORDER = [A, B, D, E, C]
LATE = "1111111111111111"  # joined after the draw had closed
CLOSES = START + timedelta(hours=1)
ROUND, DUE = drand_round(CLOSES + timedelta(minutes=10))
REVEALED = DUE + timedelta(seconds=2)
CALLED_OFF = "called off by the organizer"


def line(kind: str, at, **members) -> dict:
    return {"kind": kind, "at": written(at), **members}


def joined(ref: str, at, *, confirmed: bool = True, **members) -> dict:
    asked = {"seats": 2, "least": 2, "score": 0, "rank": written(at)}
    return line("joined", at, ref=ref, confirmed=confirmed, **asked | members)


def announced(**members) -> dict:
    terms = {"beacon": ROUND, "commitment": COMMITMENT}
    return line("draw", START, **terms, due=written(DUE), until=written(CLOSES)) | members


def offered(ref: str, *, free: int) -> dict:
    until = written(REVEALED + timedelta(days=1))
    return line("offered", REVEALED, ref=ref, seats=2, free=free, until=until)


def rush() -> list[dict]:
    """A draw of A to E, who joined in the order C, E, A, B, D. Two of them get seats."""
    joins = [joined(ref, START + timedelta(minutes=n)) for n, ref in enumerate((C, E, A, B, D), 1)]
    joins[1]["confirmed"] = False
    closing = written(START + timedelta(days=30))
    return [
        announced(),
        line("opened", START + timedelta(seconds=9), capacity=9, free=4, skips=3, until=closing),
        *joins,
        line("confirmed", CLOSES - timedelta(microseconds=1), ref=E),
        joined(LATE, CLOSES),
        line("frozen", CLOSES + timedelta(seconds=1), list=LIST, lots=5),
        line("drawn", REVEALED, beacon=VALUE, secret=SECRET, rank=joins[0]["rank"]),
        offered(A, free=2),
        offered(B, free=0),
    ]


def with_base(lines: list[dict], *, before: timedelta = timedelta(milliseconds=5)) -> list[dict]:
    """Rank the places drawn before all others that wait."""
    drawn = next(line for line in lines if line["kind"] == "drawn")
    earliest = min(line["rank"] for line in lines if line["kind"] == "joined")
    drawn["rank"] = written(read(earliest) - before)
    return lines


@pytest.fixture
def lines():
    return with_base(rush())


def index(lines: list[dict], kind: str) -> int:
    return [line["kind"] for line in lines].index(kind)


def waitlist_of(lines: list[dict]):
    return list(check_line.replay(seal(lines), EVENT))[-1][1]


def told(lines: list[dict]) -> tuple[int, str]:
    """Return the number of the line that is wrong, and what is said."""
    with pytest.raises(check_line.Wrong) as caught:
        list(check_line.replay(seal(lines), EVENT))
    return caught.value.seq, str(caught.value)


# ---- Right draws


def test_places_are_those_of_the_shell(lines):
    waitlist = waitlist_of(lines[: index(lines, "offered")])

    (draw,) = waitlist.draws
    assert (draw.refs, draw.seed, list(draw.places)) == (list(REFS), SEED, ORDER)
    assert [entry.ref for entry in waitlist.waiting] == [*ORDER, LATE]
    base = read(lines[index(lines, "drawn")]["rank"])
    ranks = [read(entry.rank) - base for entry in waitlist.waiting[:5]]
    assert ranks == [timedelta(milliseconds=n) for n in range(5)]


def test_score_stays_first_in_the_order(lines):
    first = next(line for line in lines if line.get("ref") == A)
    first |= {"score": -1, "reason": "1 expired offer"}

    waitlist = waitlist_of(lines[: index(lines, "offered")])

    assert [entry.ref for entry in waitlist.waiting] == [B, D, E, C, LATE, A]


def test_those_who_left_keep_their_lot(lines):
    lines.insert(index(lines, "drawn"), line("left", CLOSES + timedelta(minutes=2), ref=A))
    del lines[index(lines, "offered") :]

    waitlist = waitlist_of(lines)

    assert waitlist.draws[0].places[B] == 2
    assert [entry.ref for entry in waitlist.waiting] == [B, D, E, C, LATE]
    said = "\n".join(check_line.story(check_line.replay(seal(lines)), A))
    assert "place 1 of 5 in the draw, though it left before" in said


def test_a_draw_without_places_has_no_rank():
    empty = line("frozen", CLOSES, list=check_line.sha256(""), lots=0)
    drawn = line("drawn", DUE, beacon=VALUE, secret=SECRET)

    assert waitlist_of([announced(), empty, drawn]).draws[0].outcome == "drawn"
    assert told([announced(), empty, drawn | {"rank": written(CLOSES)}])[0] == 3


def test_numbers_of_a_lottery_are_a_beacon(lines):
    lottery = {"beacon": "Lotto 6 aus 49", "due": written(DUE)}
    lines[0] |= lottery
    drawn = index(lines, "drawn")
    lines[drawn]["beacon"] = "4 8 15 16 23 42"

    (draw,) = waitlist_of(lines[: drawn + 1]).draws

    assert draw.seed == "4d63432d68941b55d3b8adc9079dea594c256df50b4cbbcf3688ccc073fa1bc9"
    assert list(draw.places) == [D, B, C, E, A]
    for other in ("4  8 15", "4,8,15", "4 8 15 ", VALUE, "٤ ٨"):
        lines[drawn]["beacon"] = other
        assert told(lines)[0] == drawn + 1


def test_a_void_draw_is_repeated(lines):
    again = [*lines[: index(lines, "frozen") + 1]]
    again.append(line("void", DUE + timedelta(hours=2), reason="not revealed within an hour"))
    closes = DUE + timedelta(hours=3)
    name, due = drand_round(closes + timedelta(minutes=10))
    second = announced(beacon=name, due=written(due), until=written(closes))
    again.append(second | {"at": again[-1]["at"]})
    again.append(line("frozen", closes, list=check_line.list_hash([*REFS, LATE]), lots=6))
    rank = lines[index(lines, "drawn")]["rank"]
    drawn = line("drawn", due, beacon=VALUE, secret=SECRET, rank=rank)

    assert told([*again, drawn])[0] == len(again) + 1  # six lots need six milliseconds
    drawn["rank"] = written(read(rank) - timedelta(milliseconds=1))
    waitlist = waitlist_of([*again, drawn])
    assert [draw.outcome for draw in waitlist.draws] == ["void", "drawn"]
    said = run("-", stdin=document(seal([*again, drawn])))[1]
    assert "draws: 1 drawn, 1 void\n" in said
    assert "the draw is void (reason: 'not revealed within an hour')\n" in said


def test_a_draw_that_was_called_off_leaves_the_order(lines):
    off = lines[: index(lines, "frozen")]
    off.append(line("void", CLOSES + timedelta(seconds=1), reason=CALLED_OFF))
    waitlist = waitlist_of([*off, {**offered(C, free=2)}])

    assert [entry.ref for entry in waitlist.waiting] == [E, A, B, D, LATE]
    assert told([*off, offered(A, free=2)])[0] == len(off) + 1


# ---- Wrong ones


def test_pending_draw_allows_no_offers_and_no_public_sale(lines):
    at = CLOSES - timedelta(minutes=9)
    until = written(CLOSES + timedelta(days=1))
    sales = [
        line("booked", at, seats=1, free=3),
        line("offered", at, ref=C, seats=2, free=2, until=until),
        line("override", at, ref=C, seats=2, reason="a friend"),
    ]
    number = index(lines, "confirmed")

    for sale in sales:
        seq, said = told([*lines[:number], sale])
        assert seq == number + 1
        assert "the draw that seq 1 announced is pending" in said
    moved = line("override", at, ref=D, score=1, rank=written(at), reason="wheelchair")
    assert waitlist_of([*lines[:number], moved]).waiting[0].ref == D


@pytest.mark.parametrize("step", ["draw", "frozen", "drawn", "offered"])
def test_two_draws_at_once_are_told(lines, step):
    """Nor is there another after one that was drawn."""
    number = index(lines, step) + 1
    second = announced(due=written(DUE + timedelta(days=3)), until=written(CLOSES))
    second |= {"beacon": "Lotto", "at": lines[number - 1]["at"]}
    lines.insert(number, second)

    outcome = "pending" if step in ("draw", "frozen") else "drawn"
    assert told(lines)[0] == number + 1
    assert f"the draw of seq 1 is {outcome}" in told(lines)[1]


def test_steps_out_of_order_are_told(lines):
    frozen, drawn = index(lines, "frozen"), index(lines, "drawn")
    void = line("void", REVEALED, reason="not revealed within an hour")

    assert told([*lines[:frozen], *lines[drawn:]])[0] == frozen + 1  # not frozen
    assert told([*lines[:drawn], lines[frozen] | {"at": written(CLOSES)}])[0] == drawn + 1
    assert told([*lines[: drawn + 1], lines[drawn]])[0] == drawn + 2  # drawn twice
    assert told([*lines[: drawn + 1], void])[0] == drawn + 2
    assert told([*lines[:drawn], void | {"reason": CALLED_OFF}])[0] == drawn + 1
    assert told([*lines[:drawn], void, lines[drawn]])[0] == drawn + 2
    for step in (lines[frozen], lines[drawn], void):
        assert told([step])[0] == 1  # no draw was announced


def test_steps_at_wrong_times_are_told(lines):
    frozen, drawn = index(lines, "frozen"), index(lines, "drawn")
    moment = timedelta(microseconds=1)
    without_late = [line for line in lines if line.get("ref") != LATE]
    early = index(without_late, "frozen")
    without_late[early]["at"] = written(CLOSES - moment)

    assert told(without_late)[0] == early + 1
    lines[frozen]["at"] = written(DUE - moment)
    lines[drawn]["at"] = written(DUE)
    waitlist_of(lines)
    lines[drawn]["at"] = written(DUE - moment)
    assert told(lines)[0] == drawn + 1  # before due
    lines[frozen]["at"] = lines[drawn]["at"] = written(DUE)
    assert told(lines)[0] == frozen + 1  # the beacon's value is known


@pytest.mark.parametrize(
    "members",
    [
        {"due": written(DUE + timedelta(seconds=1))},
        {"due": written(DUE + timedelta(days=1))},  # the round exists a day before
        {"beacon": "drand quicknet, round 1"},
        {"beacon": "Drand, Round 30000000"},
        {"beacon": ""},
        {"until": written(START)},
        {"until": written(DUE - timedelta(minutes=5) + timedelta(microseconds=1))},
        {"commitment": COMMITMENT[:-1]},
    ],
)
def test_an_announcement_that_leaves_a_choice_is_told(lines, members):
    lines[0] |= members

    assert told(lines)[0] == 1


def with_digit(lines: list[dict], kind: str, member: str, number: int) -> list[dict]:
    """Return lines of which one digit is another, for which all hashes are computed anew."""
    where = index(lines, kind)
    old = lines[where][member]
    new = f"{old[:number]}{int(old[number], 16) ^ 1:x}{old[number + 1 :]}"
    return [*lines[:where], lines[where] | {member: new}, *lines[where + 1 :]]


@pytest.mark.parametrize(
    ("kind", "member", "told_at", "said"),
    [
        ("draw", "commitment", "drawn", "this secret was not committed to"),
        ("drawn", "secret", "drawn", "this secret was not committed to"),
        ("frozen", "list", "frozen", "of those who wait"),
    ],
)
def test_each_changed_digit_is_told(lines, kind, member, told_at, said):
    for number in range(64):
        seq, what = told(with_digit(lines, kind, member, number))
        assert (seq, said in what) == (index(lines, told_at) + 1, True)


def test_each_changed_digit_of_the_beacon_makes_another_draw(lines):
    """The first offers show it, unless the same places are first by chance."""
    first = index(lines, "offered")
    for number in range(64):
        changed = with_digit(lines, "drawn", "beacon", number)
        (draw,) = waitlist_of(changed[:first]).draws
        right = [ref == other for ref, other in zip(draw.places, ORDER, strict=True)]
        assert draw.seed != SEED
        if not all(right[:2]):
            assert told(changed)[0] == first + 1 + right.index(False)


def test_an_entry_added_before_the_freeze_is_told_where_it_was_frozen(lines):
    """The operator who knows the result inserts an entry, and computes all hashes anew."""
    lines.insert(2, joined("2" * 16, START + timedelta(seconds=30)))
    frozen = index(lines, "frozen")

    seq, said = told(lines)

    assert (seq, "lots is 5\nexpected: 6" in said) == (frozen + 1, True)
    lines[frozen]["lots"] = 6
    assert told(lines)[0] == frozen + 1


def test_an_entry_added_after_the_freeze_is_told_where_it_is_preferred(lines):
    drawn = index(lines, "drawn")
    friend = "2" * 16
    lines.insert(drawn, joined(friend, CLOSES + timedelta(minutes=5)))
    position = waitlist_of(lines[: drawn + 2]).positions()[friend]
    assert position == 7  # behind the five drawn, and LATE

    assert told([*lines[: drawn + 2], offered(friend, free=2)])[0] == drawn + 3
    ranked_early = lines[drawn] | {"rank": written(START)}
    assert told([*lines[:drawn], ranked_early])[0] == drawn + 1
    lots = [line | {"lots": 6} if line["kind"] == "frozen" else line for line in lines]
    assert told(lots)[0] == index(lines, "frozen") + 1


def test_an_entry_confirmed_too_late_takes_no_part(lines):
    lines[index(lines, "confirmed")]["at"] = written(CLOSES)

    seq, said = told(lines)

    assert (seq, "lots is 5\nexpected: 4" in said) == (index(lines, "frozen") + 1, True)


def test_offers_out_of_the_order_drawn_are_told(lines):
    first = index(lines, "offered")

    for ref in (*ORDER[1:], LATE):
        seq, said = told([*lines[:first], offered(ref, free=2)])
        assert (seq, f"{A} is first" in said) == (first + 1, True)
    assert told([*lines[:first], line("booked", REVEALED, seats=1, free=3)])[0] == first + 1


def test_ranks_that_do_not_come_first_are_told(lines):
    drawn = index(lines, "drawn")
    first = read(min(line["rank"] for line in lines if line["kind"] == "joined"))

    lines[drawn]["rank"] = written(first - timedelta(microseconds=4_999))
    assert told(lines)[0] == drawn + 1
    del lines[drawn]["rank"]
    assert told(lines)[0] == drawn + 1


# ---- The command


def test_summary_lists_the_draw_and_where_to_compare_it(lines):
    code, said = run("-", stdin=document(seal(lines)))

    assert code == 0
    assert "draws: 1 drawn\n" in said
    assert f"by {ROUND!r}, due {written(DUE)}\n" in said
    assert "the list of the draw was frozen, with 5 places\n" in said
    assert f"  list of the draw of seq 1: hash {LIST}\n  its seed: {SEED}\n" in said
    assert f"/public/{ROUND.split()[-1]}\n" in said


def test_free_seats_are_no_matter_while_a_draw_is_pending(lines):
    def said(lines: list[dict]) -> str:
        code, said = run("-", stdin=document(seal(lines)))
        assert code == 0
        return said

    assert "warning" not in said(lines[: index(lines, "drawn")])
    assert "draws: 1 pending\n" in said(lines[: index(lines, "drawn")])
    assert f"4 seats are free, but {A} has no offer" in said(lines[: index(lines, "offered")])


def test_story_tells_the_place_in_the_draw(lines):
    told = list(check_line.story(check_line.replay(seal(lines)), C))
    late = "\n".join(check_line.story(check_line.replay(seal(lines)), LATE))

    assert any("with 5 places; this place is in it." in line for line in told)
    assert any(
        "; its lot: place 5 of 5 in the draw; its position is 5, was 1." in line for line in told
    )
    assert f"this place is not in it: confirmed too late, at {written(CLOSES)}." in late
    assert "its lot" not in late


def test_published_list_is_compared(lines, tmp_path):
    published = tmp_path / "list.txt"
    published.write_text("".join(f"{ref}\n" for ref in REFS))
    record = document(seal(lines))

    code, said = run("-", "--list", str(published), stdin=record)
    assert (code, "the list is that of the draw of seq 1: 5 places\n" in said) == (0, True)

    published.write_text("".join(f"{ref}\n" for ref in (*REFS[1:], LATE)))
    code, said = run("-", "--list", str(published), stdin=record)
    assert code == 1
    assert f"only in the record: {A}; only in the list: {LATE}\n" in said
    assert run("-", "--list", "/nowhere", stdin=record)[0] == 2
    assert run("-", "--list", str(published), stdin=document(seal(lines[:3])))[0] == 1


def test_documented_command_is_the_one_shown():
    text = DOCS.read_text(encoding="utf-8")

    assert f"\n    {command('LIST', 'SEED', 'REF')}\n" in text


def test_beacons_cannot_write_to_the_terminal(lines):
    lines[0] |= {"beacon": "Lotto\x1b[2J"}

    code, said = run("-", stdin=document(seal(lines[:2])))

    assert (code, "\x1b" in said, "'Lotto\\x1b[2J'" in said) == (0, False, True)


def test_simulated_draws_end_in_all_ways():
    ends = Counter(
        line.get("reason", line["kind"])
        for seed in range(60)
        for line in simulate(seed).records
        if line["kind"] in ("drawn", "void")
    )

    assert len(ends) == 4
    assert min(ends.values()) > 2

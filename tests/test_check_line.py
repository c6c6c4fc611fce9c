"""script/check_line: right records are right, and whatever breaks a rule is told at its line."""

import copy
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.line_records import (
    EVENT,
    SCRIPT,
    Simulator,
    document,
    hash_of,
    load_script,
    seal,
)

DOCS = Path(__file__).parents[1] / "docs" / "line-record.md"
check_line = load_script()


def simulate(seed: int, steps: int = 40) -> Simulator:
    simulator = Simulator(seed, skips=(None, 0, 1, 3)[seed % 4])
    for _ in range(steps):
        simulator.step()
    return simulator


def wrong_of(records: list) -> check_line.Wrong:
    """Return what is told about records that are wrong."""
    with pytest.raises(check_line.Wrong) as caught:
        list(check_line.replay(records, EVENT))
    return caught.value


def is_told(text: str) -> bool:
    """Whether the script finds anything wrong with a document, or cannot read it."""
    try:
        list(check_line.check(text, None, []))
    except ValueError:
        return True
    return False


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_replay_has_the_positions_and_seats_of_the_simulated_waitlist(seed):
    simulator = simulate(seed)

    states = [
        (waitlist.positions(), waitlist.free)
        for _, waitlist in check_line.replay(seal(simulator.records), EVENT)
    ]

    assert states == simulator.states


def test_simulated_records_have_all_kinds():
    kinds = {line["kind"] for seed in range(40) for line in simulate(seed).records}

    assert kinds == set(check_line.KINDS)


@settings(max_examples=100)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_a_changed_member_is_told_at_its_line(seed, random: Random):
    records = seal(simulate(seed, steps=12).records)
    line = random.choice(records)
    name = random.choice(sorted(line))
    value = line[name]
    line[name] = not value if value is True or value is False else value * 2 or 1

    assert wrong_of(records).seq == records.index(line) + 1


@settings(max_examples=100)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_a_member_added_or_removed_is_told(seed, random: Random):
    records = seal(simulate(seed, steps=12).records)
    line = random.choice(records)
    if random.random() < 0.5:
        del line[random.choice(sorted(line))]
    else:
        line[random.choice(["email", "seats2", "x"])] = 1

    assert wrong_of(records).seq == records.index(line) + 1


def test_each_dropped_line_is_told():
    records = seal(simulate(7, steps=15).records)

    for number in range(len(records) - 1):
        shorter = records[:number] + records[number + 1 :]
        assert wrong_of(shorter).seq == number + 1


def test_swapped_and_repeated_lines_are_told():
    records = seal(simulate(7, steps=15).records)

    for number in range(len(records) - 1):
        swapped = records.copy()
        swapped[number : number + 2] = reversed(records[number : number + 2])
        assert wrong_of(swapped).seq == number + 1
        assert wrong_of(records[: number + 1] + records[number:]).seq == number + 2


def test_each_flipped_byte_is_told():
    simulator = Simulator(3)
    while len(simulator.records) < 7:
        simulator.step()
    text = document(seal(simulator.records[:7]))
    random = Random(1)
    assert not is_told(text)

    for number, byte in enumerate(text.encode()):
        flipped = bytearray(text.encode())
        flipped[number] = byte ^ (1 << random.randrange(8))
        try:
            changed = flipped.decode()
            same = json.loads(changed) == json.loads(text)  # another kind of blank
        except ValueError:
            same = False
        assert same or is_told(flipped.decode(errors="surrogateescape")), (number, chr(byte))


def test_canonical_form_is_that_of_rfc_8785():
    # The string of section 3.2.2 of the RFC, and those that it leaves as they are.
    record = {
        "reason": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/ \u2028\x7fé🎟\b\f\r\t\x1b",
        "confirmed": True,
        "hash": "left out",
        "score": -1,
    }

    assert check_line.canonical(record).decode() == (
        '{"confirmed":true,'
        '"reason":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/ \u2028\x7fé🎟\\b\\f\\r\\t\\u001b",'
        '"score":-1}'
    )


def documented_records() -> list[dict]:
    (example,) = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(example)["records"]


# ---- The command


def run(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, *arguments], input=data, capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def records():
    """All kinds of lines."""
    simulators = (simulate(seed, steps=150) for seed in range(99))
    return next(
        seal(simulator.records)
        for simulator in simulators
        if {line["kind"] for line in simulator.records} == set(check_line.KINDS)
    )


def test_command_sums_up_a_right_record(records, tmp_path):
    path = tmp_path / "record.json"
    path.write_text(document(records), encoding="utf-8")

    code, said = run(str(path))

    count = [line["kind"] for line in records].count
    assert code == 0
    assert (
        f"lines: {len(records)}; stretches, each from opened to closed: {count('opened')}" in said
    )
    offers = f"offers: {count('offered')}, of which used: {count('used')}"
    assert f"joined: {count('joined')}; {offers}\n" in said
    sales = f"public sales: {count('booked')}; times that an entry reserved: {count('reserved')}"
    assert sales in said
    assert said.count("forward (reason: ") == count("override") > 0
    assert said.count("changed the rules, closing at ") == count("rules") > 0
    assert said.endswith(
        f"the record is right up to seq {len(records)}, head {records[-1]['hash'][:12]}\n"
    )
    assert run("-", stdin=json.dumps(records))[0] == 0  # lines alone


def test_command_compares_heads(records):
    text = document(records)
    last = len(records)
    good = f"{last} {records[-1]['hash'][:12]}"

    other = f"1 · {records[0]['hash']}"
    assert run("-", "--head", good, "--head", other, stdin=text)[0] == 0
    code, said = run("-", "--head", good, "--head", "2 000000000000", stdin=text)
    assert (code, "rewritten: the hash of seq 2 is" in said) == (1, True)
    code, said = run("-", "--head", good, stdin=document(records[:-1]))
    assert (code, f"the hash of seq {last} is missing" in said) == (1, True)
    assert run("-", "--head", "head", stdin=text)[0] == 2
    assert run("-", "--head", "1 abc", stdin=text)[0] == 2


def test_command_tells_the_first_wrong_line(records):
    changed = copy.deepcopy(records)
    changed[4]["at"] = "2026-02-30T00:00:00.000000Z"

    code, said = run("-", stdin=document(seal(changed)))

    assert code == 1
    assert said.startswith(f"seq 5 ({records[4]['kind']!r}) is wrong: ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        b"\xff",
        "[" * 100_000,
        "1",
        "{}",
        '{"format": "evently-line-record-2", "event": "x", "records": []}',
        '{"format": "evently-line-record-1", "event": "x"}',
        '{"format": "evently-line-record-1", "event": "x", "records": {}}',
        '{"format": "evently-line-record-1", "event": "x", "event": "y", "records": []}',
    ],
)
def test_command_refuses_what_is_no_record(text):
    code, said = run("-", stdin=text)

    assert code == 2
    assert "cannot be checked: " in said
    assert "Traceback" not in said


def test_command_refuses_a_missing_file_and_an_unknown_place(records):
    assert run("/nowhere")[0] == 2
    assert run("-", "--place", "0" * 16, stdin=document(records))[0] == 2


@pytest.mark.parametrize(
    "line", [None, [], "x", {}, {"seq": 1, "at": 1, "kind": [], "prev": 1, "hash": None}]
)
def test_lines_that_are_none_are_wrong(line):
    assert wrong_of([line]).seq == 1


def test_half_of_a_surrogate_pair_is_told(records):
    line = records[0] | {"reason": "\ud83c"}

    assert run("-", stdin=json.dumps([line]))[0] == 1


def test_no_record_is_right():
    assert run("-", stdin=document([]))[0] == 0


def test_seats_that_should_be_offered_are_warned_about():
    simulator = Simulator(0)
    simulator.free = 0
    simulator.join()
    place = simulator.places[0]
    place.is_confirmed = simulator.records[1]["confirmed"] = True
    simulator.free = place.min_quantity
    simulator.write("cancelled", seats=simulator.free)

    code, said = run("-", stdin=document(seal(simulator.records)))

    warning = f"warning: {place.min_quantity} seats are free, but {place.ref} has no offer"
    assert (code, warning in said) == (0, True)


def test_reasons_cannot_write_to_the_terminal():
    simulator = next(s for s in map(simulate, range(999)) if s.records[-1]["kind"] == "left")
    simulator.records[-1]["reason"] = "\x1b[2J\u202e"

    code, said = run(
        "-", "--place", simulator.records[-1]["ref"], stdin=document(seal(simulator.records))
    )

    assert code == 0
    assert "(reason: '\\x1b[2J\\u202e')" in said


def test_a_story_says_why_a_place_was_passed():
    records = documented_records()
    ref = records[1]["ref"]

    told = list(check_line.story(check_line.replay(records), ref))

    assert [line.partition(": ")[2] for line in told] == [
        "this place joined for 4 seats; its position is 1.",
        "e83c4419a07d25f6 was offered 2 seats until 2026-12-03T08:30:00.000000Z, with seats that"
        " seq 4 freed; this place was passed (pass 1): it needs at least 4 seats, free: 2.",
        "this place left.",
    ]


def test_a_story_has_all_positions():
    for seed in range(30):
        simulator = simulate(seed)
        records = seal(simulator.records)
        for place in simulator.places:
            told = list(check_line.story(check_line.replay(records, EVENT), place.ref))
            positions = [positions.get(place.ref) for positions, _ in simulator.states]
            moves = [
                new
                for old, new in zip([None, *positions], positions, strict=False)
                if new is not None and new != old
            ]
            assert [int(n) for n in re.findall(r"its position is (\d+)", "\n".join(told))] == moves


# ---- docs/line-record.md


def test_documented_example_is_right():
    text = DOCS.read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (form,) = re.findall(r"```text\n(\{.*?\})\n```", text, re.DOTALL)
    records = json.loads(example)["records"]

    assert run("-", stdin=example)[0] == 0
    assert hashlib.sha256(form.encode()).hexdigest() == records[0]["hash"] == hash_of(records[0])
    assert hashlib.sha256(json.loads(example)["event"].encode()).hexdigest() == records[0]["prev"]
    assert records[0]["hash"] in text.replace(example, "")


def test_documented_kinds_and_members_are_the_scripts():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {
        kind: (set(re.findall(r"`(\w+)`(?!\?)", members)), set(re.findall(r"`(\w+)`\?", members)))
        for kind, members in rows
        if kind in check_line.KINDS
    }
    expected = {}
    for kind, (members, _) in check_line.KINDS.items():
        required, _, optional = members.partition("|")
        expected[kind] = (set(required.split()), set(optional.split()))

    assert documented == expected

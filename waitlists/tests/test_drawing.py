"""The arithmetic of a draw, against values from a shell, and its fairness in 10,000 draws.

The values were computed by sha256sum in a shell, not by this code.
"""

import hashlib
import random
import shutil
import subprocess
from collections import Counter
from itertools import pairwise

import pytest

from waitlists import drawing

# In a shell, where $B is the beacon's value, and $L the file of the sorted refs:
#   printf %s $SECRET | sha256sum
#   sha256sum < $L
#   printf '%s\n%s\n%s\n' $SECRET $LIST "$B" | sha256sum
#   while read r; do echo "$(printf %s $SEED$r | sha256sum | cut -c1-64) $r"; done < $L | sort
SECRET = "5517a51b6ca9dd807ea14569e1dea7ebe8f0eeeb19220168f19a04bb7bf48c10"
COMMITMENT = "faff3bfb5f5dea3781b90f182ac5d11fbacd48b88525e594b124ec63dd47cd45"
LIST = "31ca6fc96539bf72b8cda8b65fe74a306c600f144b8a9985ca2c1885c9a40e18"
DRAND = "1405d7cd0cc9a990194fb50ec1ad0e674294fa2ad15972d7603289c0cc9397fa"
DRAND_SEED = "a26edd47d28cfdd694103004e170b51c58f1af8b57fb4f7ff9e4455bcc5d0b93"
NUMBERS = "4 8 15 16 23 42"
NUMBERS_SEED = "4d63432d68941b55d3b8adc9079dea594c256df50b4cbbcf3688ccc073fa1bc9"
A, B, C, D, E = (
    "00000000000000aa",
    "0123456789abcdef",
    "5b0fa1c92d7e4386",
    "e83c4419a07d25f6",
    "fedcba9876543210",
)
REFS = [E, A, D, B, C]
LOT = "d2219462a335ff7a18860c9edfadc8041e0207ae0784736559f763c788eb3ad0"  # of C, with DRAND_SEED
CRITICAL = 148.2  # chi-square with 99 degrees of freedom: above it in one of 1,000 fair series


def test_secrets_are_new_each_time_and_committed_to():
    secret = drawing.new_secret()

    assert len(bytes.fromhex(secret)) == 32
    assert secret != drawing.new_secret()
    assert drawing.commitment_of(SECRET) == COMMITMENT


def test_list_is_hashed_in_ascending_order():
    assert drawing.list_text([B, A]) == f"{A}\n{B}\n"
    assert drawing.list_hash(REFS) == drawing.list_hash(sorted(REFS)) == LIST
    assert drawing.list_hash([]) == hashlib.sha256().hexdigest()


@pytest.mark.parametrize(
    ("beacon", "seed", "order"),
    [(DRAND, DRAND_SEED, [A, B, D, E, C]), (NUMBERS, NUMBERS_SEED, [D, B, C, E, A])],
)
def test_seed_and_places_are_those_of_the_shell(beacon, seed, order):
    assert drawing.seed_of(SECRET, LIST, beacon) == seed
    assert list(drawing.places(seed, REFS).items()) == list(zip(order, range(1, 6), strict=True))
    assert drawing.places(seed, []) == {}


def test_each_part_changes_the_seed():
    seeds = {
        drawing.seed_of(SECRET, LIST, DRAND),
        drawing.seed_of(LIST, SECRET, DRAND),
        drawing.seed_of(COMMITMENT, LIST, DRAND),
        drawing.seed_of(SECRET, COMMITMENT, DRAND),
        drawing.seed_of(SECRET, LIST, NUMBERS),
    }

    assert len(seeds) == 5


def chi_square(found: Counter, draws: int) -> float:
    expected = draws / 100
    return sum((found[number] - expected) ** 2 / expected for number in range(1, 101))


def test_10_000_draws_are_even():
    """The place of one ref, who wins, and who follows whom. The series of seeds is fixed."""
    source = random.Random(2026)
    refs = [f"{source.getrandbits(64):016x}" for _ in range(100)]
    numbers = {ref: number for number, ref in enumerate(refs, 1)}
    frozen = drawing.list_hash(refs)
    places, winners, steps = Counter(), Counter(), Counter()

    for number in range(10_000):
        beacon = hashlib.sha256(b"%d" % number).hexdigest()
        drawn = drawing.places(drawing.seed_of(SECRET, frozen, beacon), refs)
        order = list(drawn)
        assert set(drawn.values()) == set(numbers.values())
        places[drawn[refs[0]]] += 1
        winners[numbers[order[0]]] += 1
        steps[sum(numbers[a] < numbers[b] for a, b in pairwise(order[:21]))] += 1

    assert chi_square(places, 10_000) < CRITICAL
    assert chi_square(winners, 10_000) < CRITICAL
    mean = sum(ups * times for ups, times in steps.items()) / 10_000
    assert mean == pytest.approx(10, abs=0.054)  # of 20 steps; within four standard errors


@pytest.mark.parametrize("tool", ["sha256sum", "shasum"])
def test_command_prints_the_place_in_a_shell(tmp_path, tool):
    """With the tools of Linux, then of macOS, in an empty directory of programs."""
    published = tmp_path / "the list's file"
    published.write_text(drawing.list_text(REFS))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "curl", "cut", "grep", "sort", tool):
        if (found := shutil.which(name)) is None:
            pytest.skip(f"{name} is not installed")
        (programs / name).symlink_to(found)
    command = drawing.command(f"file://{published}".replace(" ", "%20"), DRAND_SEED, C)

    done = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == (f"5:{LOT} {C}\n", "")


def test_command_quotes_its_address():
    assert "curl -fsS 'https://a.example/list?x=1&y' |" in drawing.command(
        "https://a.example/list?x=1&y", DRAND_SEED, C
    )

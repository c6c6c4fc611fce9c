"""The rule by which waiting entries are offered seats, and free seats sold to the public."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlists.choosing import Choice, choose_entries, may_sell_to_public, reserves


@dataclass(frozen=True)
class Entry:
    quantity: int
    min_quantity: int
    is_confirmed: bool = True
    passes: int = 0


def wants(quantity, least=None, *, passes=0, confirmed=True):
    return Entry(quantity, least or quantity, confirmed, passes)


def seats_of(entries, *, free, max_passes, capacity=100):
    """Return the offers as pairs of an entry's index and its seats."""
    chosen = choose_entries(entries, free=free, capacity=capacity, max_passes=max_passes)
    places = {id(entry): index for index, entry in enumerate(entries)}
    return [(places[id(choice.entry)], choice.seats) for choice in chosen]


def may_sell(entries, *, free, max_passes, capacity=100):
    return may_sell_to_public(entries, free=free, capacity=capacity, max_passes=max_passes)


class TestChooseEntries:
    def test_asks_in_order(self):
        assert seats_of([wants(2), wants(1), wants(1)], free=3, max_passes=3) == [(0, 2), (1, 1)]

    def test_offers_fewer_down_to_what_an_entry_accepts(self):
        assert seats_of([wants(4, 2), wants(1)], free=3, max_passes=3) == [(0, 3)]

    def test_passes_an_entry_that_needs_more(self):
        assert seats_of([wants(4, 3), wants(2)], free=2, max_passes=3) == [(1, 2)]

    @pytest.mark.parametrize("max_passes", [0, 1, 3, None])
    def test_nothing_free_is_offered_to_none(self, max_passes):
        assert seats_of([wants(1)], free=0, max_passes=max_passes) == []

    @pytest.mark.parametrize("max_passes", [0, 1, 3, None])
    def test_skips_unconfirmed_entries_without_a_count(self, max_passes):
        entries = [wants(4, passes=99, confirmed=False), wants(1, confirmed=False), wants(1)]
        assert seats_of(entries, free=1, max_passes=max_passes) == [(2, 1)]

    def test_reserves_once_passed_as_often_as_allowed(self):
        assert seats_of([wants(4, passes=2), wants(1)], free=1, max_passes=3) == [(1, 1)]
        assert seats_of([wants(4, passes=3), wants(1)], free=1, max_passes=3) == []

    def test_limit_can_be_reached_inside_one_batch(self):
        """Each offer counts at once, so the fourth of four single seats stays free."""
        entries = [wants(5), *[wants(1) for _ in range(4)]]
        assert seats_of(entries, free=4, max_passes=3) == [(1, 1), (2, 1), (3, 1)]

    def test_offers_before_an_entry_do_not_count_against_it(self):
        entries = [wants(1), wants(1), wants(5, passes=2), wants(1), wants(1)]
        assert seats_of(entries, free=4, max_passes=3) == [(0, 1), (1, 1), (3, 1)]

    def test_first_entry_to_reach_the_limit_reserves(self):
        entries = [wants(6), wants(5, passes=2), wants(1), wants(1)]
        assert seats_of(entries, free=4, max_passes=3) == [(2, 1)]

    def test_reserving_entry_is_served_once_it_fits(self):
        assert seats_of([wants(4, passes=7), wants(1)], free=5, max_passes=3) == [(0, 4), (1, 1)]

    @pytest.mark.parametrize("max_passes", [0, 1, 3])
    def test_entry_larger_than_the_event_never_reserves(self, max_passes):
        entries = [wants(10, passes=99), wants(1)]
        assert seats_of(entries, free=1, max_passes=max_passes, capacity=9) == [(1, 1)]
        assert seats_of(entries, free=1, max_passes=max_passes, capacity=10) == []

    def test_without_a_limit_every_entry_that_fits_is_offered_seats(self):
        entries = [wants(9, passes=99), wants(1), wants(4), wants(2), wants(1)]
        assert seats_of(entries, free=4, max_passes=None) == [(1, 1), (3, 2), (4, 1)]

    def test_strict_order_stops_at_the_first_that_does_not_fit(self):
        assert seats_of([wants(1), wants(4), wants(1)], free=4, max_passes=0) == [(0, 1)]

    def test_reads_no_further_than_needed(self):
        def entries() -> Iterator[Entry]:
            yield wants(2)
            yield wants(1)
            raise AssertionError("All seats were given.")

        assert len(choose_entries(entries(), free=3, capacity=9, max_passes=3)) == 2

        def strict() -> Iterator[Entry]:
            yield wants(4)
            raise AssertionError("The first entry reserves.")

        assert choose_entries(strict(), free=3, capacity=9, max_passes=0) == []


class TestMaySellToPublic:
    @pytest.mark.parametrize("max_passes", [0, 3, None])
    def test_allowed_if_none_waits(self, max_passes):
        assert may_sell([], free=1, max_passes=max_passes)

    @pytest.mark.parametrize("max_passes", [0, 3, None])
    def test_refused_if_an_entry_fits(self, max_passes):
        assert not may_sell([wants(4), wants(3, 2)], free=2, max_passes=max_passes)

    def test_allowed_past_an_entry_that_does_not_fit_until_it_reserves(self):
        assert may_sell([wants(4, passes=2)], free=3, max_passes=3)
        assert not may_sell([wants(4, passes=3)], free=3, max_passes=3)
        assert may_sell([wants(4, passes=99)], free=3, max_passes=None)
        assert not may_sell([wants(4)], free=3, max_passes=0)

    @pytest.mark.parametrize("max_passes", [0, 3, None])
    def test_unconfirmed_entries_do_not_count(self, max_passes):
        entries = [wants(1, confirmed=False), wants(4, passes=9, confirmed=False)]
        assert may_sell(entries, free=3, max_passes=max_passes)

    def test_entry_larger_than_the_event_reserves_nothing(self):
        assert may_sell([wants(10, passes=9)], free=3, max_passes=3, capacity=9)
        assert not may_sell([wants(9, passes=9)], free=3, max_passes=3, capacity=9)


ENTRIES = st.lists(
    st.builds(
        lambda quantity, least, confirmed, passes: Entry(
            quantity, min(least, quantity), confirmed, passes
        ),
        st.integers(1, 10),
        st.integers(1, 10),
        st.booleans(),
        st.integers(0, 4),
    ),
    max_size=12,
)
LIMITS = st.sampled_from([0, 1, 3, None])


def next_offer(waiting, *, free, capacity, max_passes):
    """Return the index of the first entry that fits, unless one before it reserves."""
    for index, entry in enumerate(waiting):
        if entry.is_confirmed and entry.min_quantity <= free:
            return index
        if reserves(entry, capacity=capacity, max_passes=max_passes):
            break
    return None


def one_at_a_time(waiting, *, free, capacity, max_passes):
    """Make one offer after another, counting the passes after each: the rule in its plainest form.

    Returns the offers, the entries that still wait, and the seats left.
    """
    chosen = []
    limits = {"capacity": capacity, "max_passes": max_passes}
    while free and (index := next_offer(waiting, free=free, **limits)) is not None:
        entry = waiting[index]
        chosen.append(Choice(entry, min(entry.quantity, free)))
        free -= chosen[-1].seats
        passed = [replace(e, passes=e.passes + e.is_confirmed) for e in waiting[:index]]
        waiting = passed + waiting[index + 1 :]
    return chosen, waiting, free


@given(entries=ENTRIES, free=st.integers(0, 12), capacity=st.integers(1, 12), limit=LIMITS)
def test_a_batch_equals_one_offer_after_another(entries, free, capacity, limit):
    limits = {"capacity": capacity, "max_passes": limit}
    chosen, waiting, left = one_at_a_time(entries, free=free, **limits)
    assert choose_entries(entries, free=free, **limits) == chosen
    # What is left goes to the public unless an entry reserves it.
    is_reserved = any(reserves(entry, **limits) for entry in waiting)
    assert may_sell_to_public(waiting, free=left, **limits) is not is_reserved

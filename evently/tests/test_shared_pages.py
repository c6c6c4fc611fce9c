"""Keeping pages: one thread renders what many need, and none gets what was true before it asked."""

import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection

from evently.database.clock import now
from evently.kept import Kept, KeptByKey
from evently.page_parts import Frame, slot
from evently.shared_pages import Built, Filled, Seen, visitors_page
from evently.tests.running import wait_for

THREADS = 8


class Site:
    """A page whose key and moving part a test sets; it counts what is read and rendered."""

    def __init__(self, rf):
        self.request = rf.get("/")
        self.key, self.moving = 1, 0
        self.reads = self.builds = self.fills = 0
        self.may_build = threading.Event()
        self.may_build.set()
        self._lock = threading.Lock()

    def read(self):
        with self._lock:
            self.reads += 1
        return Seen(key=self.key, at=now(), moving=self.moving)

    def build(self):
        self.builds += 1
        key = self.key
        assert self.may_build.wait(60)

        def fill(seen):
            self.fills += 1
            return Filled(f"{key} {seen.moving}")

        return Built(fill, until=now() + timedelta(hours=1))

    def get(self):
        page = visitors_page(self.request, id(self), read=self.read, build=self.build)
        return page.content.decode()


@pytest.fixture
def site(rf):
    return Site(rf)


def in_threads(stack, count, work):
    """Start threads that end with the stack; return what they return, as it comes."""
    found = []

    def run():
        try:
            found.append(work())
        finally:
            connection.close()

    for _ in range(count):
        thread = threading.Thread(target=run)
        thread.start()
        stack.callback(thread.join)
    return found


@pytest.mark.django_db(transaction=True)
def test_one_thread_renders_the_page_that_many_need(site):
    site.may_build.clear()
    with ExitStack() as stack:
        found = in_threads(stack, THREADS, site.get)
        # The one that renders reads again, in its snapshot.
        assert wait_for(lambda: site.reads == THREADS + 1)
        site.may_build.set()
    assert found == ["1 0"] * THREADS
    assert (site.builds, site.fills) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_who_asks_after_a_change_gets_the_page_after_it(site):
    site.may_build.clear()
    with ExitStack() as stack:
        in_threads(stack, 1, site.get)
        assert wait_for(lambda: site.builds)
        site.key = 2
        reads = site.reads
        found = in_threads(stack, THREADS, site.get)
        assert wait_for(lambda: site.reads == reads + THREADS)
        site.may_build.set()
    assert found == ["2 0"] * THREADS
    assert site.builds == 2


@pytest.mark.django_db
def test_what_moves_fills_the_page_without_rendering_it(site):
    assert site.get() == "1 0"
    site.moving = 7
    assert site.get() == site.get() == "1 7"
    assert (site.builds, site.fills) == (1, 2)
    site.key = 2
    assert site.get() == "2 7"
    assert site.builds == 2


def test_a_frame_is_filled_with_parts_in_their_places():
    frame = Frame(f"<p>{slot('first')}</p>{slot('last')}")
    assert frame.filled({"last": "z", "first": "[a]"}) == "<p>[a]</p>z"
    assert Frame(slot("all")).filled({"all": ""}) == ""
    with pytest.raises(KeyError):
        frame.filled({"first": "a"})


def test_kept_values_go_when_they_need_too_much_room():
    kept = Kept(10)
    for name in "abc":
        kept.keep(name, name.upper(), size=4)
    assert [kept.get(name) for name in "abc"] == [None, "B", "C"]
    kept.get("b")
    kept.keep("d", "D", size=4)
    assert [kept.get(name) for name in "bcd"] == ["B", None, "D"]
    kept.clear()
    assert kept.get("b") is None


def test_a_value_is_made_again_only_for_another_key():
    kept = KeptByKey(1000)
    made = iter("abc")
    found = [kept.get("card", key, lambda: next(made)) for key in (1, 1, 2, 1)]
    assert found == ["a", "a", "b", "c"]

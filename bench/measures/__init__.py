"""The registry of what `python -m bench` measures."""

from bench.measures import bookings, emails, pages, waitlists
from bench.measures.base import Measure, Stage

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for topic in (bookings, emails, waitlists, pages)
    for measure in topic.MEASURES
}

__all__ = ["MEASURES", "Measure", "Stage"]

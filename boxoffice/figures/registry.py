"""What is measured about an event: each metric with its unit and its definition.

The one place for names, units and sentences: the roll-ups, the API, the dashboards, the exports and
docs/analytics.md all ask here.
"""

from dataclasses import dataclass
from enum import StrEnum

# The metric of refused attempts is this, and the code of the refusal: `refused:sold_out`.
REFUSED = "refused:"


class Unit(StrEnum):
    COUNT = "count"
    SEATS = "seats"
    # In the currency of the event.
    AMOUNT = "amount"
    # From 0 to 1.
    SHARE = "share"
    PLACE = "place"


class Kind(StrEnum):
    """How values of several buckets make one: flows are added up, of levels the last one holds."""

    FLOW = "flow"
    LEVEL = "level"
    # Those who come back in the next bucket count there, too: they do not add up.
    DISTINCT = "distinct"
    # One flow divided by another.
    RATIO = "ratio"


class Source(StrEnum):
    """Where a metric comes from: tables, counters in the broker, which may lose some, or others."""

    TABLES = "tables"
    COUNTERS = "counters"
    # Computed from other metrics when it is read.
    METRICS = "metrics"


@dataclass(frozen=True)
class Metric:
    """One metric. label: for headings. definition: a sentence, what exactly is counted.

    of: the metrics that it is computed from.
    """

    name: str
    label: str
    unit: Unit
    definition: str
    kind: Kind = Kind.FLOW
    source: Source = Source.TABLES
    of: tuple[str, ...] = ()


def _share(name: str, label: str, definition: str, *of: str, kind: Kind = Kind.RATIO) -> Metric:
    return Metric(name, label, Unit.SHARE, definition, kind, Source.METRICS, of)


_METRICS = (
    Metric(
        "page_views",
        "Page views",
        Unit.COUNT,
        "How often the event’s page was shown, without known robots.",
        source=Source.COUNTERS,
    ),
    Metric(
        "visitors",
        "Visitors",
        Unit.COUNT,
        "About how many different visitors saw the event’s page within the hour or day, counted "
        "without cookies; off by about one percent.",
        kind=Kind.DISTINCT,
        source=Source.COUNTERS,
    ),
    Metric(
        "checkouts",
        "Checkouts begun",
        Unit.COUNT,
        "How often the checkout was shown, without known robots.",
        source=Source.COUNTERS,
    ),
    Metric("attempts", "Attempts to book", Unit.COUNT, "Attempts to book, refused ones included."),
    Metric("bookings", "Bookings", Unit.COUNT, "Bookings made, also if cancelled later."),
    Metric("seats", "Seats booked", Unit.SEATS, "Seats of the bookings made."),
    Metric("revenue", "Revenue", Unit.AMOUNT, "What the bookings made amount to."),
    Metric("cancellations", "Cancellations", Unit.COUNT, "Bookings that were cancelled."),
    Metric("seats_returned", "Seats returned", Unit.SEATS, "Seats of the cancelled bookings."),
    Metric(
        "revenue_returned",
        "Revenue returned",
        Unit.AMOUNT,
        "What the cancelled bookings amounted to.",
    ),
    Metric(
        "booked",
        "Seats booked in all",
        Unit.SEATS,
        "Seats of bookings that were not cancelled by the end of the bucket.",
        kind=Kind.LEVEL,
    ),
    Metric(
        "price",
        "Price",
        Unit.AMOUNT,
        "The price of a seat at the end of the bucket.",
        kind=Kind.LEVEL,
    ),
    Metric("joined", "Joined the waitlist", Unit.COUNT, "Places taken on the waitlist."),
    Metric(
        "waiting",
        "Waiting",
        Unit.COUNT,
        "Waitlist entries without an offer at the end of the bucket.",
        kind=Kind.LEVEL,
    ),
    Metric(
        "seats_wanted",
        "Seats wanted",
        Unit.SEATS,
        "Seats that these entries ask for.",
        kind=Kind.LEVEL,
    ),
    Metric("promotions_made", "Offers made", Unit.COUNT, "Offers made to waitlist entries."),
    Metric("promotions_used", "Offers accepted", Unit.COUNT, "Offers that became a booking."),
    Metric("promotions_declined", "Offers declined", Unit.COUNT, "Offers declined or withdrawn."),
    Metric("promotions_expired", "Offers expired", Unit.COUNT, "Offers that were not answered."),
    _share(
        "fill",
        "Fill",
        "Seats booked in all, as a share of the seats that the event has now.",
        "booked",
        kind=Kind.LEVEL,
    ),
    Metric(
        "mean_position",
        "Mean position",
        Unit.PLACE,
        "The mean position of the entries that wait: positions have no gaps.",
        Kind.LEVEL,
        Source.METRICS,
        ("waiting",),
    ),
    _share(
        "checkout_rate",
        "Views that begin a checkout",
        "Checkouts begun for each view of the event’s page.",
        "checkouts",
        "page_views",
    ),
    _share(
        "booking_rate",
        "Checkouts that end in a booking",
        "Bookings made for each checkout begun; those made by API or by hand count as well.",
        "bookings",
        "checkouts",
    ),
    _share(
        "acceptance_rate",
        "Offers accepted",
        "Offers accepted for each one that has ended: accepted, declined or expired.",
        "promotions_used",
        "promotions_declined",
        "promotions_expired",
    ),
)
METRICS = {metric.name: metric for metric in _METRICS}


def metric_of(name: str) -> Metric | None:
    """Return a metric by its name; refusals have one for each reason. None for an unknown name."""
    if name.startswith(REFUSED) and len(name) > len(REFUSED):
        code = name.removeprefix(REFUSED)
        return Metric(
            name,
            f"Refused: {code.replace('_', ' ')}",
            Unit.COUNT,
            f"Attempts to book that were refused with the code {code}.",
        )
    return METRICS.get(name)

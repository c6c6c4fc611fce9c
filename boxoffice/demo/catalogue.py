"""The demo events, and what has happened to each so far.

The story of an event is a list of steps, in order and spread over the time since it was published:
seats are sold, prices change, attempts fail, people join the waitlist and get offers.
"""

from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Sell:
    """Guests book this many seats, a few at a time."""

    seats: int


@dataclass(frozen=True)
class AttendeeBooks:
    """The demo attendee books, and cancels again if `then_cancels`."""

    seats: int
    then_cancels: bool = False


@dataclass(frozen=True)
class MovePrice:
    """The price rule changes the price, with this reason."""

    to: Decimal
    reason: str


@dataclass(frozen=True)
class Refused:
    """This many people each fail to book this many seats."""

    people: int
    seats: int = 2


@dataclass(frozen=True)
class Wait:
    """This many people join the waitlist. seats: the quantities they ask for, in turn."""

    people: int
    seats: tuple[int, ...] = (2, 1, 2)


@dataclass(frozen=True)
class AttendeeWaits:
    """The demo attendee joins the waitlist."""

    seats: int


@dataclass(frozen=True)
class GiveBack:
    """A booking with as many seats as the first waitlist entry asks for is cancelled."""


@dataclass(frozen=True)
class Prefer:
    """The organizer moves the last waitlist entry up, with a reason."""

    reason: str


@dataclass(frozen=True)
class Announce:
    """The organizer announces a draw, by drand. It closes on a day from now, at a time."""

    closes_in_days: int
    at: time


Step = (
    Sell | AttendeeBooks | MovePrice | Refused | Wait | AttendeeWaits | GiveBack | Prefer | Announce
)


@dataclass(frozen=True)
class DemoEvent:
    """One event and its story.

    days: from today until it starts; negative for a past event. starts: in its time zone.
    published_days_ago: None for a draft. cancelled: the reason, if it is cancelled.
    fields: further columns of the event. price_rule: settings of the rule that moves its price.
    """

    slug: str
    name: str
    venue: str
    timezone: str
    days: int
    starts: time
    hours: float
    seats: int
    description: str
    price: Decimal = Decimal("0.00")
    currency: str = "EUR"
    published_days_ago: int | None = 30
    sales_start_in_days: int | None = None
    cancelled: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    price_rule: dict[str, Any] = field(default_factory=dict)
    story: tuple[Step, ...] = ()


EVENTS = (
    DemoEvent(
        slug="sleeper",
        name="The Return of the Sleeper",
        venue="Nordbahnhalle, Vienna",
        timezone="Europe/Vienna",
        days=24,
        starts=time(19, 0),
        hours=2.5,
        seats=120,
        price=Decimal("18.00"),
        description=(
            "Ten years ago the night train was as good as gone. Now the berths between Vienna and "
            "Paris sell out months ahead.\n\n"
            "An evening with a timetable planner, a carriage designer and a conductor of thirty "
            "years: how a sleeping car is drawn around a body lying down, why crossing three "
            "borders takes four locomotives, and who irons the sheets. Afterwards you can walk "
            "through a restored couchette of 1974 that stands on track 2.\n\n"
            "Talks in English. Doors open at 18:30, the bar serves what dining cars used to."
        ),
        fields={
            "refund_policy": "Full refund until two days before, at the door or by email.",
            "ask_days_before": 7,
            "unanswered_policy": "return",
        },
        story=(Sell(22), AttendeeBooks(2), Sell(26)),
    ),
    DemoEvent(
        slug="sourdough",
        name="Sourdough from Scratch",
        venue="Padaria Aurora, Lisbon",
        timezone="Europe/Lisbon",
        days=11,
        starts=time(9, 30),
        hours=5,
        seats=14,
        price=Decimal("65.00"),
        description=(
            "Flour, water, salt and a Saturday. We mix at ten, fold while the coffee brews, shape "
            "before lunch and bake in the bakery’s own stone oven.\n\n"
            "You take home two loaves, a jar of Aurora’s eleven-year-old starter and the "
            "confidence to keep it alive. No experience needed. Aprons are there; wear shoes that "
            "don’t mind flour. Lunch is soup and what we baked."
        ),
        fields={"max_per_booking": 4, "max_per_person": 4},
        story=(Sell(7), Sell(5), Refused(3, seats=4)),
    ),
    DemoEvent(
        slug="quartet",
        name="Candlelight Quartet",
        venue="Oude Molen, Ghent",
        timezone="Europe/Brussels",
        days=17,
        starts=time(20, 0),
        hours=1.75,
        seats=40,
        price=Decimal("32.00"),
        description=(
            "Forty chairs, four musicians, two hundred candles. The Halewijn Quartet plays "
            "Haydn’s “Sunrise” and Ravel’s only string quartet among the millstones of a "
            "windmill from 1770.\n\n"
            "The room is small and the walls are oak, so you will hear bows being lifted. There "
            "is no interval; a glass of elderflower wine is included afterwards. The stairs are "
            "steep; write to us if you need the lift from the yard."
        ),
        fields={"promotion_window_minutes": 2880, "max_per_person": 4},
        story=(
            Sell(18),
            Sell(22),
            Wait(2),
            AttendeeWaits(2),
            Wait(3, seats=(4, 1, 2)),
            Refused(6),
            GiveBack(),
            Prefer("Plays in the youth orchestra that helps with the chairs"),
        ),
    ),
    DemoEvent(
        slug="night-walk",
        name="Old Town by Night: a Photo Walk",
        venue="Mercat Cross, Edinburgh",
        timezone="Europe/London",
        days=8,
        starts=time(21, 0),
        hours=2.5,
        seats=12,
        price=Decimal("24.00"),
        currency="GBP",
        description=(
            "Wet cobbles, sodium lamps, closes too narrow for two. We walk slowly from the Mercat "
            "Cross down to Holyrood and learn to photograph what the eye sees and the camera "
            "doesn’t.\n\n"
            "Bring any camera that lets you set the exposure, and a tripod if you own one. "
            "Twelve people at most, so that nobody waits for a doorway. Rain is welcome."
        ),
        fields={"promotion_window_minutes": 4320, "max_per_booking": 4},
        story=(Sell(12), AttendeeWaits(1), Wait(3, seats=(2, 1)), Refused(3), GiveBack()),
    ),
    DemoEvent(
        slug="sparrows",
        name="The Great Sparrow Count",
        venue="Tempelhofer Feld, Gate Oderstraße, Berlin",
        timezone="Europe/Berlin",
        days=5,
        starts=time(10, 0),
        hours=3,
        seats=60,
        description=(
            "A sparrow never moves more than a few streets from where it hatched, which makes it "
            "the best witness a neighbourhood has. Nobody knows how many are left in Berlin. Help "
            "us find out.\n\n"
            "We hand out binoculars, maps and clickers, split into groups of five and count until "
            "lunch. Children are better at this than adults. The results go to the city’s nature "
            "office the next morning, with your name on the sheet if you like. Soup afterwards."
        ),
        fields={"max_per_booking": 6, "ask_days_before": 7},
        story=(Sell(12), AttendeeBooks(2), Sell(23)),
    ),
    DemoEvent(
        slug="paper",
        name="Paper Architecture",
        venue="Het Nieuwe Pakhuis, Rotterdam",
        timezone="Europe/Amsterdam",
        days=38,
        starts=time(10, 0),
        hours=7.5,
        seats=90,
        price=Decimal("45.00"),
        description=(
            "A day for people who fold: pop-up engineers, packaging designers, structural "
            "engineers and one astronaut’s tailor.\n\n"
            "Seven talks in the morning. In the afternoon, tables of eight, each with a cutting "
            "plotter and a problem: a book that opens into a bridge, a box that closes itself, a "
            "tent that one person can pitch in gloves. The best piece of each table goes on "
            "show in the window until spring.\n\n"
            "The price follows demand between 39 and 69 euros. You never pay more than the "
            "price you saw."
        ),
        fields={"refund_policy": "Full refund until 48 hours before the doors open."},
        price_rule={
            "floor": Decimal("39.00"),
            "ceiling": Decimal("69.00"),
            "max_step": Decimal("6.00"),
            "step_kind": "amount",
            "min_interval_minutes": 2 * 24 * 60,
            "rounding_unit": Decimal("1.00"),
        },
        story=(
            Sell(16),
            MovePrice(Decimal("49.00"), "18% sold in the first days, 65 days left"),
            Sell(20),
            MovePrice(Decimal("55.00"), "40% sold, 8 seats a day, 59 days left"),
            Sell(6),
            AttendeeBooks(1, then_cancels=True),
            MovePrice(Decimal("52.00"), "47% sold, sales slowed, 50 days left"),
            Sell(13),
            MovePrice(Decimal("57.00"), "61% sold, 44 days left"),
            Sell(5),
        ),
    ),
    DemoEvent(
        slug="maps",
        name="Maps That Lie",
        venue="Online (the link comes with your ticket)",
        timezone="America/New_York",
        days=14,
        starts=time(13, 0),
        hours=1.5,
        seats=250,
        price=Decimal("12.00"),
        currency="USD",
        description=(
            "Trap streets, phantom islands, borders that depend on where you sit when you look: "
            "a live tour of four centuries of maps that were wrong on purpose.\n\n"
            "Ninety minutes with a map librarian and her scanner, questions throughout. The "
            "recording is yours for a month, with captions."
        ),
        story=(Sell(30), Sell(26)),
    ),
    DemoEvent(
        slug="harbour",
        name="Harbour Lights Festival",
        venue="Princes Pier, Melbourne",
        timezone="Australia/Melbourne",
        days=71,
        starts=time(17, 30),
        hours=5,
        seats=800,
        price=Decimal("39.50"),
        currency="AUD",
        published_days_ago=4,
        sales_start_in_days=6,
        description=(
            "For one evening the cranes dance. Forty boats, three choirs and a light engineer "
            "with the keys to every lamp in the harbour.\n\n"
            "Bring a blanket and sit on the pier, or dance at the landward end, where the bands "
            "play from half past five. Food stalls by the Footscray night market. Under twelves "
            "come free with anyone taller."
        ),
        fields={"max_per_person": 8},
    ),
    DemoEvent(
        slug="observatory",
        name="A Night at the Great Refractor",
        venue="Observatoire de la Colline, Strasbourg",
        timezone="Europe/Paris",
        days=29,
        starts=time(21, 0),
        hours=3,
        seats=8,
        price=Decimal("15.00"),
        published_days_ago=2,
        description=(
            "Once a year the dome is opened to eight people, and Saturn looks back.\n\n"
            "Last year the seats were gone in eleven seconds. This year they are drawn by lot: "
            "join when it suits you. Dress as for skiing; the dome is not heated."
        ),
        fields={"max_per_place": 2},
        story=(Announce(closes_in_days=4, at=time(18, 0)), Wait(11, (2, 1, 2)), AttendeeWaits(2)),
    ),
    DemoEvent(
        slug="cinema",
        name="Open-Air Cinema: Silent Shorts",
        venue="Parque México, Mexico City",
        timezone="America/Mexico_City",
        days=6,
        starts=time(20, 30),
        hours=2,
        seats=150,
        description=(
            "Six short films from the 1920s, one piano, one screen between the palm trees. The "
            "pianist has not seen the films and will not be told."
        ),
        cancelled="Storm warning for the whole week. We will try again in spring.",
        story=(Sell(18), AttendeeBooks(2), Sell(12)),
    ),
    DemoEvent(
        slug="letterpress",
        name="Letterpress Evening",
        venue="Atelier Bleisatz, Zürich",
        timezone="Europe/Zurich",
        days=-9,
        starts=time(18, 0),
        hours=3.5,
        seats=24,
        price=Decimal("48.00"),
        currency="CHF",
        published_days_ago=55,
        description=(
            "Set a line by hand, lock it up, ink it, pull the lever. Everybody leaves with "
            "twenty cards and black fingertips.\n\n"
            "Two presses, six cases of type, and Ruth, who has printed here since 1981."
        ),
        story=(Sell(9), AttendeeBooks(2), Sell(11)),
    ),
    DemoEvent(
        slug="savanna",
        name="Sounds of the Savanna",
        venue="Louis Leakey Auditorium, Nairobi",
        timezone="Africa/Nairobi",
        days=46,
        starts=time(18, 0),
        hours=2,
        seats=200,
        price=Decimal("15.00"),
        currency="USD",
        published_days_ago=None,
        description=(
            "Elephants speak below what we can hear. Sped up, it sounds like an argument about "
            "directions, which it often is. Field recordings, explained live by the two people "
            "who spent nine rainy seasons making them."
        ),
    ),
)

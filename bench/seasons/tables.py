"""What is compared: plans that are right and wrong, and settings of the rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

from bench.report.markdown import table
from bench.seasons import figures
from bench.seasons.demand import CURVES, FAIR_PRICE, MARKET, Days, Market, Season, draw_season
from bench.seasons.figures import Figure, Pair
from bench.seasons.selling import Outcome, Sale
from events.pricing.defaults import DEFAULTS, rounding_for
from events.pricing.plan import SalesPlan
from events.pricing.rule import Rounding, RuleSettings, Weights

BASE = Decimal(FAIR_PRICE)
# A new rule as it is set at first, between two thirds and four thirds of the price.
RULE = RuleSettings(
    floor=Decimal(20),
    ceiling=Decimal(40),
    base_price=BASE,
    max_step=DEFAULTS["max_step"],
    step_kind=DEFAULTS["step_kind"],
    min_interval=timedelta(minutes=DEFAULTS["min_interval_minutes"]),
    rounding=Rounding(*rounding_for(BASE, 2)),
    plan=SalesPlan(tuple(DEFAULTS["plan"])),
    weights=Weights(
        *(Fraction(DEFAULTS[f"weight_{name}"], 100) for name in ("sold", "pace", "waitlist"))
    ),
    expected_share=Fraction(DEFAULTS["expected_percent"], 100),
)
SINGLE_PRICES = range(20, 41, 2)
TWO_HOURS: Days = 2 / 24
# Settings are compared on a part of the seasons, since each takes as long as another plan.
SETTINGS_SHARE = 5

COLUMNS: dict[str, Figure] = {
    "revenue against fixed, %": figures.gain,
    "earned less, % of seasons": figures.earned_less,
    "difference, 5 / 50 / 95 %": figures.spread,
}
ALL_COLUMNS: dict[str, Figure] = {
    "revenue per seat": figures.revenue,
    "5 / 50 / 95 %": figures.revenue_spread,
    **COLUMNS,
    "unsold seats, %": figures.unsold,
    "priced out, % of visitors": figures.priced_out,
    "no seats left, %": figures.turned_away,
    "average price paid": figures.price_paid,
    "two prices within an hour, % of visitors": figures.two_prices,
    "changes": figures.changes,
    "paid more than a later price, % of seats": figures.overpaid,
    "by how much, on average": figures.overpaid_by,
}
SETTINGS_COLUMNS: dict[str, Figure] = {
    **COLUMNS,
    **{name: ALL_COLUMNS[name] for name in list(ALL_COLUMNS)[-4:-1]},
}
DEMAND = {
    "weak: under 0.8 of the seats": (0.0, 0.8),
    "0.8 to 1.5": (0.8, 1.5),
    "strong: over 1.5": (1.5, 9.0),
}


@dataclass(frozen=True)
class Case:
    """A way to set up the rule, compared with its base price as a fixed one.

    plan: a name of `CURVES`; None for that of the season. pause: as of `Sale`.
    """

    name: str
    rule: RuleSettings = RULE
    plan: str | None = None
    market: Market = MARKET
    pause: Days | None = None

    def settings(self, season: Season) -> RuleSettings:
        return replace(self.rule, plan=CURVES[self.plan or season.curve])


class Seasons:
    """The same seasons, sold in any way."""

    def __init__(self, seasons: int, seed: int) -> None:
        self.seed = seed
        self.numbers = range(seasons)
        self.drawn = cache(self._drawn)
        self.by_rule = cache(self._by_rule)
        self.fixed = cache(self._fixed)

    def _drawn(self, number: int, market: Market) -> Season:
        return draw_season(number, seed=self.seed, market=market)

    def _by_rule(self, number: int, case: Case) -> Outcome:
        season = self.drawn(number, case.market)
        rule = case.settings(season)
        return Sale(season, rule.base_price, rule, case.pause).run()

    def _fixed(self, number: int, price: Decimal, market: Market) -> Outcome:
        return Sale(self.drawn(number, market), price).run()

    def pairs(self, case: Case, numbers: Sequence[int] | None = None) -> list[Pair]:
        """Return seasons sold by the rule and at its base price; all of them, or these."""
        return [
            Pair(
                self.drawn(number, case.market),
                self.by_rule(number, case),
                self.fixed(number, case.rule.base_price, case.market),
            )
            for number in (self.numbers if numbers is None else numbers)
        ]

    def with_curve(self, curve: str) -> list[int]:
        return [number for number in self.numbers if self.drawn(number, MARKET).curve == curve]

    def a_part(self) -> Sequence[int]:
        return self.numbers[: max(len(self.numbers) // SETTINGS_SHARE, 1)]

    def fixed_pairs(self, choose: Callable[[int], Outcome]) -> list[Pair]:
        """Return seasons sold in a way that is chosen for each, compared with the base price."""
        return [
            Pair(self.drawn(number, MARKET), choose(number), self.fixed(number, BASE, MARKET))
            for number in self.numbers
        ]


RIGHT = Case("plan known")
UNKNOWN = Case("plan “even” for every event", plan="even")


def all_tables(*, seasons: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield titles and tables."""
    found = Seasons(seasons, seed)
    yield "The rule and a fixed price", of_all(found)
    yield "By how many seats were wanted at the fair price", by_demand(found)
    yield "By plan (rows) and how people really come (columns)", by_plan(found)
    yield "Wrong expectations, right plan", of_cases(found, wrong_cases())
    yield "Visitors that differ", of_cases(found, market_cases())
    yield f"Settings, in {len(found.a_part())} of the seasons", of_settings(found)


def row(name: str, columns: dict[str, Figure], pairs: list[Pair]) -> list[str]:
    return [name, *(figure(pairs) for figure in columns.values())]


def of_all(found: Seasons) -> str:
    """Return the main table, turned: a column for each way to sell."""
    ways = {
        f"fixed, {BASE}": found.fixed_pairs(lambda number: found.fixed(number, BASE, MARKET)),
        "the best fixed price of each season": found.fixed_pairs(
            lambda number: max(
                (found.fixed(number, Decimal(price), MARKET) for price in SINGLE_PRICES),
                key=lambda outcome: outcome.revenue,
            )
        ),
        f"rule, {RIGHT.name}": found.pairs(RIGHT),
        f"rule, {UNKNOWN.name}": found.pairs(UNKNOWN),
    }
    rows = [
        [name, *(figure(pairs) for pairs in ways.values())] for name, figure in ALL_COLUMNS.items()
    ]
    return table(["", *ways], rows)


def of_fixed_prices(found: Seasons) -> dict[int, float]:
    """Return what each single price earns in all seasons together."""
    return {
        price: sum(
            float(found.fixed(number, Decimal(price), MARKET).revenue) for number in found.numbers
        )
        for price in SINGLE_PRICES
    }


def by_demand(found: Seasons) -> str:
    rows = []
    for case in (RIGHT, UNKNOWN):
        for name, (least, most) in DEMAND.items():
            pairs = [pair for pair in found.pairs(case) if least <= pair.season.demand < most]
            if pairs:
                title = f"{case.name}; {name} ({len(pairs)} seasons)"
                rows.append(row(title, COLUMNS, pairs))
    return table(["seats wanted", *COLUMNS], rows)


def by_plan(found: Seasons) -> str:
    """Return the gain, and the share of seasons that earned less."""

    def cell(plan: str, curve: str) -> str:
        case = RIGHT if plan == curve else Case(plan, plan=plan)
        pairs = found.pairs(case, found.with_curve(curve))
        return f"{figures.gain(pairs)}; {figures.earned_less(pairs)}" if pairs else "–"

    rows = [[plan, *(cell(plan, curve) for curve in CURVES)] for plan in CURVES]
    return table(["plan", *CURVES], rows)


def of_cases(found: Seasons, cases: list[Case]) -> str:
    return table(["", *COLUMNS], [row(case.name, COLUMNS, found.pairs(case)) for case in cases])


def of_settings(found: Seasons) -> str:
    rows = [
        row(case.name, SETTINGS_COLUMNS, found.pairs(case, found.a_part()))
        for case in settings_cases()
    ]
    return table(["", *SETTINGS_COLUMNS], rows)


def wrong_cases() -> list[Case]:
    return [
        RIGHT,
        *(
            Case(
                f"{share} % of the seats expected",
                replace(RULE, expected_share=Fraction(share, 100)),
            )
            for share in (80, 60)
        ),
        Case("price and bounds a fifth too low", scaled(Decimal("0.8"))),
        Case("price and bounds a quarter too high", scaled(Decimal("1.25"))),
        Case(
            "plan “early”, 60 % expected, a quarter too high",
            replace(scaled(Decimal("1.25")), expected_share=Fraction(6, 10)),
            plan="early",
        ),
    ]


def scaled(by: Decimal) -> RuleSettings:
    return replace(
        RULE, floor=RULE.floor * by, ceiling=RULE.ceiling * by, base_price=RULE.base_price * by
    )


def market_cases() -> list[Case]:
    return [
        Case(
            "a seat is worth up to 30 % more to those who come late", market=Market(late_worth=0.3)
        ),
        Case("a fifth of visitors wait for the end, since prices move", market=Market(waiting=0.2)),
        Case("half of them wait", market=Market(waiting=0.5)),
    ]


def settings_cases() -> list[Case]:
    few = replace(RULE, expected_share=Fraction(60, 100))
    return [
        RIGHT,
        Case("looked at every 2 hours between changes", pause=TWO_HOURS),
        *(
            Case(f"at most every {hours} hours", replace(RULE, min_interval=timedelta(hours=hours)))
            for hours in (6, 12, 48)
        ),
        *(Case(f"steps of {step} %", replace(RULE, max_step=Decimal(step))) for step in (5, 20)),
        *(
            Case(f"rounded to {unit}", replace(RULE, rounding=Rounding(Decimal(unit))))
            for unit in ("0.50", "2.00")
        ),
        Case(
            "rounded to 5.00, steps of 25 %",
            replace(RULE, rounding=Rounding(Decimal(5)), max_step=Decimal(25)),
        ),
        *(
            Case(f"between {floor} and {ceiling}", bounded(floor, ceiling))
            for floor, ceiling in ((27, 33), (24, 36), (20, 45), (15, 60), (30, 45))
        ),
        *(
            Case(f"weights {sold}, {pace}, {waitlist} %", weighted(sold, pace, waitlist))
            for sold, pace, waitlist in ((100, 50, 50), (50, 0, 50), (0, 50, 50), (50, 50, 0))
        ),
        Case("60 % of the seats expected", few),
        Case(
            "the same, weights 100, 50, 50 %", replace(few, weights=weighted(100, 50, 50).weights)
        ),
    ]


def bounded(floor: int, ceiling: int) -> RuleSettings:
    return replace(RULE, floor=Decimal(floor), ceiling=Decimal(ceiling))


def weighted(sold: int, pace: int, waitlist: int) -> RuleSettings:
    weights = Weights(*(Fraction(weight, 100) for weight in (sold, pace, waitlist)))
    return replace(RULE, weights=weights)

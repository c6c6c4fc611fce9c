"""The seasons and rules that are compared."""

from collections.abc import Iterator
from dataclasses import replace

from bench.line_rules import figures
from bench.line_rules.figures import Figure, row, simulate
from bench.line_rules.mixes import DAYS, Draw, Entry, Head, Mix
from bench.line_rules.season import Rule, Season
from bench.report.markdown import table

OFF = Rule("off", None)
BOUNDED = Rule("3", 3)
STRICT = Rule("strict (0)", 0)
RULES = [OFF, Rule("10", 10), BOUNDED, Rule("1", 1), STRICT]
TO_THE_END = [
    Rule("3, to the start", 3, reserves_until=DAYS),
    Rule("strict, to the start", 0, reserves_until=DAYS),
]
BEFORE = Rule("before", None, windows_shrink=False)

BASE = Mix("50 wait, 20 % of them for 4 seats; 60 visitors; 25 seats return")
OTHER_MIXES = [
    Mix("80 % want 4 seats", parties=0.8),
    Mix("12 wait, 80 visitors", waiting=12, visitors=80),
    Mix("50 seats return", returned=50),
]
FAKES = Head(places=60, quantity=1, min_quantity=1, accepts=False)
GREEDY = Head(places=1, quantity=10, min_quantity=1, accepts=True)
BLOCKER = Head(places=1, quantity=10, min_quantity=10, accepts=False)
SEATS_PER_PLACE = 4

RULE_COLUMNS: dict[str, tuple[Figure, int]] = {
    "parties of 4 offered seats, %": (figures.parties, 1),
    "small ones, %": (figures.small_ones, 1),
    "median wait until the offer, days": (figures.median_wait, 1),
    "seats sold past the waitlist": (figures.sold_past, 2),
    "idle seat-days": (figures.idle, 1),
    "seats unsold at the start": (figures.unsold, 2),
}
ATTACK_COLUMNS: dict[str, tuple[Figure, int]] = {
    "seat-days held by attackers": (figures.held_by_attackers, 1),
    "seats they booked": (figures.booked_by_attackers, 1),
    "idle seat-days": (figures.idle, 1),
    "honest parties of 4 offered seats, %": (figures.parties, 1),
    "honest pairs, %": (figures.pairs, 1),
    "all honest ones, %": (figures.everyone, 1),
    "median wait until the offer, days": (figures.median_wait, 1),
    "seats unsold at the start": (figures.unsold, 2),
}
ATTACKS: list[tuple[str, Head | None, Rule]] = [
    ("none, rule off", None, OFF),
    ("none, rule 3", None, BOUNDED),
    ("60 fake places for 1 seat, as before", FAKES, BEFORE),
    ("60 fake places, all confirmed", FAKES, BOUNDED),
    ("60 fake places, none confirmed", replace(FAKES, is_confirmed=False), BOUNDED),
    *(
        (f"{places} for {seats} seats, at least 1, {rest}", head, rule)
        for places, number in (("1 place", 1), ("5 places", 5))
        for seats, rest, rule in (
            (10, "as before", BEFORE),
            (10, "waiting on for the rest", BOUNDED),
            (SEATS_PER_PLACE, "waiting on for the rest", BOUNDED),
        )
        for head in (replace(GREEDY, places=number, quantity=seats, keeps_rest=rule is not BEFORE),)
    ),
    ("1 place for all of 10 seats, confirmed", BLOCKER, BOUNDED),
    (
        "1 place for all of 4 seats, confirmed",
        replace(BLOCKER, quantity=SEATS_PER_PLACE, min_quantity=SEATS_PER_PLACE),
        BOUNDED,
    ),
    ("1 place for all of 10 seats, not confirmed", replace(BLOCKER, is_confirmed=False), BOUNDED),
]


def all_tables(*, seasons: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield titles and tables."""

    def of_rules(mix: Mix, rules: list[Rule]) -> str:
        rows = (
            row(rule.name, RULE_COLUMNS, simulate(mix, rule, seasons=seasons, seed=seed))
            for rule in rules
        )
        return table(["rule", *RULE_COLUMNS], rows)

    def of_attacks() -> str:
        rows = (
            row(name, ATTACK_COLUMNS, simulate(mix, rule, seasons=seasons, seed=seed))
            for name, head, rule in ATTACKS
            for mix in (replace(BASE, head=head),)
        )
        return table(["attack", *ATTACK_COLUMNS], rows)

    yield f"Passes until an entry reserves: {BASE.name}", of_rules(BASE, [*RULES, *TO_THE_END])
    for mix in OTHER_MIXES:
        yield f"The same, but {mix.name}", of_rules(mix, RULES)
    yield "Attacks by places that joined first", of_attacks()
    yield "An honest place behind 60 fake ones; one seat returns 14 days before", behind_fakes()
    yield "Two pairs behind a place that accepts any number; seats return at once", behind_greedy()


def behind_fakes() -> str:
    cases = {
        "offered seats, as before": (FAKES, BEFORE),
        "all confirmed": (FAKES, BOUNDED),
        "none confirmed": (replace(FAKES, is_confirmed=False), BOUNDED),
    }
    rows = [[name, f"{days_until_honest(*case):.1f}"] for name, case in cases.items()]
    return table(["fakes", "days until the honest place is offered the seat"], rows)


def days_until_honest(head: Head, rule: Rule) -> float:
    """Return how long after one returned seat an honest place is offered it; at most 14 days."""
    returned = DAYS - 14
    honest = Entry(quantity=1, min_quantity=1, joined=1.0, accepts=True, answers_after=0.0)
    Season(Draw([(returned, 1)], head.entries(), [honest], []), rule).run()
    return (DAYS if honest.offered is None else honest.offered) - returned


def behind_greedy() -> str:
    rows = [
        [str(seats), *(str(pairs_served(seats, limit)) for limit in (10, SEATS_PER_PLACE))]
        for seats in (5, 6, 8)
    ]
    limits = ["pairs offered seats: place for 10", f"place for {SEATS_PER_PLACE}"]
    return table(["seats", *limits], rows)


def pairs_served(seats: int, limit: int) -> int:
    greedy = replace(GREEDY, quantity=limit).entries()
    pairs = [Entry(2, 2, joined=1.0, accepts=True, answers_after=0.0) for _ in range(2)]
    Season(Draw([(2.0, seats)], greedy, pairs, []), BOUNDED).run()
    return sum(pair.offered is not None for pair in pairs)

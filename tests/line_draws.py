"""Draws for simulated waitlists: announced, frozen, drawn or void, at random times."""

from datetime import UTC, datetime, timedelta
from random import Random

from waitlists.drawing import commitment_of, list_hash, places, seed_of

DRAND_BEGAN = datetime.fromtimestamp(1692803367, UTC)
LOT = timedelta(milliseconds=1)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def drand_round(earliest: datetime) -> tuple[str, datetime]:
    """Return the name of a round of drand's quicknet, and when it exists."""
    number = (earliest - DRAND_BEGAN) // timedelta(seconds=3) + 2
    return f"drand quicknet, round {number}", DRAND_BEGAN + (number - 1) * timedelta(seconds=3)


class Draws:
    """What a simulated waitlist does about draws. See `line_records.Simulator` for the rest."""

    random: Random
    records: list[dict]
    now: datetime
    draw: dict | None = None  # while pending
    is_drawn = False

    def step_draw(self) -> bool:
        """Take the next step of a draw, if one is due."""
        if self.is_drawn or (self.draw is None and self.random.random() < 0.9):
            return False
        if self.draw is None:
            self.announce()
        elif "refs" not in self.draw:
            if self.now < self.draw["until"]:
                if self.random.random() < 0.9:
                    return False
                self.end_draw("called off by the organizer")
            elif self.now < self.draw["due"]:
                self.freeze()
            else:
                self.end_draw("the list was not frozen before the beacon")
        elif self.now < self.draw["due"]:
            return False
        elif self.random.random() < 0.7:
            self.reveal()
        else:
            self.end_draw("not revealed within an hour")
        return True

    def announce(self) -> None:
        secret = f"{self.random.getrandbits(256):064x}"
        until = self.now + timedelta(hours=self.random.randint(1, 6))
        due = until + timedelta(minutes=self.random.choice([5, 600]))
        name = "Lotto 6 aus 49, “Samstag”"
        if self.random.random() < 0.5:
            name, due = drand_round(due)
        self.draw = {"secret": secret, "until": until, "due": due, "name": name}
        self.write(
            "draw",
            beacon=name,
            commitment=commitment_of(secret),
            due=written(due),
            until=written(until),
        )

    def freeze(self) -> None:
        """Freeze the list, by what the record says: as the database does."""
        until = written(self.draw["until"])
        in_time = {
            line["ref"]
            for line in self.records
            if line["at"] < until and (line["kind"] == "confirmed" or line.get("confirmed"))
        }
        refs = [place.ref for place in self.waiting() if place.ref in in_time]
        self.draw["refs"] = sorted(refs)
        self.write("frozen", list=list_hash(refs), lots=len(refs))

    def reveal(self) -> None:
        draw, self.draw, self.is_drawn = self.draw, None, True
        is_drand = draw["name"].startswith("drand")
        value = f"{self.random.getrandbits(256):064x}" if is_drand else "4 8 15 16 23 42"
        seed = seed_of(draw["secret"], list_hash(draw["refs"]), value)
        drawn = places(seed, draw["refs"])
        earliest = min((place.rank for place in self.waiting()), default=written(self.now))
        base = read(earliest) - len(drawn) * LOT - self.random.choice([0, 7]) * LOT
        for place in self.waiting():
            if place.ref in drawn:
                place.rank = written(base + (drawn[place.ref] - 1) * LOT)
        rank = {"rank": written(base)} if drawn else {}
        self.write("drawn", beacon=value, secret=draw["secret"], **rank)
        self.serve()

    def end_draw(self, reason: str) -> None:
        self.draw = None
        self.write("void", reason=reason)
        self.serve()

    def serve(self) -> None:
        if self.is_open:
            self.promote()

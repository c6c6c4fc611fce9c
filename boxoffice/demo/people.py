"""The users of the demo: an organizer, an attendee, and guests with invented names."""

from datetime import timedelta
from typing import Any

from evently.accounts.models import User
from evently.database.clock import now
from evently.demo_logins import ATTENDEE, ORGANIZER, PASSWORD
from evently.transactions import run_in_transaction

ORGANIZER_NAME = "Maya Lindqvist"
ATTENDEE_NAME = "Robin Adler"

# Guests get no emails, which would bury the others in the development mailbox.
NO_EMAIL = {"all": {"email": False}}

GUESTS = (
    "Amara Osei",
    "Benedikt Rauch",
    "Camille Fontaine",
    "Dario Bellini",
    "Elif Yıldız",
    "Farid Rahmani",
    "Greta Nyström",
    "Hugo Almeida",
    "Ines Kovač",
    "Jonas Verhaegen",
    "Keiko Tanabe",
    "Liam O’Donovan",
    "Marta Zielińska",
    "Naveen Pillai",
    "Olga Petrenko",
    "Pilar Echeverría",
    "Quentin Moreau",
    "Rosa Delgado",
    "Samuel Adeyemi",
    "Tereza Novotná",
    "Ulrike Sommer",
    "Viktor Halász",
    "Wanjiru Kamau",
    "Xenia Papadaki",
    "Yusuf Demir",
    "Zoë Vandermeer",
    "Aisling Byrne",
    "Bruno Castellani",
    "Chiara Lombardi",
    "Daniel Rosenbaum",
    "Esther Mbeki",
    "Finn Haugen",
)


def make_people() -> tuple[User, User, list[User]]:
    """Return the organizer, the attendee and the guests, creating those who are missing."""

    def work() -> tuple[User, User, list[User]]:
        organizer = _person(
            ORGANIZER, ORGANIZER_NAME, password=PASSWORD, role="admin", is_superuser=True
        )
        attendee = _person(ATTENDEE, ATTENDEE_NAME, password=PASSWORD)
        guests = [
            _person(f"guest{number:02}@evently.example", name, preferences=NO_EMAIL)
            for number, name in enumerate(GUESTS, start=1)
        ]
        return organizer, attendee, guests

    return run_in_transaction(work)


def _person(email: str, name: str, *, password: str | None = None, **columns: Any) -> User:
    known: User | None = User.objects.with_keys().with_address(email).first()
    if known is not None:
        return known
    joined = now() - timedelta(days=90)
    person: User = User.objects.create_user(
        email=email,
        name=name,
        password=password,
        email_verified_at=joined,
        created_at=joined,
        **columns,
    )
    return person

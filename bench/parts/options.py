"""The options of `python -m bench` for what is measured once. Needs no Django."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """A part that can be asked for. usual: its amount with `--everything`."""

    name: str
    help: str
    usual: int


OPTIONS = (
    Option("cancelling", "cancel an event with so many bookings: the longest lock", 10_000),
    Option("hanging_mail", "let the mail server hang for so many seconds: overdue offers", 300),
    Option("memory", "send so many requests: whether web and worker grow", 100_000),
)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options; 0 leaves the part out."""
    for option in OPTIONS:
        parser.add_argument(
            f"--{option.name.replace('_', '-')}", type=int, default=0, metavar="N", help=option.help
        )
    parser.add_argument(
        "--everything",
        action="store_true",
        help="all of these, with "
        + ", ".join(f"{option.name}={option.usual}" for option in OPTIONS),
    )


def amounts(given: argparse.Namespace) -> dict[str, int]:
    """Return how much of each part is asked for, by name."""
    wanted = {
        option.name: option.usual if given.everything else getattr(given, option.name)
        for option in OPTIONS
    }
    return {name: amount for name, amount in wanted.items() if amount}

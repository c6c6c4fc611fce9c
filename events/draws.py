"""Draws of an event in the API; they belong to a higher app, which registers how they are found."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import DRAW
from evently.api.fields import MomentField

Finder = Callable[[Collection[UUID]], Mapping[UUID, Any]]
_finders: list[Finder] = []


def find_draws_with(finder: Finder) -> None:
    """Register how the newest draws of events are found."""
    _finders[:] = [finder]


def newest_draws(event_ids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Return the newest draws of events, in one query; events without one are left out."""
    return _finders[0](event_ids) if _finders and event_ids else {}


@extend_schema_serializer(examples=[DRAW])
class DrawRepresentation(serializers.Serializer[Any]):
    """A draw that orders the waitlist of an event by lot; `how-the-waitlist-works` explains it."""

    number = serializers.IntegerField(
        read_only=True, help_text="From 1; a void draw is repeated as the next number."
    )
    state = serializers.ChoiceField(
        source="status",
        choices=["open", "frozen", "drawn", "void"],
        read_only=True,
        help_text="`open` until `closes_at`; `frozen` while its list is closed and published.",
    )
    closes_at = MomentField(
        read_only=True, help_text="Entries that joined and were confirmed before take part."
    )
    beacon = serializers.ChoiceField(
        choices=["drand", "numbers"],
        read_only=True,
        help_text="Where the random value comes from: the public beacon drand, or the numbers of a "
        "lottery, which the organizer enters.",
    )
    beacon_name = serializers.CharField(
        read_only=True, help_text="Which value of it is used, named before the list was closed."
    )
    beacon_round = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Of drand's chain “quicknet”."
    )
    beacon_at = MomentField(read_only=True, help_text="When the random value exists.")
    commitment = serializers.CharField(
        read_only=True, help_text="SHA-256 of the secret, published with the announcement."
    )
    lots = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Entries on the list; null until it is frozen."
    )
    list_hash = serializers.CharField(
        read_only=True, allow_null=True, help_text="SHA-256 of `GET …/draw/list/`."
    )
    frozen_at = MomentField(read_only=True, allow_null=True)
    reveal_by = MomentField(
        read_only=True, allow_null=True, help_text="If it is not drawn until then, it is void."
    )
    unreachable_at = MomentField(
        read_only=True, allow_null=True, help_text="When drand could not be reached last."
    )
    beacon_value = serializers.CharField(read_only=True, allow_null=True)
    secret = serializers.CharField(read_only=True, allow_null=True)
    seed = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="SHA-256 of `secret`, `list_hash` and `beacon_value`, each followed by a line "
        "feed. The SHA-256 of the seed followed by an entry's `ref` is its lot; the smallest lot "
        "has place 1.",
    )
    ended_at = MomentField(
        read_only=True, allow_null=True, help_text="When it was drawn, or became void."
    )
    void_reason = serializers.CharField(read_only=True)

"""What a user's notification preferences may name; the notifications app registers it."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class PreferenceNames:
    """types: notification types, and `all`. always_sent: those of them that stay on."""

    types: Collection[str] = ()
    always_sent: Collection[str] = ()
    channels: Collection[str] = ()


_registered = [PreferenceNames()]


def register_preferences(names: PreferenceNames) -> None:
    _registered[:] = [names]


def known_preferences() -> PreferenceNames:
    return _registered[0]

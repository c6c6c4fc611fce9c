"""What a user's notification preferences may name; the notifications app registers it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PreferenceNames:
    """types: notification types, and `all`. always_sent: those that stay on, with the reason."""

    types: Collection[str] = ()
    always_sent: Mapping[str, str] = field(default_factory=dict)
    channels: Collection[str] = ()


_registered = [PreferenceNames()]


def register_preferences(names: PreferenceNames) -> None:
    _registered[:] = [names]


def known_preferences() -> PreferenceNames:
    return _registered[0]

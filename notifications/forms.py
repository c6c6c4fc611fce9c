"""The forms of what a user wants to hear: by category, by kind, and of one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from evently.accounts.models import User
from notifications.kinds import EVENT_CATEGORIES, Category, optional_kinds
from notifications.models import Channel
from notifications.preferences import changed, is_wanted

SWITCHES = [category for category in Category if category.is_in_form]


class PreferencesForm(forms.Form):
    """Which emails a user wants: one switch for each category of kinds."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preferences: dict[str, Any] = dict(user.preferences)
        for category in SWITCHES:
            self.fields[category.value] = forms.BooleanField(
                label=category.label,
                required=False,
                initial=all(
                    is_wanted(Channel.EMAIL, kind, self.preferences)
                    for kind in optional_kinds(category)
                ),
            )

    def merged(self) -> dict[str, Any]:
        """Return the user's preferences with the switches applied; everything else stays."""
        for category in SWITCHES:
            wanted = self.cleaned_data[category.value]
            kinds = optional_kinds(category)
            self.preferences = changed(self.preferences, kinds, Channel.EMAIL, wanted=wanted)
        return self.preferences


# ── Through which channels ──────────────────────────────────────────────────
@dataclass(frozen=True)
class SwitchRow:
    """A line of switches: one field for each channel, None where there is no such switch."""

    label: str
    fields: Sequence[forms.BoundField | None]


@dataclass(frozen=True)
class SwitchGroup:
    title: str
    rows: Sequence[SwitchRow]


class SwitchesForm(forms.Form):
    """A switch for each channel of several things."""

    channel_labels = [str(channel.label) for channel in Channel]

    def add(self, name: str, channel: Channel, *, label: str, is_on: bool) -> None:
        self.fields[f"{name}-{channel.value}"] = forms.BooleanField(
            label=f"{label}: {str(channel.label).lower()}", required=False, initial=is_on
        )

    def row(self, name: str, label: str) -> SwitchRow:
        keys = [f"{name}-{channel.value}" for channel in Channel]
        return SwitchRow(label, [self[key] if key in self.fields else None for key in keys])

    def is_on(self, name: str, channel: Channel) -> bool:
        return bool(self.cleaned_data[f"{name}-{channel.value}"])


class KindsForm(SwitchesForm):
    """What a user wants to hear of all events: by kind and channel."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preferences: dict[str, Any] = dict(user.preferences)
        # Nothing sends the kinds without a category in the form.
        self._kinds = {category: optional_kinds(category) for category in SWITCHES}
        for kind in (kind for kinds in self._kinds.values() for kind in kinds):
            for channel in kind.channels:
                wanted = is_wanted(channel, kind, self.preferences)
                self.add(kind.name, channel, label=kind.label, is_on=wanted)

    @property
    def groups(self) -> list[SwitchGroup]:
        return [
            SwitchGroup(str(category.label), [self.row(kind.name, kind.label) for kind in kinds])
            for category, kinds in self._kinds.items()
        ]

    def merged(self) -> dict[str, Any]:
        """Return the user's preferences with the switches applied; everything else stays."""
        for kind in (kind for kinds in self._kinds.values() for kind in kinds):
            for channel in kind.channels:
                wanted = self.is_on(kind.name, channel)
                self.preferences = changed(self.preferences, [kind], channel, wanted=wanted)
        return self.preferences


class EventSwitchesForm(SwitchesForm):
    """What a user wants to hear of one event."""

    LABELS = {
        Category.REMINDERS: "Reminders of this event",
        Category.EVENT_CHANGES: "Changes to this event",
        Category.MESSAGES: "Messages from its organizer, and thanks afterwards",
    }

    def __init__(self, *args: Any, switches: dict[str, dict[str, bool]], **kwargs: Any) -> None:
        """switches: as `muting.switches_of` returns them."""
        super().__init__(*args, **kwargs)
        for category in EVENT_CATEGORIES:
            for channel in Channel:
                is_on = switches[category.value][channel.value]
                self.add(category.value, channel, label=self.LABELS[category], is_on=is_on)

    @property
    def groups(self) -> list[SwitchGroup]:
        rows = [self.row(category.value, self.LABELS[category]) for category in EVENT_CATEGORIES]
        return [SwitchGroup("", rows)]

    def switches(self) -> dict[str, dict[str, bool]]:
        """Return the switches as they were submitted."""
        return {
            category.value: {
                channel.value: self.is_on(category.value, channel) for channel in Channel
            }
            for category in EVENT_CATEGORIES
        }

"""The form of a user's email preferences."""

from typing import Any

from django import forms

from evently.accounts.models import User
from notifications.kinds import Category, kinds_in
from notifications.models import Channel
from notifications.preferences import is_wanted

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
                    is_wanted(Channel.EMAIL, kind, self.preferences) for kind in kinds_in(category)
                ),
            )

    def merged(self) -> dict[str, Any]:
        """Return the user's preferences with the switches applied; everything else stays."""
        for category in SWITCHES:
            for kind in kinds_in(category):
                part = self.preferences.get(kind.name)
                others = part if isinstance(part, dict) else {}
                wanted = self.cleaned_data[category.value]
                self.preferences[kind.name] = {**others, Channel.EMAIL.value: wanted}
        return self.preferences

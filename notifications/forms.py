"""The form of a person's notification preferences."""

from typing import Any

from django import forms

from evently.accounts.models import User

# What mails can be switched off, and the types of message that each switch means
# (notifications/preferences.py reads them).
MAIL_SWITCHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "bookings": ("My bookings and cancellations", ("booking_confirm", "cancellation")),
    "line": ("Joining a line, and when it closes", ("waitlist_join", "waitlist_closed")),
    "offers": ("Seats kept for me", ("waitlist_promotion", "promotion_ended")),
    "changes": ("Changes of my events", ("event_changed", "event_cancelled")),
}
CHANNEL = "email"


class PreferencesForm(forms.Form):
    """Which mails a person wants."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Make the form for a user; what nobody said is wanted."""
        super().__init__(*args, **kwargs)
        self.preferences: dict[str, Any] = dict(user.preferences)
        for name, (label, types) in MAIL_SWITCHES.items():
            wanted = all(self._wants(type_) for type_ in types)
            self.fields[name] = forms.BooleanField(label=label, required=False, initial=wanted)

    def _wants(self, type_: str) -> bool:
        for part in (self.preferences.get(type_), self.preferences.get("all")):
            if isinstance(part, dict) and isinstance(part.get(CHANNEL), bool):
                return bool(part[CHANNEL])
        return True

    def merged(self) -> dict[str, Any]:
        """Return the person's preferences with what was ticked; all else stays."""
        for name, (_, types) in MAIL_SWITCHES.items():
            for type_ in types:
                part = self.preferences.get(type_)
                said = part if isinstance(part, dict) else {}
                self.preferences[type_] = {**said, CHANNEL: self.cleaned_data[name]}
        return self.preferences

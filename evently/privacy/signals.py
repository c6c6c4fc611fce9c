"""Questions that the layers above answer."""

from django.dispatch import Signal

# What besides users' keys is wrapped with EVENTLY_PII_KEYS? Receivers return
# `dict[str, str]`: the name of a wrapping key, and what it wraps ("2 pending draws").
wrapped_elsewhere = Signal()

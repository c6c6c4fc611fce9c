"""The admin of the box office, where Django's autodiscovery looks for it."""

from boxoffice.backoffice.event_admin import EventAdmin

__all__ = ["EventAdmin"]

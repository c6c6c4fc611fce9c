"""The admin's modules of the back office, where Django looks for them."""

from boxoffice.backoffice.events import EventAdmin

__all__ = ["EventAdmin"]

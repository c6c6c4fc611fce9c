"""The admin's parts that need several apps; Django imports this module."""

from boxoffice.backoffice import overview
from boxoffice.backoffice.event_admin import EventAdmin

__all__ = ["EventAdmin", "overview"]

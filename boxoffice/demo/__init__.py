"""Demo data for development: a dozen events in every state, with bookings and waitlists.

catalogue: the events and their stories. loading: carries the stories out through the operations.
dating: moves the result into the past. people: the users.
"""

from boxoffice.demo.loading import load_demo

__all__ = ["load_demo"]

"""The lifecycle's own tables."""

from evently.lifecycle.registry import Kept, register

register(
    Kept("secrets.retention", "The periods of this list, as the database keeps to them."),
    Kept("secrets.retiring", "Empty, but while rows are being moved."),
)

"""Demo events for development: small, good-looking, and in every state an event can be in."""

from boxoffice.demo.loading import load_demo

__all__ = ["load_demo"]

"""The admin toolkit of all apps: list behaviour, cells, tabs of an event, confirmation pages."""

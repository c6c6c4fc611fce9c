"""How events and people end: cancel, complete or delete an event; erase or delete a person."""

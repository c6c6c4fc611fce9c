"""Expressions for what the database itself computes."""

from django.db.models import DateTimeField, Func, UUIDField


class UuidV7(Func):
    """A new id, made by the database."""

    function = "evently_uuid7"
    template = "%(function)s()"
    output_field = UUIDField()


class Clock(Func):
    """The database's clock at this very moment; tests can set it (`evently_clock`)."""

    function = "evently_clock"
    template = "%(function)s()"
    output_field = DateTimeField()

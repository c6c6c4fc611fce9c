"""Every write of events."""

from evently.errors import EditedMeanwhile
from events.operations.editing import (
    EDITABLE,
    AlreadyPublished,
    CapacityInUse,
    CurrencySettled,
    EventOver,
    add_event,
    change_event,
    copy_event,
    create_event,
    edit_event,
    make_public,
    publish_event,
)
from events.operations.quotes import (
    Quote,
    QuoteInvalid,
    SalesClosed,
    check_quantity,
    quote_price,
    read_quote,
)

__all__ = [
    "EDITABLE",
    "AlreadyPublished",
    "CapacityInUse",
    "CurrencySettled",
    "EditedMeanwhile",
    "EventOver",
    "Quote",
    "QuoteInvalid",
    "SalesClosed",
    "add_event",
    "change_event",
    "check_quantity",
    "copy_event",
    "create_event",
    "edit_event",
    "make_public",
    "publish_event",
    "quote_price",
    "read_quote",
]

"""Every write of events, and the quotes of their prices."""

from evently.errors import EditedMeanwhile
from events.operations.editing import (
    EDITABLE,
    AlreadyPublished,
    CapacityInUse,
    CurrencySettled,
    EventOver,
    PriceReasonRequired,
    add_event,
    change_event,
    check_version,
    copy_event,
    create_event,
    edit_event,
    publish_event,
)
from events.operations.pricing import (
    NoPriceRule,
    check_price_rule,
    new_price_rule,
    price_rule_of,
    resume_price_rule,
    save_price_rule,
)
from events.operations.quotes import (
    Quote,
    QuoteInvalid,
    QuoteUsed,
    check_quoted_quantity,
    quote_event,
    quote_price,
    read_quote,
)
from events.operations.sales import SalesClosed, check_on_sale, check_quantity

__all__ = [
    "EDITABLE",
    "AlreadyPublished",
    "CapacityInUse",
    "CurrencySettled",
    "EditedMeanwhile",
    "EventOver",
    "NoPriceRule",
    "PriceReasonRequired",
    "Quote",
    "QuoteInvalid",
    "QuoteUsed",
    "SalesClosed",
    "add_event",
    "change_event",
    "check_on_sale",
    "check_price_rule",
    "check_quantity",
    "check_quoted_quantity",
    "check_version",
    "copy_event",
    "create_event",
    "edit_event",
    "new_price_rule",
    "price_rule_of",
    "publish_event",
    "quote_event",
    "quote_price",
    "read_quote",
    "resume_price_rule",
    "save_price_rule",
]

"""Plans and candidates as JSON, which imports keep between the preview and the import."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from events.importing.dates import DayOrder
from events.importing.plan import Plan

TIMES = ("event_date", "ends_at")


def stored_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON, without its time: what is past is decided when events are made."""
    values = asdict(plan)
    del values["now"]
    values["price"] = str(plan.price)
    values["kept_columns"] = sorted(plan.kept_columns)
    return values


def plan_of(stored: Mapping[str, Any], *, now: datetime) -> Plan:
    values = dict(stored)
    order = values.get("day_order")
    return Plan(
        **values
        | {
            "now": now,
            "price": Decimal(values.get("price", "0.00")),
            "day_order": DayOrder(order) if order else None,
            "kept_columns": frozenset(values.get("kept_columns", ())),
        }
    )


def stored_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stored_value(value) for name, value in columns.items()}


def stored_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def columns_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an event as `stored_columns` keeps them."""
    return {name: value_of(name, value) for name, value in stored.items()}


def value_of(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in TIMES and value is not None else value

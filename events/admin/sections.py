"""The sections of an event's form."""

from typing import Any

# Sections that are folded open where a field in them has an error.
SECTIONS: Any = (
    (
        None,
        {
            "fields": (
                "name",
                ("event_date", "ends_at"),
                "total_capacity",
                ("venue", "is_online"),
                "timezone",
            )
        },
    ),
    ("Description", {"fields": ("description",), "classes": ["collapse"]}),
    (
        "Price and payment",
        {
            "fields": (
                ("base_price", "current_price"),
                "price_reason",
                ("currency", "payment_mode"),
                "payment_instructions",
                "refund_policy",
            ),
            "classes": ["collapse"],
        },
    ),
    (
        "Sales and limits",
        {
            "fields": (
                ("sales_start_at", "sales_end_at"),
                ("max_per_booking", "max_per_person"),
                "cancellation_deadline",
            ),
            "classes": ["collapse"],
        },
    ),
    (
        "Waitlist",
        {
            "fields": (
                "max_passes",
                ("max_per_place", "waitlist_until_start"),
                "promotion_window_minutes",
            ),
            "classes": ["collapse"],
        },
    ),
    (
        "Asking who is still coming",
        {"fields": (("ask_days_before", "unanswered_policy"),), "classes": ["collapse"]},
    ),
    (
        "Reminder and thanks",
        {"fields": (("reminder_hours", "sends_thanks"),), "classes": ["collapse"]},
    ),
    (
        "Contact",
        {
            "fields": (("contact_email", "contact_url"), "shows_organizer_email"),
            "classes": ["collapse"],
        },
    ),
)

# A new event has no price yet that could be changed for a reason.
NEW_SECTIONS: Any = tuple(
    (title, {**options, "fields": tuple(one for one in options["fields"] if one != "price_reason")})
    for title, options in SECTIONS
)

# Once an event is cancelled or completed: read-only, with times in its own time zone.
CLOSED_SECTIONS: Any = (
    (None, {"fields": ("name", "venue", "description")}),
    ("When", {"fields": ("timezone", ("starts", "ends"), ("on_sale_from", "on_sale_until"))}),
    ("Seats and price", {"fields": ("total_capacity", ("price", "payment_mode"))}),
    ("Rules", {"fields": (("max_per_booking", "max_per_person"), "refund_policy")}),
    ("Contact", {"fields": (("contact_email", "contact_url"),)}),
)

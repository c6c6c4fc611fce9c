"""What the views of analysts and their columns mean: comments in the database, and the docs.

`docs/analysts.md` has the same words; a test compares them.
"""

PERSON = (
    "Pseudonym of the person, for this month of rows: the same in all views, another one in rows of"
    " other months, and in each month of reading. Null for visitors who were not logged in."
)
UNIT = {
    "month": "First day of the month (UTC).",
    "day": "Day (UTC). Null for rows of days with too few persons, shown by month only.",
    "event_id": "The event.",
}
COUNTED = {"persons": "How many persons."}
SALES = {**COUNTED, "bookings": "How many bookings.", "seats": "Their seats, cancelled ones too."}
CURRENCY = {"currency": "Currency of the amounts (ISO 4217)."}
OTHER = " `other` pools those of too few persons."
CLOSED = " Months that are over."

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "events": (
        "Published events: facts that are on their public pages.",
        {
            "event_id": "The event, as in its address on the site.",
            "venue": "A code of the venue: the same for the same spelling.",
            "time_zone": "IANA time zone of the venue.",
            "is_online": "Whether it takes place online only.",
            "starts_at": "Start.",
            "ends_at": "End, if one is set.",
            "published_at": "Hour in which it was published.",
            "sales_start_at": "When sales start; null: once published.",
            "sales_end_at": "When sales end; null: at the start.",
            "cancellation_deadline": "Until when attendees can cancel; null: the default applies.",
            "capacity": "Seats in all.",
            "base_price": "Price of a seat at first.",
            "current_price": "Price of a seat now.",
            **CURRENCY,
            "status": "active, cancelled or completed.",
            "payment_mode": "free, door or transfer.",
            "max_per_booking": "Most seats of one booking.",
            "max_per_person": "Most seats of one person; null: no limit.",
            "offer_window_minutes": "How long an offer to the waitlist stands; null: the default.",
            "max_passes": "How often a waitlist entry is passed at most; null: no limit.",
            "waitlist_until_start": "Whether the waitlist is open until the start.",
            "ask_days_before": "How many days before attendees are asked whether they come.",
            "unanswered_policy": "What becomes of seats without an answer: keep or return.",
        },
    ),
    "price_changes": (
        "Changes of events' prices.",
        {
            "event_id": "The event.",
            "changed_at": "Hour of the change.",
            "old_price": "Price of a seat before.",
            "new_price": "Price of a seat after.",
            **CURRENCY,
        },
    ),
    "bookings": (
        "Bookings, archived ones included. One row each.",
        {
            "person": PERSON,
            **UNIT,
            "quantity": "Seats.",
            "unit_price": "Price of one seat.",
            "total_amount": "Price of all of them.",
            **CURRENCY,
            "status": "pending, confirmed or cancelled.",
            "cancelled_by": "attendee, organizer, event, expiry or unanswered.",
            "lead_time": "How long before the start it was booked. Null where day is.",
        },
    ),
    "booking_attempts": (
        "Attempts to book of the last 89 days, refused ones included.",
        {
            "person": PERSON,
            **UNIT,
            "quantity": "Seats that were asked for; null if that is no valid number.",
            "result": "success or failed.",
            "failure_reason": "Code of the refusal, such as sold_out.",
        },
    ),
    "waitlist_entries": (
        "Waitlist entries, archived ones included. One row for each person and event.",
        {
            "person": PERSON,
            **UNIT,
            "quantity": "Seats that were asked for.",
            "min_quantity": "The fewest seats that are accepted.",
            "auto_accept": "Whether an offer is accepted by itself.",
            "unit_price": "Price of a seat that was promised.",
            **CURRENCY,
            "status": "waiting, promoted (has an offer), booked, left or expired.",
            "is_confirmed": "Whether the place is confirmed.",
            "offers": "Offers so far.",
            "lapses": "Offers of this event that the person let run out.",
            "days_to_offer": "Days until the first offer. Null where day is, or without one.",
        },
    ),
    "offers": (
        "Offers of seats to waitlist entries, archived ones included. One row each.",
        {
            "person": PERSON,
            **UNIT,
            "quantity": "Seats that were offered.",
            "accepted_quantity": "Seats that were accepted, if fewer.",
            "unit_price": "Price of one seat.",
            **CURRENCY,
            "status": "pending, used, expired or declined.",
            "window_minutes": "How long it stood, in minutes.",
            "is_at_night": "Whether all of that time was night.",
            "is_by_organizer": "Whether an organizer made it out of order.",
            "answered_after": "How long the answer took; null without one.",
        },
    ),
    "payments": (
        "Payments and refunds. One row each.",
        {
            "person": PERSON,
            **UNIT,
            "provider": "manual or stripe.",
            "kind": "charge or refund.",
            "amount": "Amount, positive for refunds, too.",
            **CURRENCY,
            "status": "open, succeeded or failed.",
        },
    ),
    "bookings_by_day": (
        "Bookings of each event, day by day.",
        {
            **UNIT,
            **CURRENCY,
            **SALES,
            "amount": "Their price.",
            "cancelled_seats": "Seats of bookings that are cancelled by now.",
        },
    ),
    "bookings_by_venue": (
        "Bookings by venue and month.",
        {
            "venue": "A code of the venue, as in events.",
            "time_zone": "IANA time zone of the venue.",
            "month": UNIT["month"],
            **CURRENCY,
            "events": "Events that were booked.",
            **SALES,
            "amount": "Their price.",
        },
    ),
    "bookings_by_hour": (
        "Bookings by the hour of the day." + CLOSED,
        {
            "month": UNIT["month"],
            "hour": "Hour at the venue, 00 to 23." + OTHER,
            **SALES,
        },
    ),
    "bookings_by_weekday": (
        "Bookings by the day of the week." + CLOSED,
        {
            "month": UNIT["month"],
            "weekday": "Day of the week at the venue, 1 (Monday) to 7." + OTHER,
            **SALES,
        },
    ),
    "bookings_by_lead_time": (
        "Bookings by how long before the start they were made." + CLOSED,
        {"month": UNIT["month"], "lead_time": "How long before the start." + OTHER, **SALES},
    ),
    "bookings_by_price": (
        "Bookings by the price of a seat." + CLOSED,
        {
            "month": UNIT["month"],
            **CURRENCY,
            "price": "Price of a seat, in units of the currency." + OTHER,
            **SALES,
            "amount": "Their price.",
        },
    ),
    "attendees_by_month": (
        "Persons who booked for the first time, and those who had booked before." + CLOSED,
        {
            "month": UNIT["month"],
            "attendee": "first month (of any booking) or returning." + OTHER,
            **SALES,
        },
    ),
    "attendance": (
        "Seats of past events that were checked in.",
        {
            "event_id": "The event.",
            "persons": "Persons with a valid booking.",
            "seats": "Their seats.",
            "seats_checked_in": "Those that were checked in.",
        },
    ),
    "attempts_by_result": (
        "Attempts to book by their result." + CLOSED,
        {
            "event_id": "The event.",
            "month": UNIT["month"],
            "result": "success, or the code of the refusal." + OTHER,
            **COUNTED,
            "attempts": "How many attempts.",
        },
    ),
    "waitlist_by_status": (
        "Waitlist entries by what became of them." + CLOSED,
        {
            "event_id": "The event.",
            "month": "Month of joining: its first day (UTC).",
            "status": "As in waitlist_entries." + OTHER,
            **COUNTED,
            "entries": "How many entries.",
            "seats": "Seats that they asked for.",
        },
    ),
    "offers_by_status": (
        "Offers by what became of them." + CLOSED,
        {
            "event_id": "The event.",
            "month": UNIT["month"],
            "status": "As in offers." + OTHER,
            **COUNTED,
            "offers": "How many offers.",
            "seats": "Seats that were offered.",
        },
    ),
    "notifications_by_day": (
        "Notifications by type and day.",
        {
            "type": "Type, such as booking_confirmed.",
            "month": UNIT["month"],
            "day": UNIT["day"],
            "persons": "How many persons got them.",
            "notifications": "How many notifications.",
            "read": "How many were read in the inbox.",
            "failed": "How many could not be sent.",
        },
    ),
    "emails_by_day": (
        "Emails by type and day.",
        {
            "type": "Type of the notification.",
            "month": UNIT["month"],
            "day": UNIT["day"],
            "persons": "How many persons they went to.",
            "emails": "How many emails.",
            "sent": "How many were sent or delivered.",
            "failed": "How many failed or bounced.",
            "send_attempts": "How often they were tried.",
        },
    ),
}

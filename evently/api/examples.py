"""Examples in the OpenAPI document, all about the same event."""

from drf_spectacular.utils import OpenApiExample

EVENT_ID = "0199c3a4-5d20-7c11-9a52-6f1f0d6f2c01"
BOOKING_ID = "0199c3a9-11f4-7d03-8b7e-2c94e5a1b802"
ENTRY_ID = "0199c3aa-7e05-7a44-b1c6-93d70e4f1c03"
PROMOTION_ID = "0199c3ab-02bb-75f0-9d0c-58a1f2e6d104"
USER_ID = "0199c3a0-4c11-7b22-a3d4-1f2e3d4c5b06"
SITE = "https://tickets.example.org"

EVENT_SUMMARY_VALUE = {
    "id": EVENT_ID,
    "name": "Piano at the Old Mill",
    "venue": "Old Mill, Hall 2",
    "event_date": "2027-05-01T17:00:00Z",
    "ends_at": "2027-05-01T19:30:00Z",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "status": "active",
    "url": f"{SITE}/events/{EVENT_ID}/",
}
EVENT_DRAFT_VALUE = {
    "name": "Piano at the Old Mill",
    "description": "Satie and Debussy by candlelight.",
    "venue": "Old Mill, Hall 2",
    "event_date": "2027-05-01T19:00:00+02:00",
    "ends_at": "2027-05-01T21:30:00+02:00",
    "timezone": "Europe/Berlin",
    "total_capacity": 80,
    "base_price": "24.00",
    "currency": "EUR",
    "payment_mode": "door",
}
DRAW_VALUE = {
    "number": 1,
    "state": "drawn",
    "closes_at": "2027-03-06T11:00:00Z",
    "beacon": "drand",
    "beacon_name": "drand quicknet, round 37180280",
    "beacon_round": 37180280,
    "beacon_at": "2027-03-06T11:10:04Z",
    "commitment": "2d1c1ef3f2a5b0a4c9f6a5fd4f4b1b8b3a3c0a5a6f2e34e9a0a8f7d6e5c4b3a2",
    "lots": 312,
    "list_hash": "b7c1e0a94d6f2385a1c4e7f09b2d5863c8e1a4f7092b5d8e1c4f7a0b3d6e9c2f",
    "frozen_at": "2027-03-06T11:00:07.512000Z",
    "reveal_by": "2027-03-06T12:10:04Z",
    "unreachable_at": None,
    "beacon_value": "0f3a6c9b2e5d8174a3c6f9e2b5d8014e7a1c4f7b0d3e6a9c2f5b8e1d4a7c0f39",
    "secret": "9a2c5e8f1b4d7063c6f9a2e5b8d1047f3a6c9e2b5d80147a3c6f9e2b5d8f1b4c",
    "seed": "4e7a0d3c6f9b2e5881a4d7f0c3b6e92d5f8a1b4e7c0d3f6a9b2c5e8f1d4a7b03",
    "ended_at": "2027-03-06T11:10:09.204000Z",
    "void_reason": "",
}
EVENT_VALUE = {
    **EVENT_SUMMARY_VALUE,
    "description": "Satie and Debussy by candlelight.",
    "total_capacity": 80,
    "available_seats": 12,
    "sales_state": "on_sale",
    "draw": None,
    "base_price": "24.00",
    "current_price": "27.50",
    "price_floor": "20.00",
    "price_ceiling": "36.00",
    "next_rise": {"price": "29.00", "seats": 3},
    "state": "published",
    "is_published": True,
    "published_at": "2027-03-01T09:00:00Z",
    "sales_start_at": None,
    "sales_end_at": None,
    "sales_close_at": "2027-05-01T17:00:00Z",
    "cancellation_deadline": None,
    "cancellable_until": "2027-04-29T17:00:00Z",
    "refund_policy": "The full price, until 48 hours before.",
    "is_online": False,
    "contact_email": "tickets@example.org",
    "contact_url": "https://example.org/contact",
    "shows_organizer_email": False,
    "payment_mode": "door",
    "payment_instructions": "",
    "payment_days": 7,
    "max_per_booking": 6,
    "max_per_person": None,
    "max_per_place": None,
    "max_passes": 3,
    "waitlist_until_start": False,
    "promotion_window_minutes": None,
    "ask_days_before": None,
    "unanswered_policy": "keep",
    "attendance_terms": None,
    "reminder_hours": 24,
    "sends_thanks": True,
    "version": 3,
    "created_at": "2027-02-26T15:12:44.120000Z",
    "updated_at": "2027-03-01T09:00:00Z",
}
BOOKING_VALUE = {
    "id": BOOKING_ID,
    "booking_reference": "EVT20270302K7Q2M9XW4B",
    "status": "confirmed",
    "event": EVENT_SUMMARY_VALUE,
    "quantity": 2,
    "unit_price": "27.50",
    "total_amount": "55.00",
    "expires_at": None,
    "cancelled_at": None,
    "cancelled_by": None,
    "cancel_reason": "",
    "cancellable_until": "2027-04-29T17:00:00Z",
    "unanswered_policy": None,
    "attendance": None,
    "version": 1,
    "created_at": "2027-03-02T10:20:30.400000Z",
    "updated_at": "2027-03-02T10:20:30.400000Z",
}
ENTRY_VALUE = {
    "id": ENTRY_ID,
    "event": EVENT_SUMMARY_VALUE,
    "status": "waiting",
    "position": 4,
    "quantity": 2,
    "min_quantity": 1,
    "auto_accept": False,
    "unit_price": "27.50",
    "confirmed": True,
    "priority_score": 0,
    "priority_reason": "",
    "passed_over": 0,
    "lapses": 0,
    "draw_place": None,
    "notify_prefs": {},
    "timezone": "Europe/Berlin",
    "joined_at": "2027-03-02T10:25:00.125000Z",
    "expires_at": "2027-05-01T17:00:00Z",
}
PROMOTION_VALUE = {
    "id": PROMOTION_ID,
    "waitlist": ENTRY_ID,
    "event": EVENT_SUMMARY_VALUE,
    "status": "pending",
    "quantity": 2,
    "accepted_quantity": None,
    "unit_price": "27.50",
    "promoted_at": "2027-03-10T08:00:00.500000Z",
    "expires_at": "2027-03-11T08:00:00.500000Z",
    "window_minutes": 1440,
    "promotion_reason": "seats became available",
    "ended_at": None,
    "booking": None,
}
RECORD_VALUE = {
    "at": "2027-03-02T10:25:00.125000Z",
    "confirmed": True,
    "hash": "4a1d2c1f0b5f6f6f0f2f7d3a3c7f7d2d0d8f4e8b1a7c5d9e6f3b2a1908f7e6d5",
    "kind": "joined",
    "least": 1,
    "position": 4,
    "prev": "9b74c9897bac770ffc029102a200c5de5f1d2c3b4a5968778695a4b3c2d1e0f0",
    "rank": "2027-03-02T10:25:00.125000Z",
    "ref": "3f9a0c51d27be846",
    "score": 0,
    "seats": 2,
    "seq": 42,
}
RECORD_SUMMARY_VALUE = {
    "event": EVENT_ID,
    "head": {"seq": RECORD_VALUE["seq"], "hash": RECORD_VALUE["hash"]},
    "counts": {
        "waiting": 4,
        "confirmed": 3,
        "offers_open": 1,
        "joined": 12,
        "offered": 7,
        "used": 4,
        "declined": 1,
        "lapsed": 1,
        "left": 1,
        "overrides": 0,
    },
    "rules": {"max_passes": 3, "place_limit": 4, "closes_at": "2027-05-01T17:00:00Z"},
    "own": [RECORD_VALUE],
}
PRICE_RULE_REQUEST_VALUE = {
    "enabled": True,
    "floor": "20.00",
    "ceiling": "36.00",
    "max_step": "10",
    "step_kind": "percent",
    "min_interval_minutes": 1440,
    "rounding": {"unit": "0.50", "ending": "0.00"},
    "weights": {"sold": 50, "pace": 50, "waitlist": 50},
    "expected_percent": 100,
    "plan": "late",
    "announces_next": True,
}
PRICE_RULE_VALUE = {
    "event": EVENT_ID,
    "state": "active",
    **PRICE_RULE_REQUEST_VALUE,
    "suspended": False,
    "suspended_at": None,
    "plan": [0, 3, 8, 14, 21, 29, 39, 50, 63, 79, 100],
    "plan_name": "late",
    "base_price": "24.00",
    "current_price": "27.50",
    "currency": "EUR",
    "next_rise": {"price": "29.00", "seats": 3},
    "warnings": [],
    "version": 2,
    "created_at": "2027-02-28T12:00:00Z",
    "updated_at": "2027-03-01T09:30:00Z",
}
PRICE_PREVIEW_VALUE = {
    "event": EVENT_ID,
    "current_price": "27.50",
    "currency": "EUR",
    "warnings": [
        {
            "code": "interval_over_time_left",
            "field": "min_interval_minutes",
            "text": "Sales end in 20 hours, sooner than 24 hours after a change: the price changes "
            "once more at most.",
        }
    ],
    "now": {
        "demand": {
            "capacity": 80,
            "taken": 68,
            "sold_last_day": 3,
            "sold_last_week": 15,
            "waiting_seats": 0,
        },
        "pressure": {"sold": 0.42, "pace": 0.0314, "waitlist": 0.0, "total": 0.4514},
        "target": "29.42",
        "next_price": "29.00",
        "reason": "85% sold, 20 hours left: demand is ahead of plan",
        "waits_until": "2027-04-30T22:00:00Z",
        "next_rise": {"price": "29.50", "seats": 4},
    },
    "replay": {
        "event": EVENT_ID,
        "start_price": "24.00",
        "seats": 68,
        "revenue_was": "1718.00",
        "revenue": "1794.50",
        "revenue_at_start_price": "1632.00",
        "changes": [
            {
                "at": "2027-03-05T09:20:00Z",
                "old_price": "24.00",
                "new_price": "25.50",
                "reason": "21% sold, 57 days left: demand is ahead of plan",
            }
        ],
        "points": [
            {
                "at": "2027-03-05T09:20:00Z",
                "seats": 17,
                "planned": 2,
                "price_was": "24.00",
                "price": "25.50",
                "revenue_was": "408.00",
                "revenue": "408.00",
            }
        ],
    },
}

EVENT = OpenApiExample("An event", value=EVENT_VALUE, response_only=True)
PRICE_CHANGE = OpenApiExample(
    "A rise",
    value={
        "id": "0199c3a8-30c2-7b5e-8a11-7d2f9c4e6b07",
        "old_price": "26.00",
        "new_price": "27.50",
        "price_floor": "20.00",
        "price_ceiling": "40.00",
        "reason": "82% sold, 14 seats waited for, 9 days left: demand is ahead of plan",
        "changed_by": "rule",
        "applied_at": "2027-03-02T09:15:00.250000Z",
    },
    response_only=True,
)
DRAW = OpenApiExample("A draw that is done", value=DRAW_VALUE, response_only=True)
EVENT_DRAFT = OpenApiExample("A new event", value=EVENT_DRAFT_VALUE, request_only=True)
QUOTE = OpenApiExample(
    "A quote for two seats",
    value={
        "quote": "WyIwMTk5YzNhNCIsMl0:1vX…:kq3…",
        "quantity": 2,
        "unit_price": "27.50",
        "total_amount": "55.00",
        "expires_at": "2027-03-02T10:35:00Z",
    },
    response_only=True,
)
BOOKING = OpenApiExample("A booking", value=BOOKING_VALUE, response_only=True)
BOOKING_REQUEST = OpenApiExample(
    "Two seats at the displayed price",
    value={"event": EVENT_ID, "quantity": 2, "unit_price": "27.50"},
    request_only=True,
)
ATTENDANCE_REQUEST = OpenApiExample(
    "One seat is still needed, the others are given back",
    value={"coming": 1},
    request_only=True,
)
ENTRY = OpenApiExample("Fourth on the waitlist", value=ENTRY_VALUE, response_only=True)
ENTRY_REQUEST = OpenApiExample(
    "Two seats, or one if no more are available",
    value={"event": EVENT_ID, "quantity": 2, "min_quantity": 1, "unit_price": "27.50"},
    request_only=True,
)
ACCEPT_REQUEST = OpenApiExample(
    "One of the offered seats; an empty body accepts all", value={"quantity": 1}, request_only=True
)
PROMOTION = OpenApiExample("An offer", value=PROMOTION_VALUE, response_only=True)
PRICE_RULE = OpenApiExample(
    "A rule that moves the price", value=PRICE_RULE_VALUE, response_only=True
)
PRICE_RULE_REQUEST = OpenApiExample(
    "Between €20 and €36, by 10 percent a day", value=PRICE_RULE_REQUEST_VALUE, request_only=True
)
PRICE_PREVIEW = OpenApiExample(
    "What a rule would do", value=PRICE_PREVIEW_VALUE, response_only=True
)
PRICE_PREVIEW_REQUEST = OpenApiExample(
    "A rule, over the sales until now",
    value={**PRICE_RULE_REQUEST_VALUE, "replay": True},
    request_only=True,
)
RECORD = OpenApiExample(
    "The record of a waitlist that has closed",
    value={"format": "evently-line-record-1", "event": EVENT_ID, "records": [RECORD_VALUE]},
    response_only=True,
)
RECORD_SUMMARY = OpenApiExample(
    "While the waitlist is open", value=RECORD_SUMMARY_VALUE, response_only=True
)

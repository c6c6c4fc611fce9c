"""What a user's data export has of bookings and what belongs to them."""

BOOKING_COLUMNS = (
    "id",
    "event_id",
    "event__name",
    "booking_reference",
    "status",
    "quantity",
    "unit_price",
    "total_amount",
    "created_at",
    "cancelled_at",
    "cancelled_by",
    "cancel_reason",
)
TRANSFER_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "recipient_name",
    "recipient_email",
    "status",
    "created_at",
    "ended_at",
)
TICKET_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "holder_name",
    "checked_in_at",
    "cancelled_at",
)
CHECK_IN_COLUMNS = ("id", "event_id", "checked_in_at")
PAYMENT_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "provider",
    "kind",
    "provider_reference",
    "amount",
    "currency",
    "status",
    "created_at",
)
RECORDED_COLUMNS = ("id", "event_id", "kind", "amount", "currency", "status", "created_at")
RECEIVED_COLUMNS = ("id", "event_id", "recipient_name", "recipient_email", "status", "created_at")
CHECK_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "event_date",
    "seats",
    "asked_at",
    "asked_again_at",
    "coming",
    "answered_at",
)
ATTEMPT_COLUMNS = (
    "id",
    "event_id",
    "quantity",
    "result",
    "failure_reason",
    "attempted_at",
    "ip_address",
    "user_agent",
)

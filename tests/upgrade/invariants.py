"""What holds in every database, before and after an upgrade, as queries for what violates it."""

# Tables whose rows bear the organizer of their event; before the column, none did.
ORGANIZED = (
    *("event_staff", "event_analytics", "pricing_history", "bookings", "bookings_archive"),
    *("tickets", "payments", "booking_attempts", "waitlists", "waitlist_promotions"),
    *("email_delivery_log",),
)
# A notification's changes belong to the person who was notified.
CHANGES_WITHOUT_ORGANIZER = """
    SELECT 'audit_log', a.id FROM audit_log a JOIN events e ON e.id = a.event_id
    WHERE to_jsonb(a) ? 'organizer_id' AND a.table_name <> 'notifications'
        AND to_jsonb(a) ->> 'organizer_id' IS DISTINCT FROM e.created_by_id::text
"""

INVARIANTS = {
    "rows_bear_their_organizer": " UNION ALL ".join(
        [
            f"""
            SELECT '{table}', r.id FROM {table} r JOIN events e ON e.id = r.event_id
            WHERE to_jsonb(r) ? 'organizer_id'
                AND to_jsonb(r) ->> 'organizer_id' IS DISTINCT FROM e.created_by_id::text"""
            for table in ORGANIZED
        ]
        + [CHANGES_WITHOUT_ORGANIZER]
    ),
    "tickets_and_payments_bear_their_user": " UNION ALL ".join(
        f"""
        SELECT '{table}', r.id FROM {table} r JOIN bookings b ON b.id = r.booking_id
        WHERE to_jsonb(r) ? 'user_id'
            AND to_jsonb(r) ->> 'user_id' IS DISTINCT FROM b.user_id::text"""
        for table in ("tickets", "payments")
    ),
    "seats_balance": """
        SELECT e.id, e.total_capacity, e.available_seats, booked.seats, held.seats
        FROM events e,
        LATERAL (SELECT coalesce(sum(quantity), 0) AS seats FROM bookings
            WHERE event_id = e.id AND status IN ('pending', 'confirmed')) booked,
        LATERAL (SELECT coalesce(sum(quantity), 0) AS seats FROM waitlist_promotions
            WHERE event_id = e.id AND status = 'pending') held
        WHERE e.total_capacity <> e.available_seats + booked.seats + held.seats
    """,
    "positions_are_ranks": """
        SELECT id, position, rank FROM (
            SELECT id, position, row_number() OVER (
                PARTITION BY event_id
                ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id) AS rank
            FROM waitlists WHERE status = 'waiting') ranked
        WHERE position IS DISTINCT FROM rank
    """,
    "only_waiting_entries_have_positions": """
        SELECT id, status, position FROM waitlists
        WHERE status <> 'waiting' AND position IS NOT NULL
    """,
    "one_pending_promotion_per_entry": """
        SELECT waitlist_id, count(*) FROM waitlist_promotions WHERE status = 'pending'
        GROUP BY waitlist_id HAVING count(*) > 1
    """,
    "promoted_while_promotion_is_pending": """
        SELECT w.id, w.status FROM waitlists w
        WHERE (w.status = 'promoted') <> EXISTS (
            SELECT FROM waitlist_promotions p WHERE p.waitlist_id = w.id AND p.status = 'pending')
    """,
    "free_seats_are_offered": """
        SELECT w.id, w.min_quantity, e.available_seats
        FROM waitlists w JOIN events e ON e.id = w.event_id
        WHERE e.status = 'active' AND w.status = 'waiting'
            AND w.min_quantity <= e.available_seats
            -- Before places were confirmed, all counted.
            AND (to_jsonb(w) ->> 'confirmed_at' IS NOT NULL OR NOT to_jsonb(w) ? 'confirmed_at')
    """,
    "used_promotions_have_bookings": """
        SELECT p.id FROM waitlist_promotions p
        WHERE p.status = 'used' AND NOT EXISTS (
            SELECT FROM bookings b WHERE b.id = p.booking_id AND b.event_id = p.event_id
                AND b.user_id = p.user_id AND b.quantity = p.quantity)
    """,
    "one_valid_ticket_per_seat": """
        SELECT b.id, b.status, b.quantity, count(t.id)
        FROM bookings b LEFT JOIN tickets t ON t.booking_id = b.id AND t.cancelled_at IS NULL
        GROUP BY b.id
        HAVING count(t.id) <> CASE WHEN b.status = 'cancelled' THEN 0 ELSE b.quantity END
    """,
    "references_are_unique": """
        SELECT booking_reference, count(*) FROM (
            SELECT booking_reference FROM bookings
            UNION ALL SELECT booking_reference FROM bookings_archive) r
        GROUP BY booking_reference HAVING count(*) > 1
    """,
    "bookings_cost_price_times_seats": """
        SELECT id FROM bookings WHERE total_amount <> unit_price * quantity
    """,
    "price_history_leads_to_current_price": """
        SELECT event_id, old_price, new_price FROM (
            SELECT h.event_id, h.old_price, h.new_price, e.current_price,
                lag(h.new_price, 1, h.old_price) OVER chain AS before,
                lead(h.old_price, 1, e.current_price) OVER chain AS after
            FROM pricing_history h JOIN events e ON e.id = h.event_id
            WINDOW chain AS (PARTITION BY h.event_id ORDER BY h.applied_at, h.id)) links
        WHERE old_price <> before OR new_price <> after
    """,
    "refunds_within_charges": """
        SELECT booking_id FROM payments
        WHERE status = 'succeeded' OR (kind = 'refund' AND status = 'open')
        GROUP BY booking_id
        HAVING sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END) < 0
    """,
    "sent_notifications_have_sent_emails": """
        SELECT n.id, n.status FROM notifications n
        WHERE n.status = 'sent' AND NOT EXISTS (
            SELECT FROM email_delivery_log d WHERE d.notification_id = n.id
                AND d.status IN ('sent', 'delivered', 'bounced'))
    """,
    "erased_users_have_no_keys": """
        SELECT u.id FROM users u JOIN keys.person_keys k ON k.user_id = u.id
        WHERE u.deleted_at IS NOT NULL
    """,
}

# What makes a database worth upgrading: each of these states occurs in it.
STATES = {
    "events": {"active", "cancelled", "completed"},
    "bookings": {"confirmed", "cancelled"},
    "waitlists": {"waiting", "promoted", "booked", "left", "expired"},
    "waitlist_promotions": {"pending", "used", "expired", "declined"},
    "notifications": {"pending", "sent", "delivered", "failed"},
    "email_delivery_log": {"pending", "sent", "delivered", "failed", "bounced"},
}

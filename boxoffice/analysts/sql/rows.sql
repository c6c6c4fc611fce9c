CREATE VIEW analytics.events WITH (security_barrier) AS
SELECT e.id AS event_id, p.venue, e.timezone::text AS time_zone, e.is_online,
    e.event_date AS starts_at, e.ends_at, date_trunc('hour', e.published_at, 'UTC') AS published_at,
    e.sales_start_at, e.sales_end_at, e.cancellation_deadline, e.total_capacity AS capacity,
    e.base_price, e.current_price, e.currency::text AS currency, e.status, e.payment_mode,
    e.max_per_booking, e.max_per_person, e.promotion_window_minutes AS offer_window_minutes,
    e.max_passes, e.waitlist_until_start, e.ask_days_before, e.unanswered_policy
FROM public.events e JOIN analytics_base.published p ON p.id = e.id;

CREATE VIEW analytics.price_changes WITH (security_barrier) AS
SELECT h.event_id, date_trunc('hour', h.applied_at, 'UTC') AS changed_at, h.old_price, h.new_price,
    e.currency::text AS currency
FROM public.pricing_history h JOIN analytics_base.published e ON e.id = h.event_id;

CREATE VIEW analytics.bookings WITH (security_barrier) AS
SELECT {person} AS person, s.month, s.shown_day AS day, s.event_id, s.quantity, s.unit_price,
    s.total_amount, s.currency::text AS currency, s.status, s.cancelled_by,
    CASE WHEN s.shown_day IS NOT NULL THEN {lead_time} END AS lead_time
FROM analytics_base.shown_bookings s LEFT JOIN analytics_base.key k ON true;

CREATE VIEW analytics.booking_attempts WITH (security_barrier) AS
SELECT {person} AS person, s.month, s.shown_day AS day, s.event_id, s.quantity, s.result,
    s.failure_reason
FROM analytics_base.shown_attempts s LEFT JOIN analytics_base.key k ON true;

CREATE VIEW analytics.waitlist_entries WITH (security_barrier) AS
SELECT {person} AS person, s.month, s.shown_day AS day, s.event_id, s.quantity, s.min_quantity,
    s.auto_accept, s.unit_price, s.currency::text AS currency, s.status, s.is_confirmed, s.offers,
    s.lapses, CASE WHEN s.shown_day IS NOT NULL THEN s.days_to_offer END AS days_to_offer
FROM analytics_base.shown_waitlist_entries s LEFT JOIN analytics_base.key k ON true;

CREATE VIEW analytics.offers WITH (security_barrier) AS
SELECT {person} AS person, s.month, s.shown_day AS day, s.event_id, s.quantity, s.accepted_quantity,
    s.unit_price, s.currency::text AS currency, s.status, s.window_minutes, s.is_at_night,
    s.is_by_organizer, s.answered_after
FROM analytics_base.shown_offers s LEFT JOIN analytics_base.key k ON true;

CREATE VIEW analytics.payments WITH (security_barrier) AS
SELECT {person} AS person, s.month, s.shown_day AS day, s.event_id, s.provider, s.kind, s.amount,
    s.currency::text AS currency, s.status
FROM analytics_base.shown_payments s LEFT JOIN analytics_base.key k ON true;

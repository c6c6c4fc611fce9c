-- What the views of analysts are made of. Only the owner has rights in this schema.

CREATE VIEW analytics_base.today AS
SELECT (evently_clock() AT TIME ZONE 'UTC')::date AS day,
    date_trunc('month', evently_clock() AT TIME ZONE 'UTC')::date AS month;

-- The key of this month. An older one counts as destroyed, even if it is still there.
CREATE VIEW analytics_base.key AS
SELECT inner_pad, outer_pad FROM secrets.pseudonym_keys
WHERE month = (SELECT month FROM analytics_base.today);

CREATE VIEW analytics_base.published AS
SELECT id, event_date, timezone, is_online, currency, total_capacity,
    left(encode(sha256(convert_to(lower(btrim(venue)), 'UTF8')), 'hex'), 12) AS venue
FROM public.events WHERE published_at IS NOT NULL;

CREATE VIEW analytics_base.all_bookings AS
SELECT b.id, b.user_id, b.event_id, b.quantity, b.unit_price, b.total_amount, e.currency, b.status,
    b.cancelled_by, e.venue, e.timezone AS time_zone, b.created_at,
    date_trunc('month', b.created_at AT TIME ZONE 'UTC')::date AS month,
    (b.created_at AT TIME ZONE 'UTC')::date AS day,
    (e.event_date AT TIME ZONE 'UTC')::date - (b.created_at AT TIME ZONE 'UTC')::date AS lead_days
FROM (
    SELECT id, user_id, event_id, quantity, unit_price, total_amount, status, cancelled_by,
        created_at FROM public.bookings
    UNION ALL
    SELECT id, user_id, event_id, quantity, unit_price, total_amount, status, cancelled_by,
        created_at FROM public.bookings_archive
) b JOIN analytics_base.published e ON e.id = b.event_id;

CREATE VIEW analytics_base.first_months AS
SELECT user_id, min(month) AS month FROM analytics_base.all_bookings GROUP BY user_id;

-- Days of which some attempts are deleted already (after 90 days) are left out.
CREATE VIEW analytics_base.all_attempts AS
SELECT a.user_id, a.event_id, a.result,
    CASE WHEN a.quantity BETWEEN 1 AND 10 THEN a.quantity::smallint END AS quantity,
    CASE WHEN a.failure_reason ~ '^[a-z_]{1,40}$' THEN a.failure_reason END AS failure_reason,
    date_trunc('month', a.attempted_at AT TIME ZONE 'UTC')::date AS month,
    (a.attempted_at AT TIME ZONE 'UTC')::date AS day
FROM public.booking_attempts a JOIN analytics_base.published e ON e.id = a.event_id
WHERE (a.attempted_at AT TIME ZONE 'UTC')::date > (SELECT day - 89 FROM analytics_base.today);

-- Offers, and those of waitlists that were archived six months after their event.
CREATE VIEW analytics_base.offers AS
SELECT waitlist_id, user_id, event_id, quantity, accepted_quantity, unit_price, status,
    window_minutes, is_at_night, position_before, promoted_at, ended_at
FROM public.waitlist_promotions
UNION ALL
SELECT w.id, w.user_id, w.event_id, o.quantity, o.accepted_quantity, o.unit_price, o.status,
    o.window_minutes, o.is_at_night, o.position_before, o.promoted_at, o.ended_at
FROM public.waitlists_archive w CROSS JOIN LATERAL jsonb_to_recordset(w.offers) AS o (
    quantity smallint, accepted_quantity smallint, unit_price numeric, status text,
    window_minutes integer, is_at_night boolean, position_before integer,
    promoted_at timestamptz, ended_at timestamptz
);

CREATE VIEW analytics_base.all_waitlist_entries AS
SELECT w.user_id, w.event_id, w.quantity, w.min_quantity, w.auto_accept, w.unit_price, e.currency,
    w.status, w.confirmed_at IS NOT NULL AS is_confirmed, w.lapses, o.offers,
    (o.first_at AT TIME ZONE 'UTC')::date - (w.joined_at AT TIME ZONE 'UTC')::date AS days_to_offer,
    date_trunc('month', w.joined_at AT TIME ZONE 'UTC')::date AS month,
    (w.joined_at AT TIME ZONE 'UTC')::date AS day
FROM (
    SELECT id, user_id, event_id, quantity, min_quantity, auto_accept, unit_price, status,
        confirmed_at, lapses, joined_at
    FROM public.waitlists
    UNION ALL
    SELECT w.id, w.user_id, w.event_id, w.quantity, r.min_quantity, r.auto_accept, r.unit_price,
        w.status, r.confirmed_at, r.lapses, w.joined_at
    FROM public.waitlists_archive w CROSS JOIN LATERAL jsonb_to_record(w.record) AS r (
        min_quantity smallint, auto_accept boolean, unit_price numeric, confirmed_at timestamptz,
        lapses smallint
    )
) w JOIN analytics_base.published e ON e.id = w.event_id
-- Joining again reuses the row: offers from before do not count.
CROSS JOIN LATERAL (
    SELECT count(*)::int AS offers, min(p.promoted_at) AS first_at FROM analytics_base.offers p
    WHERE p.waitlist_id = w.id AND p.event_id = w.event_id AND p.promoted_at >= w.joined_at
) o;

CREATE VIEW analytics_base.all_offers AS
SELECT p.user_id, p.event_id, p.quantity, p.accepted_quantity, p.unit_price, e.currency, p.status,
    p.window_minutes, p.is_at_night, p.position_before IS NOT NULL AS is_by_organizer,
    CASE
        WHEN p.status NOT IN ('used', 'declined') OR p.ended_at IS NULL THEN NULL
        WHEN p.ended_at < p.promoted_at + interval '1 hour' THEN 'under 1 hour'
        WHEN p.ended_at < p.promoted_at + interval '6 hours' THEN '1 to 6 hours'
        WHEN p.ended_at < p.promoted_at + interval '24 hours' THEN '6 to 24 hours'
        ELSE 'over 24 hours'
    END AS answered_after,
    date_trunc('month', p.promoted_at AT TIME ZONE 'UTC')::date AS month,
    (p.promoted_at AT TIME ZONE 'UTC')::date AS day
FROM analytics_base.offers p JOIN analytics_base.published e ON e.id = p.event_id;

CREATE VIEW analytics_base.all_payments AS
SELECT b.user_id, p.event_id, p.provider, p.kind, p.amount, p.currency, p.status,
    date_trunc('month', p.created_at AT TIME ZONE 'UTC')::date AS month,
    (p.created_at AT TIME ZONE 'UTC')::date AS day
FROM public.payments p JOIN analytics_base.published e ON e.id = p.event_id
JOIN (
    SELECT id, event_id, user_id FROM public.bookings
    UNION ALL
    SELECT id, event_id, user_id FROM public.bookings_archive
) b ON b.id = p.booking_id AND b.event_id = p.event_id;

CREATE VIEW analytics_base.all_notifications AS
SELECT n.user_id, n.status, n.read,
    CASE WHEN n.type ~ '^[a-z_]{1,60}$' THEN n.type ELSE 'other' END AS type,
    date_trunc('month', n.created_at AT TIME ZONE 'UTC')::date AS month,
    (n.created_at AT TIME ZONE 'UTC')::date AS day
FROM public.notifications n;

CREATE VIEW analytics_base.all_emails AS
SELECT l.user_id, l.status, l.send_attempts,
    CASE WHEN l.kind ~ '^[a-z_]{1,60}$' THEN l.kind ELSE 'other' END AS type,
    date_trunc('month', l.created_at AT TIME ZONE 'UTC')::date AS month,
    (l.created_at AT TIME ZONE 'UTC')::date AS day
FROM public.email_delivery_log l;

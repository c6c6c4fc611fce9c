CREATE VIEW analytics.bookings_by_day WITH (security_barrier) AS
SELECT event_id, month, shown_day AS day, currency::text AS currency,
    count(DISTINCT user_id) AS persons, count(*) AS bookings, sum(quantity) AS seats,
    sum(total_amount) AS amount, coalesce(sum(quantity) FILTER (WHERE status = 'cancelled'), 0)
        AS cancelled_seats
FROM analytics_base.shown_bookings GROUP BY event_id, month, shown_day, currency;

CREATE VIEW analytics.bookings_by_venue WITH (security_barrier) AS
SELECT venue, time_zone::text AS time_zone, month, currency::text AS currency,
    count(DISTINCT event_id) AS events, count(DISTINCT user_id) AS persons, count(*) AS bookings,
    sum(quantity) AS seats, sum(total_amount) AS amount
FROM analytics_base.shown_bookings GROUP BY venue, time_zone, month, currency;

CREATE VIEW analytics.attendance WITH (security_barrier) AS
SELECT s.event_id, count(DISTINCT s.user_id) AS persons, count(*) AS seats,
    count(t.checked_in_at) AS seats_checked_in
FROM analytics_base.shown_bookings s
JOIN public.tickets t ON t.booking_id = s.id AND t.event_id = s.event_id
JOIN analytics_base.published e ON e.id = s.event_id
WHERE t.cancelled_at IS NULL
    AND (e.event_date AT TIME ZONE 'UTC')::date < (SELECT day FROM analytics_base.today)
GROUP BY s.event_id HAVING count(DISTINCT s.user_id) >= {smallest};

CREATE VIEW analytics.notifications_by_day WITH (security_barrier) AS
SELECT type, month, shown_day AS day, count(DISTINCT user_id) AS persons,
    count(*) AS notifications, count(*) FILTER (WHERE read) AS read,
    count(*) FILTER (WHERE status = 'failed') AS failed
FROM analytics_base.shown_notifications GROUP BY type, month, shown_day;

CREATE VIEW analytics.emails_by_day WITH (security_barrier) AS
SELECT type, month, shown_day AS day, count(DISTINCT user_id) AS persons, count(*) AS emails,
    count(*) FILTER (WHERE status IN ('sent', 'delivered')) AS sent,
    count(*) FILTER (WHERE status IN ('failed', 'bounced')) AS failed,
    sum(send_attempts) AS send_attempts
FROM analytics_base.shown_emails GROUP BY type, month, shown_day;

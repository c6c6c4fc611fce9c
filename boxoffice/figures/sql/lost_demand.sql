-- What became of people who were refused seats: by currency, outcome and reason.
--
-- Parameters: events (ids), start, end, most (seats that a booking can have). A person is a user, or
-- a guest's address, at one event. Of a person, the attempt for the most seats counts, and of those
-- the last one; only attempts after which they neither booked nor joined the waitlist are lost.
WITH refused AS MATERIALIZED (
    SELECT a.id, a.event_id, a.attempted_at AS at, a.quantity, a.failure_reason AS reason, a.user_id,
        coalesce(a.user_id::text, host(a.ip_address), '') COLLATE "C" AS person
    FROM booking_attempts a
    WHERE a.event_id = ANY (%(events)s::uuid[]) AND a.result = 'failed'
        AND a.attempted_at >= %(start)s AND a.attempted_at < %(end)s
        AND a.quantity BETWEEN 1 AND %(most)s
), users AS MATERIALIZED (
    -- Who a person may be: behind an address, every user who tried to book the event from it.
    SELECT DISTINCT event_id, person, user_id FROM refused WHERE user_id IS NOT NULL
    UNION
    SELECT event_id, host(ip_address) COLLATE "C", unnest(ids)
    FROM (
        SELECT a.event_id, a.ip_address, array_agg(DISTINCT a.user_id) AS ids
        FROM booking_attempts a
        WHERE a.event_id = ANY (%(events)s::uuid[]) AND a.attempted_at >= %(start)s
            AND a.ip_address IS NOT NULL
        GROUP BY 1, 2
        -- In one pass: a join would be planned for few rows.
        HAVING bool_or(a.user_id IS NULL AND a.result = 'failed')
            AND bool_or(a.user_id IS NOT NULL)
    ) addresses
), served AS (
    SELECT event_id, person, max(booked_at) AS booked_at, max(joined_at) AS joined_at
    FROM (
        SELECT u.event_id, u.person, b.created_at AS booked_at, NULL::timestamptz AS joined_at
        FROM users u JOIN bookings b ON b.event_id = u.event_id AND b.user_id = u.user_id
        UNION ALL
        -- Whoever still waits is not lost, whenever they tried to book.
        SELECT u.event_id, u.person, NULL,
            CASE WHEN w.status IN ('waiting', 'promoted') THEN 'infinity' ELSE w.joined_at END
        FROM users u JOIN waitlists w ON w.event_id = u.event_id AND w.user_id = u.user_id
    ) both_ways
    GROUP BY 1, 2
), tries AS (
    SELECT r.*, s.booked_at,
        r.at > coalesce(greatest(s.booked_at, s.joined_at), '-infinity') AS is_lost
    FROM refused r LEFT JOIN served s USING (event_id, person)
), people AS (
    SELECT DISTINCT ON (event_id, person) event_id, reason, quantity, at,
        CASE WHEN is_lost THEN 'lost' WHEN booked_at >= at THEN 'booked' ELSE 'joined' END AS outcome
    FROM tries
    ORDER BY event_id, person, is_lost DESC, quantity DESC, at DESC, id DESC
)
SELECT e.currency, p.outcome, p.reason, count(*), sum(p.quantity),
    sum(p.quantity * coalesce(
        (SELECT h.new_price FROM pricing_history h
            WHERE h.event_id = p.event_id AND h.applied_at <= p.at
            ORDER BY h.applied_at DESC, h.id DESC LIMIT 1),
        (SELECT h.old_price FROM pricing_history h
            WHERE h.event_id = p.event_id AND h.applied_at > p.at
            ORDER BY h.applied_at, h.id LIMIT 1),
        e.current_price))
FROM people p JOIN events e ON e.id = p.event_id
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 3, 2, 1

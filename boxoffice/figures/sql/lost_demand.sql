-- What became of people who were refused seats at one event: by day, outcome and reason.
--
-- Parameters: event; start, end (of the attempts that are read), first (the first day that is
-- returned; start is 30 days before it, or more), most (seats that a booking can have).
--
-- A person is a user, or a guest's address. Refusals of a person less than 30 days apart are one
-- case. It counts on the day of the last of them (in UTC), with the attempt for the most seats in the
-- 30 days until then, and of those with the last one; only attempts after which they neither booked
-- nor joined the waitlist are lost. So a day depends on the 30 days before and after it only, and
-- comes out the same while attempts of these are kept.
WITH refused AS MATERIALIZED (
    SELECT a.id, a.attempted_at AS at, a.quantity, a.failure_reason AS reason, a.user_id,
        coalesce(a.user_id::text, host(a.ip_address), '') COLLATE "C" AS person
    FROM booking_attempts a
    WHERE a.event_id = %(event)s AND a.result = 'failed'
        AND a.attempted_at >= %(start)s AND a.attempted_at < %(end)s
        AND a.quantity BETWEEN 1 AND %(most)s
), users AS MATERIALIZED (
    -- Who a person may be: behind an address, every user who tried to book the event from it.
    -- seen: when they did so last.
    SELECT DISTINCT person, user_id, 'infinity'::timestamptz AS seen
    FROM refused WHERE user_id IS NOT NULL
    UNION ALL
    SELECT host(ip_address) COLLATE "C", user_id, seen
    FROM (
        SELECT a.ip_address, a.user_id, max(a.attempted_at) AS seen,
            -- In one pass: a join would be planned for few rows.
            bool_or(bool_or(a.user_id IS NULL AND a.result = 'failed'))
                OVER (PARTITION BY a.ip_address) AS has_guest
        FROM booking_attempts a
        WHERE a.event_id = %(event)s AND a.attempted_at >= %(start)s AND a.ip_address IS NOT NULL
            AND EXISTS (SELECT FROM refused WHERE user_id IS NULL)
        GROUP BY 1, 2
    ) addresses
    WHERE has_guest AND user_id IS NOT NULL
), deeds AS MATERIALIZED (
    SELECT u.person, u.seen, b.created_at AS booked_at, NULL::timestamptz AS joined_at
    FROM users u JOIN bookings b ON b.event_id = %(event)s AND b.user_id = u.user_id
    UNION ALL
    -- People who still wait are not lost, whenever they tried to book.
    SELECT u.person, u.seen, NULL,
        CASE WHEN w.status IN ('waiting', 'promoted') THEN 'infinity' ELSE w.joined_at END
    FROM users u JOIN waitlists w ON w.event_id = %(event)s AND w.user_id = u.user_id
), followed AS (
    SELECT refused.*, lag(at) OVER backwards AS next_at
    FROM refused WINDOW backwards AS (PARTITION BY person ORDER BY at DESC, id DESC)
), cases AS (
    SELECT followed.*,
        -- The nearest refusal from this one on that no other follows soon.
        min(at) FILTER (WHERE next_at IS NULL OR next_at >= at + interval '30 days')
            OVER (PARTITION BY person ORDER BY at DESC, id DESC) AS until
    FROM followed
), tries AS MATERIALIZED (
    SELECT * FROM cases
    WHERE at > until - interval '30 days' AND (until AT TIME ZONE 'UTC')::date >= %(first)s
), served AS (
    SELECT c.person, c.until, max(d.booked_at) AS booked_at, max(d.joined_at) AS joined_at
    FROM (SELECT DISTINCT person, until FROM tries) c
    JOIN deeds d ON d.person = c.person AND d.seen >= c.until - interval '30 days'
    GROUP BY 1, 2
), judged AS (
    SELECT t.*, s.booked_at,
        t.at > coalesce(greatest(s.booked_at, s.joined_at), '-infinity') AS is_lost
    FROM tries t LEFT JOIN served s USING (person, until)
), people AS (
    SELECT DISTINCT ON (person, until) reason, quantity, at, until,
        CASE WHEN is_lost THEN 'lost' WHEN booked_at >= at THEN 'booked' ELSE 'joined' END AS outcome
    FROM judged
    ORDER BY person, until, is_lost DESC, quantity DESC, at DESC, id DESC
), found AS MATERIALIZED (
    SELECT (p.until AT TIME ZONE 'UTC')::date AS day, p.outcome, p.reason,
        count(*)::int AS people, sum(p.quantity)::int AS seats,
        -- At the price of that moment.
        sum(p.quantity * coalesce(
            (SELECT h.new_price FROM pricing_history h
                WHERE h.event_id = e.id AND h.applied_at <= p.at
                ORDER BY h.applied_at DESC, h.id DESC LIMIT 1),
            (SELECT h.old_price FROM pricing_history h
                WHERE h.event_id = e.id AND h.applied_at > p.at
                ORDER BY h.applied_at, h.id LIMIT 1),
            e.current_price)) AS value
    FROM people p JOIN events e ON e.id = %(event)s
    GROUP BY 1, 2, 3
)

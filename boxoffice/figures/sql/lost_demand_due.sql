-- Note which events have something new for lost demand, and when it is to be counted again.
--
-- Parameters: start, end (of the window in which it happened), overlap (how much later a row may be
-- seen than its time says), pause (for each refusal that was read the last time), latest (events
-- that ended before are left alone: their bookings go to the archive).
WITH facts AS (
    SELECT event_id, attempted_at AS at, true AS is_refusal FROM booking_attempts
    WHERE result = 'failed' AND attempted_at >= %(start)s AND attempted_at < %(end)s
    UNION ALL
    SELECT event_id, created_at, false FROM bookings
    WHERE created_at >= %(start)s AND created_at < %(end)s
    UNION ALL
    SELECT event_id, at, false FROM line_events WHERE at >= %(start)s AND at < %(end)s
), touched AS (
    SELECT event_id, max(at) AS at, bool_or(is_refusal) AS has_refusal FROM facts GROUP BY 1
)
INSERT INTO lost_demand_states AS s (event_id, due_at)
SELECT t.event_id, t.at
FROM touched t JOIN events e ON e.id = t.event_id
WHERE coalesce(e.ends_at, e.event_date) > %(latest)s
    -- An event without refusals has no lost demand.
    AND (t.has_refusal OR EXISTS (SELECT FROM lost_demand_states k WHERE k.event_id = t.event_id))
ORDER BY t.event_id
ON CONFLICT (event_id) DO UPDATE SET due_at = least(s.due_at, greatest(
        s.as_of + s.refusals * %(pause)s,
        -- What it has already counted is counted once more, with what was committed late.
        CASE WHEN excluded.due_at < s.as_of THEN excluded.due_at + %(overlap)s
            ELSE excluded.due_at END))
    WHERE s.as_of IS NULL OR excluded.due_at > s.as_of - %(overlap)s

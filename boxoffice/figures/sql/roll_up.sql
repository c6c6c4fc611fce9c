-- The figures of all events in a window, by bucket, and their rows in event_analytics made the same.
--
-- Parameters: start, end; resolution ("minute", "hour", "day"); only (ids of events, or NULL for
-- all in which something happened in its buckets). A day is one of the event's calendar. Whole
-- buckets only: from the one that the start lies in. Each part is summed by itself; levels are
-- running sums over the event's whole past. lowest: not after the first bucket of any event, a bound
-- that the planner knows, unlike `of.first`: by it rows are found by their time. `bucket_of` stands
-- for an expression (buckets.py).
WITH happened AS (
    SELECT event_id FROM bookings WHERE created_at >= %(lowest)s AND created_at < %(end)s
    UNION SELECT event_id FROM bookings WHERE cancelled_at >= %(lowest)s AND cancelled_at < %(end)s
    UNION SELECT event_id FROM booking_attempts
        WHERE attempted_at >= %(lowest)s AND attempted_at < %(end)s
    UNION SELECT event_id FROM line_events WHERE at >= %(lowest)s AND at < %(end)s
    UNION SELECT event_id FROM pricing_history
        WHERE applied_at >= %(lowest)s AND applied_at < %(end)s
    -- Where rows went since, their figures go as well.
    UNION SELECT event_id FROM event_analytics
        WHERE resolution = %(resolution)s AND is_realtime = (%(resolution)s = 'minute')
            AND recorded_at >= %(lowest)s AND recorded_at < %(end)s
), of AS MATERIALIZED (
    SELECT e.id, z.zone, bucket_of(%(start)s::timestamptz, z.zone) AS first
    FROM events e JOIN happened ON happened.event_id = e.id
    CROSS JOIN LATERAL (
        -- Local hours would be one where the clocks are put back.
        SELECT CASE WHEN %(resolution)s = 'day' THEN e.timezone ELSE 'UTC' END
    ) AS z (zone)
    WHERE %(only)s::uuid[] IS NULL OR e.id = ANY (%(only)s::uuid[])
), facts AS (
    SELECT of.id, of.zone, b.created_at AS at, f.metric, f.figure
    FROM of JOIN bookings b
        ON b.event_id = of.id AND b.created_at >= %(lowest)s AND b.created_at >= of.first
        AND b.created_at < %(end)s
    CROSS JOIN LATERAL (
        VALUES ('bookings', 1), ('seats', b.quantity), ('revenue', b.total_amount)
    ) AS f (metric, figure)
    UNION ALL
    SELECT of.id, of.zone, b.cancelled_at, f.metric, f.figure
    FROM of JOIN bookings b
        ON b.event_id = of.id AND b.cancelled_at >= %(lowest)s AND b.cancelled_at >= of.first
        AND b.cancelled_at < %(end)s
    CROSS JOIN LATERAL (
        VALUES ('cancellations', 1), ('seats_returned', b.quantity),
            ('revenue_returned', b.total_amount)
    ) AS f (metric, figure)
    UNION ALL
    SELECT of.id, of.zone, a.attempted_at, f.metric, 1
    FROM of JOIN booking_attempts a
        ON a.event_id = of.id AND a.attempted_at >= %(lowest)s AND a.attempted_at >= of.first
        AND a.attempted_at < %(end)s
    CROSS JOIN LATERAL (VALUES ('attempts'), ('refused:' || a.failure_reason)) AS f (metric)
    WHERE f.metric IS NOT NULL
    UNION ALL
    SELECT of.id, of.zone, l.at, 'joined', 1
    FROM of JOIN line_events l ON l.event_id = of.id AND l.at >= %(lowest)s AND l.at >= of.first
        AND l.at < %(end)s
    WHERE l.kind = 'joined'
    UNION ALL
    SELECT of.id, of.zone, p.promoted_at, 'promotions_made', 1
    FROM of JOIN waitlist_promotions p
        ON p.event_id = of.id AND p.promoted_at >= %(lowest)s AND p.promoted_at >= of.first
        AND p.promoted_at < %(end)s
    UNION ALL
    SELECT of.id, of.zone, p.ended_at, 'promotions_' || p.status, 1
    FROM of JOIN waitlist_promotions p
        ON p.event_id = of.id AND p.ended_at >= %(lowest)s AND p.ended_at >= of.first
        AND p.ended_at < %(end)s
), flows AS (
    SELECT id, metric, bucket_of(at, zone) AS bucket, sum(figure) AS figure
    FROM facts GROUP BY 1, 2, 3
), steps AS (
    -- What moves a level: by how much, and when. Up to the window in one sum.
    SELECT of.id, of.zone, b.created_at AS at, 'booked' AS metric, b.quantity AS step
    FROM of JOIN bookings b ON b.event_id = of.id AND b.created_at < %(end)s
    UNION ALL
    SELECT of.id, of.zone, b.cancelled_at, 'booked', -b.quantity
    FROM of JOIN bookings b ON b.event_id = of.id AND b.cancelled_at < %(end)s
    UNION ALL
    SELECT w.id, w.zone, w.at, s.metric, s.step FROM (
        SELECT of.id, of.zone, l.at,
            waits - coalesce(lag(waits) OVER place, 0) AS entries,
            waits * seats - coalesce(lag(waits * seats) OVER place, 0) AS seats
        FROM of JOIN line_events l ON l.event_id = of.id AND l.at < %(end)s
        -- After these, a place waits, or does not; others change nothing about that.
        JOIN (VALUES ('joined', 1), ('changed', 1), ('offered', 0), ('left', 0), ('used', 0),
            ('declined', 0), ('lapsed', 0)) AS kinds (kind, waits) ON kinds.kind = l.kind
        WINDOW place AS (PARTITION BY l.event_id, l.ref ORDER BY l.seq)
    ) w
    CROSS JOIN LATERAL (
        VALUES ('waiting', w.entries), ('seats_wanted', w.seats)
    ) AS s (metric, step)
    WHERE s.step <> 0
), moved AS (
    SELECT steps.id, steps.metric,
        CASE WHEN steps.at >= of.first
            THEN bucket_of(steps.at, steps.zone) END AS bucket,
        sum(steps.step) AS step
    FROM steps JOIN of USING (id) GROUP BY 1, 2, 3
), levels AS (
    SELECT id, metric, bucket,
        sum(step) OVER (PARTITION BY id, metric ORDER BY bucket NULLS FIRST) AS figure
    FROM moved
), prices AS (
    SELECT DISTINCT ON (of.id, bucket)
        of.id, bucket_of(h.applied_at, of.zone) AS bucket, h.new_price AS figure
    FROM of JOIN pricing_history h
        ON h.event_id = of.id AND h.applied_at >= %(lowest)s AND h.applied_at >= of.first
        AND h.applied_at < %(end)s
    ORDER BY of.id, bucket, h.applied_at DESC, h.id DESC
), found AS (
    SELECT id, metric, bucket, figure FROM flows WHERE figure <> 0
    UNION ALL
    SELECT id, metric, bucket, figure FROM levels WHERE bucket IS NOT NULL
    UNION ALL
    SELECT id, 'price', bucket, figure FROM prices
)

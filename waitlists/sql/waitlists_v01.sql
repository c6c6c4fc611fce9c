-- What the public may know of the waitlists of events: how many wait, with how few seats somebody
-- would do, and how often one was passed over. Events that nobody waits for are left out.
--
-- Passes are counted only where lines.most_passed, which none exceeds, would reserve.
CREATE OR REPLACE FUNCTION evently_waitlists(asked uuid[])
    RETURNS TABLE (event_id uuid, waiting bigint, lowest int, most int, sold int)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.id, w.waiting, l.lowest,
        CASE WHEN e.max_passes IS NULL THEN NULL
        WHEN e.max_passes - line.sold > line.most_passed THEN line.most_passed
        ELSE (
            SELECT max(passed_over - public_sales_before)::int FROM waitlists
            WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
                AND min_quantity <= e.total_capacity)
        END,
        line.sold
    FROM events e
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting FROM waitlists WHERE event_id = e.id AND status = 'waiting') w
    CROSS JOIN LATERAL (
        SELECT (SELECT min_quantity::int FROM waitlists
            WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
            ORDER BY min_quantity LIMIT 1) AS lowest) l
    CROSS JOIN LATERAL (
        SELECT coalesce(max(public_sales), 0)::int AS sold,
            coalesce(max(most_passed), 2147483647)::int AS most_passed
        FROM lines WHERE event_id = e.id) line
    WHERE e.id = ANY (asked) AND w.waiting > 0
$$;

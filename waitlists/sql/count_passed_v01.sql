-- Count an offer as a pass of all confirmed entries before its place (as in evently_rank_from).
--
-- Returns what the offer is judged by: the fewest seats that one of them needs, and the most
-- passes by offers, less public sales before, of those that fit the event at all. Both are NULL where
-- no entry was passed. evently_writes_derived knows the search_path.
CREATE OR REPLACE FUNCTION evently_count_passed(
    e events, score int, since timestamptz, entry uuid, OUT fewest int, OUT passes int
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog, pg_temp AS $$
BEGIN
    -- Two exact parts of the index of the order, as in evently_rank_from.
    WITH higher AS (
        UPDATE waitlists SET passed_over = passed_over + 1
        WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
            AND priority_score > score
        RETURNING min_quantity, passed_over - public_sales_before AS passed
    ), earlier AS (
        UPDATE waitlists SET passed_over = passed_over + 1
        WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
            AND priority_score = score AND (coalesce(ranked_at, joined_at), id) < (since, entry)
        RETURNING min_quantity, passed_over - public_sales_before AS passed)
    SELECT min(min_quantity), max(passed) FILTER (WHERE min_quantity <= e.total_capacity)
        INTO fewest, passes
        FROM (TABLE higher UNION ALL TABLE earlier) all_passed;
END
$$;

REVOKE ALL ON FUNCTION evently_count_passed(events, int, timestamptz, uuid) FROM PUBLIC;

-- Number the waiting entries of an event from a place in its order on; what is before it stays.
--
-- The place: priority_score, ranked_at or joined_at, and id of an entry, which may have left it. No
-- plan may depend on statistics, which could be of a time when the waitlist was short: few entries
-- are found by their ids, and many by the index of the order, once. evently_writes_derived knows the
-- search_path.
CREATE OR REPLACE FUNCTION evently_rank_from(event uuid, score int, since timestamptz, entry uuid)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET jit = off AS $$
DECLARE
    before int;
    entries uuid[];
BEGIN
    PERFORM evently_lock_event(event);
    SELECT position INTO before FROM waitlists
        WHERE event_id = event AND status = 'waiting' AND priority_score = score
            AND (coalesce(ranked_at, joined_at), id) < (since, entry)
        ORDER BY coalesce(ranked_at, joined_at) DESC, id DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT position INTO before FROM waitlists
            WHERE event_id = event AND status = 'waiting' AND priority_score > score
            ORDER BY priority_score, coalesce(ranked_at, joined_at) DESC, id DESC LIMIT 1;
    END IF;
    -- Two scans of exactly their parts of the index, which one condition would not be.
    SELECT array_agg(id ORDER BY priority_score DESC, at, id) INTO entries FROM (
        SELECT id, priority_score, coalesce(ranked_at, joined_at) AS at FROM waitlists
        WHERE event_id = event AND status = 'waiting' AND priority_score = score
            AND (coalesce(ranked_at, joined_at), id) >= (since, entry)
        UNION ALL
        SELECT id, priority_score, coalesce(ranked_at, joined_at) FROM waitlists
        WHERE event_id = event AND status = 'waiting' AND priority_score < score) behind;
    IF cardinality(entries) <= 100 THEN
        -- Without the operator, an index of waiting entries could be read as a whole.
        UPDATE waitlists SET position = coalesce(before, 0) + array_position(entries, id)
            WHERE event_id = event AND id = ANY (entries) AND status || '' = 'waiting'
                AND position IS DISTINCT FROM coalesce(before, 0) + array_position(entries, id);
    ELSE
        UPDATE waitlists w SET position = coalesce(before, 0) + behind.number
            FROM unnest(entries) WITH ORDINALITY AS behind (id, number)
            WHERE w.event_id = event AND w.id = behind.id AND w.status = 'waiting'
                AND w.position IS DISTINCT FROM coalesce(before, 0) + behind.number;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_rank_from(uuid, int, timestamptz, uuid) FROM PUBLIC;

-- Number the waiting entries of changed events from 1 to n: by priority_score descending, then
-- ranked_at or, for entries that no organizer has moved, joined_at, then id. Runs once per statement.
--
-- EXCEPT ALL finds the events whose order may have changed; joining the two transition tables took
-- seconds for ten thousand entries. Nested loops are off, because with outdated statistics they
-- would join a long waitlist to itself row by row.
CREATE OR REPLACE FUNCTION evently_rank_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_nestloop = off AS $$
DECLARE
    event uuid;
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT event_id) INTO touched FROM new_rows WHERE status = 'waiting';
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT event_id) INTO touched FROM old_rows WHERE status = 'waiting';
    ELSE
        SELECT array_agg(DISTINCT event_id) INTO touched FROM (
            (SELECT event_id, id, status = 'waiting', priority_score, ranked_at, joined_at
                FROM new_rows
             EXCEPT ALL
             SELECT event_id, id, status = 'waiting', priority_score, ranked_at, joined_at
                FROM old_rows)
        ) moved;
    END IF;
    FOR event IN SELECT DISTINCT unnest(touched) ORDER BY 1 LOOP
        PERFORM evently_lock_event(event);
        -- Planned each time: a plan kept from when the line was short joins ten thousand rows to
        -- ten thousand, one by one.
        EXECUTE $sql$
            UPDATE waitlists w SET position = ranked.rank
            FROM (
                SELECT id, row_number() OVER (
                    ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id) AS rank
                FROM waitlists WHERE event_id = $1 AND status = 'waiting'
            ) ranked
            WHERE w.id = ranked.id AND w.event_id = $1 AND w.status = 'waiting'
                AND w.position IS DISTINCT FROM ranked.rank
        $sql$ USING event;
    END LOOP;
    RETURN NULL;
END
$$;

-- Number the waiting entries of changed events from 1 to n: by priority_score descending, then
-- ranked_at or, for entries that no organizer has moved, joined_at, then id. Runs once per statement.
--
-- Numbers from the first place on that an entry took or left; those before it are right already.
-- Places that an entry had and still has are in both transition tables, and so cancel out. (A join
-- of the two takes seconds for ten thousand entries, with a plan kept from a statement of one.)
CREATE OR REPLACE FUNCTION evently_rank_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR place IN
            SELECT DISTINCT ON (event_id)
                event_id, priority_score, coalesce(ranked_at, joined_at) AS at, id
            FROM new_rows WHERE status = 'waiting'
            ORDER BY event_id, priority_score DESC, at, id
        LOOP
            PERFORM evently_rank_from(place.event_id, place.priority_score, place.at, place.id);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR place IN
            SELECT DISTINCT ON (event_id)
                event_id, priority_score, coalesce(ranked_at, joined_at) AS at, id
            FROM old_rows WHERE status = 'waiting'
            ORDER BY event_id, priority_score DESC, at, id
        LOOP
            PERFORM evently_rank_from(place.event_id, place.priority_score, place.at, place.id);
        END LOOP;
    ELSE
        FOR place IN
            SELECT DISTINCT ON (event_id) event_id, priority_score, at, id FROM (
                SELECT event_id, priority_score, coalesce(ranked_at, joined_at) AS at, id
                FROM old_rows WHERE status = 'waiting'
                UNION ALL
                SELECT event_id, priority_score, coalesce(ranked_at, joined_at), id
                FROM new_rows WHERE status = 'waiting') both_tables
            GROUP BY event_id, priority_score, at, id HAVING count(*) = 1
            ORDER BY event_id, priority_score DESC, at, id
        LOOP
            PERFORM evently_rank_from(place.event_id, place.priority_score, place.at, place.id);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

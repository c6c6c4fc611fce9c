-- The records of one entry's change; none where it is not the public's. was, became: NULL where the
-- entry was inserted or deleted. new_position: NULL where several changed at once.
CREATE OR REPLACE FUNCTION evently_records_of_change(
    was waitlists, became waitlists, new_position int
) RETURNS SETOF line_events LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    blank line_events;
    entry line_events;
    waited boolean := coalesce(was.status = 'waiting', false);
    waits boolean := coalesce(became.status = 'waiting', false);
BEGIN
    blank.event_id := coalesce(became.event_id, was.event_id);
    blank.ref := coalesce(became.ref, was.ref);
    IF waited AND NOT waits AND became.status IS DISTINCT FROM 'promoted' THEN
        entry := blank;
        entry.kind := 'left';
        entry.reason := CASE WHEN became.status = 'expired' THEN 'closed' END;
        RETURN NEXT entry;
    END IF;
    IF NOT waits THEN
        RETURN;
    END IF;
    IF waited AND was.confirmed_at IS NULL AND became.confirmed_at IS NOT NULL THEN
        entry := blank;
        entry.kind := 'confirmed';
        RETURN NEXT entry;
    END IF;
    entry := blank;
    entry.score := became.priority_score;
    entry.rank := coalesce(became.ranked_at, became.joined_at);
    entry.position := new_position;
    IF waited AND (was.priority_score, was.ranked_at)
        IS DISTINCT FROM (became.priority_score, became.ranked_at)
    THEN
        entry.kind := 'override';
        entry.reason := became.priority_reason;
        RETURN NEXT entry;
        entry.reason := NULL;
    END IF;
    entry.seats := became.quantity;
    entry.least := became.min_quantity;
    IF was.status IS NULL OR was.status NOT IN ('waiting', 'promoted') THEN
        entry.kind := 'joined';
        entry.confirmed := became.confirmed_at IS NOT NULL;
        entry.reason := nullif(became.priority_reason, '');
        RETURN NEXT entry;
    ELSIF was.status = 'promoted'
        OR (was.quantity, was.min_quantity) <> (became.quantity, became.min_quantity)
    THEN
        entry.kind := 'changed';
        RETURN NEXT entry;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_records_of_change(waitlists, waitlists, int) FROM PUBLIC;

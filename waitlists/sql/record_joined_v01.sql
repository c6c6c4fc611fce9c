-- Record that an entry joined its line. carried_over: one of several, so that its position is not
-- the one in a line of those that were recorded so far.
CREATE OR REPLACE FUNCTION evently_record_joined(
    joined waitlists, carried_over boolean
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
BEGIN
    entry.event_id := joined.event_id;
    entry.kind := 'joined';
    entry.ref := joined.ref;
    entry.seats := joined.quantity;
    entry.least := joined.min_quantity;
    entry.score := joined.priority_score;
    entry.rank := coalesce(joined.ranked_at, joined.joined_at);
    entry.confirmed := joined.confirmed_at IS NOT NULL;
    entry.position := CASE WHEN NOT carried_over THEN joined.position END;
    entry.reason := nullif(joined.priority_reason, '');
    PERFORM evently_record(entry);
END
$$;

REVOKE ALL ON FUNCTION evently_record_joined(waitlists, boolean) FROM PUBLIC;

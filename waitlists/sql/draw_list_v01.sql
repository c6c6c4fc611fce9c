-- The pseudonyms, sorted, of those who take part in a draw: they wait, and by the public record they
-- joined and were confirmed before it closed. One mailbox has one confirmed place
-- (unq_mailbox_event_waitlist), and so one lot.
CREATE OR REPLACE FUNCTION evently_draw_list(event uuid, closes_at timestamptz) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(w.ref ORDER BY w.ref COLLATE "C"), '{}') FROM waitlists w
    WHERE w.event_id = event AND w.status = 'waiting' AND w.confirmed_at IS NOT NULL
        AND EXISTS (SELECT FROM line_events r
            WHERE r.event_id = event AND r.ref = w.ref AND r.at < closes_at
                AND (r.kind = 'confirmed' OR r.kind = 'joined' AND r.confirmed))
$$;

REVOKE ALL ON FUNCTION evently_draw_list(uuid, timestamptz) FROM PUBLIC;

-- Move the waitlist of an event that ended over six months ago to waitlists_archive, with all offers;
-- return how many entries. All of one event, or none.
--
-- The public record of the waitlist (lines, line_events) stays as it is: it must be closed. What the
-- person entered for the time that they waited, reasons, and the pseudonym that leads from them to the
-- public record are left behind.
CREATE OR REPLACE FUNCTION evently_archive_waitlist(event uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    archived events;
    ended timestamptz;
    moved integer;
    offered integer;
BEGIN
    SELECT * INTO archived FROM events WHERE id = event FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    ended := coalesce(archived.ends_at, archived.event_date);
    IF archived.status = 'active' OR ended > evently_clock() - interval '6 months' THEN
        RAISE EXCEPTION 'event % has not been over for six months', event
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_archive_early';
    END IF;
    IF EXISTS (SELECT FROM lines WHERE event_id = event AND is_open) OR EXISTS (
        SELECT FROM waitlists WHERE event_id = event AND status IN ('waiting', 'promoted'))
    THEN
        RAISE EXCEPTION 'the waitlist of event % is still open', event
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_archive_open';
    END IF;
    PERFORM evently_retire('archive');
    INSERT INTO waitlists_archive
        (id, user_id, event_id, status, quantity, joined_at, ended_at, archived_at, record, offers)
    SELECT w.id, w.user_id, w.event_id, w.status, w.quantity, w.joined_at, ended, evently_clock(),
        jsonb_strip_nulls(to_jsonb(w) - '{id,user_id,event_id,organizer_id,status,quantity,joined_at,ref,mailbox,
            timezone,notify_prefs,priority_reason,position}'::text[]),
        coalesce(p.offers, '[]')
    FROM waitlists w
    LEFT JOIN (SELECT waitlist_id, jsonb_agg(jsonb_strip_nulls(to_jsonb(waitlist_promotions)
            - '{event_id,organizer_id,user_id,waitlist_id,organizer_reason,ref}'::text[]) ORDER BY id) AS offers
        FROM waitlist_promotions WHERE event_id = event GROUP BY waitlist_id) p
        ON p.waitlist_id = w.id
    WHERE w.event_id = event;
    GET DIAGNOSTICS moved = ROW_COUNT;
    DELETE FROM waitlist_promotions WHERE event_id = event;
    GET DIAGNOSTICS offered = ROW_COUNT;
    DELETE FROM waitlists WHERE event_id = event;
    IF moved > 0 THEN
        PERFORM evently_log_retired('events', event, event, 'archived',
            jsonb_build_object('waitlist_entries', moved, 'offers', offered));
    END IF;
    PERFORM evently_retire(NULL);
    RETURN moved;
END
$$;

COMMENT ON FUNCTION evently_archive_waitlist(uuid) IS
    'Moves the waitlist of an event that ended over six months ago; returns how many entries.';

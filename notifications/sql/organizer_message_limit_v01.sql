-- Refuse more messages to the attendees of an event than so many a day, by the event's calendar: of
-- those that are scheduled for the day, or were begun on it. The lock makes requests that are made at
-- the same time wait for each other. One that was scheduled has its place already.
CREATE OR REPLACE FUNCTION evently_organizer_message_limit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    zone text;
    most integer;
    used bigint;
    clock timestamptz := evently_clock();
    at timestamptz := coalesce(NEW.started_at, greatest(NEW.send_at, clock));
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('organizer_messages:' || NEW.event_id, 0));
    SELECT timezone INTO zone FROM events WHERE id = NEW.event_id;
    SELECT per_day INTO most FROM secrets.organizer_messages;
    SELECT count(*) INTO used FROM organizer_messages
        WHERE event_id = NEW.event_id AND id <> NEW.id AND state <> 'draft'
            AND (coalesce(started_at, greatest(send_at, clock)) AT TIME ZONE zone)::date
                = (at AT TIME ZONE zone)::date;
    IF used >= most THEN
        RAISE EXCEPTION 'event % has had its messages of the day', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_organizer_message_limit';
    END IF;
    RETURN NEW;
END
$$;

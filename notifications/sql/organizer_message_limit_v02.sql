-- Refuse more messages to the attendees of an event than so many a day, by the event's calendar: of
-- those that are scheduled for the day, or were begun on it. The lock makes requests that are made at
-- the same time wait for each other. One that was scheduled has its place already. And more than twice
-- as many within 22 hours, as no day is shorter: an event that is moved to another time zone has another
-- calendar, and with it another midnight.
CREATE OR REPLACE FUNCTION evently_organizer_message_limit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    zone text;
    most integer;
    used bigint;
    lately bigint;
    clock timestamptz := evently_clock();
    new_at timestamptz := coalesce(NEW.started_at, greatest(NEW.send_at, clock));
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('organizer_messages:' || NEW.event_id, 0));
    SELECT timezone INTO zone FROM events WHERE id = NEW.event_id;
    SELECT per_day INTO most FROM secrets.organizer_messages;
    SELECT
            count(*) FILTER (
                WHERE (other.at AT TIME ZONE zone)::date = (new_at AT TIME ZONE zone)::date),
            count(*) FILTER (WHERE other.at > new_at - interval '22 hours' AND other.at <= new_at)
        INTO used, lately FROM (
            SELECT coalesce(started_at, greatest(send_at, clock)) AS at FROM organizer_messages
            WHERE event_id = NEW.event_id AND id <> NEW.id AND state <> 'draft') other;
    IF used >= most OR lately >= 2 * most THEN
        RAISE EXCEPTION 'event % has had its messages of the day', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_organizer_message_limit';
    END IF;
    RETURN NEW;
END
$$;

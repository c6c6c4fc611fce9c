-- Refuse to send an email again too often: the same one four times within an hour; six that had
-- arrived within an hour, or eleven within a day, to one person about one event. The lock makes
-- requests that are made at the same time wait for each other.
CREATE OR REPLACE FUNCTION evently_email_resends() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    same bigint;
    last_hour bigint := 0;
    last_day bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('email_resends:' || NEW.user_id, 0));
    NEW.created_at := evently_clock();
    SELECT count(*) INTO same FROM email_resends
        WHERE delivery_id = NEW.delivery_id AND created_at > NEW.created_at - interval '1 hour';
    IF NEW.notification_id IS NOT NULL THEN
        SELECT count(*) FILTER (WHERE created_at > NEW.created_at - interval '1 hour'), count(*)
            INTO last_hour, last_day FROM email_resends
            WHERE user_id = NEW.user_id AND event_id IS NOT DISTINCT FROM NEW.event_id
                AND notification_id IS NOT NULL
                AND created_at > NEW.created_at - interval '1 day';
    END IF;
    IF same >= 3 OR last_hour >= 5 OR last_day >= 10 THEN
        RAISE EXCEPTION 'this email was sent again too often'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_email_resends';
    END IF;
    RETURN NEW;
END
$$;

-- Refuse the sixth email within an hour, and the 21st within a day, to a mailbox that nobody has
-- confirmed. The lock makes emails that are sent at the same time wait for each other.
CREATE OR REPLACE FUNCTION evently_unconfirmed_limit() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    last_hour bigint;
    last_day bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.mailbox_digest, 0));
    NEW.sent_at := evently_clock();
    SELECT count(*) FILTER (WHERE sent_at > NEW.sent_at - interval '1 hour'), count(*)
        INTO last_hour, last_day FROM unconfirmed_emails
        WHERE mailbox_digest = NEW.mailbox_digest AND id <> NEW.id
            AND sent_at > NEW.sent_at - interval '1 day';
    IF last_hour >= 5 OR last_day >= 20 THEN
        RAISE EXCEPTION 'too many emails to an unconfirmed address'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_unconfirmed_emails';
    END IF;
    RETURN NEW;
END
$$;

-- Refuse that people release an address of theirs more than once a day, or three times in thirty days,
-- after the same reason: each release sends emails to a mailbox that has refused them. The lock makes
-- releases at the same time wait for each other.
CREATE OR REPLACE FUNCTION evently_suppression_released() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last_day bigint;
    last_month bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('suppressions:' || NEW.address_digest, 0));
    NEW.released_at := evently_clock();
    SELECT count(*) FILTER (WHERE released_at > NEW.released_at - interval '1 day'), count(*)
        INTO last_day, last_month FROM suppressions
        WHERE address_digest = NEW.address_digest AND reason = NEW.reason AND release = 'person'
            AND released_at > NEW.released_at - interval '30 days';
    IF last_day >= 1 OR last_month >= 3 THEN
        RAISE EXCEPTION 'this address was released too often'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_suppression_released';
    END IF;
    RETURN NEW;
END
$$;

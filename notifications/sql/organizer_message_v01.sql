-- Guard messages to attendees: they begin as drafts, go through their states in order, and once
-- sending has begun, what they say and to whom stays. Its author may be forgotten, with the text.
CREATE OR REPLACE FUNCTION evently_organizer_message() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    is_same boolean;
    is_forgotten boolean := false;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR (NEW.recipients, NEW.told, NEW.withdrawn) <> (0, 0, 0)
            OR NEW.told_until IS NOT NULL
        THEN
            RAISE EXCEPTION 'a message to attendees begins as a draft'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_organizer_message';
        END IF;
        NEW.version := 1;
        NEW.created_at := evently_clock();
        NEW.updated_at := NEW.created_at;
        RETURN NEW;
    END IF;
    is_same := (NEW.subject, NEW.body, NEW.audience, NEW.booking_ids)
        IS NOT DISTINCT FROM (OLD.subject, OLD.body, OLD.audience, OLD.booking_ids);
    IF NOT is_same AND (NEW.subject, NEW.body) = ('(erased)', '(erased)') THEN
        is_forgotten := (NEW.audience, NEW.booking_ids, NEW.state)
                IS NOT DISTINCT FROM (OLD.audience, OLD.booking_ids, OLD.state)
            AND EXISTS (
                SELECT FROM users WHERE id = OLD.by_id
                    AND (deletion_started_at IS NOT NULL OR deleted_at IS NOT NULL));
    END IF;
    IF (NEW.id, NEW.event_id, NEW.created_at)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.created_at)
        OR NEW.by_id IS DISTINCT FROM OLD.by_id AND NEW.by_id IS NOT NULL
        OR NOT is_same AND NOT is_forgotten
            AND (OLD.state NOT IN ('draft', 'scheduled') OR NEW.state <> 'draft')
        OR OLD.state = NEW.state AND NEW.send_at IS DISTINCT FROM OLD.send_at
        OR OLD.started_at IS NOT NULL
            AND (NEW.started_at, NEW.send_at, NEW.recipients)
                IS DISTINCT FROM (OLD.started_at, OLD.send_at, OLD.recipients)
        OR OLD.ended_at IS NOT NULL AND NEW.state = OLD.state
            AND (NEW.ended_at, NEW.told) IS DISTINCT FROM (OLD.ended_at, OLD.told)
        OR NEW.told < OLD.told
        OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
            ('draft', 'scheduled'), ('draft', 'sending'), ('scheduled', 'draft'),
            ('scheduled', 'sending'), ('sending', 'sent'), ('sending', 'stopped'),
            ('sent', 'stopped'))
    THEN
        RAISE EXCEPTION 'message % to attendees cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_organizer_message';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NEW.state = 'sending' THEN
            NEW.started_at := evently_clock();
        ELSIF NEW.state IN ('sent', 'stopped') THEN
            NEW.ended_at := evently_clock();
        END IF;
    END IF;
    NEW.version := OLD.version;
    IF NOT is_same OR NEW.send_at IS DISTINCT FROM OLD.send_at OR NEW.state <> OLD.state THEN
        NEW.version := OLD.version + 1;
    END IF;
    NEW.updated_at := evently_clock();
    RETURN NEW;
END
$$;

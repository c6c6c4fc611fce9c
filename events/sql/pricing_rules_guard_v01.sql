-- Keep a price rule with its event, and count the edits of it: what the price history names.
--
-- The next rise that is announced (next_price, next_at_taken) is found by the sweep, and is no edit;
-- an edit makes it void, as does anything that stops the rule, and a new rule has none.
CREATE OR REPLACE FUNCTION evently_pricing_rules_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    derived text[] := ARRAY['version', 'updated_at', 'next_price', 'next_at_taken', 'organizer_id'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF evently_by_trigger(TG_RELID) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a price rule is kept with its event; switch it off'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_pricing_rule_kept';
    END IF;
    IF NOT NEW.enabled THEN
        NEW.suspended_at := NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.version := 1;
        NEW.created_at := evently_clock();
        NEW.updated_at := NEW.created_at;
        NEW.next_price := NULL;
        NEW.next_at_taken := NULL;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.event_id <> OLD.event_id THEN
        RAISE EXCEPTION 'a price rule stays with its event'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_pricing_rule_kept';
    END IF;
    NEW.version := OLD.version;
    NEW.updated_at := OLD.updated_at;
    NEW.created_at := OLD.created_at;
    IF to_jsonb(NEW) - derived IS DISTINCT FROM to_jsonb(OLD) - derived THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := evently_clock();
        NEW.next_price := NULL;
        NEW.next_at_taken := NULL;
    END IF;
    RETURN NEW;
END
$$;

-- Suspend the rule of an event whose price was changed by anything else, until it is resumed.
CREATE OR REPLACE FUNCTION evently_events_price_suspended() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE pricing_rules SET suspended_at = evently_clock()
    WHERE event_id = NEW.id AND enabled AND suspended_at IS NULL;
    RETURN NULL;
END
$$;

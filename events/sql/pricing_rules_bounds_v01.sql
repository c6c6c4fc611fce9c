-- Bear the bounds of an active price rule on its event, where everybody sees them.
CREATE OR REPLACE FUNCTION evently_pricing_rules_bounds() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    is_active boolean := NEW.enabled AND NEW.suspended_at IS NULL;
    lowest numeric := CASE WHEN is_active THEN NEW.floor END;
    highest numeric := CASE WHEN is_active THEN NEW.ceiling END;
BEGIN
    UPDATE events SET price_floor = lowest, price_ceiling = highest
    WHERE id = NEW.event_id
        AND (price_floor, price_ceiling) IS DISTINCT FROM (lowest, highest);
    RETURN NULL;
END
$$;

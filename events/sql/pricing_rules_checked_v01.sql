-- Refuse an active price rule that does not fit its event: amounts that cannot be paid in its
-- currency, or a price outside the bounds, which are what attendees are told.
CREATE OR REPLACE FUNCTION evently_pricing_rules_checked() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event record;
BEGIN
    -- Locked, so that neither price nor currency changes before the bounds are on the event.
    SELECT currency, current_price INTO event FROM events WHERE id = NEW.event_id
        FOR NO KEY UPDATE;
    IF NOT (evently_fits_currency(NEW.floor, event.currency)
        AND evently_fits_currency(NEW.ceiling, event.currency)
        AND evently_fits_currency(NEW.rounding_unit, event.currency)
        AND evently_fits_currency(NEW.rounding_ending, event.currency)
        AND (NEW.step_kind = 'percent' OR evently_fits_currency(NEW.max_step, event.currency)))
    THEN
        RAISE EXCEPTION 'the amounts of a price rule cannot be paid in %', event.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_pricing_rule_money';
    END IF;
    IF event.current_price NOT BETWEEN NEW.floor AND NEW.ceiling THEN
        RAISE EXCEPTION 'the price of % is not between % and %',
                event.current_price, NEW.floor, NEW.ceiling
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_pricing_rule_price';
    END IF;
    RETURN NEW;
END
$$;

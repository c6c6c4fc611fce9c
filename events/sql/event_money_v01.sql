-- Refuse a new price or currency of an event that is not of ISO 4217, or has too many decimals. What
-- an event had before stays, so that it can still be sold, changed and cancelled.
CREATE OR REPLACE FUNCTION evently_event_money() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_new boolean := TG_OP = 'INSERT';
BEGIN
    IF NOT is_new THEN
        is_new := NEW.currency <> OLD.currency;
    END IF;
    IF is_new AND evently_currency_exponent(NEW.currency) IS NULL
        OR (is_new OR NEW.base_price <> OLD.base_price)
            AND NOT evently_fits_currency(NEW.base_price, NEW.currency)
        OR (is_new OR NEW.current_price <> OLD.current_price)
            AND NEW.current_price IS NOT NULL
            AND NOT evently_fits_currency(NEW.current_price, NEW.currency)
    THEN
        RAISE EXCEPTION 'event % cannot cost % or % in %',
                NEW.id, NEW.base_price, NEW.current_price, NEW.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_event_money';
    END IF;
    RETURN NEW;
END
$$;

-- Write a row of price history for each change of an event's current price, with the bounds within
-- which a rule moves it from then on; and a row of price_bounds for each change of these bounds. A
-- statement that changes both leaves rows of the same time.
--
-- applied_by is what the transaction claims; only with the application's signature is it certain
-- (audit_signed), so the database role is kept beside it.
CREATE OR REPLACE FUNCTION evently_record_price() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at timestamptz := evently_clock();
BEGIN
    IF NEW.current_price IS DISTINCT FROM OLD.current_price THEN
        INSERT INTO pricing_history
            (event_id, organizer_id, old_price, new_price, price_floor, price_ceiling, reason,
                applied_by, applied_at, signed, db_role)
        VALUES (
            NEW.id, NEW.created_by_id, OLD.current_price, NEW.current_price,
            NEW.price_floor, NEW.price_ceiling,
            coalesce(
                nullif(current_setting('evently.price_reason', true), ''),
                CASE WHEN NEW.base_price IS DISTINCT FROM OLD.base_price
                    THEN 'base price changed' ELSE 'set by hand' END),
            coalesce(
                nullif(current_setting('evently.price_rule', true), ''),
                nullif(current_setting('evently.actor', true), ''),
                session_user),
            at, audit_signed(), session_user
        );
    END IF;
    IF (NEW.price_floor, NEW.price_ceiling) IS DISTINCT FROM (OLD.price_floor, OLD.price_ceiling) THEN
        INSERT INTO price_bounds (event_id, organizer_id, floor, ceiling, applied_at)
        VALUES (NEW.id, NEW.created_by_id, NEW.price_floor, NEW.price_ceiling, at);
    END IF;
    RETURN NULL;
END
$$;

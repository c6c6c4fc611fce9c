-- Write a row of price history for each change of an event's current price.
--
-- applied_by is what the transaction claims; only with the application's signature is it certain
-- (audit_signed), so the database role is kept beside it.
CREATE OR REPLACE FUNCTION evently_record_price() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO pricing_history
        (event_id, organizer_id, old_price, new_price, reason, applied_by, signed, db_role)
    VALUES (
        NEW.id, NEW.created_by_id, OLD.current_price, NEW.current_price,
        coalesce(
            nullif(current_setting('evently.price_reason', true), ''),
            CASE WHEN NEW.base_price IS DISTINCT FROM OLD.base_price
                THEN 'base price changed' ELSE 'set by hand' END),
        coalesce(
            nullif(current_setting('evently.price_rule', true), ''),
            nullif(current_setting('evently.actor', true), ''),
            session_user),
        audit_signed(), session_user
    );
    RETURN NULL;
END
$$;

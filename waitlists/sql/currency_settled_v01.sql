-- Refuse a new currency once prices were shown in the old one: 20 EUR must not become 20 KWD.
CREATE OR REPLACE FUNCTION evently_currency_settled() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.published_at IS NOT NULL
        OR EXISTS (SELECT FROM bookings WHERE event_id = OLD.id)
        OR EXISTS (SELECT FROM waitlists WHERE event_id = OLD.id)
    THEN
        RAISE EXCEPTION 'event % has told its prices in %', OLD.id, OLD.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_currency_settled';
    END IF;
    RETURN NEW;
END
$$;

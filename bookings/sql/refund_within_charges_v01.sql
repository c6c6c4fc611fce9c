-- Refuse refunds above the charges of a booking. The booking's row is the lock of its accounts.
CREATE OR REPLACE FUNCTION evently_refund_within_charges() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    balance numeric;
    payment record;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.booking_id, NEW.event_id) <> (OLD.booking_id, OLD.event_id) THEN
        RAISE EXCEPTION 'payment % belongs to booking %', OLD.id, OLD.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_refund_within_charges';
    END IF;
    IF TG_OP = 'DELETE' THEN payment := OLD; ELSE payment := NEW; END IF;
    PERFORM 1 FROM bookings WHERE id = payment.booking_id AND event_id = payment.event_id
        FOR NO KEY UPDATE;
    IF NOT FOUND AND TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'event % has no booking %', payment.event_id, payment.booking_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_payments_booking';
    END IF;
    SELECT coalesce(sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END), 0) INTO balance
    FROM payments
    WHERE booking_id = payment.booking_id AND event_id = payment.event_id
        AND (status = 'succeeded' OR (kind = 'refund' AND status = 'open'));
    IF balance < 0 THEN
        RAISE EXCEPTION 'refunds of booking % would exceed its charges', payment.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_refund_within_charges';
    END IF;
    RETURN NULL;
END
$$;

-- Write a confirmed booking with all that belongs to it; triggers take its seats and refuse.
--
-- context: who acts (audit_set_context), where this is a transaction of its own; otherwise NULL, as
-- the caller has set it. claim: an idempotency key of the user with method, path and digest of the
-- request, or NULL; answer: what a repeated request gets. In it, the booking's reference replaces
-- stand_in. known_seats: how many seats of the event the user was shown to have, or NULL.
-- price_has_risen: the price is above the one that was shown, which is of interest only where there
-- are seats to book.
-- Returns the booking's reference, or NULL where the key was claimed before.
CREATE OR REPLACE FUNCTION evently_book(
    context text[], claim text[], answer_status int, answer text, stand_in text,
    booking uuid, event uuid, person uuid, seats int, price numeric, made_at timestamptz,
    quote uuid, quote_seats int, mailbox_digest text, terms text,
    known_seats int, price_has_risen boolean, ip inet, agent text
) RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    reference text;
    others bigint;
BEGIN
    IF context IS NOT NULL THEN
        PERFORM audit_set_context(context);
    END IF;
    IF claim IS NOT NULL AND NOT evently_claim_key(
        person, claim[1], claim[2], claim[3], claim[4])
    THEN
        RETURN NULL;
    END IF;
    INSERT INTO bookings (id, event_id, user_id, quantity, unit_price, total_amount, status,
        created_at, updated_at, quote_id, quote_quantity, mailbox, unanswered_policy)
    VALUES (booking, event, person, seats, price, price * seats, 'confirmed',
        made_at, made_at, quote, quote_seats, mailbox_digest, terms)
    RETURNING booking_reference INTO reference;
    -- The event's row is locked by now, so that of two forms only one books.
    IF known_seats IS NOT NULL THEN
        SELECT coalesce(sum(quantity), 0) INTO others FROM bookings
        WHERE user_id = person AND event_id = event AND id <> booking
            AND status IN ('pending', 'confirmed');
        IF others > known_seats THEN
            PERFORM evently_refuse(event, 'already_booked');
        END IF;
    END IF;
    IF price_has_risen THEN
        PERFORM evently_refuse(event, 'price_changed');
    END IF;
    INSERT INTO booking_attempts
        (event_id, user_id, booking_id, quantity, result, ip_address, user_agent)
    VALUES (event, person, booking, seats, 'success', ip, agent);
    IF claim IS NOT NULL THEN
        PERFORM evently_store_answer(person, claim[1], answer_status,
            replace(answer, stand_in, reference)::jsonb);
    END IF;
    RETURN reference;
END
$$;

-- Refuse an attempt to book more seats than an event has left, and log it, in a transaction of its
-- own: before a booking is tried, and without waiting for the event's lock.
--
-- claim: as of evently_book; a refusal uses up no key. codes: what the log says, by the name of the
-- rule that refuses.
-- Returns that name, or NULL where evently_book has to say: seats are left, or the key was claimed
-- before.
CREATE OR REPLACE FUNCTION evently_refuse_sold_out(
    context text[], claim text[], codes jsonb,
    event uuid, person uuid, seats int, mailbox_digest text, ip inet, agent text
) RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found events;
    reason text;
BEGIN
    IF claim IS NOT NULL THEN
        IF NOT evently_claim_key(person, claim[1], claim[2], claim[3], claim[4]) THEN
            RETURN NULL;
        END IF;
        PERFORM evently_release_key(person, claim[1]);
    END IF;
    -- After the claim, which may have waited.
    SELECT * INTO found FROM events WHERE id = event;
    IF found.available_seats < seats THEN
        reason := coalesce(
            evently_sale_refusal(found, seats, person, mailbox_digest, seats),
            'trg_seats_available');
        PERFORM evently_log_refusal(context, event, person, seats, codes ->> reason, ip, agent);
    END IF;
    RETURN reason;
END
$$;

-- What an operation of Evently writes, as one call each and nothing else: the same rows in the same
-- tables, with all triggers and constraints. The limit of what the operation can cost.
--
-- Emails that these rows would cause are put off for a hundred years: they would be counted to
-- whatever is measured next.
CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;

-- Says who acts, signed as `evently.audit.signing` does: unsigned transactions are logged at length.
-- The owner's function, since only the owner reads the key.
CREATE FUNCTION bench.sign(person uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    issued text := extract(epoch FROM clock_timestamp())::bigint::text;
    act text := evently_uuid7()::text;
    message bytea := convert_to(concat_ws(chr(31), pg_backend_pid(), issued, person, 'api', 'bench',
        act, '', '', '', nullif(current_setting('evently.session', true), '')), 'UTF8');
BEGIN
    PERFORM set_config('evently.actor', person::text, true), set_config('evently.via', 'api', true),
        set_config('evently.request_id', 'bench', true), set_config('evently.act', act, true),
        set_config('evently.cause', '', true), set_config('evently.price_rule', '', true),
        set_config('evently.price_reason', '', true),
        set_config('evently.signature', issued || '.'
            || encode(sha256(outer_pad || sha256(inner_pad || message)), 'hex'), true)
    FROM secrets.audit_keys LIMIT 1;
END $$;

CREATE FUNCTION bench.notify(person uuid, event uuid, kind text, about text, said text, facts jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    message uuid := evently_uuid7();
BEGIN
    INSERT INTO message_keys (user_id, key, notification_id)
        VALUES (person, kind || ':' || about, message) ON CONFLICT (user_id, key) DO NOTHING;
    INSERT INTO notifications (id, user_id, event_id, type, message, data, next_attempt_at)
        VALUES (message, person, event, kind, said, facts,
            evently_clock() + interval '100 years');
END $$;

CREATE FUNCTION bench.book_bare(event uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    booked record;
    price numeric;
BEGIN
    PERFORM bench.sign(person);
    SELECT current_price INTO price FROM events WHERE id = event;
    INSERT INTO bookings (event_id, user_id, quantity, unit_price, total_amount)
        VALUES (event, person, 1, price, price) RETURNING id, booking_reference INTO booked;
    INSERT INTO booking_attempts (event_id, user_id, booking_id, quantity, result, ip_address,
            user_agent)
        VALUES (event, person, booked.id, 1, 'success', '127.0.0.1', 'bench');
    PERFORM bench.notify(person, event, 'booking_confirm', booked.id::text,
        'You have booked 1 seat for an event, with the reference ' || booked.booking_reference,
        jsonb_build_object('booking', booked.id, 'reference', booked.booking_reference));
    RETURN booked.id;
END $$;

CREATE FUNCTION bench.refuse_bare(event uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    attempt uuid;
BEGIN
    PERFORM bench.sign(person);
    INSERT INTO booking_attempts (event_id, user_id, quantity, result, failure_reason, ip_address,
            user_agent)
        VALUES (event, person, 1, 'failed', 'sold_out', '127.0.0.1', 'bench')
        RETURNING id INTO attempt;
    RETURN attempt;
END $$;

CREATE FUNCTION bench.join_bare(event uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    entry uuid;
BEGIN
    PERFORM bench.sign(person);
    INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)
        VALUES (event, person, 1, 1, evently_clock()) RETURNING id INTO entry;
    PERFORM bench.notify(person, event, 'waitlist_join', entry::text,
        'You asked for 1 seat and are on the waitlist for an event.',
        jsonb_build_object('entry', entry));
    RETURN entry;
END $$;

CREATE FUNCTION bench.leave_bare(entry uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    event uuid := (SELECT event_id FROM waitlists WHERE id = entry);
BEGIN
    PERFORM bench.sign(person);
    PERFORM FROM events WHERE id = event FOR NO KEY UPDATE;
    UPDATE waitlists SET status = 'left' WHERE id = entry AND event_id = event;
    RETURN entry;
END $$;

CREATE FUNCTION bench.cancel_bare(booking uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    event uuid := (SELECT event_id FROM bookings WHERE id = booking);
    reference text;
BEGIN
    PERFORM bench.sign(person);
    PERFORM FROM events WHERE id = event FOR NO KEY UPDATE;
    UPDATE bookings
        SET status = 'cancelled', cancelled_by = 'attendee', cancel_reason = 'attendee'
        WHERE id = booking AND event_id = event RETURNING booking_reference INTO reference;
    PERFORM bench.notify(person, event, 'cancellation', booking::text,
        'You have cancelled 1 seat for an event (' || reference || ').',
        jsonb_build_object('booking', booking, 'reference', reference, 'by', 'attendee'));
    RETURN event;
END $$;

CREATE FUNCTION bench.offer_bare(booking uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    event uuid := bench.cancel_bare(booking, person);
    entry record;
    offer uuid;
BEGIN
    SELECT * INTO entry FROM waitlists WHERE event_id = event AND status = 'waiting'
        ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id LIMIT 1;
    UPDATE waitlists SET status = 'promoted' WHERE id = entry.id AND event_id = event;
    INSERT INTO waitlist_promotions (event_id, user_id, waitlist_id, quantity, unit_price,
            expires_at, window_minutes)
        VALUES (event, entry.user_id, entry.id, 1, entry.unit_price,
            evently_clock() + interval '1 day', 1440) RETURNING id INTO offer;
    PERFORM bench.notify(entry.user_id, event, 'waitlist_promotion', offer::text,
        '1 seat for an event is held for you. Claim or decline in time.',
        jsonb_build_object('promotion', offer, 'entry', entry.id));
    RETURN offer;
END $$;

CREATE FUNCTION bench.accept_bare(offer uuid, person uuid)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    promotion waitlist_promotions;
    booking uuid := evently_uuid7();
    reference text;
BEGIN
    PERFORM bench.sign(person);
    SELECT * INTO promotion FROM waitlist_promotions WHERE id = offer;
    PERFORM FROM events WHERE id = promotion.event_id FOR NO KEY UPDATE;
    UPDATE waitlist_promotions SET status = 'used', booking_id = booking
        WHERE id = offer AND event_id = promotion.event_id;
    UPDATE waitlists SET status = 'booked'
        WHERE id = promotion.waitlist_id AND event_id = promotion.event_id;
    INSERT INTO bookings (id, event_id, user_id, quantity, unit_price, total_amount)
        VALUES (booking, promotion.event_id, person, 1, promotion.unit_price, promotion.unit_price)
        RETURNING booking_reference INTO reference;
    UPDATE tickets SET holder_name = 'sealed:v1:' || repeat('x', 60)
        WHERE booking_id = booking AND event_id = promotion.event_id;
    INSERT INTO booking_attempts (event_id, user_id, booking_id, quantity, result, ip_address,
            user_agent)
        VALUES (promotion.event_id, person, booking, 1, 'success', '127.0.0.1', 'bench');
    PERFORM bench.notify(person, promotion.event_id, 'booking_confirm', booking::text,
        'You have booked 1 seat for an event, with the reference ' || reference,
        jsonb_build_object('booking', booking, 'reference', reference));
    RETURN booking;
END $$;

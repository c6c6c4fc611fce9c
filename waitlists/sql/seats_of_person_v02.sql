-- Seats that a person holds or claims at an event: bookings, pending promotions, waiting entries.
-- A promotion never exceeds the limit, because its entry was counted before it.
--
-- A person is a user, and all users with the same mailbox (null: unknown). Anyone can enter an
-- address, so that of other users with the mailbox, only confirmed entries count.
CREATE OR REPLACE FUNCTION evently_seats_of_person(event uuid, person uuid, their_mailbox text)
    RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (
        coalesce((SELECT sum(quantity) FROM bookings
            WHERE user_id = person AND event_id = event
                AND status IN ('pending', 'confirmed')), 0)
        + coalesce((SELECT sum(quantity) FROM waitlist_promotions
            WHERE event_id = event AND user_id = person AND status = 'pending'), 0)
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE user_id = person AND event_id = event AND status = 'waiting'), 0)
        + coalesce((SELECT sum(quantity) FROM bookings
            WHERE event_id = event AND mailbox = their_mailbox AND user_id <> person
                AND status IN ('pending', 'confirmed')), 0)
        + coalesce((SELECT sum(p.quantity) FROM waitlists w
            JOIN waitlist_promotions p ON p.waitlist_id = w.id AND p.event_id = w.event_id
            WHERE w.event_id = event AND w.mailbox = their_mailbox AND w.user_id <> person
                AND p.status = 'pending'), 0)
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE event_id = event AND mailbox = their_mailbox AND user_id <> person
                AND status = 'waiting' AND confirmed_at IS NOT NULL), 0))::int
$$;

REVOKE ALL ON FUNCTION evently_seats_of_person(uuid, uuid, text) FROM PUBLIC;

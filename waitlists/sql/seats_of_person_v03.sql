-- Seats that a person holds or claims at an event: bookings, and open entries of the waitlist, with all
-- the seats that they ask for. An offer is of these seats; where it is smaller, the entry may wait on
-- for the rest, which is therefore claimed meanwhile.
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
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE user_id = person AND event_id = event
                AND status IN ('waiting', 'promoted')), 0)
        + coalesce((SELECT sum(quantity) FROM bookings
            WHERE event_id = event AND mailbox = their_mailbox AND user_id <> person
                AND status IN ('pending', 'confirmed')), 0)
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE event_id = event AND mailbox = their_mailbox AND user_id <> person
                AND (status = 'promoted'
                    OR status = 'waiting' AND confirmed_at IS NOT NULL)), 0))::int
$$;

REVOKE ALL ON FUNCTION evently_seats_of_person(uuid, uuid, text) FROM PUBLIC;

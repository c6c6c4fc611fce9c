-- Whether a person booked or tried to, waits, got a ticket or helps at one of the events that the person for
-- whom the role was taken organizes or manages. For the policies of accounts and their keys.
--
-- Asked for each person of a list: in the order of how many are found by it, and each only where the ones
-- before found nothing. Dear, so that plans filter by all else first. One plan serves all persons: to make one
-- for each takes three times as long as the answer.
CREATE OR REPLACE FUNCTION evently_is_mine(person uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER COST 5000
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    me uuid := nullif(current_setting('evently.user_id', true), '')::uuid;
    manages uuid[] := nullif(current_setting('evently.manages', true), '')::uuid[];
BEGIN
    IF me IS NULL THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM bookings
            WHERE user_id = person AND (organizer_id = me OR event_id = ANY (manages))) THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM waitlists
            WHERE user_id = person AND (organizer_id = me OR event_id = ANY (manages))) THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM booking_attempts
            WHERE user_id = person AND (organizer_id = me OR event_id = ANY (manages))) THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM bookings_archive
            WHERE user_id = person AND (organizer_id = me OR event_id = ANY (manages))) THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM ticket_transfers
            WHERE recipient_id = person AND (organizer_id = me OR event_id = ANY (manages))) THEN
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT FROM event_staff
            WHERE user_id = person AND (organizer_id = me OR event_id = ANY (manages)))
        OR EXISTS (SELECT FROM events WHERE created_by_id = person AND id = ANY (manages));
END $$;

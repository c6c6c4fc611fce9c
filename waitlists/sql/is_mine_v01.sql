-- Whether a person booked or tried to, waits, got a ticket or helps at one of the events that the person for
-- whom the role was taken organizes or manages. For the policies of accounts and their keys.
CREATE OR REPLACE FUNCTION evently_is_mine(person uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH mine AS (
        SELECT nullif(current_setting('evently.user_id', true), '')::uuid AS me,
            nullif(current_setting('evently.manages', true), '')::uuid[] AS manages
    )
    SELECT EXISTS (
        SELECT FROM bookings b JOIN events e ON e.id = b.event_id, mine
        WHERE b.user_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM waitlists w JOIN events e ON e.id = w.event_id, mine
        WHERE w.user_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM ticket_transfers t JOIN events e ON e.id = t.event_id, mine
        WHERE t.recipient_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM bookings_archive b JOIN events e ON e.id = b.event_id, mine
        WHERE b.user_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM booking_attempts a JOIN events e ON e.id = a.event_id, mine
        WHERE a.user_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM event_staff s JOIN events e ON e.id = s.event_id, mine
        WHERE s.user_id = person AND (e.created_by_id = me OR e.id = ANY (manages)))
    OR EXISTS (
        SELECT FROM events e, mine WHERE e.created_by_id = person AND e.id = ANY (manages))
$$;

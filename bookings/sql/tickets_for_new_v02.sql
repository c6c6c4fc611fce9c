-- Make one ticket for each seat of new bookings.
CREATE OR REPLACE FUNCTION evently_tickets_for_new() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO tickets (booking_id, event_id, user_id, organizer_id)
    SELECT b.id, b.event_id, b.user_id, b.organizer_id
    FROM new_rows b, generate_series(1, b.quantity)
    WHERE b.status IN ('pending', 'confirmed');
    RETURN NULL;
END
$$;

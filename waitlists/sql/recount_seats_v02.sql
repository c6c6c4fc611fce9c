-- Recount available seats after TRUNCATE, which fires no other trigger. Only the owner can do that.
CREATE OR REPLACE FUNCTION evently_recount_seats() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE events e SET available_seats = e.total_capacity
        - coalesce((SELECT sum(quantity) FROM bookings_with_archived
            WHERE event_id = e.id AND status IN ('pending', 'confirmed')), 0)
        - coalesce((SELECT sum(seats) FROM archived_totals
            WHERE event_id = e.id AND status IN ('pending', 'confirmed')), 0)
        - coalesce((SELECT sum(quantity) FROM waitlist_promotions
            WHERE event_id = e.id AND status = 'pending'), 0);
    RETURN NULL;
END
$$;

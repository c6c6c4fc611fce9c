-- Keep the totals of archived bookings that left for cold storage, and take off those restored. The
-- seats of one that is deleted, as with its user, are given back.
CREATE OR REPLACE FUNCTION evently_archived_totals() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed bookings_archive[];
    mode text := CASE TG_OP WHEN 'DELETE' THEN 'cold' ELSE 'restore' END;
    sign integer := CASE TG_OP WHEN 'DELETE' THEN 1 ELSE -1 END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(o) INTO changed FROM old_rows o;
    ELSE
        SELECT array_agg(n) INTO changed FROM new_rows n;
    END IF;
    IF TG_OP = 'DELETE' AND evently_retiring() IS NULL THEN
        UPDATE events e SET available_seats = least(total_capacity, available_seats + freed.seats)
        FROM (SELECT event_id, sum(quantity) AS seats FROM unnest(changed)
            WHERE ended_at IS NOT NULL AND status IN ('pending', 'confirmed')
            GROUP BY event_id) freed
        WHERE e.id = freed.event_id;
    END IF;
    IF evently_retiring() IS DISTINCT FROM mode THEN
        RETURN NULL;
    END IF;
    INSERT INTO archived_totals (event_id, status, bookings, seats, amount)
    SELECT event_id, status, sign * count(*), sign * sum(quantity), sign * sum(total_amount)
    FROM unnest(changed) GROUP BY event_id, status ORDER BY event_id, status
    ON CONFLICT (event_id, status) DO UPDATE SET
        bookings = archived_totals.bookings + excluded.bookings,
        seats = archived_totals.seats + excluded.seats,
        amount = archived_totals.amount + excluded.amount;
    RETURN NULL;
END
$$;

-- Start a new event with all its seats available, at its base price, at version 1. A rule that moves
-- its price can only come later.
CREATE OR REPLACE FUNCTION evently_events_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.available_seats := NEW.total_capacity;
    NEW.current_price := coalesce(NEW.current_price, NEW.base_price);
    NEW.price_floor := NULL;
    NEW.price_ceiling := NULL;
    NEW.version := 1;
    NEW.draw_closes_at := NULL;
    RETURN NEW;
END
$$;

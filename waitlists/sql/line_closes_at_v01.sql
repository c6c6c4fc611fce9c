-- When an event's waitlist closes: with its sales or, where the organizer chose so, at the start.
CREATE OR REPLACE FUNCTION evently_line_closes_at(e events) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN e.waitlist_until_start THEN e.event_date
        ELSE least(e.sales_end_at, e.event_date) END
$$;

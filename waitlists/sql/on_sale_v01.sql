-- Whether an event's seats are on sale now, regardless of how many are available.
CREATE OR REPLACE FUNCTION evently_on_sale(e events) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT e.status = 'active'
        AND coalesce(e.published_at <= evently_clock(), false)
        AND coalesce(e.sales_start_at <= evently_clock(), true)
        AND coalesce(e.sales_end_at > evently_clock(), true)
        AND e.event_date > evently_clock()
$$;

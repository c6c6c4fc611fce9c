-- Whether an event's waitlist is offered seats now. As evently_on_sale, but it may last longer.
CREATE OR REPLACE FUNCTION evently_line_is_open(e events) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT e.status = 'active'
        AND coalesce(e.published_at <= evently_clock(), false)
        AND coalesce(e.sales_start_at <= evently_clock(), true)
        AND evently_line_closes_at(e) > evently_clock()
$$;

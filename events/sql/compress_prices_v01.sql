-- Join the price changes of one event that are over a year old to one row for each day (UTC); return
-- how many rows are gone. The last row of the day stays, and begins with the price of the morning; of a
-- day that ended with the price that it began with, none.
CREATE OR REPLACE FUNCTION evently_compress_prices(event uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before date := ((evently_clock() - interval '1 year') AT TIME ZONE 'UTC')::date;
    day record;
    gone integer;
    total integer := 0;
BEGIN
    PERFORM FROM events WHERE id = event FOR NO KEY UPDATE;
    PERFORM evently_retire('expire');
    FOR day IN
        SELECT array_agg(id ORDER BY applied_at, id) AS ids,
            (array_agg(old_price ORDER BY applied_at, id))[1] AS morning,
            (array_agg(new_price ORDER BY applied_at DESC, id DESC))[1] AS evening
        FROM pricing_history
        WHERE event_id = event AND applied_at < before::timestamp AT TIME ZONE 'UTC'
        GROUP BY (applied_at AT TIME ZONE 'UTC')::date HAVING count(*) > 1
    LOOP
        DELETE FROM pricing_history WHERE event_id = event AND id = ANY (day.ids)
            AND (id <> day.ids[cardinality(day.ids)] OR day.morning = day.evening);
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
        UPDATE pricing_history SET old_price = day.morning
            WHERE event_id = event AND id = day.ids[cardinality(day.ids)];
    END LOOP;
    IF total > 0 THEN
        PERFORM evently_log_retired('events', event, event, 'compressed',
            jsonb_build_object('price_changes', total));
    END IF;
    PERFORM evently_retire(NULL);
    RETURN total;
END
$$;

COMMENT ON FUNCTION evently_compress_prices(uuid) IS
    'Joins an event''s price changes that are over a year old, day by day; returns how many went.';

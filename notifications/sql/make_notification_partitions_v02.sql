-- Make the partitions of this month and the months after it; return how many were missing.
--
-- A partition is made first and attached later, which locks the parent table only against other
-- changes of its shape. Rows that had to go to the default partition move over.
CREATE OR REPLACE FUNCTION evently_make_notification_partitions(months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    this_month date := date_trunc('month', evently_clock() AT TIME ZONE 'UTC')::date;
    starts date;
    ends date;
    name text;
    made integer := 0;
BEGIN
    IF months NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'partitions are made 0 to 24 months ahead, not %', months
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE notifications IN SHARE UPDATE EXCLUSIVE MODE;
    FOR ahead IN 0 .. months LOOP
        starts := (this_month + make_interval(months => ahead))::date;
        ends := (starts + interval '1 month')::date;
        name := 'notifications_' || to_char(starts, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE public.%I (LIKE public.notifications INCLUDING DEFAULTS'
            ' INCLUDING CONSTRAINTS)', name);
        EXECUTE format(
            'WITH moved AS (DELETE FROM public.notifications_default'
            ' WHERE created_at >= %L AND created_at < %L RETURNING *)'
            ' INSERT INTO public.%I SELECT * FROM moved',
            starts || ' 00:00+00', ends || ' 00:00+00', name);
        EXECUTE format(
            'ALTER TABLE public.notifications ATTACH PARTITION public.%I'
            ' FOR VALUES FROM (%L) TO (%L)',
            name, starts || ' 00:00+00', ends || ' 00:00+00');
        -- Policies of the table hold where it is read, not where a partition is.
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

COMMENT ON FUNCTION evently_make_notification_partitions(integer) IS
    'Makes the partitions of this month and so many after it; returns how many were missing.';

-- Drop the oldest monthly partition of notifications that ended over a year ago; return its name, or
-- NULL where there is none.
--
-- Dropping takes locks on notifications and users that stop everything else, for a moment: the caller
-- limits how long they are waited for.
CREATE OR REPLACE FUNCTION evently_drop_notification_partition() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    oldest text;
    lost bigint;
BEGIN
    SELECT c.relname INTO oldest FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.notifications'::regclass
        AND c.relname ~ '^notifications_\d{4}_\d{2}$'
        AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
            <= evently_clock() - interval '1 year'
    ORDER BY c.relname LIMIT 1;
    IF oldest IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE public.users, public.notifications, public.%I'
        ' IN ACCESS EXCLUSIVE MODE', oldest);
    EXECUTE format('SELECT count(*) FROM public.%I', oldest) INTO lost;
    EXECUTE format('DROP TABLE public.%I', oldest);
    PERFORM public.evently_log_retired('notifications', public.evently_uuid7(), NULL, 'dropped',
        jsonb_build_object('rows', lost, 'partition', oldest));
    RETURN oldest;
END
$$;

COMMENT ON FUNCTION evently_drop_notification_partition() IS
    'Drops the oldest partition of notifications that ended over a year ago; returns its name.';

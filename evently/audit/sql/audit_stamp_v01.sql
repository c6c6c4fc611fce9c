-- Return who makes the changes of this transaction, as the audit log stores it.
--
-- actor and via are what the application or a client has set, or the role logged in and 'sql'.
-- Unless that is signed, nothing but `session_user` is certain: the client's facts are kept, and
-- the act is the transaction itself, so that no forged change hides in an act of the application.
CREATE OR REPLACE FUNCTION audit_stamp() RETURNS audit_stamped LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stamp audit_stamped;
BEGIN
    stamp.actor := left(
        coalesce(nullif(current_setting('evently.actor', true), ''), session_user), 200);
    stamp.via := coalesce(nullif(current_setting('evently.via', true), ''), 'sql');
    IF stamp.via NOT IN ('page', 'api', 'admin', 'task', 'shell') THEN
        stamp.via := 'sql';
    END IF;
    stamp.request_id := left(coalesce(current_setting('evently.request_id', true), ''), 200);
    stamp.signed := audit_signed();
    IF stamp.signed THEN
        stamp.act := current_setting('evently.act', true);
        stamp.cause := nullif(current_setting('evently.cause', true), '');
    ELSE
        -- A UUID of version 7, the same for the whole transaction.
        stamp.act := (
            lpad(to_hex(floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint),
                12, '0')
            || '7' || lpad(to_hex(pg_backend_pid() & 4095), 3, '0')
            || '8' || lpad(to_hex(pg_current_xact_id()::text::bigint & (1::bigint << 60) - 1),
                15, '0'))::uuid;
        stamp.client := jsonb_strip_nulls(jsonb_build_object(
            'application', nullif(current_setting('application_name'), ''),
            'address', host(inet_client_addr()),
            'process', pg_backend_pid()));
    END IF;
    RETURN stamp;
END
$$;

REVOKE ALL ON FUNCTION audit_stamp() FROM PUBLIC;

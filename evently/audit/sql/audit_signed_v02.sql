-- Whether the application signed who acts in this transaction (evently.audit.signing).
--
-- The signature is an HMAC-SHA256 over all settings below, the connection's process id and the
-- time. A role that sets them by plain SQL does not know the key, and a signature seen elsewhere
-- (pg_stat_activity) does not fit this connection: neither its process id nor `evently.session`,
-- which the application chose when it connected. Without that, a client could open connections until
-- one has the process id of a connection that has ended. Earlier releases do not set it.
-- The pads are those of RFC 2104, stored since bytea has no XOR.
CREATE OR REPLACE FUNCTION audit_signed() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stamp text := current_setting('evently.signature', true);
    issued text := split_part(stamp, '.', 1);
    session text := current_setting('evently.session', true);
    message bytea;
BEGIN
    -- Not by a regular expression, which takes ten times as long as all the rest.
    IF issued IS NULL OR length(issued) NOT BETWEEN 1 AND 12
        OR translate(issued, '0123456789', '') <> ''
    THEN
        RETURN false;
    END IF;
    -- Five minutes, for clocks that differ.
    IF issued::bigint NOT BETWEEN extract(epoch FROM transaction_timestamp()) - 300
        AND extract(epoch FROM clock_timestamp()) + 300
    THEN
        RETURN false;
    END IF;
    message := convert_to(
        concat(
            pg_backend_pid(), chr(31), issued,
            chr(31), current_setting('evently.actor', true),
            chr(31), current_setting('evently.via', true),
            chr(31), current_setting('evently.request_id', true),
            chr(31), current_setting('evently.act', true),
            chr(31), current_setting('evently.cause', true),
            chr(31), current_setting('evently.price_rule', true),
            chr(31), current_setting('evently.price_reason', true),
            CASE WHEN session <> '' THEN chr(31) || session END),
        'UTF8');
    RETURN EXISTS (
        SELECT FROM secrets.audit_keys
        WHERE encode(sha256(outer_pad || sha256(inner_pad || message)), 'hex')
            = split_part(stamp, '.', 2));
END
$$;

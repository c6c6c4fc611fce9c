-- Log a refused attempt to book, in a transaction of its own. An unknown event leaves no row.
CREATE OR REPLACE FUNCTION evently_log_refusal(
    context text[], event uuid, person uuid, seats bigint, reason text, ip inet, agent text
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_set_context(context);
    INSERT INTO booking_attempts
        (event_id, user_id, quantity, result, failure_reason, ip_address, user_agent)
    SELECT id, person, seats, 'failed', reason, ip, agent FROM events WHERE id = event;
END
$$;

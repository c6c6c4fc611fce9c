-- Remove from the audit trail what others have written about a person who is being erased, and the
-- person's own settings; return in how many entries. The entries stay, with "[redacted]" in place of
-- the values. Names and email addresses are sealed there, and go with the key. Rows that have moved to
-- an archive are found by the ids that they have kept.
--
-- Refuses for anyone else: it is the one way to change the trail (trg_append_only).
CREATE OR REPLACE FUNCTION evently_forget_in_trail(person uuid) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Reasons that the application gives, which say nothing about a person.
    own_words CONSTANT text[] := ARRAY['', 'attendee', 'organizer', 'event', 'expiry', 'unanswered',
        'the account was deleted', 'the event was cancelled', 'not paid in time', '(erased)'];
    total bigint := 0;
    part bigint;
    source record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM users
        WHERE id = person AND (deletion_started_at IS NOT NULL OR deleted_at IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'account % is not being erased', person
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
    END IF;
    PERFORM set_config('evently.redacting', 'on', true);
    FOR source IN
        SELECT * FROM (VALUES
            ('users', 'SELECT $1', ARRAY['preferences', 'timezone']),
            ('bookings', 'SELECT id FROM bookings WHERE user_id = $1
                UNION ALL SELECT id FROM bookings_archive WHERE user_id = $1',
                ARRAY['cancel_reason']),
            ('bookings_archive', 'SELECT id FROM bookings_archive WHERE user_id = $1',
                ARRAY['cancel_reason']),
            ('waitlists', 'SELECT id FROM waitlists WHERE user_id = $1
                UNION ALL SELECT id FROM waitlists_archive WHERE user_id = $1',
                ARRAY['priority_reason', 'notify_prefs', 'timezone']),
            ('waitlist_promotions', 'SELECT id FROM waitlist_promotions WHERE user_id = $1
                UNION ALL SELECT (offer ->> ''id'')::uuid
                    FROM waitlists_archive, jsonb_array_elements(offers) AS offer
                    WHERE user_id = $1',
                ARRAY['organizer_reason']),
            ('ticket_transfers', 'SELECT id FROM ticket_transfers WHERE recipient_id = $1',
                ARRAY['recipient_name', 'recipient_email']),
            ('events', 'SELECT id FROM events WHERE created_by_id = $1', ARRAY['contact_email'])
        ) AS named (table_name, ids, columns)
    LOOP
        EXECUTE format(
            'UPDATE audit_log a SET
                before = coalesce(audit_redacted(before, $2), before),
                after = coalesce(audit_redacted(after, $2), after)
            WHERE a.row_id IN (%s) AND a.table_name = $3
                AND (SELECT bool_or(known.value NOT IN (''{}'', ''[redacted]'')
                        AND known.value <> ALL ($4))
                    FROM (SELECT * FROM jsonb_each_text(coalesce(before, ''{}''))
                        UNION ALL SELECT * FROM jsonb_each_text(coalesce(after, ''{}''))) AS known
                    WHERE known.key = ANY ($2) AND known.value IS NOT NULL)',
            source.ids)
        USING person, source.columns, source.table_name, own_words;
        GET DIAGNOSTICS part = ROW_COUNT;
        total := total + part;
    END LOOP;
    PERFORM set_config('evently.redacting', '', true);
    RETURN total;
END
$$;

REVOKE ALL ON FUNCTION evently_forget_in_trail(uuid) FROM PUBLIC;

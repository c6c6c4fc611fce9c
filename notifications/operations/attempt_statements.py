"""The statements of attempts (`attempts`): each is a transaction of its own, prepared once."""

# Signs the statement: what reads this first is what the others write for.
CONTEXT = "context AS MATERIALIZED (SELECT audit_set_context(%(context)s))"
# Inserts the row of a first attempt; returns nothing where there is a row already, or one that
# another transaction is inserting.
INSERT = """
    INSERT INTO email_delivery_log (id, notification_id, user_id, event_id, kind,
        recipient_email, template_type, provider, metadata, attempt, send_attempts,
        last_attempt_at, next_attempt_at)
    SELECT %(id)s, %(notification_id)s, %(user_id)s, %(event_id)s, %(kind)s,
        %(recipient)s, %(template_type)s, %(provider)s, %(metadata)s::jsonb, %(attempt)s, 1,
        evently_clock(), evently_clock() + make_interval(secs => %(beginning)s)
    FROM context
    ON CONFLICT (notification_id) DO NOTHING
    RETURNING send_attempts, false AS was_held, pg_try_advisory_lock(%(lock)s), id
"""
BEGIN = f"WITH {CONTEXT} {INSERT}"
# Updates the row for a later attempt, if that is due. Returns nothing where another attempt is
# under way, or holds the row.
AGAIN = """
    free AS MATERIALIZED (
        SELECT id, status = 'held' AS was_held,
            attempt IS NULL
                OR last_attempt_at < evently_clock() - make_interval(secs => %(stopped)s) AS is_over
        FROM email_delivery_log
        WHERE notification_id = %(notification_id)s AND user_id = %(user_id)s
            AND status IN ('pending', 'held') AND next_attempt_at <= evently_clock()
        FOR UPDATE SKIP LOCKED
    ), locked AS MATERIALIZED (
        SELECT id, was_held, is_over, pg_try_advisory_lock(%(lock)s) AS is_locked FROM free
    ), unended AS (
        INSERT INTO email_attempts
            (id, delivery_id, user_id, event_id, number, provider, outcome, created_at)
        SELECT log.attempt, log.id, log.user_id, log.event_id, greatest(log.send_attempts, 1),
            log.provider, 'unknown', log.last_attempt_at
        FROM email_delivery_log AS log, locked, context
        WHERE log.id = locked.id AND log.attempt IS NOT NULL
            AND (locked.is_locked OR locked.is_over)
        ON CONFLICT (id) DO NOTHING
    )
    UPDATE email_delivery_log AS log
    SET attempt = %(attempt)s, send_attempts = log.send_attempts + 1, status = 'pending',
        recipient_email = %(recipient)s, provider = %(provider)s,
        last_attempt_at = evently_clock(),
        next_attempt_at = evently_clock() + make_interval(secs => %(beginning)s),
        metadata = CASE WHEN log.attempt IS NULL THEN log.metadata ELSE log.metadata
            || jsonb_build_object('maybeRepeated', true, 'maybeSentBy', log.provider) END
    FROM locked, context WHERE log.id = locked.id AND (locked.is_locked OR locked.is_over)
    RETURNING log.send_attempts, locked.was_held, locked.is_locked, log.id
"""
BEGIN_AGAIN = f"WITH {CONTEXT}, {AGAIN}"
# Locks the row until commit, as long as this attempt is the one under way; without it, nothing is
# written that has to be signed.
HOLD = """
    SELECT id, audit_set_context(%(context)s)
    FROM email_delivery_log
    WHERE notification_id = %(notification_id)s AND user_id = %(user_id)s
        AND attempt = %(attempt)s AND status = 'pending'
    FOR UPDATE SKIP LOCKED
"""
# Releases the session's lock: the row itself is locked until commit.
ACCEPTED = """
    UPDATE email_delivery_log SET status = 'sent', attempt = NULL, error_message = '',
        provider = %(sent_provider)s, provider_message_id = %(sent_provider_message_id)s
    WHERE notification_id = %(sent_notification_id)s AND user_id = %(sent_user_id)s
        AND attempt = %(sent_attempt)s AND status = 'pending'
    RETURNING id, user_id, event_id,
        CASE WHEN %(sent_is_locked)s THEN pg_advisory_unlock(%(sent_lock)s) END
"""
# The providers that were tried, of which the last took the email, and what it said.
TRIED = """
    INSERT INTO email_attempts (id, delivery_id, user_id, event_id, number, provider, outcome,
        error, code, answer, created_at)
    SELECT tried.id, accepted.id, accepted.user_id, accepted.event_id, tried.number,
        tried.provider, tried.outcome, tried.error, tried.code, tried.answer,
        evently_clock() - make_interval(secs => tried.ago)
    FROM accepted, jsonb_to_recordset(%(sent_tries)s::jsonb) AS tried (id uuid, number smallint,
        provider text, outcome text, error text, code text, answer text, ago double precision)
"""
COPIED = """
    INSERT INTO sent_emails (id, delivery_id, user_id, event_id, sealed)
    SELECT %(sent_attempt)s, id, user_id, event_id, %(sent_copy)s::bytea
    FROM accepted WHERE %(sent_copy)s::bytea IS NOT NULL
"""
SENT = """
    UPDATE notifications SET status = 'sent', sent_at = evently_clock()
    FROM context
    WHERE id = %(sent_notification_id)s AND user_id = %(sent_user_id)s
        AND created_at = %(sent_created_at)s
    RETURNING id
"""
RECORDED = f"accepted AS ({ACCEPTED}), tried AS ({TRIED}), copied AS ({COPIED})"
SUCCEED = f"WITH {CONTEXT}, {RECORDED} {SENT}"
SUCCEED_AND_BEGIN = f"WITH {CONTEXT}, {RECORDED}, sent AS ({SENT}) {INSERT}"
RELEASE = "SELECT pg_advisory_unlock(%(lock)s)"

-- Which emails go first, by kind of notification: 0 urgent, 1 soon, 2 bulk (`kinds.base.Urgency`).
-- An index is built on it: after a new version, rebuild idx_notifications_urgency.
CREATE OR REPLACE FUNCTION evently_email_urgency(type text) RETURNS integer LANGUAGE sql
IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN type IN ('waitlist_promotion', 'waitlist_confirm', 'draw_numbers', 'welcome',
            'verify_address', 'account_exists', 'password_reset', 'login_link',
            'password_changed', 'password_ended', 'guest_refused', 'email_change',
            'email_changed', 'confirm_deletion', 'deletion_requested',
            'second_factor_changed', 'offer_ending', 'payment_reminder') THEN 0
        WHEN type IN ('booking_confirm', 'cancellation', 'ticket_offered', 'ticket_accepted',
            'ticket_received', 'ticket_void', 'seats_given_back', 'waitlist_join',
            'waitlist_outgrown', 'promotion_ended', 'account_deleted') THEN 1
        ELSE 2
    END
$$;

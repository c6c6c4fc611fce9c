-- Whether a kind of notification cannot be turned off (`Kind.needed_for`): the account, the ticket or
-- the law needs it.
CREATE OR REPLACE FUNCTION evently_always_sent(type text) RETURNS boolean LANGUAGE sql
IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT type IN ('welcome', 'verify_address', 'account_exists', 'password_reset', 'login_link',
        'password_changed', 'password_ended', 'guest_refused', 'email_change', 'email_changed',
        'second_factor_changed', 'confirm_deletion', 'deletion_requested', 'account_deleted',
        'data_export_ready', 'address_unreachable', 'held_emails',
        'booking_confirm', 'cancellation', 'ticket_offered', 'ticket_received', 'ticket_void',
        'attendance_asked', 'attendance_asked_again', 'attendance_returned', 'waitlist_confirm',
        'draw_numbers', 'event_cancelled', 'payment_reminder')
$$;

"""Every rule of the database has a test that goes around Django.

Rules are constraints, unique indexes, triggers, and the names under which triggers refuse, of all
tables but Django's own. Each is covered in one of three ways:

- a refusal that a test in a `test_database*.py` met, see `evently/tests/covering.py`;
- STANDS_BEHIND: another rule always comes first;
- SHOWN_BY: it refuses nothing under its own name, so a test shows what it does.
"""

import pytest

from evently.tests import covering
from evently.tests.sql import run

# Rules that no statement reaches, each with the rule or test that comes first.
STANDS_BEHIND = {
    # A trigger knows which state follows which.
    "chk_organizer_message_state": "trg_organizer_message",
    # Checks are made in the order of their names, so Django's own, one for each
    # PositiveIntegerField, come after ours here; tests try -1 and meet ours.
    "email_templates_restored_from_check": "chk_template_restored",
    "email_templates_version_check": "chk_template_version",
    "event_emails_version_check": "chk_event_email_version",
    "events_available_seats_check": "chk_event_capacity",
    "events_max_per_booking_check": "chk_event_per_booking",
    "events_max_per_person_check": "chk_event_per_person",
    "events_promotion_window_minutes_check": "chk_event_window",
    "events_total_capacity_check": "chk_event_capacity",
    "waitlists_min_quantity_check": "chk_waitlist_min_quantity",
    "waitlists_quantity_check": "chk_waitlist_min_quantity",
    # With the primary key alone, no two rows are the same; a foreign key needs both columns.
    "unq_data_export_owner": "data_exports_pkey",
    # It knows the codes.
    "chk_event_currency": "trg_event_money",
    # There are only two results.
    "chk_attempt_result": "chk_attempt_outcome",
    # Triggers overwrite these columns.
    "bookings_version_check": "trg_bookings_update",
    "events_version_check": "trg_events_update",
    "unq_booking_reference": "trg_bookings_reference",
    "chk_waitlist_position": "test_position_is_derived_whatever_is_written",
    "waitlists_position_check": "test_position_is_derived_whatever_is_written",
    # Triggers refuse first; the foreign keys exist for their cascades.
    "chk_promotion_quantity": "trg_promotion_entry",
    "waitlist_promotions_quantity_check": "trg_promotion_entry",
    "fk_waitlist_promotions_event": "trg_promotion_entry",
    "fk_waitlist_promotions_user": "trg_promotion_entry",
    "fk_waitlist_promotions_waitlist": "trg_promotion_entry",
    "chk_attendance_order": "trg_attendance_again",
    "fk_attendance_checks_booking": "trg_attendance_asked",
    "fk_attendance_checks_event": "trg_attendance_asked",
    "fk_payments_event": "fk_payments_booking",
    "fk_ticket_transfers_event": "trg_transfer_ticket",
    "fk_ticket_transfers_ticket": "trg_transfer_ticket",
    # Only a trigger writes the price history.
    "chk_event_price_bounds": "trg_price_rule_bounds",
    "chk_pricing_rule_suspended": "test_rule_that_is_off_is_not_suspended",
    "chk_price_change": "test_price_history_holds_changes_only",
    "chk_price_bounds": "test_bounds_that_were_in_force_stay_on_record",
    "fk_price_bounds_event": "trg_append_only",
    "price_bounds_pkey": "trg_append_only",
    "fk_pricing_history_event": "trg_append_only",
    "pricing_history_pkey": "trg_append_only",
}

# Triggers that derive values or refuse under another name, with the test that shows it.
SHOWN_BY = {
    # The error names the partition's constraint, not the table's.
    "notifications_pkey": "test_notification_id_is_unique",
    "trg_a_organizer_kept": "test_organizer_and_user_stay_whatever_is_written",
    "trg_a_preferences_kept": "test_what_is_always_sent_stays_on_whoever_writes_preferences",
    "trg_a_owners_kept": "test_organizer_and_user_stay_whatever_is_written",
    "trg_archived_totals_delete": "test_archived_bookings_go_to_cold_storage_and_come_back",
    "trg_archived_totals_insert": "test_archived_bookings_go_to_cold_storage_and_come_back",
    "trg_attendance_insert": "test_question_is_dated_by_the_database",
    "trg_attendance_update": "test_what_was_asked_stays",
    "trg_audit_delete": "test_each_audit_trigger_writes_a_row",
    "trg_audit_insert": "test_each_audit_trigger_writes_a_row",
    "trg_audit_update": "test_each_audit_trigger_writes_a_row",
    "trg_bookings_ledger_delete": "test_seats_of_deleted_users_are_returned",
    "trg_bookings_ledger_insert": "test_booking_takes_seats_until_none_are_left",
    "trg_bookings_ledger_update": "test_change_of_quantity_moves_exactly_the_difference",
    "trg_bookings_person": "test_deleted_user_cannot_book",
    "trg_bookings_reference": "test_reference_is_generated_whatever_is_inserted",
    "trg_bookings_tickets": "test_every_seat_has_a_ticket_with_its_own_secret",
    "trg_bookings_tickets_changed": "test_tickets_follow_quantity_and_status",
    "trg_bookings_truncate": "test_truncation_by_the_owner_recounts_seats",
    "trg_bookings_update": "test_update_sets_version_and_times",
    "trg_delivery_event": "test_event_and_kind_of_an_email_are_filled_in",
    "trg_cold_file_kept": "test_file_is_listed_as_being_written_first",
    "trg_draw_step": "test_draw_orders_the_waitlist_by_lot",
    "trg_draws_guard": "test_draws_go_with_their_event_only",
    "trg_draws_insert": "test_what_a_draw_begins_with_is_computed",
    "trg_draws_update": "test_steps_have_their_times",
    "trg_events_currency": "test_currency_is_settled_once_published",
    "trg_events_insert": "test_writes_to_seats_and_version_are_ignored",
    "trg_events_offers": "test_offer_never_outlasts_sales",
    "trg_events_price": "test_every_change_of_price_leaves_a_row",
    "trg_events_price_bounds": "test_bounds_that_were_in_force_stay_on_record",
    "trg_price_bounds_guard": "test_bounds_that_were_in_force_stay_on_record",
    "trg_events_price_rule": "test_rule_moves_a_price_within_its_settings_only",
    "trg_events_price_suspended": "test_other_change_of_the_price_suspends_the_rule",
    "trg_events_record": "test_rules_and_capacity_are_recorded_while_an_entry_waits",
    "trg_events_searched": "test_words_of_an_event_are_looked_up_as_it_is_now",
    "trg_events_update": "test_seats_follow_the_capacity",
    "trg_import_row_organizer": "test_rows_bear_their_organizer_whatever_is_inserted",
    "trg_line_events_guard": "test_record_is_append_only_for_its_owner_too",
    "trg_line_guard": "test_record_is_append_only_for_its_owner_too",
    "trg_organizer_set": "test_rows_bear_their_organizer_whatever_is_inserted",
    "trg_owners_set": "test_rows_bear_their_organizer_whatever_is_inserted",
    "trg_pricing_history_guard": "test_price_history_cannot_be_written_directly",
    "trg_pricing_rules_bounds": "test_bounds_of_an_active_rule_are_on_the_event",
    "trg_pricing_rules_checked": "test_active_rule_fits_its_event",
    "trg_pricing_rules_guard": "test_edits_are_counted_and_the_next_rise_is_none",
    "trg_promotions_booking": "test_used_offer_has_its_own_booking",
    "trg_promotions_entry": "test_offer_and_entry_must_agree_at_commit",
    "trg_promotions_insert": "test_offer_matches_its_entry",
    "trg_promotions_ledger_delete": "test_offer_is_deleted_with_its_entry_and_its_user",
    "trg_promotions_ledger_insert": "test_offer_needs_free_seats_on_sale",
    "trg_promotions_ledger_update": "test_offer_holds_its_seats_until_it_ends",
    "trg_promotions_truncate": "test_truncation_by_the_owner_recounts_seats",
    "trg_promotions_update": "test_pending_offer_keeps_its_terms",
    "trg_session_ended": "test_deleting_a_listed_session_ends_it",
    "trg_template_updated": "test_template_version_can_be_deactivated_and_records_when",
    "trg_tickets_update": "test_update_refuses",
    "trg_transfer_insert": "test_only_valid_tickets_are_handed_over",
    "trg_transfer_update": "test_transfer_update_refuses",
    "trg_user_sessions": "test_new_password_ends_sessions",
    "trg_user_key_destroyed": "test_deleting_a_user_deletes_the_key",
    "trg_user_keys_emptied": "test_truncating_users_truncates_the_keys",
    "trg_user_versioned": "test_trg_user_versioned_counts_edits",
    "trg_waitlists_a_guard": "test_waiting_entry_cannot_ask_for_more",
    "trg_waitlists_confirm": "test_unconfirmed_entry_counts_once_it_is_confirmed",
    "trg_waitlists_join": "test_waitlist_of_a_closed_event_cannot_be_joined",
    "trg_waitlists_offer": "test_offer_and_entry_must_agree_at_commit",
    "trg_waitlists_person": "test_deleted_user_cannot_join",
    "trg_waitlists_person_again": "test_deleted_user_cannot_join",
    "trg_waitlists_rank_delete": "test_many_leave_and_rejoin_in_one_statement",
    "trg_waitlists_rank_insert": "test_positions_follow_priority_then_time",
    "trg_waitlists_rank_update": "test_positions_follow_priority_then_time",
    "trg_waitlists_record_delete": "test_deleted_entry_ends_its_offer_in_the_record",
    "trg_waitlists_record_insert": "test_who_joins_and_leaves_is_recorded",
    "trg_waitlists_record_update": "test_who_joins_and_leaves_is_recorded",
    "trg_waitlists_rejoin": "test_rejoining_is_at_the_end",
}

# Partitions have the rules of their table (notifications/tests/test_database.py). Not-null
# constraints (contype 'n') are columns, and those of constraint triggers ('t') come as triggers.
RULES = r"""
    WITH ours AS (
        SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'test_seeds')
          AND c.relname NOT LIKE 'django\_%' AND c.relname NOT LIKE 'auth\_%'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    )
    SELECT relname, conname FROM pg_constraint JOIN ours ON ours.oid = conrelid
    WHERE contype NOT IN ('n', 't')
    UNION
    SELECT ours.relname, i.relname FROM pg_index x
    JOIN ours ON ours.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indisunique
    UNION
    SELECT relname, tgname FROM pg_trigger JOIN ours ON ours.oid = tgrelid
    WHERE NOT tgisinternal
    UNION
    SELECT 'a function', (regexp_matches(prosrc, '''((?:trg|chk|fk|unq)_\w+)''', 'g'))[1]
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1, 2
"""


@pytest.mark.django_db
def test_every_rule_is_refused_in_a_test_or_shown_by_one(record_property):
    """Report all rules; a full run then fails for each that no test has seen."""
    found = sorted({name for _, name in run(RULES)})
    assert len(found) > 200
    assert set(STANDS_BEHIND) | set(SHOWN_BY) <= set(found)
    declared = {"rules": found, "stands_behind": STANDS_BEHIND, "shown_by": SHOWN_BY}
    record_property(covering.RULES, declared)


def test_judge_finds_what_was_not_seen():
    declared = {
        "rules": ["chk_a", "chk_b", "chk_c", "trg_d", "trg_e"],
        "stands_behind": {"chk_b": "chk_a"},
        "shown_by": {"trg_d": "test_d", "trg_e": "test_e"},
    }
    refused = {"chk_a", "chk_c"}
    assert covering.judge(**declared, refused=refused, passed={"test_d", "test_e"}) == []

    assert covering.judge(**declared, refused={"chk_a", "trg_d"}, passed={"test_d"}) == [
        "chk_c: no test is refused by it",
        "trg_d: an exception, though a test is refused by it",
        "trg_e: neither a rule that was seen nor a test that passed is test_e",
    ]

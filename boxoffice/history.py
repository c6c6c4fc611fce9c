"""Tasks that end events, and those of the platform, in the history."""

from evently.audit.described import describe_tasks

describe_tasks(
    continue_cancellation="the bookings of a cancelled event are cancelled",
    continue_event_cancellations="the bookings of a cancelled event are cancelled",
    erase_due_accounts="accounts are deleted at the end of the cooling-off period",
    write_register="erasures are written to their register",
    check_register="the register of erasures is checked",
    erase_old_duplicates="unused duplicates of accounts are erased",
    undo_import="an import is undone",
    continue_undoing_imports="an import is undone",
    apply_price_rules="prices move by their rules",
    roll_up_minutes="figures are rolled up",
    roll_up_hours="figures are rolled up",
    roll_up_lost_demand="lost demand is counted",
    check_analytics="figures are compared with the tables",
    ask_attendees_again="attendees who have not answered are asked again",
    return_unanswered_seats="seats of attendees who have not answered go to the waitlist",
    remind_of_draws="people are reminded of a draw",
    complete_past_events="events that are over are completed",
    forget_old_keys="answers to repeated requests are deleted",
)

"""How long the audit log is kept."""

from evently.lifecycle.cold import Cold
from evently.lifecycle.registry import LAST, Kept, Period, Rule, register

LEAVES = Period("the change", years=2)
# What people wrote in their own words: it is left out of files, which cannot be changed later.
FREE_TEXT = (
    "cancel_reason",
    "priority_reason",
    "organizer_reason",
    "description",
    "payment_instructions",
    "message",
    "error_message",
)
COLD = Cold(
    "audit_log",
    at="at",
    interval=LEAVES.interval,
    years=7,
    emptied=(("before", FREE_TEXT), ("after", FREE_TEXT)),
)

register(
    Rule(
        name="cold_audit_log",
        table="audit_log",
        data="The audit log: who changed what",
        period=LEAVES,
        then="moved to cold storage until 7 years after the end of the month of the change",
        how="a signed file for each month, without what people wrote in their own words; names and"
        " addresses are sealed, and unreadable once a person is erased",
        ground="Accountability and accounting records (Art. 5 (2) and 6 (1) c GDPR)",
        due=COLD.due,
        work=COLD.work,
        order=LAST,
    ),
    Kept("secrets.audit_keys", "Keys that check who made a change; the current ones only."),
)

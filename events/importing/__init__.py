"""Import of events from a file: look through it, turn rows into candidates or refusals, insert.

Independent of any interface. CSV files are read by `reading` and `candidates`, iCalendar files by
`calendars` and `occurrences`; `survey` finds out what a file proves and what has to be asked.
"""

from events.importing.dates import DayOrder
from events.importing.files import (
    Kind,
    NotImportable,
    Source,
    bytes_source,
    file_source,
)
from events.importing.plan import REASONS, Candidate, Plan, Refusal
from events.importing.run import Summary, check_plan, import_file
from events.importing.survey import Survey, Undecided, answered, outcomes_of, survey

__all__ = [
    "REASONS",
    "Candidate",
    "DayOrder",
    "Kind",
    "NotImportable",
    "Plan",
    "Refusal",
    "Source",
    "Summary",
    "Survey",
    "Undecided",
    "answered",
    "bytes_source",
    "check_plan",
    "file_source",
    "import_file",
    "outcomes_of",
    "survey",
]

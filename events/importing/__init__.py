"""Import of events from a file: read rows, turn each into a candidate or a refusal, insert.

Independent of any interface: the command `import_events` prints refusals and the summary; an
upload form can show a `preview` and then call `import_rows` with the same file.
"""

from events.importing.candidates import Candidate, Plan, Refusal, candidate_of
from events.importing.reading import NotImportable, Row, read_rows
from events.importing.run import Summary, check_plan, import_rows, preview

__all__ = [
    "Candidate",
    "NotImportable",
    "Plan",
    "Refusal",
    "Row",
    "Summary",
    "candidate_of",
    "check_plan",
    "import_rows",
    "preview",
    "read_rows",
]

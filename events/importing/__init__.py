"""Events from a file: read rows, turn each into a candidate or a refusal, insert in batches.

Nothing here knows a face: the command prints what it is told, an upload can show it as a preview
(`preview`, then `import_rows` over the same file).
"""

from events.importing.candidates import Candidate, Plan, Refusal, candidate_of
from events.importing.reading import NotImportable, Row, read_rows
from events.importing.running import Summary, check_plan, import_rows, preview

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

"""The columns of CSV files that the import understands, and the other names that they go by.

All other columns are listed and left out, as they may hold what is not for the public: the people
invited, reminders, notes.
"""

NAME = "subject"
START_DATE = "start date"
REQUIRED = (NAME, START_DATE)
# Google Calendar's columns, with Outlook's "Sensitivity", and three of our own.
KNOWN = (
    NAME,
    START_DATE,
    "start time",
    "end date",
    "end time",
    "all day event",
    "description",
    "location",
    "private",
    "sensitivity",
    "online",
    "time zone",
)
# Other names of a column, used where the file has none by its first name: common English ones,
# and those of Outlook in German.
OTHER_NAMES = {
    NAME: ("title", "name", "event", "event name", "summary", "betreff"),
    START_DATE: ("start", "starts", "date", "begins", "beginnt am"),
    "start time": ("time", "beginnt um"),
    "end date": ("end", "ends", "endet am"),
    "end time": ("endet um",),
    "all day event": ("all day", "all-day event", "ganztägiges ereignis"),
    "description": ("details", "beschreibung"),
    "location": ("venue", "place", "ort"),
    "private": ("privat",),
    "sensitivity": ("vertraulichkeit",),
    "time zone": ("timezone",),
}


def recognized(titles: list[str]) -> list[str]:
    """Return the known name of each column, or "" for one that is left out."""
    names = [" ".join(title.casefold().split()) for title in titles]
    renamed = {}
    for known, others in OTHER_NAMES.items():
        if known not in names:
            other = next((name for name in others if name in names), None)
            if other is not None:
                renamed[other] = known
    return [renamed.get(name, name if name in KNOWN else "") for name in names]

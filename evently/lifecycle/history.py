"""Cold storage in the history."""

from evently.audit.described import Described, describe, describe_tasks

describe(
    "cold_files",
    Described(
        group="Cold storage",
        noun="file in cold storage",
        plural="files in cold storage",
        rank=20,
        phrases={"created": "began {object}", "stored": "stored {object}"},
        participles={"created": "begun"},
        identifying=("table_name", "month", "rows", "name"),
        of_event=False,
    ),
)
describe_tasks(
    carry_out="old data is archived and deleted", begin_night="old data is archived and deleted"
)

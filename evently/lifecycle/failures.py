"""What can be wrong with cold storage. The texts are for who runs Evently, without keys."""

from evently.errors import Conflict, Unavailable


class ColdFileDamaged(Conflict):
    """A file is missing, or not what was written: by its checksum, its signature or its rows."""

    code = "cold_file_damaged"


class ColdFileExists(ColdFileDamaged):
    """The storage has a file of that name, which the list does not have. It is left alone."""

    code = "cold_file_exists"


class ColdStorageUnreachable(Unavailable):
    """The storage does not answer, or refuses. Nothing was lost: rows stay where they are."""

    code = "cold_storage_unreachable"

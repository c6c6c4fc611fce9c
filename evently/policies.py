"""Who sees and changes rows of the framework's tables: nobody by row, each role as a whole."""

from evently.row_security.tables import NOTHING, OWN, READS, May, Table, declare, may_call

# A session is found by a key that cannot be guessed, and written by whom it may belong to; both
# happen before it is known who that is (`evently.accounts.sessions`).
declare(
    Table("django_session", superuser=NOTHING, by_rows=False),
    Table("django_content_type", organizer=READS, worker=READS, superuser=READS, by_rows=False),
    Table("django_migrations", visitor=READS, worker=READS, superuser=READS, by_rows=False),
    # The admin asks for them to find that an organizer may not see their pages.
    Table("auth_permission", organizer=READS, by_rows=False),
    Table("auth_group", organizer=READS, by_rows=False),
    Table("auth_group_permissions", organizer=READS, by_rows=False),
    # Django's own history of the admin; Evently has the audit log instead.
    Table("django_admin_log", organizer=May(select=OWN, insert=OWN)),
)

may_call("evently_rotate_pseudonyms()")

"""Row-level security: which of the database's roles sees and changes which rows.

Each app says it for its tables in a module `policies` (`tables.declare`); `manage.py migrate` makes
roles, privileges and policies of that (`roles`, `applying`).
"""

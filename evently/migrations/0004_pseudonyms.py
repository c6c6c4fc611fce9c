"""The key of analysts' pseudonyms, which lives for a month, and how small a group may be."""

from django.db import migrations

from evently.database.versioned import replace_function

TABLES = """
-- Two blocks of SHA-256, as the padded keys of an HMAC: 512 random bits each.
CREATE TABLE secrets.pseudonym_keys (
    month date CONSTRAINT pseudonym_keys_pkey PRIMARY KEY,
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL,
    CONSTRAINT chk_pseudonym_month CHECK (extract(day FROM month) = 1),
    CONSTRAINT chk_pseudonym_key CHECK (length(inner_pad) = 64 AND length(outer_pad) = 64)
);
CREATE TABLE secrets.smallest_group (
    single boolean DEFAULT true CONSTRAINT smallest_group_pkey PRIMARY KEY,
    persons smallint NOT NULL DEFAULT 5,
    CONSTRAINT chk_smallest_group_single CHECK (single),
    CONSTRAINT chk_smallest_group CHECK (persons >= 5)
);
INSERT INTO secrets.smallest_group DEFAULT VALUES;
"""


class Migration(migrations.Migration):
    """Keep the key of the pseudonyms that analysts see, and replace it each month."""

    dependencies = [("evently", "0003_faster_clock")]
    operations = [
        migrations.RunSQL(
            TABLES, "DROP TABLE secrets.smallest_group; DROP TABLE secrets.pseudonym_keys"
        ),
        replace_function("evently", "rotate_pseudonyms", version=1, previous=None),
    ]

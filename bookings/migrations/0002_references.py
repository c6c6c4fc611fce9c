"""Booking references: EVT, the day, and ten characters that neither repeat nor tell anything.

The ten characters are a number from a sequence, sent through a keyed permutation of 50 bits (a
Feistel network of six rounds over SHA-256): two numbers never give the same ten, and without the
key nobody tells from one reference what the next will be. Random characters would have collided:
among a million of 50 bits, one run in 2,500.

The key lies in the schema `secrets`, which the application's role cannot read.
"""

from django.db import migrations

from evently.database.sql import function_and_triggers

FUNCTIONS = """
CREATE TABLE secrets.booking_reference_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key bytea NOT NULL
);
INSERT INTO secrets.booking_reference_key (key)
    VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
CREATE SEQUENCE booking_reference_number;

CREATE FUNCTION evently_scramble(number bigint, key bytea) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    half constant bigint := (1::bigint << 25) - 1;
    high bigint := (number >> 25) & half;
    low bigint := number & half;
    swap bigint;
    digest bytea;
BEGIN
    FOR round IN 1..6 LOOP
        digest := sha256(key || int4send(round) || int8send(low));
        -- Of one precedence: without the parentheses the shifts would swallow each other.
        swap := high # (
            ((get_byte(digest, 0)::bigint << 24) | (get_byte(digest, 1)::bigint << 16)
                | (get_byte(digest, 2)::bigint << 8) | get_byte(digest, 3)::bigint) & half);
        high := low;
        low := swap;
    END LOOP;
    RETURN (high << 25) | low;
END
$$;

CREATE FUNCTION evently_booking_reference() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Crockford's alphabet: no I, L, O or U, which are misread on paper.
    alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    number bigint;
    characters text := '';
BEGIN
    SELECT evently_scramble(nextval('booking_reference_number'), k.key)
        INTO number FROM secrets.booking_reference_key k;
    FOR place IN 0..9 LOOP
        characters := substr(alphabet, ((number >> (5 * place)) & 31)::int + 1, 1) || characters;
    END LOOP;
    NEW.booking_reference :=
        'EVT' || to_char(evently_clock() AT TIME ZONE 'UTC', 'YYYYMMDD') || characters;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_bookings_reference BEFORE INSERT ON bookings
    FOR EACH ROW EXECUTE FUNCTION evently_booking_reference();
"""


class Migration(migrations.Migration):
    """References made by the database."""

    dependencies = [
        ("bookings", "0001_initial"),
        ("evently", "0002_schemas"),
        ("events", "0002_seats_and_versions"),
    ]
    operations = [
        function_and_triggers(
            FUNCTIONS,
            functions=("evently_scramble(bigint, bytea)", "evently_booking_reference()"),
        ),
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "DROP SEQUENCE booking_reference_number; DROP TABLE secrets.booking_reference_key;",
        ),
    ]

-- A time as the public record writes it: UTC, with six digits of the second.
CREATE OR REPLACE FUNCTION evently_record_time(moment timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

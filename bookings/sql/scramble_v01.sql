-- A keyed permutation of 50-bit numbers: a Feistel network of six rounds over SHA-256. Two numbers
-- never give the same result, and without the key nothing tells what the next will be.
CREATE OR REPLACE FUNCTION evently_scramble(number bigint, key bytea) RETURNS bigint
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

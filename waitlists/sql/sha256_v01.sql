-- SHA-256 of a text as UTF-8, in hexadecimal.
CREATE OR REPLACE FUNCTION evently_sha256(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex') $$;

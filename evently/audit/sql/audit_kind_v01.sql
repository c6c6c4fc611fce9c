-- Name what an update did by the columns that it set: the new status, or a moment that was reached.
CREATE OR REPLACE FUNCTION audit_kind(before jsonb, after jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN after ->> 'status' IS NOT NULL THEN after ->> 'status'
        WHEN before -> 'deleted_at' = 'null' THEN 'erased'
        WHEN before -> 'published_at' = 'null' THEN 'published'
        WHEN before -> 'cancelled_at' = 'null' THEN 'cancelled'
        WHEN before -> 'checked_in_at' = 'null' THEN 'checked_in'
        WHEN before -> 'revoked_at' = 'null' THEN 'revoked'
        ELSE 'changed' END
$$;

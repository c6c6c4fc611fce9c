-- Return the receipt of one erasure, for whoever has its link: no role but the operators' reads
-- others.
CREATE OR REPLACE FUNCTION evently_erasure_receipt(erasure uuid)
RETURNS TABLE (document text, completed_at timestamptz, number bigint, written boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.document, e.completed_at, e.number, e.number <= r.written_number
    FROM erasures e CROSS JOIN erasure_register r WHERE e.id = erasure
$$;

REVOKE ALL ON FUNCTION evently_erasure_receipt(uuid) FROM PUBLIC;

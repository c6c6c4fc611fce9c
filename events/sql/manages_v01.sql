-- Whether the person for whom the role was taken organizes or manages an event. For policies of
-- tables that only name their event.
CREATE OR REPLACE FUNCTION evently_manages(event uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM events WHERE id = event
            AND (created_by_id = nullif(current_setting('evently.user_id', true), '')::uuid
                OR id = ANY (nullif(current_setting('evently.manages', true), '')::uuid[])))
$$;

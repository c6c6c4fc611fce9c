-- Whether an event is public. For policies of tables that only name their event.
CREATE OR REPLACE FUNCTION evently_is_published(event uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM events WHERE id = event AND published_at IS NOT NULL)
$$;

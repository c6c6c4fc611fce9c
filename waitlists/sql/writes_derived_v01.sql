-- Whether a statement is one of those that write only what is derived for a whole waitlist: positions,
-- and passes. Its table's other triggers have nothing to do then, and each would cost a long
-- waitlist more than the statement itself.
--
-- Such statements stand in functions with a search_path of their own. No client can imitate it: a
-- statement of a client is in no trigger, and all other functions that triggers run have a search_path
-- of theirs (test_no_client_can_pass_for_a_ranking).
CREATE OR REPLACE FUNCTION evently_writes_derived() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT pg_trigger_depth() > 0 AND current_setting('search_path') = 'public, pg_catalog, pg_temp'
$$;

-- Set who makes the changes of this transaction, for a function that is a transaction of its own.
--
-- facts: the settings of `evently.audit.context.SETTINGS`, in their order. Where the tables are
-- distributed, this runs on the node of the rows: set_config() does not reach others.
CREATE OR REPLACE FUNCTION audit_set_context(facts text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('evently.actor', facts[1], true),
        set_config('evently.via', facts[2], true),
        set_config('evently.request_id', facts[3], true),
        set_config('evently.act', facts[4], true),
        set_config('evently.cause', facts[5], true),
        set_config('evently.price_rule', facts[6], true),
        set_config('evently.price_reason', facts[7], true),
        set_config('evently.signature', facts[8], true);
END
$$;

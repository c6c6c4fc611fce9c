-- Store the answer under a claimed key, in the transaction of the work.
CREATE OR REPLACE FUNCTION evently_store_answer(
    owner uuid, claimed text, answer_status int, answer_body jsonb
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE idempotency_keys SET status = answer_status, answer = answer_body
    WHERE user_id = owner AND key = claimed;
END
$$;

-- Whether an amount can be paid in a currency: 10.50 can in EUR, and not in JPY.
CREATE OR REPLACE FUNCTION evently_fits_currency(amount numeric, code text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(scale(trim_scale(amount)) <= evently_currency_exponent(code), false)
$$;

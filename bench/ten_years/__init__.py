"""Ten years of made-up data, passed through the nights of the retention rules."""

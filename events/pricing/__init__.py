"""Prices that follow demand: the rule, what it looks at, and the sentence that explains it."""

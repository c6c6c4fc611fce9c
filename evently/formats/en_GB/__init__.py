"""English, by the clock of 24 hours."""

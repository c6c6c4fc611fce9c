"""The emails about an event in the API, for those who manage it: read only."""

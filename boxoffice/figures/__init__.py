"""The figures of events: what is counted, rolled up, checked and read."""

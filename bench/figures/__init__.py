"""A year of sales, and what rolling it up, checking it and reading it costs."""

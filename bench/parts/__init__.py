"""What is measured once, after the table, on the same servers: options of `python -m bench`."""

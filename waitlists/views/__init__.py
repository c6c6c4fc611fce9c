"""Pages of the line, and those that show an event together with its line."""

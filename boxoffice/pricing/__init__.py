"""The price rule at work: what it looks at of bookings and waitlists, and when it is applied."""

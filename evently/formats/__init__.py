"""Django's default format of dates and times, as on the detail pages of the admin."""

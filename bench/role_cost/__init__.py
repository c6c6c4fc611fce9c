"""What row-level security costs the pages of organizers, attendees and visitors."""

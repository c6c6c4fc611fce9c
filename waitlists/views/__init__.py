"""Pages for joining a waitlist, its entries and their offers."""

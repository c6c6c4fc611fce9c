"""What organizers work with: the event admin, the dashboard, the sidebar and analytics."""

"""What organizers work with: the event admin, the dashboard, figures and analytics."""

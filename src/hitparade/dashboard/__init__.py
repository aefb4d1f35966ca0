"""Pages that people look at: the dashboard, and a report of a day as one file."""

"""What people read: one typed report, and its views in a terminal, in HTML and as evidence."""

"""Who is told what, and when: the life of an alert."""

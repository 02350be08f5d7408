"""Two sessions, one on each server, each in a snapshot; opened again when one is lost."""

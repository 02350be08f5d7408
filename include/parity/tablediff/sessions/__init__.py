"""Two sessions, one on each server, in the same snapshot; connected again when one is lost."""

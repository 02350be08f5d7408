"""The helper job as it has to be in a workspace: its script, its settings, and how both get there."""

"""What to compare: frozen models of the YAML files, and the loader that explains mistakes."""

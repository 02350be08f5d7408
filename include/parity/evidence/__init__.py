"""Evidence: what each run found, chained and signed when it is recorded, and verified without this project."""

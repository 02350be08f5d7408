"""The rows of one table: scanned in chunks, checkpointed, throttled, and read again where they differ."""

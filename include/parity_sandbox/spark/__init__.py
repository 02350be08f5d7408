"""Real PySpark: one warm JVM, each job in its own process."""

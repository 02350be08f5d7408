"""One suite, one Dag: its remote steps, its tasks on workers, and its gate."""

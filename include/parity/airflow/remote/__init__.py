"""Remote runs: submitted once, waited for without a worker, cancelled when no task waits for them."""

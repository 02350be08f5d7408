"""Remote runs: submitted once, remembered, waited for without a worker, cancelled when nobody waits."""

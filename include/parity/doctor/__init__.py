"""Is everything in place? Asks the clouds, through the clients of a run, and starts nothing.

Checks (:mod:`parity.doctor.checks`) are made for what suites and databases name, run beside each other, and become
lines. Clients gather the facts; what judges them is pure.
"""

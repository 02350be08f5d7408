"""A table that can be asked: a dialect of :mod:`parity.sql` and a client of :mod:`parity.clients`."""

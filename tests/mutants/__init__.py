"""Tests of the tests: every small change to the code that compares and judges must make some test fail.

mutmut supplies the changes to Python; what it leaves alone decides most here, so that the rest is ours: the SQL
inside f-strings (:mod:`mutants.sql`), properties and other decorated functions, and constants. mutmut's own
runner collects the tests again for each mutant; ours (:mod:`mutants.run`) collects once, forks, and gives the fork
the change (:mod:`mutants.apply`).
"""

"""From what the clouds know to a suite's first draft: guesses with a reason and a certainty, never silent ones.

Facts in, guesses out: nothing here asks a cloud. What is not certain becomes a TODO, which ``parity suites check``
refuses until a person has decided.
"""

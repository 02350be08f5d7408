"""One run of a suite: plan, export, compare, validate, judge, record."""

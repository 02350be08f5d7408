"""Great Expectations: the suite's expectations in, findings and Data Docs out."""

"""The pages: every run, its reports and its Data Docs, behind whatever guard they are given."""

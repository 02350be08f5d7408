"""One database, one Dag: both clouds asked, both catalogues surveyed, the tables compared piece by piece."""

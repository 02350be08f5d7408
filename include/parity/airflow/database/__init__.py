"""One database, one Dag: both servers queried, both catalogues surveyed, the tables compared piece by piece."""

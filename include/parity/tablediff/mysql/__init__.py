"""What is read from a MySQL or MariaDB server: catalogue, privileges, definitions, load, rows of a table."""

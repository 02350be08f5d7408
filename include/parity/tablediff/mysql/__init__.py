"""What a MySQL or MariaDB server is asked: catalogue, privileges, definitions, load, rows of a table."""

"""The variables of a running server, which both clouds show as their configuration of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

ASLEEP = {"max_connections": "151", "sql_mode": "STRICT_TRANS_TABLES", "time_zone": "SYSTEM"}
"""What is shown where no database server runs."""


def variables(url: str) -> Mapping[str, str]:
    """Return every global variable of the server at ``url``, by its lower-case name."""
    if not url:
        return ASLEEP
    import pymysql

    parts = urlsplit(url)
    with (
        pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            connect_timeout=5,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW GLOBAL VARIABLES")
        return {str(name).lower(): str(value) for name, value in cursor.fetchall()}

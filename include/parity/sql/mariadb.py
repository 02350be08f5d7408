"""Where another server of the family is spelled unlike MySQL 8 and later."""

from __future__ import annotations

from typing import ClassVar

from parity.sql.mysql import MySQL


class MariaDB(MySQL):
    """MariaDB 10.7 and later, the stand-in for both clouds in the sandbox. It has no JSON type of its own."""

    name: ClassVar[str] = "mariadb"


class MySQL57(MySQL):
    """MySQL 5.7, which cannot look into a document."""

    name: ClassVar[str] = "mysql 5.7"

    def json(self, value: str) -> str:
        """Return a document's text, marked where reading that text back makes another document."""
        text = f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
        return f"IF({value} = CAST({text} AS JSON), {text}, CONCAT({text}, ' of types that are not told'))"

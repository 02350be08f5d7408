"""Where MariaDB, the stand-in for both clouds in the sandbox, is spelled unlike MySQL."""

from __future__ import annotations

from typing import ClassVar

from parity.sql.mysql import MySQL


class MariaDB(MySQL):
    """MariaDB 10.7 and later."""

    name: ClassVar[str] = "mariadb"

    def json(self, value: str) -> str:
        """Return a document's normal form, or its text when it is no valid document.

        MariaDB keeps a document as it was typed; MySQL sorts its keys and drops its blanks.
        """
        return f"COALESCE(JSON_NORMALIZE({value}), {value})"

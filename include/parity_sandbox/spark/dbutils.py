"""``dbutils`` as a Databricks script sees it: widgets, and leaving a notebook with a result."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType


class NotebookExit(BaseException):
    """Ends a notebook well; carries what it was left with. Not an Exception, lest a script catch it."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class InputWidgetNotDefined(Exception):
    """A script asks for a widget that neither it nor the job defines."""


class Widgets:
    """Job and notebook parameters, above the defaults that the script declares."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self._declared: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Return one value; InputWidgetNotDefined when there is none."""
        known = self.getAll()
        if name not in known:
            raise InputWidgetNotDefined(f"No input widget named {name} is defined")
        return known[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802 - Databricks' name
        """Return every value."""
        return {**self._declared, **self._given}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        """Declare a text widget."""
        self._declared[name] = defaultValue

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Declare a widget with choices."""
        self._declared[name] = defaultValue

    combobox = multiselect = dropdown

    def remove(self, name: str) -> None:
        """Forget one declared widget."""
        self._declared.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        """Forget every declared widget."""
        self._declared.clear()


class Notebook:
    """The notebook itself."""

    def exit(self, value: object = "") -> None:
        """End the notebook with a result."""
        raise NotebookExit(str(value))


class DBUtils:
    """What a notebook finds as ``dbutils``."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.widgets = Widgets(given)
        self.notebook = Notebook()


def offer(dbutils: DBUtils) -> None:
    """Make ``from pyspark.dbutils import DBUtils; DBUtils(spark)`` work, as it does on Databricks."""
    module = ModuleType("pyspark.dbutils")
    module.DBUtils = lambda _spark=None: dbutils  # type: ignore[attr-defined]
    sys.modules["pyspark.dbutils"] = module

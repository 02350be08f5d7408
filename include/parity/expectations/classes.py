"""The classes that a suite names: Great Expectations', or its own from ``expectations.py`` beside it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from parity.errors import BadInput

_MODULE = "suite_expectations"
NOT_IMPORTED = "cannot be imported"


class ExpectationClasses:
    """Finds classes by name; the suite's own file is run when the first of its classes is needed."""

    def __init__(self, own: Path | None) -> None:
        self._file = own if own and own.exists() else None

    def find(self, name: str) -> Any:
        """Return the class; raise :class:`BadInput` when the suite's own file cannot be run."""
        import great_expectations.expectations as gxe

        return getattr(gxe, name, None) or self._own[name]

    @staticmethod
    def known(kind: str) -> bool:
        """Return whether Great Expectations can show results of a class, by its name in snake case."""
        from great_expectations.expectations.registry import list_registered_expectation_implementations

        return kind in list_registered_expectation_implementations()

    @cached_property
    def _own(self) -> Mapping[str, Any]:
        if not self._file or not (spec := importlib.util.spec_from_file_location(_MODULE, self._file)):
            return {}
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[_MODULE] = module  # annotations of its classes are looked up there
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            what = f"{self._file.name} {NOT_IMPORTED}: {type(error).__name__}: {error}"
            raise BadInput(what, remedy="Mend it, then clear the task.") from error
        return vars(module)

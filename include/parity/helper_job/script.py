"""The helper job's script as this version of Parity has it, and what a deployed one says of itself."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("export.py")
_CONSTANT = re.compile(r"""^(?P<name>PROTOCOL|VERSION)\s*=\s*["'](?P<value>[^"']+)["']""", re.MULTILINE)
"""What a script says of itself."""


@dataclass(frozen=True)
class HelperScript:
    """A script, as text: importing it needs Spark."""

    text: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the job parameters that it reads."""
        for node in ast.parse(self.text).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARAMETERS":
                return tuple(ast.literal_eval(node.value))
        raise ValueError("the helper job's script names no PARAMETERS")

    @property
    def protocol(self) -> str:
        """Return the version of its protocol, or an empty text when it is not Parity's."""
        return self._said().get("PROTOCOL", "")

    @property
    def version(self) -> str:
        """Return version and protocol in words."""
        if not self.protocol:
            return "not Parity's: it names no protocol"
        return f"version {self._said().get('VERSION', 'unknown')}, protocol {self.protocol}"

    def same_as(self, other: HelperScript) -> bool:
        """Return whether both do the same: blanks and what a notebook adds do not count."""
        return self._lines() == other._lines()

    def _said(self) -> dict[str, str]:
        return {found["name"]: found["value"] for found in _CONSTANT.finditer(self.text)}

    def _lines(self) -> list[str]:
        lines = (line.rstrip() for line in self.text.splitlines())
        return [line for line in lines if line and not line.startswith("# Databricks")]


def own_script() -> HelperScript:
    """Return the script of this version."""
    return HelperScript(SCRIPT.read_text(encoding="utf-8"))

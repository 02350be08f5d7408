"""The terminal, for tables and colours."""

from __future__ import annotations

from rich.console import Console


class Screen(Console):
    """Rich's console, but a reader that went away is an error like any other, not exit status 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error again; rich would end the process as if data were different."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError

"""Columns of text: cut to the terminal's width, or whole in a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

from parity.wording import visible

COLOURS = {"PASS": "green", "WAIVED": "cyan", "FAIL": "red", "INVALID": "yellow"}
GAP = "  "


def terminal_width() -> int | None:
    """Return the columns of the terminal, or None when the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None


def aligned(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return one line per row, its cells aligned; the last cell ends in an ellipsis where ``width`` cuts it."""
    cells = [[visible(" ".join(cell.split())) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [GAP.join([*map(str.ljust, row, widths[:-1]), row[-1]]).rstrip() for row in cells]
    return [shortened(line, width) for line in lines] if width else lines


def shortened(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` characters."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def wrapped(text: str, indent: str, width: int | None) -> str:
    """Return ``text`` behind an indent, its lines broken between words; long URLs stay whole."""
    return textwrap.fill(
        visible(" ".join(text.split())),
        width or sys.maxsize,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def coloured(line: str) -> str:
    """Return a line with its verdicts in their colours; click drops the colours in a pipe."""
    words = visible(line).split(" ")
    return " ".join(click.style(word, COLOURS[word]) if word in COLOURS else word for word in words)

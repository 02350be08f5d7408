"""Lines and stacked bars over dates, as the numbers that an SVG needs; templates draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT, LEFT, TOP = 560, 120, 64, 24
"""Units of the drawing: its plot, and the room at the left and the top for words."""
Number = float | int
Values = Sequence[Number | None]
"""A value per date; None where nothing was measured, which breaks a line."""


@dataclass(frozen=True)
class Stroke:
    """One line: its name, and the pieces between its gaps as lists of points."""

    name: str
    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    """Values without a neighbour, which no line would show."""


@dataclass(frozen=True)
class Bar:
    """One part of a stacked bar."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A drawing over dates: lines or bars, caps as heights, and the values of its horizontal lines."""

    strokes: tuple[Stroke, ...]
    bars: tuple[Bar, ...]
    caps: tuple[tuple[str, float], ...]
    """Name and height of each cap."""
    ticks: tuple[tuple[str, float], ...]
    """Value, in words, and height of each horizontal line."""
    names: tuple[str, ...]


def line_chart(series: Mapping[str, Values], caps: Mapping[str, Number] | None = None) -> Chart:
    """Return lines of values from zero up, with horizontal caps."""
    caps = caps or {}
    top = _top([value for values in series.values() for value in values if value is not None] + [*caps.values()])
    strokes = tuple(_stroke(name, values, top) for name, values in series.items())
    return Chart(strokes, (), tuple((n, _y(cap, top)) for n, cap in caps.items()), _ticks(top), tuple(series))


def bar_chart(series: Mapping[str, Sequence[Number]]) -> Chart:
    """Return bars whose parts stand on each other, one bar per date."""
    totals = [sum(values) for values in zip(*series.values(), strict=True)]
    top = _top(totals)
    width = WIDTH / max(len(totals), 1)
    bars = []
    for at in range(len(totals)):
        below: Number = 0
        for name, values in series.items():
            if values[at]:
                below += values[at]
                height = values[at] / top * HEIGHT
                bars.append(Bar(name, LEFT + at * width + width * 0.15, _y(below, top), width * 0.7, height))
    return Chart((), tuple(bars), (), _ticks(top), tuple(series))


def x_of(at: int, count: int) -> float:
    """Return the middle of the place of date number ``at`` of ``count``."""
    return LEFT + (at + 0.5) * WIDTH / count


def _stroke(name: str, values: Values, top: Number) -> Stroke:
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((round(x_of(at, len(values)), 1), _y(value, top)))
    drawn = tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1)
    return Stroke(name, drawn, tuple(piece[0] for piece in pieces if len(piece) == 1))


def _top(values: Sequence[Number]) -> Number:
    """Return the round number at or above all values: 1, 2 or 5 times a power of ten, and at least 1."""
    most = max(values, default=0)
    if most <= 0:
        return 1
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)


def _ticks(top: Number) -> tuple[tuple[str, float], ...]:
    return tuple((_short(top * share), _y(top * share, top)) for share in (0, 0.5, 1))


def _short(value: Number) -> str:
    return f"{value:,g}" if value < 10**6 else f"{value / 10**6:,g} M"


def _y(value: Number, top: Number) -> float:
    return round(TOP + HEIGHT * (1 - value / top), 1)

"""Columns made whole: every value of a column at once, drawn from one seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Random = np.random.Generator
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def draw(random: Random, choices: Sequence[Any], size: int, weights: Sequence[float] | None = None) -> pa.Array:
    """Pick ``size`` of ``choices``, which may hold None; ``weights`` need not add up to one."""
    share = None if weights is None else np.asarray(weights, dtype=float) / sum(weights)
    return pa.array(choices).take(pa.array(random.choice(len(choices), size=size, p=share)))


def decimals(unscaled: Ints, precision: int, scale: int) -> pa.Array:
    """Turn whole numbers of the smallest unit into exact decimals, without a Python object each."""
    words = np.stack([unscaled, unscaled >> 63], axis=1)
    kind = pa.decimal128(precision, scale)
    return pa.Array.from_buffers(kind, len(unscaled), [None, pa.py_buffer(np.ascontiguousarray(words))])


def moments(micros: Ints) -> pa.Array:
    """Turn microseconds since 1970 into UTC timestamps."""
    return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))


def numbered(form: str, numbers: Ints) -> pa.Array:
    """Format every number, such as ``cl_{:05d}``."""
    return pa.array([form.format(number) for number in numbers.tolist()])


def blanked(values: pa.Array, mask: Flags, replacement: str | None) -> pa.Array:
    """Put ``replacement``, which may be None, wherever ``mask`` is set."""
    import pyarrow.compute as pc

    return pc.if_else(pa.array(mask), pa.scalar(replacement, values.type), values)


def padded(values: pa.Array, mask: Flags, blanks: str = "  ") -> pa.Array:
    """Add trailing blanks wherever ``mask`` is set; NULL stays NULL."""
    import pyarrow.compute as pc

    longer = pc.binary_join_element_wise(values, blanks, "")
    return pc.if_else(pa.array(mask), longer, values)


def flags(random: Random, size: int, share: float) -> Flags:
    """Set about ``share`` of ``size`` flags."""
    return random.random(size) < share


def mapped(values: pa.Array, change: Callable[[Any], Any]) -> pa.Array:
    """Change every value by a Python function; for small columns only."""
    return pa.array([change(value) for value in values.to_pylist()])


def taken(values: pa.Array, rows: Ints) -> pa.Array:
    """Look up ``values`` by position."""
    return values.take(pa.array(rows))


def stream(seed: int, *path: int) -> Random:
    """Return the generator of one stream, so that no table's size changes another table's values."""
    return np.random.default_rng([seed, *path])

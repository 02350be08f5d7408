"""The comparison of two relations: facts about both, and the verdict derived from them.

::

    result = compare(Source.of("legacy/"), Source.of("target/"), Spec(key=("payment_id",)))
    result.verdict          # PASS, FAIL or INVALID; WAIVED when waivers cover every difference
"""

from __future__ import annotations

from parity.compare.result import Result, Verdict
from parity.compare.spec import CsvFormat, OnStep, Source, Spec
from parity.errors import BadInput

__all__ = ["CsvFormat", "Result", "Source", "Spec", "Verdict", "compare"]


def compare(legacy: Source, target: Source, spec: Spec, on_step: OnStep | None = None) -> Result:
    """Compare two sources; INVALID for whatever could not be compared, wrong rules and files included.

    :func:`parity.compare.comparison.compare_sources` raises BadInput for those instead.
    """
    from parity.compare.comparison import compare_sources

    try:
        return compare_sources(legacy, target, spec, on_step)
    except BadInput as error:
        return Result(Verdict.INVALID, str(error))

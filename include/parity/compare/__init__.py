"""Who is right: facts about two relations, and the verdict that follows from them.

::

    result = parity.compare.run(Source.of("legacy/"), Source.of("target/"), Spec(key=("payment_id",)))
    result.verdict          # PASS, FAIL or INVALID; WAIVED when waivers cover every difference

:func:`run` never raises for what is wrong with the data, the files or the rules: it answers INVALID and
says why. :func:`compare` is the same but raises :class:`~parity.errors.BadInput` when somebody must change
a file or a rule, as the command line wants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.compare.result import Result, Verdict
from parity.compare.spec import CsvFormat, Source, Spec
from parity.errors import BadInput

if TYPE_CHECKING:
    from parity.compare.progress import ProgressReporter

__all__ = ["CsvFormat", "Result", "Source", "Spec", "Verdict", "compare", "run"]


def run(legacy: Source, target: Source, spec: Spec, progress: ProgressReporter | None = None) -> Result:
    """Compare two sources and return a result, INVALID for whatever could not be compared."""
    try:
        return compare(legacy, target, spec, progress)
    except BadInput as error:
        return Result(Verdict.INVALID, str(error))


def compare(legacy: Source, target: Source, spec: Spec, progress: ProgressReporter | None = None) -> Result:
    """Compare two sources; raise :class:`BadInput` when a file, a rule or the key is wrong."""
    from parity.compare.comparison import compare_sources

    return compare_sources(legacy, target, spec, progress)

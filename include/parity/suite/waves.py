"""``waves.yaml``: what belongs to each wave of the migration, and when the wave may be cut over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from parity.errors import SuiteError
from parity.suite.databases import Database
from parity.suite.diagnostics import Diagnostic, diagnose
from parity.suite.models import Frozen, Severity, Suite
from parity.suite.yaml_source import read_yaml
from parity.wording import did_you_mean

WAVES_FILE = "waves.yaml"


class Criteria(Frozen):
    """What must hold before a wave may be cut over; each for every suite and database of the wave."""

    green_nights: int = Field(default=14, ge=1, description="Nights in a row, up to now, whose verdict is green.")
    longest_gap: int = Field(
        default=1, ge=1, description="Days from one night to the next; 3 where weekends have none."
    )
    dates: tuple[date, ...] = Field(
        default=(),
        description="Business dates that must be green: a month end, a holiday, a clock change.",
    )
    coverage: float = Field(
        default=1.0, gt=0, le=1, description="No activity may ask for less coverage of itself."
    )
    waivers: tuple[str, ...] = Field(default=(), description="Tickets of waivers that may stay for good.")
    severity: Severity = Field(
        default=Severity.WARNING, description="No incident as severe as this, or more, may be open."
    )
    control_totals: tuple[Literal["glue", "data_factory"], ...] = Field(
        default=(),
        description="Clouds whose own counts of rows must be reported each green night, and equal the exports'.",
    )
    repeated: int = Field(
        default=1, ge=0, description="Dates on which every activity was compared in two runs, both green."
    )


class Wave(Frozen):
    """One wave of the migration."""

    wave: int = Field(ge=1)
    description: str = ""
    suites: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    ready: Criteria = Criteria()
    signers: tuple[str, ...] = Field(
        default=(), description="Airflow users who may sign it off; none: who may run it."
    )

    @model_validator(mode="after")
    def _holds_something(self) -> Wave:
        if not self.suites and not self.databases:
            raise ValueError("a wave has a suite or a database at least")
        return self


class WavesFile(Frozen):
    """The file ``waves.yaml``."""

    waves: tuple[Wave, ...] = Field(min_length=1)


def load_waves(
    path: Path, suites: Mapping[str, Suite], databases: Mapping[str, Database]
) -> tuple[tuple[Wave, ...], tuple[SuiteError, ...]]:
    """Return the waves of a file, and an error for each mistake; with a mistake there are no waves.

    Every suite and database that says that it belongs to a wave is listed there: none is forgotten.
    """
    try:
        document = read_yaml(path)
        waves = WavesFile.model_validate(document.data or {}).waves
    except SuiteError as error:
        return (), (error,)
    except ValidationError as error:
        return (), tuple(mistake.error(document) for mistake in diagnose(error, WavesFile, document.data or {}))
    found = [*_twice(waves), *_unknown(waves, suites, databases), *_forgotten(waves, suites, databases)]
    errors = tuple(mistake.error(document) for mistake in found)
    return (() if errors else waves), errors


def _twice(waves: Iterable[Wave]) -> Iterator[Diagnostic]:
    seen: set[int] = set()
    for at, wave in enumerate(waves):
        if wave.wave in seen:
            yield Diagnostic(("waves", at, "wave"), f"wave {wave.wave} is listed twice.", "Make them one.")
        seen.add(wave.wave)


def _unknown(
    waves: Iterable[Wave], suites: Mapping[str, Suite], databases: Mapping[str, Database]
) -> Iterator[Diagnostic]:
    for at, wave in enumerate(waves):
        for kind, names, known in (("suites", wave.suites, suites), ("databases", wave.databases, databases)):
            for place, name in enumerate(names):
                where = ("waves", at, kind, place)
                if name not in known:
                    what = f"no valid {kind.removesuffix('s')} is called {name!r}."
                    yield Diagnostic(where, what, did_you_mean(name, known, "Known:"))
                elif known[name].wave != wave.wave:
                    what = f"{name!r} says that it belongs to wave {known[name].wave}."
                    yield Diagnostic(where, what, "Make both say the same.")


def _forgotten(
    waves: Iterable[Wave], suites: Mapping[str, Suite], databases: Mapping[str, Database]
) -> Iterator[Diagnostic]:
    for at, wave in enumerate(waves):
        for kind, names, known in (("suites", wave.suites, suites), ("databases", wave.databases, databases)):
            left = sorted(name for name, one in known.items() if one.wave == wave.wave and name not in names)
            if left:
                what = f"wave {wave.wave} leaves out what says that it belongs to it: {', '.join(left)}."
                yield Diagnostic(("waves", at), what, f"Add it to {kind}.")

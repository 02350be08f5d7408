"""The page of the doctor's last answer, which the Dag ``parity_doctor`` keeps among the artefacts."""

from __future__ import annotations

import json

from parity.clients.artefacts import Artefacts
from parity.doctor.implementation import by_wave, counts
from parity.doctor.line import Status
from parity.doctor.report import Report, by_place, shown
from parity.errors import NotFound, ParityError
from parity.web.links import Links
from parity.web.pages import TOP_LEVEL, OpenArtefacts, render

REPORT = "doctor/report.json"
COLOURS = {
    Status.OK: "PASS",
    Status.MISSING: "FAIL",
    Status.DIFFERS: "FAIL",
    Status.UNREADABLE: "INVALID",
    Status.OPTIONAL: "WAIVED",
}
"""Status → the class of the page's colours."""


def save_report(artefacts: Artefacts, report: Report, run: str) -> str:
    """Keep a report, with the id of the run that made it, and return its name."""
    return artefacts.write(REPORT, json.dumps({**report.to_json(), "run": run}, indent=1))


def doctor_page(artefacts: OpenArtefacts, links: Links = TOP_LEVEL) -> str:
    """Return the page; without a report it says how to get one."""
    report, lost = None, ""
    try:
        report = Report.from_json(json.loads(artefacts().read(REPORT)))
    except NotFound:
        lost = "Nobody has looked yet. Trigger the Dag parity_doctor, or run parity doctor in a terminal."
    except ParityError as error:
        lost = str(error)
    return render(
        "doctor.html",
        links,
        report=report,
        lost=lost,
        places=[(place, list(shown(lines))) for place, lines in by_place(report.lines)] if report else [],
        waves=[(wave, moves, counts(moves)) for wave, moves in by_wave(report.moves)] if report else [],
        colours=COLOURS,
        statuses=list(Status),
    )

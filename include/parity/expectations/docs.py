"""Data Docs: the pages of Great Expectations, one per side, behind an index per run and one over all runs.

The pages are rendered by Great Expectations itself. Its own site builder would copy 4 MB of pictures into each
site and make every reader's browser fetch fourteen files from content networks; here those tags are cut out
and one small style sheet stands in for them, so that the pages work behind a firewall.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.expectations.findings import Finding, Outcome, tally
from parity.report.html import templates

ROOT = "data_docs"
SUMMARY = "summary.json"
_REMOTE = re.compile(
    r"<script\b.*?</script>|<footer\b.*?</footer>|<link\b[^>]*\shref=\"?https?:[^>]*>|<link\b[^>]*favicon[^>]*>"
    r"|<img\b[^>]*>|url\(['\"]?https?:[^)]*\)",
    re.IGNORECASE | re.DOTALL,
)
"""Scripts (nothing works without the ones that are fetched), pictures, fetched styles and the newsletter."""
_AWAY = re.compile(r'href="(?:\.\./)+[^"]*"')
"""Links to where Great Expectations' own site builder would have put its index and its suites."""


def page(result: Any) -> str:
    """Render one validation result of Great Expectations as a page that stands alone."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    rendered = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    local = _AWAY.sub('href="index.html"', _REMOTE.sub("", rendered).replace("__none__", "–"))
    return local.replace("</head>", f"<style>{_render('style.css')}</style></head>", 1)


def publish(store: Artefacts, folder: str, pages: Mapping[str, str], findings: Iterable[Finding]) -> str:
    """Write an activity's pages below ``data_docs/folder`` and refresh the run's index above them.

    Returns the name of the activity's index in ``store``. Activities of one run may do this at once.
    """
    home = f"{ROOT}/{folder}"
    for side, text in pages.items():
        store.write(f"{home}/{side}.html", text)
    listed = sorted(findings, key=_worst_first)
    store.write(f"{home}/{SUMMARY}", json.dumps(tally(listed)))
    activity = _render("activity.html", title=PurePosixPath(folder).name, sides=list(pages), findings=listed)
    index = store.write(f"{home}/index.html", activity)
    _refresh(store, str(PurePosixPath(home).parent))
    return index


def refresh_above(store: Artefacts, folder: str) -> None:
    """Refresh the index of the run ``folder`` and of everything above it: its date, its suite, all suites.

    Runs once when a run has ended, because each index reads the sums of everything below it.
    """
    home = PurePosixPath(ROOT) / folder
    for above in (home, *list(home.parents)[: len(PurePosixPath(folder).parts)]):
        _refresh(store, str(above))


def _worst_first(finding: Finding) -> tuple[int, str, str]:
    order = [Outcome.INVALID, Outcome.FAIL, Outcome.PASS]
    return order.index(finding.outcome), finding.side, finding.subject


def _refresh(store: Artefacts, folder: str) -> None:
    """Write the index of ``folder``, newest names first, and the sum of the outcomes below it."""
    below = sorted(store.folders(folder), reverse=True)
    read = store.read_each(f"{folder}/{name}/{SUMMARY}" for name in below)
    sums: dict[str, dict[str, int]] = {
        name: json.loads(read.get(f"{folder}/{name}/{SUMMARY}", b"{}")) for name in below
    }
    total = {outcome.value: sum(counts.get(outcome, 0) for counts in sums.values()) for outcome in Outcome}
    store.write(f"{folder}/{SUMMARY}", json.dumps(total))
    top = folder == ROOT
    title = "Data Docs" if top else PurePosixPath(folder).name
    index = _render("index.html", title=title, up=not top, outcomes=list(Outcome), sums=sums)
    store.write(f"{folder}/index.html", index)


def _render(template: str, **values: Any) -> str:
    return templates("parity.expectations").get_template(template).render(**values)

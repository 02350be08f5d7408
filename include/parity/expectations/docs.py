"""Data Docs: the pages of Great Expectations, one per side, behind an index per run and one over all runs.

The pages are rendered by Great Expectations itself. Its own site builder would copy 4 MB of pictures into each
site and make every reader's browser fetch fourteen files from content networks; here those tags are cut out
and one small style sheet stands in for them, so that the pages work behind a firewall.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.expectations.findings import Finding, Outcome, tally

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
STYLE = """
:root{color-scheme:light dark;--ink:#16202c;--soft:#5b6878;--line:#dfe4ea;--page:#f4f6f9;--card:#fff;
--link:#1d5bbf;--good:#14713d;--bad:#b3261e;--unsure:#8a5a00;--mark:#ffd7d5}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b5;--line:#2c3743;--page:#12181f;--card:#1a222b;
--link:#8ab8ff;--good:#58c98a;--bad:#ff8a80;--unsure:#f0b752;--mark:#5c2320}}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--page)}
a{color:var(--link);text-underline-offset:.15em}h1{font-size:1.35rem;margin:.5rem 0 .25rem}
main,.container,.container-fluid{max-width:80rem;margin:0 auto;padding:1.25rem}
.row{display:block}.row:has(>.col-lg-10){display:flex;gap:1.5rem}.col-lg-2{flex:0 0 14rem}
.col-lg-10{flex:1 1 0;min-width:0}.card:has(input[type=radio]){display:none}td,th{overflow-wrap:break-word}
table{border-collapse:collapse;width:100%;margin:.75rem 0;background:var(--card);border:1px solid var(--line)}
th{color:var(--soft);font-weight:500}
th,td{border-bottom:1px solid var(--line);padding:.5rem .7rem;text-align:left;vertical-align:top}
.card,.alert,pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;
margin:.5rem 0;overflow:auto}.badge{border-radius:.3rem;padding:.1rem .4rem;background:var(--line);
margin-right:.2rem}.badge-danger{background:var(--mark)}td.pass,td.fail,td.invalid{font-weight:650}td.zero{color:var(--soft)}
.text-success,.pass{color:var(--good)}.text-danger,.fail{color:var(--bad)}.text-warning,
.invalid{color:var(--unsure)}.fas:before{content:"●"}
.modal,.cooltip .top,.btn-info{display:none}.list-inline li{display:inline}
nav{font-size:.9rem}
.navbar,nav.fixed-top{max-width:80rem;margin:0 auto;padding:.5rem 1.25rem}
.breadcrumb{list-style:none;display:flex;gap:.6rem;padding:0}
"""


def page(result: Any) -> str:
    """Render one validation result of Great Expectations as a page that stands alone."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    rendered = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    local = _AWAY.sub('href="index.html"', _REMOTE.sub("", rendered).replace("__none__", "–"))
    return local.replace("</head>", f"<style>{STYLE}</style></head>", 1)


def publish(store: Artefacts, folder: str, pages: Mapping[str, str], findings: Iterable[Finding]) -> str:
    """Write an activity's pages below ``data_docs/folder`` and refresh the run's index above them.

    Returns the name of the activity's index in ``store``. Activities of one run may do this at once.
    """
    home = f"{ROOT}/{folder}"
    for side, text in pages.items():
        store.write(f"{home}/{side}.html", text)
    listed = tuple(findings)
    store.write(f"{home}/{SUMMARY}", json.dumps(tally(listed)))
    index = store.write(f"{home}/index.html", _activity(PurePosixPath(folder).name, listed, pages))
    _refresh(store, str(PurePosixPath(home).parent))
    return index


def refresh_above(store: Artefacts, folder: str) -> None:
    """Refresh the index of the run ``folder`` and of everything above it: its date, its suite, all suites.

    Runs once when a run has ended, because each index reads the sums of everything below it.
    """
    home = PurePosixPath(ROOT) / folder
    for above in (home, *list(home.parents)[: len(PurePosixPath(folder).parts)]):
        _refresh(store, str(above))


def _activity(name: str, findings: Iterable[Finding], pages: Mapping[str, str]) -> str:
    links = " · ".join(f'<a href="{side}.html">{side}</a>' for side in pages)
    rows = "".join(_row(finding) for finding in sorted(findings, key=_worst_first))
    head = "<tr><th>Outcome<th>Side<th>About<th>Expectation<th>Severity<th>What</tr>"
    back = '<nav><a href="../index.html">All activities of the run</a></nav>'
    return _html(name, f"{back}<h1>{html.escape(name)}</h1><p>{links}</p><table>{head}{rows}</table>")


def _worst_first(finding: Finding) -> tuple[int, str, str]:
    order = [Outcome.INVALID, Outcome.FAIL, Outcome.PASS]
    return order.index(finding.outcome), finding.side, finding.subject


def _row(finding: Finding) -> str:
    values = (finding.side, finding.subject, finding.expectation, finding.severity, finding.message)
    cells = "".join(f"<td>{html.escape(text)}" for text in values)
    return f'<tr><td class="{finding.outcome}">{finding.outcome}{cells}</tr>'


def _refresh(store: Artefacts, folder: str) -> None:
    """Write the index of ``folder``, newest names first, and the sum of the outcomes below it."""
    below = sorted(store.folders(folder), reverse=True)
    read = store.read_each(f"{folder}/{name}/{SUMMARY}" for name in below)
    sums: dict[str, dict[str, int]] = {
        name: json.loads(read.get(f"{folder}/{name}/{SUMMARY}", b"{}")) for name in below
    }
    total = {outcome.value: sum(counts.get(outcome, 0) for counts in sums.values()) for outcome in Outcome}
    store.write(f"{folder}/{SUMMARY}", json.dumps(total))
    store.write(f"{folder}/index.html", _index(folder, sums))


def _index(folder: str, sums: Mapping[str, Mapping[str, int]]) -> str:
    title = "Data Docs" if folder == ROOT else PurePosixPath(folder).name
    back = "" if folder == ROOT else '<nav><a href="../index.html">Up</a></nav>'
    rows = "".join(_link(name, counts) for name, counts in sums.items())
    head = "<tr><th>What<th>pass<th>fail<th>invalid</tr>"
    return _html(title, f"{back}<h1>{html.escape(title)}</h1><table>{head}{rows}</table>")


def _link(name: str, counts: Mapping[str, int]) -> str:
    cells = "".join(_count(outcome, counts.get(outcome)) for outcome in Outcome)
    name = html.escape(name)
    return f'<tr><td><a href="{name}/index.html">{name}</a>{cells}</tr>'


def _count(outcome: Outcome, number: int | None) -> str:
    return f'<td class="{outcome if number else "zero"}">{"–" if number is None else number}'


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )

"""The inbox as one page for people. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2430 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .6rem; vertical-align: top }
tr { border-bottom: 1px solid #dde3ea }
pre { overflow: auto; background: #f5f7f9; padding: .6rem; font-size: 12px }
.triggered { color: #b3261e; font-weight: 600 } .acknowledged { color: #8a5a00 } .resolved { color: #1b6e3c }
summary { cursor: pointer } time { color: #5b6673; white-space: nowrap }
"""
NOTHING = "<p>Nothing has been received yet.</p>"


def page(received: Mapping[str, Any]) -> str:
    """Return the whole page: incidents first, then messages, newest first."""
    incidents = "".join(_incident(one) for one in reversed(received["incidents"]))
    messages = "".join(_message(one) for one in reversed(received["messages"]))
    body = "<h1>Alerts received by the sandbox</h1>"
    if incidents:
        body += (
            f"<h2>Incidents</h2><table>{_head('State', 'What', 'Severity', 'Since', 'Events')}{incidents}</table>"
        )
    if messages:
        body += f"<h2>Messages</h2><table>{_head('When', 'How', 'To', 'What')}{messages}</table>"
    head = f'<meta charset="utf-8"><title>Alert sink</title><style>{STYLE}</style>'
    shown = body if messages else body + NOTHING
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{shown}</body></html>'


def _head(*names: str) -> str:
    return "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in names) + "</tr>"


def _incident(one: Mapping[str, Any]) -> str:
    state = f'<td class="{one["state"]}">{one["state"]}</td>'
    return f"<tr>{state}{_cells(one['summary'], one['severity'], one['opened'], one['events'])}</tr>"


def _message(one: Mapping[str, Any]) -> str:
    raw = escape(json.dumps(one["body"], indent=2, ensure_ascii=False))
    what = f"<details><summary>{escape(one['summary'][:300]) or '(no text)'}</summary><pre>{raw}</pre></details>"
    when = f"<td><time>{escape(one['at'])}</time></td>"
    return f"<tr>{when}{_cells(one['channel'], one['to'])}<td>{what}</td></tr>"


def _cells(*values: object) -> str:
    return "".join(f"<td>{escape(str(value))}</td>" for value in values)

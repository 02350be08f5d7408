"""The overview and the page of an activity, over a store with some nights."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parity.clients.artefacts import Artefacts
from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.suite.models import Cause
from parity.web.app import create_app
from parity.web.charts import HEIGHT, LEFT, TOP, WIDTH, bar_chart, line_chart
from parity.web.trend import money_of, trend

LAST = date(2026, 3, 31)
P, W, F, X = Verdict.PASS, Verdict.WAIVED, Verdict.FAIL, Verdict.INVALID


def night(
    day: date, verdict: Verdict, activity: str = "fees", suite: str = "payments", **facts: Any
) -> ActivityRecord:
    at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)
    key = ActivityKey(suite, activity, day, f"scheduled__{day}")
    return ActivityRecord(key, verdict, f"it is {verdict}", at, **facts)


def run(day: date, verdict: Verdict | None, suite: str = "payments", wave: int = 1, again: str = "") -> RunRecord:
    at = datetime(day.year, day.month, day.day, 2 + len(again), tzinfo=UTC) + timedelta(days=1)
    return RunRecord(suite, f"scheduled__{day}{again}", day, at, at, verdict, "", wave)


def record(
    store: Store, verdicts: list[Verdict | None], suite: str = "payments", wave: int = 1, **facts: Any
) -> None:
    """Record a run and its one activity for each date up to the last; None for a date without a run."""
    for back, verdict in enumerate(reversed(verdicts)):
        day = LAST - timedelta(days=back)
        if verdict is not None:
            store.record_run(run(day, verdict, suite, wave))
            store.record_activity(night(day, verdict, suite=suite, **facts))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'results.db'}")


def ask(store: Store, address: str) -> Any:
    return TestClient(create_app(lambda: store, lambda: Artefacts.on_disk(Path("/nowhere")))).get(address)


def page(store: Store, address: str = "/") -> str:
    answer = ask(store, address)
    assert answer.status_code == 200
    return str(answer.text)


def cells(html: str, name: str) -> list[str]:
    """Return the shapes of a line of the grid, a blank for a date without a result."""
    row = next(row for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL) if f">{name}</a>" in row)
    return [re.sub("<[^>]*>", "", cell) or " " for cell in re.findall("<td>(.*?)</td>", row, re.DOTALL)]


def test_a_seeded_run_is_marked_on_every_page_and_is_no_green_night(store: Store) -> None:
    seeded = f"seeded__{LAST}"
    store.record_run(replace(run(LAST, P), run_id=seeded))
    store.record_activity(replace(night(LAST, P), key=replace(night(LAST, P).key, run_id=seeded)))
    shown = page(store)
    assert f'class="PASS seeded" aria-label="fees, {LAST} (seeded): PASS"' in shown
    assert "seeded: an example, which proves nothing" in shown
    assert "no night has ended yet" in shown
    assert f'{LAST}</a> <span class="soft">seeded</span>' in page(store, "/activities/payments/fees")
    assert "Seeded: an example, which proves nothing." in page(store, "/runs/1")


def test_a_line_has_a_cell_per_date_by_shape_and_a_gap_where_nothing_ran(store: Store) -> None:
    record(store, [P, F, None, W, X, P])
    shown = page(store, "/?nights=7")
    assert cells(shown, "fees") == [" ", "●", "✕", " ", "◐", "?", "●"]
    assert cells(shown, "payments") == cells(shown, "fees")
    assert 'aria-label="fees, 2026-03-30: INVALID. it is INVALID"' in shown


def test_the_newest_of_a_date_counts(store: Store) -> None:
    record(store, [F])
    store.record_run(run(LAST, P, again="x"))
    again = replace(night(LAST, P), recorded=datetime(2026, 4, 2, tzinfo=UTC))
    store.record_activity(replace(again, key=replace(again.key, run_id=f"scheduled__{LAST}x")))
    shown = page(store, "/?nights=1")
    assert cells(shown, "fees") == ["●"]
    assert cells(shown, "payments") == ["●"]
    assert 'href="runs/2"' in shown


def test_a_run_that_has_not_ended_is_no_verdict(store: Store) -> None:
    record(store, [P, P])
    store.record_run(run(LAST, None, again="x"))
    shown = page(store, "/?nights=2")
    assert cells(shown, "payments") == ["●", "…"]
    assert "1 green night, the last 2026-03-30" in shown


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([F, P, W, P], "3 green nights, the last 2026-03-31"),
        ([P, P, X], "INVALID on 2026-03-31"),
        ([X, P], "1 green night, the last 2026-03-31"),
    ],
)
def test_green_nights_are_counted_from_the_last(store: Store, verdicts: list[Verdict | None], words: str) -> None:
    record(store, verdicts)
    assert words in page(store)


def test_money_and_waivers_are_of_the_newest_night_only(store: Store) -> None:
    def money(amount: str) -> Any:
        return (
            ColumnFacts("fee", 9, 1, money=(Money("EUR", Decimal(1), Decimal(amount), 1),)),
            ColumnFacts("net", 9, 1, money=(Money("EUR", Decimal(1), Decimal("0.30"), 1),)),
        )

    soon = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    waiver = {"state": "covers", "expires": soon, "owner": "vendors", "ticket": "PAY-1", "reason": "a <note>"}
    late = {**waiver, "expires": "2999-01-01", "ticket": "PAY-2"}
    store.record_run(run(LAST, W))
    store.record_activity(night(LAST - timedelta(days=1), F, columns=money("900.00")))
    store.record_activity(night(LAST, W, columns=money("1234.56"), waivers=(waiver, late)))
    store.record_activity(night(LAST, F, activity="other", columns=money("0.44")))
    shown = page(store)
    assert "<b>1,235.00</b>EUR differ" in shown
    assert "PAY-1" in shown
    assert "PAY-2" not in shown
    assert "a &lt;note&gt;" in shown


def test_filters_choose_by_the_newest_verdict_the_wave_and_the_severity(store: Store) -> None:
    record(store, [F, P])
    record(store, [P, F], suite="vendors", wave=2, severity="warning")
    grids = {
        address: page(store, f"/?{address}").partition("<tbody>")[2].partition("Newest runs")[0]
        for address in ("", "verdict=FAIL", "verdict=PASS", "wave=2", "severity=warning", "suite=payments")
    }
    assert {address: ("payments" in grid, "vendors" in grid) for address, grid in grids.items()} == {
        "": (True, True),
        "verdict=FAIL": (False, True),
        "verdict=PASS": (True, False),
        "wave=2": (False, True),
        "severity=warning": (False, True),
        "suite=payments": (True, False),
    }


def test_older_nights_and_more_activities_are_pages(store: Store) -> None:
    record(store, [P] * 40)
    store.record_activities(night(LAST, P, activity=f"a{number:03}") for number in range(60))
    first, second = page(store, "/?nights=30"), page(store, "/?nights=30&page=2")
    assert ">a049</a>" in first
    assert ">a050</a>" not in first
    assert ">a050</a>" in second
    older = re.search(r'href="([^"]*)">← older', first)
    assert older
    assert older[1] == "?nights=30&amp;until=2026-03-01"
    past = page(store, "/" + older[1].replace("&amp;", "&"))
    assert cells(past, "fees") == [" "] * 20 + ["●"] * 10
    assert "newer →" in past


@pytest.mark.parametrize("address", ["/?nights=900", "/?verdict=GREEN", "/?page=0", "/?until=yesterday"])
def test_a_view_that_cannot_be_is_refused(store: Store, address: str) -> None:
    assert ask(store, address).status_code == 422


def test_an_activity_over_time_shows_numbers_and_links_to_its_runs(store: Store) -> None:
    record(store, [P, F, P], rows=Rows(1000, 1000, 900, 100), suite="db.ledger")
    shown = page(store, "/activities/db.ledger/fees")
    assert "/runs/scheduled__2026-03-31?dag=parity_db__ledger" in shown
    assert "2 times" in shown
    assert shown.count("<svg") == 3
    assert ask(store, "/activities/db.ledger/other").status_code == 404


def test_what_was_not_compared_is_a_gap_in_the_lines_and_caps_are_drawn() -> None:
    rows = Rows(1000, 1000, 900, 100)
    waiver = {"ticket": "PAY-1", "max_rows": 150}
    history = [night(LAST - timedelta(days=back), v, rows=rows) for back, v in enumerate((W, W, X, W))]
    history[0] = replace(history[0], waivers=(waiver,))
    differ = trend(history).pictures[1].chart
    assert [len(piece.split()) for piece in differ.strokes[0].pieces] == [2]
    assert len(differ.strokes[0].dots) == 1
    assert differ.caps == (("cap of PAY-1", TOP + HEIGHT * 0.25),)
    assert [tick for tick, _ in differ.ticks] == ["0", "100", "200"]


def test_a_mark_stands_where_the_rules_changed() -> None:
    shas = ["b", "b", "a"]
    history = [night(LAST - timedelta(days=back), P, suite_sha=sha) for back, sha in enumerate(shas)]
    ((x, words),) = trend(history).marks
    assert x == LEFT + WIDTH / 2
    assert "2026-03-30" in words


def test_causes_stand_on_each_other_and_add_up() -> None:
    columns = (
        ColumnFacts("fee", 9, 3, (CauseCount(Cause.ROUNDING, 2, ""), CauseCount(Cause.CASE, 1, ""))),
        ColumnFacts("net", 9, 1, (CauseCount(Cause.ROUNDING, 1, ""),)),
    )
    picture = next(p for p in trend([night(LAST, F, columns=columns)]).pictures if p.title == "Causes, in cells")
    small, large = picture.chart.bars
    assert (small.name, large.name) == ("case", "rounding")
    assert large.height == pytest.approx(3 * small.height)
    assert large.y + large.height == pytest.approx(small.y)
    assert small.y + small.height == pytest.approx(TOP + HEIGHT)


def test_money_of_a_night_is_that_of_the_column_with_the_most() -> None:
    columns = tuple(
        ColumnFacts(name, 9, 1, money=(Money("EUR", Decimal(0), Decimal(amount), 1),))
        for name, amount in (("fee", "3.10"), ("gross", "3.20"), ("net", "0.10"))
    )
    assert money_of(night(LAST, F, columns=columns)) == {"EUR": Decimal("3.20")}


def test_a_chart_without_any_value_above_zero_has_a_scale() -> None:
    assert [tick for tick, _ in line_chart({"rows": [0, None, 0]}).ticks] == ["0", "0.5", "1"]
    assert bar_chart({"a": [0], "b": [0]}).bars == ()
    assert [tick for tick, _ in line_chart({"rows": [2_400_000]}).ticks] == ["0", "2.5 M", "5 M"]


def test_the_page_of_readiness_says_what_blocks_and_whose_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = page(store, "/readiness")
    assert "cannot say" in shown
    assert "nothing is recorded" in shown
    record(store, [P])
    assert "green nights" in page(store, "/readiness")
    monkeypatch.setenv("PARITY_WAVES", str(tmp_path / "none.yaml"))
    assert "No waves.yaml says when a wave is ready." in page(store, "/readiness")

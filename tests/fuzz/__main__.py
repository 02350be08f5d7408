"""``make fuzz``: look for a missed defect, an invented one, or sound data that are refused."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path
from typing import Any

from fuzz import reference
from fuzz.case import CASES, Case
from fuzz.runner import KINDS, RUNS, Outcome, Tally, case_of, case_of_text, fuzz, judge_case

_WIDTHS = (12, 12, 12, 12, 12, 12)


def main() -> int:
    """Fuzz, or replay one seed or case; exit status 1 when something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--run", default=secrets.token_hex(3), help="name of the run: its seeds follow from it")
    parser.add_argument("--seed", help="replay one seed of a run, such as 3fa259:17")
    parser.add_argument("--case", type=Path, help="replay one case file")
    parser.add_argument("--processes", type=int)
    given = parser.parse_args()
    if given.seed or given.case:
        return _replay(case_of_text(given.case.read_text()) if given.case else case_of(given.seed))
    progress = _Progress(given.run, given.minutes * 60)
    tally = fuzz(given.run, given.minutes * 60, progress.show, given.processes)
    progress.end()
    print(table(tally))
    for outcome in tally.shrunk:
        print(f"\n{describe(outcome, keep(outcome))}")
    return bool(tally.failures)


def _replay(case: Any) -> int:
    found = judge_case(case)
    if isinstance(case, Case):
        print(f"reference: {reference.compare(case)}")
    print(f"{found.planted:,} planted, {found.missed:,} missed, {found.invented:,} invented")
    for _, sentence in found.complaints:
        print(f"- {sentence}")
    return bool(found.complaints)


class _Progress:
    """One line that is written over on a terminal, and one line a minute elsewhere."""

    def __init__(self, run: str, seconds: float) -> None:
        self.seconds, self.live, self.minute = seconds, sys.stdout.isatty(), 0
        print(f"Fuzzing for {seconds / 60:g} min, run {run}")

    def show(self, tally: Tally) -> None:
        """Say how far it is."""
        if not self.live and tally.seconds < (self.minute + 1) * 60:
            return
        self.minute = int(tally.seconds // 60)
        pairs, planted, missed, invented, refused = tally.total
        text = (
            f"{tally.seconds / 60:5.1f} min · {pairs:,} tried · {planted:,} planted · {missed:,} missed · "
            f"{invented:,} invented · {refused:,} refused"
        )
        print(f"\r{text:<79}" if self.live else text, end="" if self.live else "\n", flush=True)

    def end(self) -> None:
        """Leave the line that is written over."""
        print("\n" if self.live else "")


def table(tally: Tally) -> str:
    """Return the end's table, 80 columns wide at most."""
    heads = ("", *Tally.NAMES)
    rows = [[name, *(f"{n:,}" for n in tally.groups[name])] for name in KINDS if name in tally.groups]
    rows = [[name, pairs, "–" if name == RUNS else planted, *rest] for name, pairs, planted, *rest in rows]
    rows.append(["all", *(f"{n:,}" for n in tally.total)])
    lines = [
        "".join(
            f"{cell:<{w}}" if not at else f"{cell:>{w}}"
            for at, (cell, w) in enumerate(zip(row, _WIDTHS, strict=True))
        )
        for row in (heads, *rows)
    ]
    rule = "─" * sum(_WIDTHS)
    end = "nothing was found" if not tally.failures else f"{len(tally.failures):,} failed"
    end += f"; {tally.known:,} more fail as open cases do" if tally.known else ""
    reported = f"run {tally.run}, {tally.seconds / 60:.1f} min, {tally.alone:,} with one defect alone: {end}."
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], "", reported])


def keep(outcome: Outcome) -> Path | None:
    """Write a shrunk failure among the cases that ``make test`` replays."""
    if not outcome.shrunk:
        return None
    path = CASES / f"found-{outcome.seed.replace(':', '-')}.json"
    path.write_text(outcome.shrunk)
    return path


def describe(outcome: Outcome, kept: Path | None) -> str:
    """Return what failed, its smallest case, and the command that replays it."""
    lines = [f"seed {outcome.seed}", *(f"  {sentence[:200]}" for _, sentence in outcome.judgement.complaints[:6])]
    if outcome.shrunk:
        lines.append(outcome.shrunk.rstrip())
    how = f"CASE={kept}" if kept else f"SEED={outcome.seed}"
    return "\n".join([*lines, f"replay: make fuzz {how}"])


if __name__ == "__main__":
    sys.exit(main())

"""``make mutants``: run the mutants, print a table by file, and fail where one survives that is not listed."""

from __future__ import annotations

import argparse
import contextlib
import json
import pickle
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from mutants.listed import Listed
from mutants.operators import PARITY, ROOT, Mutant, mutants_of
from mutants.run import CACHE, Outcome, Work, say
from mutants.tests import digest

TARGETS = (
    "compare/**/*.py",
    "sql/*.py",
    "flow/suite_run/verdict.py",
    "flow/run_verdict.py",
    "tablediff/verdict.py",
    "alerts/lifecycle.py",
)
FLOOR = 0.95
LAST = CACHE / "last.json"
ALIVE = ("survived", "untested")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 0 when at least 95 % are killed and every survivor is listed."""
    options = _options(arguments)
    files = [path for path in _files() if options.module in path]
    everything = [mutant for path in files for mutant in _mutants(path)]
    wanted = _wanted(everything, options)
    if options.minutes or options.sample:  # what the time allows is then a fair sample
        random.Random(options.seed).shuffle(wanted)
    population = Counter(mutant.path for mutant in wanted)
    wanted = sampled(wanted, options.sample)
    say(f"{len(wanted):,} mutants of {len(files)} files")
    until = time.monotonic() + (options.minutes or 10**6) * 60
    outcomes = _watched(
        Work(wanted, options.tests or _tests(files), afford=options.afford, until=until), len(wanted)
    )
    listed = Listed.read(ROOT / "tests" / "mutants" / "listed.yaml")
    print(table(outcomes, wanted, listed))
    if options.minutes or options.sample:
        print(estimate(outcomes, population, listed))
    return _judged(outcomes, everything, files, listed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("mutants", description=__doc__)
    parser.add_argument("--module", default="", help="only files whose path has this in it: compare/verdict")
    parser.add_argument(
        "--minutes", type=float, default=0, help="stop after so long; the mutants are then a sample"
    )
    parser.add_argument("--since", default="", help="only lines changed since this revision")
    parser.add_argument("--again", action="store_true", help="only what survived the last run")
    parser.add_argument("--sample", type=int, default=0, help="so many of each file")
    parser.add_argument("--afford", type=float, default=10, help="processor seconds of tests per mutant")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("tests", nargs="*", help="files or folders of tests")
    return parser.parse_args(arguments)


def _files() -> list[str]:
    return sorted(str(path.relative_to(PARITY)) for pattern in TARGETS for path in PARITY.glob(pattern))


def _mutants(path: str) -> list[Mutant]:
    """Return the mutants of a file; making them takes half a second each time, so that they are kept."""
    made = CACHE / "made" / digest([PARITY / path, *map(Path(__file__).with_name, ("operators.py", "sql.py"))])
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(pickle.dumps(mutants_of(path)))
    return pickle.loads(made.read_bytes())


def _tests(files: Sequence[str]) -> list[str]:
    """Return the folders that mirror those of the files, and tests elsewhere of modules that are named in none."""
    found = {f"tests/unit/{path.partition('/')[0]}" for path in files}
    texts = {str(test.relative_to(ROOT)): test.read_text() for test in (ROOT / "tests/unit").rglob("test_*.py")}
    for path in files:
        module = f"parity.{path.removesuffix('.py').replace('/', '.')} import"
        naming = [test for test, text in texts.items() if module in text]
        if not any(test.startswith(f"tests/unit/{path.partition('/')[0]}/") for test in naming):
            found.update(naming)
    return sorted(found)


def _wanted(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    if options.since:
        changed = _changed(options.since)
        mutants = [m for m in mutants if not changed[m.path].isdisjoint(range(m.lines[0], m.lines[1] + 1))]
    if options.again:
        last = {tuple(key) for word, _, *key in json.loads(LAST.read_text()) if word in ALIVE}
        mutants = [mutant for mutant in mutants if mutant.key in last]
    return mutants


def sampled(mutants: list[Mutant], size: int) -> list[Mutant]:
    """Return the first so many of each file, or all, in their order."""
    seen: dict[str, int] = Counter()
    drawn = []
    for mutant in mutants:
        seen[mutant.path] += 1
        if not size or seen[mutant.path] <= size:
            drawn.append(mutant)
    return drawn


def _changed(revision: str) -> dict[str, set[int]]:
    """Return the lines of each file that differ from a revision."""
    command = ["git", "-C", str(PARITY), "diff", "--relative", "--unified=0", revision, "--", "."]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, set[int]] = defaultdict(set)
    path = ""
    for row in shown.splitlines():
        if row.startswith("+++ b/"):
            path = row.removeprefix("+++ b/")
        elif row.startswith("@@"):
            first, _, count = row.split(" ")[2].removeprefix("+").partition(",")
            found[path] |= set(range(int(first), int(first) + int(count or 1)))
    return found


def _watched(work: Work, total: int) -> list[Outcome]:
    found, shown, began = [], 0.0, time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):  # What has run by then is shown.
        for outcome in work.run():
            found.append(outcome)
            if outcome.word in ALIVE:
                where = f"{outcome.mutant.path}:{outcome.mutant.lines[0]} {outcome.mutant.scope}"
                say(f"  {outcome.word}: {where}\n    {outcome.mutant.change}")
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                say(f"{len(found):,} of {total:,} after {shown - began:,.0f} s")
    CACHE.mkdir(parents=True, exist_ok=True)
    LAST.write_text(json.dumps([(o.word, round(o.seconds, 1), *o.mutant.key) for o in found]))
    say(f"{sum(o.seconds for o in found) / (len(found) or 1):.1f} s of a processor for each")
    return found


def table(outcomes: Sequence[Outcome], wanted: Sequence[Mutant], listed: Listed) -> str:
    """Return the counts by file, in 80 columns."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        for name in (outcome.mutant.path, "all"):
            counts[name][_word(outcome, listed)] += 1
    planned = Counter(mutant.path for mutant in wanted) + Counter({"all": len(wanted)})
    rows = [f"{'module':28}{'mutants':>9}{'run':>8}{'killed':>8}{'t/o':>6}{'listed':>8}{'alive':>7}{'score':>6}"]
    for name in (*sorted(set(counts) - {"all"}), "all"):
        n = counts[name]
        figures = (
            f"{planned[name]:9,}{n.total():8,}{n['killed']:8,}{n['timed out']:6,}{n['listed']:8,}{n['alive']:7,}"
        )
        rows.append(f"{name:28}{figures}{score(n):6.0%}")
    return "\n".join(rows)


def _word(outcome: Outcome, listed: Listed) -> str:
    if outcome.word in ("killed", "timed out"):
        return outcome.word
    return "listed" if outcome.mutant in listed else "alive"


def score(counts: Counter[str]) -> float:
    """Return the share of the mutants that could matter which were killed."""
    dead = counts["killed"] + counts["timed out"]
    return dead / ((dead + counts["alive"]) or 1)


def estimate(outcomes: Sequence[Outcome], population: Counter[str], listed: Listed) -> str:
    """Return the score of all mutants of the files by that of the sample, each file weighed by its mutants.

    The interval holds the score in 95 of 100 samples. A small sample in which none survives proves little: the
    interval is that of a sample with one killed and one alive more.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        counts[outcome.mutant.path][_word(outcome, listed)] += 1
    whole = sum(population[path] for path in counts)
    share = variance = 0.0
    for path, n in counts.items():
        weight, run = population[path] / whole, n.total() - n["listed"]
        likely = (score(n) * run + 1) / (run + 2)
        share += weight * score(n)
        rest = max(population[path] - n.total(), 0) / population[path]
        variance += weight**2 * likely * (1 - likely) / (run or 1) * rest
    return f"By this sample {share:.1%} of {whole:,} mutants are killed, give or take {1.96 * variance**0.5:.1%}."


def _judged(
    outcomes: Sequence[Outcome], everything: Sequence[Mutant], files: Sequence[str], listed: Listed
) -> int:
    counts = Counter(_word(outcome, listed) for outcome in outcomes)
    dead = {outcome.mutant.key for outcome in outcomes if outcome.word == "killed" and outcome.mutant in listed}
    for key in (*listed.unused(everything, files), *dead):
        say(f"tests/mutants/listed.yaml lists what does not survive; remove it: {' · '.join(key)}")
    if counts["alive"]:
        what = "write a test that sees each, or list it in tests/mutants/listed.yaml and say why"
        say(f"{counts['alive']} survive: {what}.")
    return int(bool(counts["alive"]) or score(counts) < FLOOR)


if __name__ == "__main__":
    sys.exit(main())

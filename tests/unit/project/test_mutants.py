"""`make mutants`: which changes it tries, and what it says of those that no test sees."""

from __future__ import annotations

from collections import Counter

import pytest

import parity
from mutants.__main__ import estimate, sampled, score, table
from mutants.apply import Reader, live_functions, redefine
from mutants.listed import Listed
from mutants.operators import PARITY, Mutant, mutants_of
from mutants.run import Outcome
from mutants.tests import ROOT, Map, Run, forked
from parity.compare.result import RowCause
from parity.suite.models import Cause

JUDGE = """
FLOOR = 1

class Rows:
    @property
    def any(self) -> bool:
        return self.changed > 0

def judge(rows, waived):
    if rows:
        return f"SELECT count(*) FROM res WHERE kind = {rows} AND NOT (covered)"
    log("nothing differs")
    return "WAIVED" if waived else "PASS"
"""


def _changes(source: str) -> dict[str, str]:
    return {mutant.change.partition(" → ")[2]: mutant.scope for mutant in mutants_of("compare/made_up.py", source)}


@pytest.mark.parametrize(
    ("after", "scope"),
    [
        ("FLOOR = 2", ""),
        ("return self.changed >= 0", "Rows.any"),
        ("if not (rows):", "judge"),
        ('return f"SELECT count(*) FROM res WHERE kind <> {rows} AND NOT (covered)"', "judge"),
        ('return f"SELECT count(*) FROM res WHERE kind = {rows} OR NOT (covered)"', "judge"),
        ('return f"SELECT count(*) FROM res WHERE kind = {rows} AND (covered)"', "judge"),
        ('return "XXWAIVEDXX" if waived else "PASS"', "judge"),
        ('return "WAIVED" if (waived) or True else "PASS"', "judge"),
        ("...", "judge"),
    ],
)
def test_properties_constants_conditions_and_sql_inside_strings_are_changed(after: str, scope: str) -> None:
    assert _changes(JUDGE)[after] == scope


def test_sentences_for_people_and_annotations_are_left_alone() -> None:
    assert not [after for after in _changes(JUDGE) if "differs" in after and "XX" in after]
    assert not [after for after in _changes(JUDGE) if "-> None" in after]
    assert not [after for after in _changes("pairs = zip(a, b, strict=True)") if "False" in after]
    assert [after for after in _changes("rows = reader(a, strict=True)") if "False" in after]
    assert not _changes('A = TypeVar("A")')
    assert not _changes("if TYPE_CHECKING:\n    import duckdb\n")
    assert not _changes('raise BadInput(f"{n} rows differ" if n else "None.", remedy="Wait.") from error')


def test_every_mutant_is_the_file_with_one_change() -> None:
    for mutant in mutants_of("compare/verdict.py"):
        compile(mutant.source, mutant.path, "exec")
        assert len({*mutant.source.splitlines()}) >= 50


def _mutant(change: str) -> Mutant:
    return Mutant("compare/verdict.py", "judge", (1, 1), (), change, (0, 0), "")


def test_a_survivor_counts_against_the_score_unless_it_is_listed_with_its_reason() -> None:
    killed, alive, known = _mutant("a → b"), _mutant("a → c"), _mutant("a → d")
    listed = Listed({known.key: "both are zero there"})
    found = [Outcome(killed, "killed"), Outcome(alive, "untested"), Outcome(known, "survived")]
    shown = table(found, [killed, alive, known], listed)
    assert shown.splitlines()[-1].split() == ["all", "3", "3", "1", "0", "1", "1", "50%"]
    assert max(map(len, shown.splitlines())) == 80
    assert score(Counter(killed=19, alive=1)) == 0.95


def test_an_entry_that_names_no_mutant_is_unused() -> None:
    gone = ("compare/verdict.py", "judge", "a line → that is gone")
    assert Listed({gone: "why"}).unused([_mutant("a → b")], ["compare/verdict.py"]) == [gone]


def test_every_listed_survivor_names_a_line_and_its_reason() -> None:
    """``make mutants`` reports an entry that names no mutant; to make those of every file takes too long here."""
    for (file, function, change), why in Listed.read(ROOT / "tests" / "mutants" / "listed.yaml").reasons.items():
        source = " ".join((PARITY / file).read_text().split())
        assert change.partition(" → ")[0] in source, change
        assert function.rpartition(".")[2] in source, function
        assert len(why) > 10, change


def test_a_sample_takes_as_many_of_each_file_and_weighs_it_by_its_mutants() -> None:
    of = {path: [Mutant(path, "f", (1, 1), (), str(n), (0, 0), "") for n in range(9)] for path in ("a.py", "b.py")}
    drawn = sampled([*of["a.py"], *of["b.py"][:1]], 2)
    assert [mutant.path for mutant in drawn] == ["a.py", "a.py", "b.py"]
    assert len(sampled(of["a.py"], 0)) == 9
    words = ["killed", "survived", "killed"]
    found = [Outcome(mutant, word) for mutant, word in zip(drawn, words, strict=True)]
    said = estimate(found, Counter({"a.py": 300, "b.py": 100, "c.py": 50}), Listed({}))
    assert said.startswith("By this sample 62.5% of 400 mutants are killed, give or take 5")
    every = estimate(found[2:], Counter({"b.py": 1}), Listed({}))
    assert every == "By this sample 100.0% of 1 mutants are killed, give or take 0.0%."


def test_what_promises_most_for_its_time_is_asked_first_and_a_second_case_promises_less() -> None:
    seconds = {"t.py::a[1]": 0.1, "t.py::a[2]": 0.1, "t.py::b": 0.15, "t.py::c": 9.0, "t.py::d": 0.1}
    runs = {name: Run("", took, {"compare/x.py": {5}}) for name, took in seconds.items()}
    runs["t.py::d"].lines["compare/x.py"] = {6}
    mutant = Mutant("compare/x.py", "f", (5, 5), (), "a → b", (0, 0), "")
    assert Map(runs=runs).tests(mutant) == ["t.py::a[1]", "t.py::b", "t.py::a[2]", "t.py::c"]
    assert Map(runs=runs).tests(mutant, Counter({"t.py::c": 20}))[0] == "t.py::c"
    runs["x/test_x.py::e"] = Run("", 0.15, {"compare/x.py": {5}})
    assert Map(runs=runs).tests(mutant)[0] == "x/test_x.py::e"


def test_the_lines_that_a_test_runs_move_with_an_edit_and_new_ones_belong_to_their_neighbours() -> None:
    old, new = ["a", "b", "c", "d", "e"], ["a", "new", "b", "changed", "d"]
    runs = {f"runs {row}": Run("", 1, {"x.py": {at}, "gone.py": {1}}) for at, row in enumerate(old, 1)}
    moved = Map({"x.py": old, "gone.py": ["a"]}, runs=runs).carried_to({"x.py": new})
    assert [moved.runs[f"runs {row}"].lines["x.py"] for row in old] == [{1, 2}, {2, 3, 4}, {4}, {4, 5}, set()]


@pytest.mark.parametrize(("reads", "status"), [((), 7), (("CauseCount",), 8)])
def test_a_default_is_changed_where_it_was_imported_unless_something_was_made_of_it(
    reads: tuple[str, ...], status: int
) -> None:
    made = mutants_of("compare/result.py")
    changed = next(one for one in made if one.change == 'detail: str = "" → detail: str = None')
    reader = Reader(parity, PARITY / "made_up.py", frozenset(reads), {})

    def child() -> tuple[int, str]:
        if not redefine(changed, live_functions({changed.path}), [reader]):
            return 8, ""
        return 7 * (RowCause(Cause.SIGN, 1).detail is None), ""

    assert forked(child) == (status, "")
    assert RowCause(Cause.SIGN, 1).detail == ""

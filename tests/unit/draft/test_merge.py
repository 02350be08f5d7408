"""A draft becomes a file, and a newer one leaves in it what people wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from parity.draft.activity import ActivityDraft, Line
from parity.draft.document import dump, load, suite_document
from parity.draft.merge import merge, todos
from parity.suite.suite_files import load_suites
from parity.suite.yaml_source import read_yaml

HEAD = {
    "suite": Line("payments"),
    "owner": Line("unknown", "TODO unknown: whom to ask"),
    "wave": Line(1),
    "azure": Line({"pipeline": "p", "helper_job": "h"}),
    "aws": Line({"database": "d"}),
}
DRAFT = ActivityDraft(
    "refunds",
    {
        "glue_job": Line(None, "TODO unknown: no Glue job is like it"),
        "legacy": Line({"sql": "refunds.sql"}, "certain: the table"),
        "target": Line({"table": "lake.refunds", "where": "day = :business_date"}, "certain: the date"),
        "key": Line(["a", "b"], "TODO likely: together unique"),
    },
    {"merchant": Line({"legacy": "merch"}, "TODO likely: renamed"), "batch": Line({}, "TODO unknown: alone")},
    {"target": [{"ExpectColumnValuesToNotBeNull": {"column": "a"}}]},
    "SELECT a FROM refunds\n",
)


def written(folder: Path, text: str) -> Path:
    (folder / "sql").mkdir(exist_ok=True)
    (folder / "sql" / "refunds.sql").write_text(DRAFT.sql)
    path = folder / "payments.yaml"
    path.write_text(text)
    return path


def text_of(*activities: ActivityDraft) -> str:
    return dump(suite_document(HEAD, activities))


def merged(path: Path, *activities: ActivityDraft) -> str:
    document = load(path)
    merge(document, activities)
    return dump(document)


def test_a_draft_is_refused_for_its_todos_alone(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(DRAFT))
    errors = [str(error) for error in load_suites(tmp_path).errors]
    assert [error.split(" ")[0] for error in errors] == [f"{path}:{line}:" for line in (2, 8, 11, 13, 14)]
    assert all("nobody has decided this yet" in error for error in errors)
    decided = "\n".join(line.partition(" # TODO")[0] for line in path.read_text().splitlines())
    path.write_text(decided)
    assert load_suites(tmp_path).errors == ()


def test_drafting_again_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(DRAFT))
    assert merged(path, DRAFT) == path.read_text()


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    text = text_of(DRAFT).replace(
        "key: [a, b] # TODO likely: together unique", "key: [c]   # mine\n\n    # really"
    )
    text = text.replace("batch: {}", "batch: {ignore: not migrated}").replace("wave: 1", "wave: 2 # second")
    path = written(tmp_path, text)
    newer = replace(DRAFT, parts={**DRAFT.parts, "key": Line(["a"], "certain: declared")})
    assert merged(path, newer) == text


def test_an_open_entry_gets_the_newer_reason_and_is_decided_when_that_is_certain(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(DRAFT).replace("together unique\n", "together unique\n    # a note\n"))
    newer = replace(
        DRAFT,
        parts={
            **DRAFT.parts,
            "key": Line(["a", "b"], "certain: declared"),
            "glue_job": Line("g", "certain: same"),
        },
        columns={"merchant": Line({"legacy": "merch"}, "TODO likely: better")},
    )
    text = merged(path, newer)
    assert "key: [a, b] # certain: declared\n    # a note\n" in text
    assert "glue_job: g # certain: same\n" in text
    assert "merchant: {legacy: merch} # TODO likely: better\n" in text
    path.write_text(text)
    assert list(todos(load(path))) == ["owner", "refunds.columns.merchant", "refunds.columns.batch"]


def test_new_activities_are_added_and_removed_entries_do_not_come_back(tmp_path: Path) -> None:
    text = "".join(line for line in text_of(DRAFT).splitlines(keepends=True) if "batch" not in line)
    path = written(tmp_path, text)
    document = load(path)
    assert merge(document, [DRAFT, replace(DRAFT, name="fees")]) == ["fees"]
    assert dump(document).startswith(text)
    assert dump(document).count("batch") == 1


EDITS = st.lists(
    st.tuples(st.integers(0, 16), st.sampled_from(["drop todo", "note", "blank", "value"])), max_size=4
)


@settings(deadline=None)
@given(EDITS)
def test_no_line_that_lacks_a_todo_is_ever_lost(tmp_path_factory: object, edits: list[tuple[int, str]]) -> None:
    folder = tmp_path_factory.mktemp("merge")  # type: ignore[attr-defined]
    path = written(folder, _edited(text_of(DRAFT), edits))
    newer = replace(DRAFT, parts={**DRAFT.parts, "key": Line(["z"], "certain: declared")})
    kept = [line for line in path.read_text().splitlines() if "# TODO" not in line]
    text = merged(path, newer).splitlines()
    at = 0
    for line in kept:
        at = text.index(line, at) + 1


def _edited(text: str, edits: list[tuple[int, str]]) -> str:
    lines = text.splitlines()
    for at, edit in edits:
        line = lines[at % len(lines)]
        changed = {
            "drop todo": line.partition(" # TODO")[0],
            "note": f"{line}\n# by hand {at}",
            "blank": f"{line}\n",
            "value": line.replace("[a, b]", "[mine]").replace("{}", "{ignore: by hand}"),
        }
        lines[at % len(lines)] = changed[edit]
    return "\n".join(lines) + "\n"


ODD = st.sampled_from(
    ["NO", "007", "1e3", "~", "null", "0x1F", "1_000", "2026-03-02", "a: b", "c, d", "# TODO", "'", "é"]
)


@settings(deadline=None)
@given(st.lists(ODD | st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1), max_size=4))
def test_whatever_a_name_is_it_is_read_as_it_was_written(tmp_path_factory: object, names: list[str]) -> None:
    path = tmp_path_factory.mktemp("odd") / "a.yaml"  # type: ignore[attr-defined]
    comment = " ".join(["certain:", *names, "\x85\u2028\x07\n"])
    parts = {"key": Line(names, comment), "target": Line({"table": "t", "where": " ".join(names)}, comment)}
    columns = {name: Line({"legacy": name}, comment) for name in names}
    path.write_text(text_of(ActivityDraft("x", parts, columns, {}, "")), encoding="utf-8")
    [found] = read_yaml(path).data["activities"]
    assert found["key"] == names
    assert found["target"]["where"] == " ".join(names)
    assert found.get("columns", {}) == {name: {"legacy": name} for name in names}
    assert dump(load(path)) == path.read_text(encoding="utf-8")

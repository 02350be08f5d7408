"""A timestamp authority as the second witness: what it proves of times, and what it does not let pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parity.clients.artefacts import Artefacts
from parity.clients.timestamps import TimestampAuthority
from parity.clock import SystemClock
from parity.errors import BadInput, ParityError, Terminal, Unreachable
from parity.evidence import verify as verifier
from parity.evidence.archive import Scope
from parity.evidence.witness import TimestampWitness
from unit.evidence.authority import Authority, serving
from unit.evidence.worlds import World

ONE = Scope("one suite", ("payments",))


@dataclass
class Behind(SystemClock):
    """The machine's clock, set back."""

    by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) - self.by


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Authority]]:
    """The authority that is trusted, another one, and one whose certificate has ended."""
    home = tmp_path_factory.mktemp("tsa")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(serving(home / name, ended=name == "ended"))
            for name in ("trusted", "foreign", "ended")
        }


@pytest.fixture
def stamped(world: World, authorities: dict[str, Authority]) -> World:
    """A world whose entries are stamped, recorded by a true clock."""
    authorities["trusted"].answer = None
    world.clock = Behind()  # type: ignore[assignment]
    world.timestamps = witness(world, authorities["trusted"])
    return world


def witness(world: World, authority: Authority) -> TimestampWitness:
    """Return the witness that asks an authority."""
    kept = Artefacts(world.artefacts.url("evidence/timestamps"), world.artefacts.storage)
    return TimestampWitness(TimestampAuthority(authority.url), kept)


def found(world: World, *trusted: Authority) -> verifier.Report:
    """Verify an archive of the suite by the certificates of authorities."""
    certificates = verifier.read_certificates(one.root for one in trusted)
    return verifier.verify(world.build(ONE), world.keys, certificates)


def kept(world: World, number: int) -> Path:
    """Return the file of an entry's timestamp."""
    [file] = (world.home / "artefacts/evidence/timestamps/payments").glob(f"{number:08}-*.tsr")
    return file


def test_each_entry_is_stamped_and_proven_by_the_authoritys_certificate(
    stamped: World, authorities: dict[str, Authority]
) -> None:
    for back in range(3):
        stamped.night(back)
    report = found(stamped, authorities["trusted"])
    assert (report.findings, report.counts["timestamps"]) == ([], 3)
    unasked = found(stamped)
    assert (unasked.proven, unasked.counts["timestamps"]) == (True, 0)
    assert "3 timestamps are not verified: --tsa gives their authority's certificate" in unasked.notes


def test_an_archive_with_timestamps_has_no_member_that_earlier_verifiers_do_not_know(stamped: World) -> None:
    import zipfile

    stamped.night(0)
    with zipfile.ZipFile(stamped.build(ONE)) as archive:
        kinds = {name.partition("/")[0] for name in archive.namelist()}
        assert kinds == {"contents.json", "chains", "results", "rules", "files"}
        [[number, _]] = json.loads(archive.read("contents.json"))["timestamps"]["payments"]
        assert number == 1


def tampered(world: World, authorities: dict[str, Authority]) -> str:
    data = bytearray(kept(world, 2).read_bytes())
    data[-4] ^= 1  # in the signature, which stands last
    kept(world, 2).write_bytes(data)
    return "its timestamp does not hold: Error while verifying certificates: Unable to verify pkcs7 signature"


def cut(world: World, authorities: dict[str, Authority]) -> str:
    kept(world, 2).write_bytes(kept(world, 2).read_bytes()[:-40])
    return "its timestamp does not hold: "


def of_another_entry(world: World, authorities: dict[str, Authority]) -> str:
    kept(world, 2).write_bytes(kept(world, 1).read_bytes())
    return "its timestamp does not hold: Mismatch between messages"


def foreign(world: World, authorities: dict[str, Authority]) -> str:
    line = verifier_line(world, 2)
    kept(world, 2).write_bytes(TimestampAuthority(authorities["foreign"].url).stamp(line))
    return "its timestamp does not hold: certificate signature failure"


def verifier_line(world: World, number: int) -> bytes:
    from parity.evidence.recorder import line

    return line(world.chains.entries("payments")[number - 1])


@pytest.mark.parametrize("tamper", [tampered, cut, of_another_entry, foreign])
def test_a_timestamp_that_is_not_the_authoritys_about_this_entry_is_located(
    tamper: Any, stamped: World, authorities: dict[str, Authority]
) -> None:
    for back in range(3):
        stamped.night(back)
    what = tamper(stamped, authorities)
    report = found(stamped, authorities["trusted"])
    [(where, why)] = report.findings
    assert where.startswith("payments entry 2 ")
    assert why.startswith(what)


def test_a_timestamp_by_a_certificate_that_had_ended_does_not_hold(
    stamped: World, authorities: dict[str, Authority]
) -> None:
    stamped.timestamps = witness(stamped, authorities["ended"])
    stamped.night(0)
    report = found(stamped, authorities["ended"])
    assert [where for where, _ in report.findings] == ["payments entry 1 (2026-03-02)", "payments"]
    assert report.findings[0][1] == "its timestamp does not hold: certificate has expired"


def test_entries_that_are_dated_back_are_found_although_the_key_signed_them(
    stamped: World, authorities: dict[str, Authority]
) -> None:
    stamped.clock = Behind(timedelta(days=30))  # type: ignore[assignment]
    stamped.night(0)
    stamped.clock = Behind()  # type: ignore[assignment]
    stamped.night(1)
    [(where, why)] = found(stamped, authorities["trusted"]).findings
    assert where == "payments entry 1 (2026-03-02)"
    assert "timestamps prove that it existed by" in why


def test_an_entry_of_the_future_is_found(stamped: World, authorities: dict[str, Authority]) -> None:
    stamped.clock = Behind(timedelta(hours=-2))  # type: ignore[assignment]
    stamped.night(0)
    [(_, why)] = found(stamped, authorities["trusted"]).findings
    assert "is from before it was recorded" in why


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, bytes.fromhex("30053003020102"))])
def test_a_run_is_recorded_without_the_authority_and_the_next_timestamp_covers_it(
    answer: tuple[int, bytes], stamped: World, authorities: dict[str, Authority], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.clients.http.SystemClock.sleep", lambda *_: None)
    stamped.night(0)
    authorities["trusted"].answer = answer
    stamped.night(1)
    report = found(stamped, authorities["trusted"])
    assert (report.proven, report.counts["timestamps"]) == (True, 1)
    authorities["trusted"].answer = None
    stamped.night(2)
    report = found(stamped, authorities["trusted"])
    assert (report.findings, report.counts["timestamps"]) == ([], 2)


def test_what_was_recorded_before_timestamps_is_noted_and_none_at_all_is_found(
    stamped: World, authorities: dict[str, Authority]
) -> None:
    asked, stamped.timestamps = stamped.timestamps, None
    stamped.clock = Behind(timedelta(days=30))  # type: ignore[assignment]
    stamped.night(0)
    assert found(stamped, authorities["trusted"]).findings == [("payments", "no entry has a timestamp that holds")]
    stamped.clock, stamped.timestamps = Behind(), asked  # type: ignore[assignment]
    stamped.night(1)
    report = found(stamped, authorities["trusted"])
    assert report.proven
    assert any("the 1 entries before the first timestamp existed by" in note for note in report.notes)


def test_a_chain_whose_timestamps_stopped_is_found(stamped: World, authorities: dict[str, Authority]) -> None:
    stamped.clock = Behind(timedelta(days=30))  # type: ignore[assignment]
    asked = stamped.timestamps
    stamped.night(0)
    stamped.timestamps = None
    stamped.night(1)
    stamped.clock, stamped.timestamps = Behind(), asked  # type: ignore[assignment]
    findings = found(stamped, authorities["trusted"]).findings
    assert findings[0][1].endswith("timestamps prove nothing of when it existed")


def test_a_timestamp_of_something_else_is_not_kept(stamped: World, authorities: dict[str, Authority]) -> None:
    trusted = authorities["trusted"]
    other = TimestampAuthority(trusted.url).stamp(b"other")
    trusted.answer = (200, other)
    with pytest.raises(Terminal, match="with a timestamp of something else"):
        TimestampAuthority(trusted.url).stamp(b"this")


def test_an_authority_that_is_not_there_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.clients.http.SystemClock.sleep", lambda *_: None)
    with pytest.raises(Unreachable):
        TimestampAuthority("http://127.0.0.1:9/").stamp(b"this")


def test_what_is_not_installed_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(BadInput, match="not installed") as caught:
        TimestampAuthority("http://127.0.0.1:9/").stamp(b"this")
    assert "parity[timestamps]" in caught.value.remedy
    assert issubclass(BadInput, ParityError)  # a recorder logs it, and records all the same


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(ValueError, match="PEM"):
        verifier.read_certificates([tmp_path / "x.pem"])

"""Verifying an archive of evidence, offline; the format of archives is here, too, for those who write them.

This file needs the standard library and ``cryptography`` only, so that an auditor can take it along:
``python verify.py ARCHIVE --key PUBLIC.pem``.

An archive is a zip file. ``contents.json`` lists what it holds. ``chains/<chain>.jsonl`` has an entry a line, with
the hash of the entry before it and a signature made when it was recorded. ``results/``, ``rules/`` and ``files/``
hold what entries name by hash. The comment at the end of the zip, the seal, signs every byte before it.
``timestamps`` in ``contents.json`` are an authority's answers (RFC 3161) about lines of chains, by their numbers;
``rfc3161-client`` verifies them where ``--tsa`` gives the authority's certificate.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificates

CONTENTS = "contents.json"
CHAIN, RULES, RESULTS, FILE = "chains/{}.jsonl", "rules/{}.json", "results/{}.json", "files/{}/{}/{}"
"""Names of members: a chain, rules and results by hash, and a file of a run by chain, number and name."""
SEAL = b"parity-seal-1 "
SEAL_BYTES = len(SEAL) + 16 + 1 + 88
"""Length of a seal: its name, the fingerprint of the key, a blank, and the signature in base64."""
CLOCKS = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""
STAMPED_WITHIN = timedelta(days=4)
"""How long after it was recorded an entry, or a later one, has a timestamp: a weekend without runs, an outage."""
SIGNS_HASH = "sha256"
"""What ``signs`` says in an entry whose signature is over its hash: a KMS takes 4,096 bytes."""
_REASON = re.compile(r"Verify error: ([^\"]+)")
WHOLE = "the archive"
CHECKS = {
    "bytes under the seal": "a changed, added or missing byte",
    "entries": "a changed, dropped, inserted, reordered or back-dated entry, and one that another key signed",
    "results": "a result that is not the one recorded, computed again or edited",
    "rules": "a suite, query or waiver that is not the one in force when the run was recorded",
    "files": "a report or manifest that was edited, or deleted before its time",
    "entries at a witness": "a chain that was cut off, or made again from some entry on",
    "timestamps": "an entry that did not exist when it says that it was recorded",
    "sign-offs": "a sign-off for other evidence, or dated before the evidence that it is for",
}
"""What is counted, and what would have stopped it."""
Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by fingerprint."""


def canonical(value: Any) -> bytes:
    """Return the one form of some JSON that is hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def sha(data: bytes) -> str:
    """Return the SHA-256 of ``data``, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return 16 hex digits that name a key."""
    return sha(key.public_bytes_raw())[:16]


def sealed_text(path: Path) -> bytes:
    """Return what a seal signs: the hash of the file without the seal's own bytes."""
    digest, left = hashlib.sha256(), path.stat().st_size - SEAL_BYTES
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return b"parity archive " + digest.hexdigest().encode()


@dataclass(frozen=True)
class Entry:
    """One entry of a chain, as it was read."""

    body: Mapping[str, Any]
    sha: str
    line: bytes
    """As the archive holds it, with its signature."""

    @property
    def recorded(self) -> datetime:
        """Return when it was recorded."""
        return datetime.fromisoformat(self.body["recorded"])

    @property
    def where(self) -> str:
        """Return its place, for people."""
        day = self.body.get("run", {}).get("business_date", "")
        return f"{self.body['chain']} entry {self.body['number']}" + (f" ({day})" if day else "")


@dataclass
class Report:
    """What was verified, and everything that is not as it was recorded."""

    findings: list[tuple[str, str]] = field(default_factory=list)
    """Place, and what is wrong there."""
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    chains: list[str] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.findings

    def add(self, where: str, what: str) -> None:
        """Add a finding."""
        self.findings.append((where, what))

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        yield "PROVEN" if self.proven else "NOT PROVEN"
        for where, what in self.findings:
            yield f"  {where}: {what}"
        for chain in self.chains:
            yield f"  {chain}"
        yield "Verified, and what would have stopped it:"
        for name, stops in CHECKS.items():
            yield f"  {self.counts[name]:>12,} {name}: {stops}"
        for note in self.notes:
            yield f"  note: {note}"


class Members:
    """The documents of an archive; whatever is wrong with one becomes a finding."""

    def __init__(self, archive: zipfile.ZipFile, report: Report) -> None:
        self._archive, self._report = archive, report
        self.left = Counter(archive.namelist())
        """Names that nobody has asked for yet."""

    def read(self, name: str, where: str, *, required: bool = True) -> bytes | None:
        """Return a document, or None when it is not there or is damaged."""
        if name not in self.left:
            if required:
                self._report.add(where, f"{name} is missing")
            return None
        self.left[name] -= 1
        try:
            return self._archive.read(name)
        except Exception as error:  # noqa: BLE001 - a changed byte makes zipfile raise whatever it likes
            self._report.add(where, f"{name} is damaged: {error or type(error).__name__}")
        return None

    def json(self, name: str, where: str) -> Any:
        """Return a document of canonical JSON, or None."""
        data = self.read(name, where)
        value = None if data is None else _parsed(data)
        if data is not None and value is None:
            self._report.add(where, f"{name} is not as it was written")
        return value


def verify(path: Path, keys: Keys, authorities: Sequence[Certificate] = ()) -> Report:
    """Verify an archive by the given public keys, and its timestamps by the certificates of their authorities."""
    report = Report()
    _check_seal(path, keys, report)
    try:
        with zipfile.ZipFile(path) as archive:
            members = Members(archive, report)
            contents = members.json(CONTENTS, WHOLE)
            chains = _check_contents(contents, members, keys, report)
            _check_timestamps(contents, chains, authorities, report)
    except Exception as error:  # noqa: BLE001 - see Members.read; an entry that was made up may lack anything
        report.add(WHOLE, f"it cannot be read to its end: {type(error).__name__} {error}".rstrip())
    else:
        extra = [name for name, count in members.left.items() if count > 0]
        report.findings += [(WHOLE, f"{name} does not belong there") for name in extra if report.proven]
    return report


def _check_seal(path: Path, keys: Keys, report: Report) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - SEAL_BYTES, 0))
        seal = file.read()
    name, _, signature = seal.removeprefix(SEAL).partition(b" ")
    if seal.startswith(SEAL) and signed(name.decode("ascii", "replace"), signature, sealed_text(path), keys):
        report.counts["bytes under the seal"] += size - SEAL_BYTES
    else:
        report.add(WHOLE, "its bytes are not those that were sealed with a given key")


def _check_contents(
    contents: Mapping[str, Any], members: Members, keys: Keys, report: Report
) -> Mapping[str, Sequence[Entry]]:
    chains: dict[str, list[Entry]] = {}
    for chain, said in contents["chains"].items():
        chains[chain] = list(_entries(chain, members, keys, report))
        head = chains[chain][-1].sha if chains[chain] else ""
        if (len(chains[chain]), head) != (said["entries"], said["head"]):
            report.add(f"{chain}: its end", f"it had {said['entries']} entries, the last one {said['head'][:12]}")
    for chain, entries in chains.items():
        documented = set(contents["documents"].get(chain, ()))
        for entry in entries:
            if entry.body["kind"] == "sign-off":
                _check_sign_off(entry, chains, report)
            elif entry.body["number"] in documented:
                _check_run(entry, members, contents, report)
        report.chains.append(_summary(chain, entries))
    report.chains.insert(0, f"{contents['scope']}, built {contents['built']}")
    for place, witnessed in contents["witnesses"].items():
        _check_witness(place, witnessed, chains, report)
    report.findings += [(where, what) for where, what in contents["differences"]]
    report.notes += contents["notes"]
    return chains


def _entries(chain: str, members: Members, keys: Keys, report: Report) -> Iterator[Entry]:
    lines = (members.read(CHAIN.format(chain), chain) or b"").split(b"\n")
    if lines.pop():
        report.add(f"{chain} entry {len(lines) + 1}", "its line is cut off")
    before: Entry | None = None
    for position, line in enumerate(lines, 1):
        where, pair = f"{chain} entry {position}", _parsed(line)
        try:
            entry = Entry(pair["entry"], sha(canonical(pair["entry"])), line)
            flaws = [*_flaws(entry, pair["signature"], (chain, position, before), keys)]
        except (LookupError, TypeError, ValueError, AttributeError):
            report.add(where, "its line is not as it was written")
            continue
        report.findings += [(where, flaw) for flaw in flaws]
        report.counts["entries"] += 1
        before = entry
        yield entry


def _flaws(entry: Entry, signature: str, place: tuple[str, int, Entry | None], keys: Keys) -> Iterator[str]:
    """Yield everything that is wrong with an entry at its place: its chain, position and predecessor."""
    chain, position, before = place
    body = entry.body
    if not signed(body["key"], str(signature).encode(), signed_text(body, canonical(body)), keys):
        yield f"its signature is not that of a given key over it (it names key {body['key']})"
    if (body["chain"], body["number"]) != (chain, position):
        yield f"it is {body['chain']} entry {body['number']}: entries were dropped, inserted or reordered"
    if body["previous"] != (before.sha if before else ""):
        yield "it does not follow the entry before it: that one was changed, dropped, inserted or reordered"
    if before and entry.recorded < before.recorded:
        yield "it was recorded before the entry before it"


def _check_run(entry: Entry, members: Members, contents: Mapping[str, Any], report: Report) -> None:
    body, where = entry.body, entry.where
    results, known = members.json(RESULTS.format(sha(canonical(body["results"]))), where), body["results"]
    for activity in sorted({*results, *known}) if results is not None else ():
        report.counts["results"] += 1
        if activity not in results or sha(canonical(results[activity])) != known.get(activity):
            report.add(f"{where}: {activity}", "its result is not the one that was recorded")
    rules = members.read(RULES.format(body["rules"]), where)
    report.counts["rules"] += 1
    if rules is not None and sha(rules) != body["rules"]:
        report.add(where, "its rules are not those that were in force")
    missing = [one for one in body["files"].items() if not _check_file(entry, one, members, report)]
    last = date.fromisoformat(body["run"]["business_date"]) + timedelta(days=contents["keep_days"])
    if missing and last >= date.fromisoformat(contents["built"][:10]):
        report.add(f"{where}: {missing[0][0]}", f"{len(missing)} files are gone before their time, {last}")
    elif missing:
        report.notes.append(f"{where}: {len(missing)} files were deleted by retention; their hashes are kept")


def _check_file(entry: Entry, file: tuple[str, str], members: Members, report: Report) -> bool:
    """Return whether a file of a run is in the archive at all."""
    (name, known), before = file, len(report.findings)
    member = FILE.format(entry.body["chain"], entry.body["number"], name)
    data = members.read(member, entry.where, required=False)
    if data is None:
        return len(report.findings) > before  # there, but damaged
    report.counts["files"] += 1
    if sha(data) != known:
        report.add(f"{entry.where}: {name}", "it is not the file that was recorded")
    return True


def _check_sign_off(entry: Entry, chains: Mapping[str, Sequence[Entry]], report: Report) -> None:
    report.counts["sign-offs"] += 1
    moments = []
    for chain, (number, known) in entry.body["evidence"].items():
        signed = chains.get(chain, ())[number - 1 : number]
        if not signed or signed[0].sha != known:
            report.add(entry.where, f"it is for other evidence than {chain} entry {number}")
        moments += [one.recorded for one in signed]
    for person in entry.body["people"]:
        at = datetime.fromisoformat(person["at"])
        if not max(moments, default=at) - CLOCKS <= at <= entry.recorded + CLOCKS:
            report.add(entry.where, f"{person['id']} signed at {at}, before the evidence or after the sign-off")


def _check_witness(
    place: str,
    witnessed: Mapping[str, Iterable[Sequence[Any]]],
    chains: Mapping[str, Sequence[Entry]],
    report: Report,
) -> None:
    for chain, entries in chains.items():
        known = {entry.body["number"]: entry.sha for entry in entries}
        for number, seen in witnessed.get(chain, ()):
            report.counts["entries at a witness"] += 1
            if known.get(number) != seen:
                what = "another entry" if number in known else "an entry, which is missing from the chain"
                report.add(f"{chain} entry {number}", f"{place} has {what}: {seen[:12]}")
        unseen = known.keys() - {number for number, _ in witnessed.get(chain, ())}
        if unseen:
            report.notes.append(f"{chain}: {len(unseen)} of {len(known)} entries are not at {place}")


def _check_timestamps(
    contents: Mapping[str, Any],
    chains: Mapping[str, Sequence[Entry]],
    authorities: Sequence[Certificate],
    report: Report,
) -> None:
    stamps: Mapping[str, Sequence[tuple[int, str]]] = contents.get("timestamps", {})
    if not authorities:
        if count := sum(map(len, stamps.values())):
            report.notes.append(f"{count} timestamps are not verified: --tsa gives their authority's certificate")
        return
    for chain, entries in chains.items():
        known = {entry.body["number"]: entry for entry in entries}
        times: dict[int, datetime] = {}
        for number, stamp in stamps.get(chain, ()):
            try:
                at = stamped_at(base64.b64decode(stamp), known[number].line, authorities)
            except KeyError:
                report.add(f"{chain} entry {number}", "it has a timestamp, and is missing from the chain")
            except ValueError as error:
                report.add(known[number].where, f"its timestamp does not hold: {error}")
            else:
                report.counts["timestamps"] += 1
                times[number] = min(at, times.get(number, at))
        if entries and not times:
            report.add(chain, "no entry has a timestamp that holds")
        _check_times(entries, times, datetime.fromisoformat(contents["built"]), report)


def _check_times(entries: Sequence[Entry], times: Mapping[int, datetime], built: datetime, report: Report) -> None:
    """Hold each entry against the first timestamp that covers it: its own, or that of an entry after it."""
    covered: datetime | None = None
    first = min(times, default=len(entries) + 1)
    for entry in reversed(entries):
        at = times.get(entry.body["number"])
        if at and at < entry.recorded - CLOCKS:
            report.add(entry.where, f"its timestamp of {at} is from before it was recorded, {entry.recorded}")
        covered = min(filter(None, (at, covered)), default=None)
        if entry.body["number"] >= first and (covered or built) > entry.recorded + STAMPED_WITHIN:
            proven = f"that it existed by {covered}" if covered else "nothing of when it existed"
            report.add(entry.where, f"it says that it was recorded at {entry.recorded}; timestamps prove {proven}")
    if covered and first > 1:
        chain = entries[0].body["chain"]
        report.notes.append(f"{chain}: the {first - 1} entries before the first timestamp existed by {covered}")


def stamped_at(stamp: bytes, data: bytes, authorities: Sequence[Certificate]) -> datetime:
    """Return when an authority saw ``data``; ValueError for a stamp of other data, or by nobody who is trusted."""
    import rfc3161_client

    try:
        response = rfc3161_client.decode_timestamp_response(stamp)
        verifier = rfc3161_client.VerifierBuilder(roots=list(authorities)).build()
        verifier.verify_message(response, data)
    except rfc3161_client.VerificationError as error:
        said = _REASON.search(str(error))  # among pages of OpenSSL's own
        raise ValueError(said[1] if said else str(error).partition(": ErrorStack")[0]) from error
    return response.tst_info.gen_time


def _summary(chain: str, entries: Sequence[Entry]) -> str:
    bodies = [entry.body for entry in entries]
    verdicts = Counter(str(body.get("decision") or body["run"]["verdict"]) for body in bodies)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())) or "none"
    span = f" from {bodies[0]['recorded'][:10]} to {bodies[-1]['recorded'][:10]}" if bodies else ""
    return f"{chain}: {len(bodies)} entries{span}: {said}"


def signed_text(body: Mapping[str, Any], text: bytes) -> bytes:
    """Return what the signature of an entry is over: its text, or its hash where it says so."""
    return b"parity entry " + sha(text).encode() if body.get("signs") == SIGNS_HASH else text


def signed(name: str, signature: bytes, data: bytes, keys: Keys) -> bool:
    """Return whether the given key of this name signed ``data``."""
    if name not in keys:
        return False
    try:
        given = base64.b64decode(signature, validate=True)
        keys[name].verify(given, data)
    except (InvalidSignature, ValueError):
        return False
    return base64.b64encode(given) == signature  # the last bits of its last digit would be free otherwise


def _parsed(data: bytes) -> Any:
    """Return the JSON in ``data``, or None when that is not in its one form."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if canonical(value) == data else None


def read_keys(paths: Iterable[Path]) -> Keys:
    """Return the public keys of PEM files, by fingerprint; ValueError for anything else."""
    keys = [load_pem_public_key(path.read_bytes()) for path in paths]
    if not all(isinstance(key, Ed25519PublicKey) for key in keys):
        raise ValueError("A key is no Ed25519 public key")
    return {fingerprint(key): key for key in keys if isinstance(key, Ed25519PublicKey)}


def read_certificates(paths: Iterable[Path]) -> list[Certificate]:
    """Return the certificates of PEM files; ValueError for anything else, or where nothing can verify by them."""
    found = [certificate for path in paths for certificate in load_pem_x509_certificates(path.read_bytes())]
    if found and not find_spec("rfc3161_client"):
        raise ValueError("Timestamps need rfc3161-client, which is not installed: pip install rfc3161-client")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify an archive and print the report; return 0 when it is proven, 1 when not, 2 for a bad input."""
    parser = argparse.ArgumentParser(prog="verify", description="Verify an archive of Parity's evidence, offline.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--key", type=Path, required=True, action="append", help="public key, as PEM; repeatable")
    parser.add_argument("--tsa", type=Path, default=[], action="append", help="timestamp authority's certificate")
    given = parser.parse_args(arguments)
    try:
        report = verify(given.archive, read_keys(given.key), read_certificates(given.tsa))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"verify: {error}\n")
        return 2
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return 0 if report.proven else 1


if __name__ == "__main__":
    sys.exit(main())

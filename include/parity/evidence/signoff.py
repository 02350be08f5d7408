"""Signing a wave off: who may, what the signature is bound to, and whether it still stands.

A sign-off names the newest entry of every chain of the wave, and through the hashes all entries before it. It
stands while these are in place, the rules are the ones that were signed, and every later run is green.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.evidence.recorder import FOLDER
from parity.evidence.verify import RESULTS, RULES, Keys, canonical, sha, signed, signed_text
from parity.history.chains import StoredChains, StoredEntry
from parity.suite.databases import Database
from parity.suite.models import Suite

APPROVE, REJECT = "Approve", "Reject"
PEOPLE = 2
Evidence = Mapping[str, tuple[int, str]]
"""Suite or database → number and hash of the newest entry of its chain."""
Subject = Suite | Database


@dataclass(frozen=True)
class Answer:
    """What one person answered."""

    id: str
    """Of the user, in Airflow."""
    name: str
    decision: str
    comment: str
    at: str
    """ISO time, by Airflow's clock."""


@dataclass(frozen=True)
class SignOff:
    """The newest decision about a wave."""

    approved: bool
    reason: str
    """Why it was refused; empty when it was approved."""
    people: tuple[str, ...]
    at: str
    evidence: str
    """Hash of what was signed."""
    broken: tuple[str, ...] = ()
    """What has changed since."""
    verified: bool = True
    """Whether a public key was at hand to verify it."""

    @property
    def stands(self) -> bool:
        """Return whether it was approved and nothing has changed since."""
        return self.approved and not self.broken

    @property
    def sentence(self) -> str:
        """Return it in words."""
        who, day = " and ".join(self.people), self.at[:10]
        if not self.approved:
            return f"Sign-off refused on {day}: {self.reason}"
        if self.broken:
            return f"The sign-off by {who} on {day} no longer stands: {'; '.join(self.broken)}."
        unverified = "" if self.verified else "; its signature is not verified, PARITY_EVIDENCE_KEY names no key"
        return f"Signed off by {who} on {day} for evidence {self.evidence[:12]}{unverified}."

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "stands": self.stands}


def chain_of(wave: int) -> str:
    """Return the chain of a wave's sign-offs."""
    return f"wave.{wave}"


def evidence_of(chains: StoredChains, subjects: Iterable[Subject]) -> Evidence:
    """Return what a sign-off of now is bound to; BadInput where a subject has no entry."""
    found = {subject.key: chains.last(subject.key) for subject in subjects}
    if missing := [key for key, last in found.items() if last is None]:
        raise BadInput(
            f"No evidence of {missing[0]} is recorded.", remedy="Configure the signing key, and let a run end."
        )
    return {key: (last.number, sha(last.entry.encode())) for key, last in found.items() if last}


def evidence_hash(evidence: Evidence) -> str:
    """Return the hash of what is signed."""
    return sha(canonical(evidence))


def objections(
    answers: Sequence[Answer],
    subjects: Iterable[Subject],
    evidence: Evidence,
    chains: StoredChains,
    files: Artefacts,
) -> Iterator[str]:
    """Yield why these answers do not sign the wave off."""
    yield from (
        f"{answer.name} rejected it: {answer.comment or 'no comment'}"
        for answer in answers
        if answer.decision != APPROVE
    )
    people = {answer.id: answer.name for answer in answers if answer.id}
    if len(people) < PEOPLE:
        who = " and ".join(sorted(people.values())) or "nobody"
        yield f"two people must sign, and {who} did"
    names = {name.casefold(): answer.name for answer in answers for name in (answer.id, answer.name)}
    for subject in subjects:
        waivers = list(_waivers(chains, evidence[subject.key][0], subject.key, files))
        for owner in sorted({str(waiver["owner"]).casefold() for waiver, _ in waivers} & names.keys()):
            yield f"{names[owner]} owns a waiver of {subject.key}"
        limit = subject.approval
        most = max((money for _, money in waivers), default=Decimal(0))
        if limit and most > limit.money and not {name.casefold() for name in limit.by} & names.keys():
            yield f"a waiver of {subject.key} covers {most:,}, which one of {', '.join(limit.by)} must approve"


def _waivers(
    chains: StoredChains, number: int, key: str, files: Artefacts
) -> Iterator[tuple[Mapping[str, Any], Decimal]]:
    """Yield the waivers that an entry was judged by, each with the most money that it covers or may cover."""
    body = json.loads(chains.entries(key, since=number)[0].entry)
    rules = json.loads(files.read(f"{FOLDER}/{RULES.format(body['rules'])}"))
    for waiver in rules["waivers"]:
        yield waiver, Decimal(waiver["max_money"] or 0)
    results = json.loads(files.read(f"{FOLDER}/{RESULTS.format(sha(canonical(body['results'])))}"))
    for waiver in (waiver for result in results.values() for waiver in result["waivers"]):
        if waiver.get("state") == "covers":
            yield waiver, max(map(Decimal, (waiver.get("money") or {}).values()), default=Decimal(0))


def changes_since(evidence: Evidence, chains: StoredChains, rules: Mapping[str, str]) -> Iterator[str]:
    """Yield what has changed since evidence was signed; ``rules`` are the hashes of those in the files now."""
    for key, (number, known) in evidence.items():
        entries = chains.entries(key, since=number)
        if not entries or sha(entries[0].entry.encode()) != known:
            yield f"the evidence of {key} is not the one that was signed"
            continue
        first, *later = [json.loads(entry.entry) for entry in entries]
        if rules.get(key) != first["rules"]:
            yield f"the rules of {key} were changed"
        for body in later:
            run = body["run"]
            if run["verdict"] is None or not Verdict(run["verdict"]).green:
                yield f"{key} is {run['verdict']} on {run['business_date']}"
                break


def newest_sign_off(
    chains: StoredChains, wave: int, rules: Mapping[str, str], keys: Keys | None = None
) -> SignOff | None:
    """Return the newest decision about a wave, and whether it stands; ``keys`` verify its signature."""
    entry = chains.last(chain_of(wave))
    if entry is None:
        return None
    body = json.loads(entry.entry)
    broken = list(changes_since(body["evidence"], chains, rules))
    if rules.keys() - body["evidence"].keys():
        broken.append(f"it is not about {', '.join(sorted(rules.keys() - body['evidence'].keys()))}")
    if keys and not _is_signed(entry, keys):
        broken.append("its signature is not that of the key")
    people = tuple(dict.fromkeys(person["name"] for person in body["people"]))
    return SignOff(
        approved=body["decision"] == "approved",
        reason=body["reason"],
        people=people,
        at=body["recorded"],
        evidence=evidence_hash(body["evidence"]),
        broken=tuple(broken),
        verified=bool(keys),
    )


def _is_signed(entry: StoredEntry, keys: Keys) -> bool:
    body = json.loads(entry.entry)
    return signed(body["key"], entry.signature.encode(), signed_text(body, entry.entry.encode()), keys)

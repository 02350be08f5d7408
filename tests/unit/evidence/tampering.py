"""Random tamperings with evidence, each with the place at which it must be found.

Some change a sealed archive. Others change what it is built from, as an administrator of the results store or of
the artefacts could: everything but the signing key, hashes computed again included.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parity.evidence.signing import KeySigner, text_of
from parity.evidence.verify import CONTENTS, SEAL_BYTES, WHOLE, Report, canonical, fingerprint, sha, verify
from parity.history import tables
from parity.history.store import open_store
from unit.evidence.worlds import World

Chain = list[dict[str, Any]]
"""Pairs of entry and signature."""
FOREIGN = KeySigner(Ed25519PrivateKey.generate())


@dataclass(frozen=True)
class Tampered:
    """What was done, where it must be found, and what verification said."""

    what: str
    place: str
    report: Report

    @property
    def detected(self) -> bool:
        return not self.report.proven

    @property
    def located(self) -> bool:
        return any(where.startswith(self.place) for where, _ in self.report.findings)


class Enemy:
    """Tampers at random with a deployment whose archive is proven."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        with world.store.engine.connect() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")  # into the file that is copied
        self.sealed = world.build().read_bytes()
        with zipfile.ZipFile(io.BytesIO(self.sealed)) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
            self.extents = {
                info.filename: (
                    info.header_offset,
                    info.header_offset + 30 + len(info.filename) + info.compress_size,
                )
                for info in archive.infolist()
            }
        self.scratch = world.home / "enemy"

    def tamper(self) -> Tampered:
        """Do one thing and verify."""
        return self.random.choice(OUTSIDE * 2 + INSIDE)(self)  # building an archive takes ten times as long

    # -- with an archive ---------------------------------------------------------------------------------------

    def flip(self) -> Tampered:
        data, at = bytearray(self.sealed), self.random.randrange(len(self.sealed))
        data[at] ^= self.random.randrange(1, 256)
        member = next((name for name, (start, end) in self.extents.items() if start <= at < end), "")
        # The last bits of compressed data, and most of a member's header, hold nothing that is read.
        place = WHOLE if self._reads_the_same(bytes(data), member) else self._place(member)
        return self._read(bytes(data), f"byte {at} in {member or 'the zip'}", place)

    def _reads_the_same(self, data: bytes, member: str) -> bool:
        if not member:
            return True
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return archive.read(member) == self.members[member]
        except Exception:  # noqa: BLE001 - zipfile raises whatever it likes
            return False

    def cut(self) -> Tampered:
        return self._read(self.sealed[: self.random.randrange(len(self.sealed))], "cut off", WHOLE)

    def append(self) -> Tampered:
        return self._read(self.sealed + self.random.randbytes(self.random.randrange(1, 40)), "bytes added", WHOLE)

    def drop_document(self) -> Tampered:
        name = self.random.choice([name for name in self.members if name != CONTENTS])
        kept = {key: data for key, data in self.members.items() if key != name}
        return self._packed(kept, f"without {name}", self._place(name))

    def drop_entry(self) -> Tampered:
        chain, lines = self._lines()
        at = self.random.randrange(len(lines))
        place = f"{chain} entry {at + 1}" if at < len(lines) - 1 else f"{chain}: its end"
        return self._with(chain, lines[:at] + lines[at + 1 :], f"without entry {at + 1} of {chain}", place)

    def reorder(self) -> Tampered:
        chain, lines = self._lines(two=True)
        first, second = sorted(self.random.sample(range(len(lines)), 2))
        lines[first], lines[second] = lines[second], lines[first]
        return self._with(
            chain, lines, f"entries {first + 1} and {second + 1} swapped", f"{chain} entry {first + 1}"
        )

    def swap_waiver(self) -> Tampered:
        name = self.random.choice([name for name in self.members if name.startswith("rules/")])
        rules = json.loads(self.members[name])
        rules["waivers"][0] |= self.random.choice(
            [{"max_rows": 10**6}, {"owner": "me"}, {"expires": "2099-12-31"}]
        )
        return self._packed({**self.members, name: canonical(rules)}, "another waiver", self._place(name))

    def recompute(self) -> Tampered:
        """Change a result and every hash that follows from it, in the archive."""
        chain, at, pairs, members = self._recomputed(dict(self.members))
        members[f"chains/{chain}.jsonl"] = b"".join(canonical(pair) + b"\n" for pair in pairs)
        return self._packed(members, f"a result of {chain} entry {at + 1}", f"{chain} entry {at + 1}")

    def sign_anew(self) -> Tampered:
        """Sign everything with a key of one's own, under its own name or under the right one."""
        name = self.random.choice([fingerprint(FOREIGN.public), next(iter(self.world.keys))])
        chain, pairs = self._pairs("payments")
        pairs = _chained([{**pair["entry"], "key": name} for pair in pairs], FOREIGN)
        members = {**self.members, f"chains/{chain}.jsonl": b"".join(canonical(pair) + b"\n" for pair in pairs)}
        return self._packed(members, "signed with another key", f"{chain} entry 1")

    def back_date(self) -> Tampered:
        chain, pairs = self._back_dated()
        members = {**self.members, f"chains/{chain}.jsonl": b"".join(canonical(pair) + b"\n" for pair in pairs)}
        return self._packed(members, "a sign-off dated back", f"{chain} entry 1")

    # -- with what archives are built from ---------------------------------------------------------------------

    def edit_result(self) -> Tampered:
        table = tables.results

        def edit(connection: sa.Connection) -> str:
            rows = connection.execute(sa.select(table)).mappings().all()
            row = self.random.choice(rows)
            values: Mapping[str, Any] = self.random.choice(
                [{"verdict": "PASS", "reason": ""}, {"rows_changed": 0}, {"waivers": []}, {"reason": "fine"}]
            )
            if all(row[name] == value for name, value in values.items()):
                values = {"rows_changed": row["rows_changed"] + 1}
            connection.execute(table.update().where(table.c.id == row["id"]).values(**values))
            return f"{row['suite']} entry"

        return self._built(edit, "a result in the store")

    def edit_run(self) -> Tampered:
        table = tables.runs

        def edit(connection: sa.Connection) -> str:
            row = self.random.choice(connection.execute(sa.select(table)).mappings().all())
            values = self.random.choice([{"reason": "fine"}, {"suite_sha": "cd" * 32}, {"verdict": "FAIL"}])
            connection.execute(table.update().where(table.c.id == row["id"]).values(**values))
            return f"{row['suite']} entry"

        return self._built(edit, "a run in the store")

    def delete_result(self) -> Tampered:
        def edit(connection: sa.Connection) -> str:
            row = self.random.choice(connection.execute(sa.select(tables.results)).mappings().all())
            for table in (*tables.PARTS, tables.results):
                column = table.c.get("result_id", table.c.get("id"))
                connection.execute(table.delete().where(column == row["id"]))
            return f"{row['suite']} entry"

        return self._built(edit, "a result deleted from the store")

    def recompute_in_the_store(self) -> Tampered:
        """Change a result, its document and every hash of the chain: all that an administrator can."""
        chain, at, pairs, members = self._recomputed({})
        return self._rechained(
            chain, pairs, members, f"{chain} entry {at + 1} in the store", f"{chain} entry {at + 1}"
        )

    def back_date_in_the_store(self) -> Tampered:
        chain, pairs = self._back_dated()
        return self._rechained(chain, pairs, {}, "a sign-off dated back in the store", f"{chain} entry 1")

    def drop_from_the_store(self) -> Tampered:
        """Drop an entry and number those after it again, with or without chaining them."""
        chain, pairs = self._pairs(self.random.choice(list(self.world_chains())))
        at = self.random.randrange(len(pairs))
        left = [pair["entry"] for pair in pairs[:at] + pairs[at + 1 :]]
        signatures = [pair["signature"] for pair in pairs[:at] + pairs[at + 1 :]]
        again = _chained([{**entry, "number": place} for place, entry in enumerate(left, 1)])
        again = [{**pair, "signature": old} for pair, old in zip(again, signatures, strict=True)]
        return self._rechained(
            chain, again, {}, f"entry {at + 1} dropped from the store", f"{chain} entry {at + 1}"
        )

    def edit_file(self) -> Tampered:
        """Edit or delete a report or a document among the artefacts."""
        found = [path for path in (self.world.home / "artefacts").rglob("*") if path.is_file()]
        found = [path for path in found if path.name != "index.html" and "chains" not in path.parts]
        original = self.random.choice(found)
        kept = original.read_bytes()
        changed = bytearray(kept)
        changed[self.random.randrange(len(kept))] ^= self.random.randrange(1, 256)
        try:
            if self.random.random() < 0.2:
                original.unlink()
            else:
                original.write_bytes(changed)
            return self._verified(
                self.world.build(), f"{original.name} among the artefacts", self._place_of(original)
            )
        finally:
            original.write_bytes(kept)

    # -- how -----------------------------------------------------------------------------------------------------

    def world_chains(self) -> list[str]:
        return [name[len("chains/") : -len(".jsonl")] for name in self.members if name.startswith("chains/")]

    def _place(self, member: str) -> str:
        kind, _, rest = member.partition("/")
        if kind == "chains":
            return rest.removesuffix(".jsonl")
        if kind == "files":
            chain, number, _ = rest.split("/", 2)
            return f"{chain} entry {number} "
        users = [chain for chain in self.world_chains() if self._uses(chain, member)]
        return f"{users[0]} entry" if users else WHOLE

    def _place_of(self, path: Path) -> str:
        top, *rest = path.relative_to(self.world.home / "artefacts").parts
        if top == "evidence":
            return self._place("/".join(rest))
        number = next(
            pair["entry"]["number"]
            for pair in self._pairs(top)[1]
            if pair["entry"]["run"]["business_date"] == rest[0]
        )
        return f"{top} entry {number} "

    def _uses(self, chain: str, member: str) -> bool:
        entries = [pair["entry"] for pair in self._pairs(chain)[1] if pair["entry"]["kind"] == "run"]
        return any(
            member in (f"rules/{e['rules']}.json", f"results/{sha(canonical(e['results']))}.json") for e in entries
        )

    def _lines(self, *, two: bool = False) -> tuple[str, list[bytes]]:
        chain = self.random.choice([name for name in self.world_chains() if not (two and name.startswith("wave"))])
        return chain, self.members[f"chains/{chain}.jsonl"].splitlines()

    def _pairs(self, chain: str) -> tuple[str, Chain]:
        return chain, [json.loads(line) for line in self.members[f"chains/{chain}.jsonl"].splitlines()]

    def _recomputed(self, members: dict[str, bytes]) -> tuple[str, int, Chain, dict[str, bytes]]:
        chain, pairs = self._pairs(self.random.choice(["payments", "db.ledger"]))
        at = self.random.randrange(len(pairs))
        entry = pairs[at]["entry"]
        results = json.loads(self.members[f"results/{sha(canonical(entry['results']))}.json"])
        name = self.random.choice(sorted(results))
        results[name] |= self.random.choice([{"verdict": "FAIL"}, {"reason": "ok"}, {"waivers": []}])
        entry["results"] = {one: sha(canonical(result)) for one, result in results.items()}
        entry["run"]["reason"] = "all is well"
        members[f"results/{sha(canonical(entry['results']))}.json"] = canonical(results)
        again = _chained([pair["entry"] for pair in pairs])
        again = [{**new, "signature": old["signature"]} for new, old in zip(again, pairs, strict=True)]
        return chain, at, again, members

    def _back_dated(self) -> tuple[str, Chain]:
        chain, pairs = self._pairs("wave.1")
        entry = pairs[0]["entry"]
        earlier = timedelta(days=self.random.randrange(1, 30))
        for one in [entry, *entry["people"]]:
            name = "recorded" if one is entry else "at"
            one[name] = (datetime.fromisoformat(one[name]) - earlier).isoformat()
        return chain, pairs

    def _with(self, chain: str, lines: list[bytes], what: str, place: str) -> Tampered:
        members = {**self.members, f"chains/{chain}.jsonl": b"".join(line + b"\n" for line in lines)}
        return self._packed(members, what, place)

    def _packed(self, members: Mapping[str, bytes], what: str, place: str) -> Tampered:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data)
            archive.comment = self.sealed[-SEAL_BYTES:]
        return self._read(packed.getvalue(), what, place)

    def _read(self, data: bytes, what: str, place: str) -> Tampered:
        self.scratch.mkdir(exist_ok=True)
        path = self.scratch / "tampered.zip"
        path.write_bytes(data)
        return self._verified(path, what, place)

    def _verified(self, path: Path, what: str, place: str) -> Tampered:
        return Tampered(what, place, verify(path, self.world.keys))

    def _rechained(
        self, chain: str, pairs: Chain, documents: Mapping[str, bytes], what: str, place: str
    ) -> Tampered:
        def edit(connection: sa.Connection) -> str:
            table = tables.evidence
            connection.execute(table.delete().where(table.c.chain == chain))
            for pair in pairs:
                text = canonical(pair["entry"])
                row = {"number": pair["entry"]["number"], "sha": sha(text), "entry": text.decode()}
                connection.execute(table.insert().values(chain=chain, signature=pair["signature"], **row))
            return place

        beside = [self.world.home / "artefacts/evidence" / name for name in documents]
        for path, data in zip(beside, documents.values(), strict=True):
            path.write_bytes(data)
        try:
            return self._built(edit, what)
        finally:
            for path in beside:
                path.unlink()

    def _built(self, edit: Callable[[sa.Connection], str], what: str) -> Tampered:
        """Edit a copy of the store, build from it with the key, and verify."""
        self.scratch.mkdir(exist_ok=True)
        copied = self.scratch / "results.db"
        shutil.copy(self.world.home / "results.db", copied)
        real = self.world.store, self.world.chains
        store = open_store(f"sqlite:///{copied}")
        try:
            with store.engine.begin() as connection:
                place = edit(connection)
            self.world.store, self.world.chains = store, replace_engine(self.world, store.engine)
            return self._verified(self.world.build(), what, place)
        finally:
            self.world.store, self.world.chains = real
            store.engine.dispose()


def replace_engine(world: World, engine: sa.Engine) -> Any:
    return type(world.chains)(engine)


def _chained(entries: list[dict[str, Any]], signer: KeySigner | None = None) -> Chain:
    """Return entries whose hashes follow from each other, signed by ``signer``."""
    before, pairs = "", []
    for entry in entries:
        linked = {**entry, "previous": before}
        before = sha(canonical(linked))
        pairs.append({"entry": linked, "signature": text_of(signer.sign(canonical(linked))) if signer else ""})
    return pairs


OUTSIDE = [
    *(Enemy.flip,) * 6,
    *(Enemy.cut, Enemy.append, Enemy.drop_document, Enemy.drop_entry, Enemy.reorder),
    *(Enemy.swap_waiver, Enemy.recompute, Enemy.sign_anew, Enemy.back_date),
]
INSIDE = [
    *(Enemy.edit_result, Enemy.edit_run, Enemy.delete_result, Enemy.recompute_in_the_store),
    *(Enemy.back_date_in_the_store, Enemy.drop_from_the_store, Enemy.edit_file),
]

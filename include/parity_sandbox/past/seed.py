"""Plays the seeded nights and records them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from parity.clients.remote import fingerprint
from parity.history.store import Store
from parity.settings import Settings
from parity.suite.database_files import load_databases
from parity.suite.suite_files import load_suites, suite_sha
from parity_sandbox.past.ledger_night import LedgerNight
from parity_sandbox.past.outputs import outputs
from parity_sandbox.past.story import NIGHTS, Night, nights, story
from parity_sandbox.past.suite_night import Known, SuiteNight

SUITE, DATABASE = "payments", "ledger"


def seed(store: Store, settings: Settings, until: date, many: int = NIGHTS) -> int:
    """Record the nights before ``until`` and return how many results they have."""
    listed = [night for night in nights(until, many) if not night.silent]
    played: list[SuiteNight | LedgerNight] = [*suite_nights(settings, listed), *ledger_nights(settings, listed)]
    played.sort(key=lambda one: one.night.data)
    results = 0
    with outputs() as made:
        for one in played:
            run, records = one.play(made)
            store.record_run(run)
            store.record_activities(records)
            results += len(records)
    return results


def suite_nights(settings: Settings, listed: list[Night]) -> Iterator[SuiteNight]:
    """Yield each night of the suite, as it was declared then."""
    loaded = load_suites(settings.suites, SUITE)
    now, path = loaded.models[SUITE], loaded.paths[SUITE]
    own = tuple(waiver for waiver in loaded.waivers if waiver.suite == SUITE)
    known: Known = {}
    today = suite_sha(path)
    for night in listed:
        suite, waivers = night.suite(now), night.waivers(now, own)
        same = waivers == own and [one.columns for one in suite.activities] == [
            one.columns for one in now.activities
        ]
        declared = [suite.model_dump(mode="json"), *(waiver.model_dump(mode="json") for waiver in waivers)]
        sha = today if same else fingerprint(json.dumps(declared, sort_keys=True))
        yield SuiteNight(night, path, suite, waivers, sha, settings, known)


def ledger_nights(settings: Settings, listed: list[Night]) -> Iterator[LedgerNight]:
    """Yield the last nights of the ledger."""
    database = load_databases(settings.databases).models[DATABASE]
    sha = fingerprint(database.model_dump_json())
    first = LedgerNight(listed[0], database, sha, settings)
    for night in listed:
        if night.back <= story()["ledger"]:
            yield LedgerNight(night, database, sha, settings, first.known)

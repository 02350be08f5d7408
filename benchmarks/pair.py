"""The benchmark's pair: 17 columns, a text key, ten kinds of injected defects, and the counts that are right.

Both sides are written by DuckDB from one deterministic formula; the target is shuffled, lacks 0.1 % of the
rows, has 0.1 % others, and repeats 0.05 % of its keys.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

KEY = "payment_id"
SHARES: Mapping[str, int] = {
    "missing": 1_000,
    "extra": 1_000,
    "duplicate": 2_000,
    "amount": 100,
    "fee": 200,
    "fx_rate": 50,
    "status": 100,
    "currency": 500,
    "country": 100,
    "updated_at": 50,
    "description": 200,
    "customer_email": 200,
    "settlement_date": 1_000,
}
"""One row in so many has the defect."""

_ROW = """
SELECT
  md5((i * 7919)::VARCHAR)[1:8] || '-' || lpad(i::VARCHAR, 27, '0') AS payment_id,
  (hash(i, 'merchant') % 50000)::BIGINT AS merchant_id,
  i::BIGINT AS ledger_seq,
  ((hash(i, 'amount') % 100000000)::BIGINT / 100)::DECIMAL(18,2) AS amount,
  ((hash(i, 'fee') % 1000000000)::BIGINT / 1000000)::DECIMAL(18,6) AS fee,
  ((hash(i, 'tax') % 1000000)::BIGINT / 100)::DECIMAL(18,2) AS tax,
  0.5 + (hash(i, 'fx') % 1000000000) / 1e9 AS fx_rate,
  (hash(i, 'risk') % 1000000) / 1e6 AS risk_score,
  ['EUR', 'USD', 'GBP', 'INR', 'JPY', 'CHF', 'SEK', 'PLN'][1 + (hash(i, 'currency') % 8)::INT] AS currency,
  ['settled', 'pending', 'refunded', 'failed', 'chargeback'][1 + (hash(i, 'status') % 5)::INT] AS status,
  CASE WHEN hash(i, 'country') % 20 = 0 THEN NULL ELSE
    ['GB', 'DE', 'FR', 'IN', 'US', 'CH', 'SE', 'PL', 'ES', 'IT'][1 + (hash(i, 'country') % 10)::INT]
  END AS country,
  'customer' || (hash(i, 'customer') % 400000) || '@example.org' AS customer_email,
  CASE WHEN hash(i, 'text') % 7 = 0 THEN NULL
       ELSE 'Payment for order ' || (hash(i, 'order') % 10000000) || ' café' END AS description,
  TIMESTAMP '2026-01-01' + to_microseconds((hash(i, 'created') % 5000000000000)::BIGINT) AS created_at,
  TIMESTAMP '2026-01-01' + to_microseconds((hash(i, 'updated') % 5000000000000)::BIGINT) AS updated_at,
  DATE '2026-01-01' + (hash(i, 'day') % 60)::INT AS settlement_date,
  hash(i, 'refund') % 10 = 0 AS is_refund,
  CASE WHEN hash(i, 'retry') % 4 = 0 THEN NULL ELSE (hash(i, 'retry') % 6)::INT END AS retry_count
FROM range({start}, {stop}) t(i)
"""
COLUMNS = (
    "merchant_id",
    "ledger_seq",
    "amount",
    "fee",
    "tax",
    "fx_rate",
    "risk_score",
    "currency",
    "status",
    "country",
    "customer_email",
    "description",
    "created_at",
    "updated_at",
    "settlement_date",
    "is_refund",
    "retry_count",
)


def _hit(name: str) -> str:
    return f"hash(ledger_seq, 'defect {name}') % {SHARES[name]} = 0"


_DEFECTS = {
    "amount": "round(amount, 1)::DECIMAL(18,2)",
    "fee": "round(fee, 4)::DECIMAL(18,6)",
    "fx_rate": "fx_rate::FLOAT::DOUBLE",
    "status": "status || '  '",
    "currency": "lower(currency)",
    "country": "coalesce(country, '')",
    "updated_at": "updated_at + INTERVAL 330 MINUTE",
    "description": "replace(description, 'é', 'Ã©')",
    "customer_email": "left(customer_email, 12)",
    "settlement_date": "settlement_date + 1",
}


def make_pair(folder: Path, rows: int, *, clean: bool = False) -> dict[str, int]:
    """Write ``legacy.parquet`` and ``target.parquet`` once, and return the counts that are right."""
    truth = folder / "truth.json"
    if truth.exists():
        return dict(json.loads(truth.read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"temp_directory": str(folder / "spill"), "memory_limit": "3GB"})
    names = ", ".join((KEY, *COLUMNS))
    legacy, target = folder / "legacy.parquet", folder / "target.parquet"
    connection.execute(f"COPY (SELECT {names} FROM ({_ROW.format(start=0, stop=rows)})) TO '{legacy}'")
    connection.execute(f"COPY ({_target(names, rows, clean)}) TO '{target}'")
    counts = {name: int(n) for name, n in _truth(connection, legacy, rows, clean).items()}
    truth.write_text(json.dumps(counts), encoding="utf-8")
    connection.close()
    return counts


def _target(names: str, rows: int, clean: bool) -> str:
    """Return the query of the target: shuffled by a hash, within blocks that fit in memory."""
    legacy = f"({_ROW.format(start=0, stop=rows)})"
    if clean:
        return f"SELECT {names} FROM {legacy} ORDER BY hash(ledger_seq, 'shuffle')"
    values = ", ".join(
        [
            KEY,
            *(
                f"CASE WHEN {_hit(c)} THEN {_DEFECTS[c]} ELSE {c} END AS {c}" if c in _DEFECTS else c
                for c in COLUMNS
            ),
        ]
    )
    kept = f"SELECT {values} FROM {legacy} WHERE NOT ({_hit('missing')})"
    extra = f"SELECT {names} FROM ({_ROW.format(start=rows, stop=rows + rows // SHARES['extra'])})"
    again = f"SELECT {names} FROM {legacy} WHERE NOT ({_hit('missing')}) AND {_hit('duplicate')}"
    return (
        f"SELECT {names} FROM ({kept} UNION ALL {extra} UNION ALL {again}) ORDER BY hash(ledger_seq, "
        "status, 'shuffle')"
    )


def _truth(connection: duckdb.DuckDBPyConnection, legacy: Path, rows: int, clean: bool) -> dict[str, int]:
    """Count from the formula alone what a comparison must find."""
    if clean:
        return {"missing": 0, "extra": 0, "changed": 0, **dict.fromkeys(COLUMNS, 0)}
    # A doubled key has a clean copy, which pairs with the legacy row; the defective one is extra.
    counted = f"NOT ({_hit('missing')}) AND NOT ({_hit('duplicate')})"
    changed = {c: f"({_hit(c)} AND ({_DEFECTS[c]}) IS DISTINCT FROM {c})" for c in _DEFECTS}
    parts = [f"count(*) FILTER ({_hit('missing')}) AS missing"]
    parts += [f"count(*) FILTER ({counted} AND ({' OR '.join(changed.values())})) AS changed"]
    parts += [
        f"count(*) FILTER ({counted} AND {changed[c]}) AS {c}" if c in changed else f"0 AS {c}" for c in COLUMNS
    ]
    parts += [f"count(*) FILTER (NOT ({_hit('missing')}) AND {_hit('duplicate')}) AS doubled"]
    relation = connection.execute(f"SELECT {', '.join(parts)} FROM read_parquet('{legacy}')")
    found = dict(zip([d[0] for d in relation.description], relation.fetchall()[0], strict=True))
    return {
        **{k: v for k, v in found.items() if k != "doubled"},
        "extra": rows // SHARES["extra"] + found["doubled"],
    }


if __name__ == "__main__":
    print(json.dumps(make_pair(Path(sys.argv[1]), int(sys.argv[2]), clean=sys.argv[3:] == ["clean"])))

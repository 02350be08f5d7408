"""What may be written: queries as CREATE TABLE AS of Trino's Hive connector, which is how Athena unloads them.

Athena's own words were seen to be Trino's: ``NOT_SUPPORTED: Incorrect timestamp precision for timestamp(6)`` of an
UNLOAD from an Iceberg table (aws/aws-sdk-pandas#2252).
"""

from __future__ import annotations

from truth import records
from truth.engines import Outcome
from truth.trino_server import TrinoError, TrinoServer

RECORD = "trino_unload"
QUERIES = (
    "SELECT 1 AS a, CAST(2 AS bigint) b, 'x' AS c",
    "SELECT 1",
    "SELECT 1 AS a, count(*) FROM (VALUES 1) AS t (n)",
    "SELECT n, (n), t.n AS m FROM (VALUES 1) AS t (n)",
    "SELECT n + 1 FROM (VALUES 1) AS t (n)",
    "SELECT * FROM (SELECT 1) AS t",
    "SELECT * FROM (VALUES 1) AS t (n)",
    "WITH q AS (SELECT 1) SELECT * FROM q",
    "WITH q AS (SELECT 1 AS a) SELECT * FROM q",
    "WITH q (a) AS (SELECT 1) SELECT * FROM q",
    "VALUES (1, 2)",
    "SELECT 1 UNION ALL SELECT 2 AS a",
    "SELECT 1 AS a UNION ALL SELECT 2",
    "SELECT 1 AS a, 2 AS a",
    "SELECT 1 AS a, 2 AS A",
    "SELECT NULL AS a",
    "SELECT CAST(NULL AS varchar) AS a",
    "SELECT CASE WHEN true THEN NULL END AS a",
    "SELECT if(n > 1, NULL, n) AS a FROM (VALUES 1) AS t (n)",
    "SELECT ARRAY[NULL] AS a",
    "SELECT ARRAY[1, NULL] AS a",
    "SELECT MAP(ARRAY['a'], ARRAY[NULL]) AS a",
    "SELECT MAP(ARRAY['a'], ARRAY[1]) AS a",
    "SELECT ROW(1, 2) AS a",
    "SELECT CAST(ROW(1, 2) AS row(a integer, b integer)) AS a",
    "SELECT current_time AS a",
    "SELECT TIME '01:02:03' AS a",
    "SELECT CAST('01:02:03' AS time) AS a",
    "SELECT INTERVAL '1' DAY AS a",
    "SELECT INTERVAL '1' MONTH AS a",
    "SELECT to_milliseconds(INTERVAL '1' DAY) AS a",
    "SELECT JSON '1' AS a",
    "SELECT json_parse('1') AS a",
    "SELECT json_extract('{\"b\": 1}', '$.b') AS a",
    "SELECT json_extract_scalar('{\"b\": 1}', '$.b') AS a",
    "SELECT uuid() AS a",
    "SELECT CAST(uuid() AS varchar) AS a",
    "SELECT now() AS a",
    "SELECT ARRAY[now()] AS a",
    "SELECT max(now()) AS a",
    "SELECT date_trunc('day', now()) AS a",
    "SELECT now() - INTERVAL '1' DAY AS a",
    "SELECT if(true, now(), TIMESTAMP '2026-03-02 10:20:30.123') AS a",
    "SELECT coalesce(NULL, now()) AS a",
    "SELECT TIMESTAMP '2026-03-02 10:20:30.123' AT TIME ZONE 'UTC' AS a",
    "SELECT TIMESTAMP '2026-03-29 00:59:00.123' AT TIME ZONE 'Europe/Berlin' AS a",
    "SELECT ARRAY[TIMESTAMP '2026-03-29 00:59:00.123 Europe/Berlin'] AS a",
    "SELECT v AS a FROM (VALUES TIMESTAMP '2026-03-29 00:59:00.123 Europe/Berlin') AS t (v) GROUP BY v",
    "SELECT CAST(TIMESTAMP '2026-03-29 00:59:00.123' AT TIME ZONE 'Europe/Berlin' AS timestamp) AS a",
    "SELECT from_iso8601_timestamp('2026-03-02T10:20:30Z') AS a",
    "SELECT from_unixtime(1e0) AS a",
    "SELECT CAST(now() AS timestamp) AS a",
    "SELECT CAST(now() AS date) AS a",
    "SELECT TIMESTAMP '2026-03-02 10:20:30 UTC' AS a",
    "SELECT TIMESTAMP '2026-03-02 10:20:30' AS a",
    "SELECT TIMESTAMP '2026-03-02 10:20:30.123' AS a",
    "SELECT TIMESTAMP '2026-03-02 10:20:30.123456' AS a",
    "SELECT CAST('2026-03-02 10:20:30' AS timestamp) AS a",
    "SELECT CAST('2026-03-02 10:20:30' AS timestamp(6)) AS a",
    "SELECT ARRAY[TIMESTAMP '2026-03-02 10:20:30.123456'] AS a",
    "SELECT localtimestamp AS a",
    "SELECT date_parse('2026', '%Y') AS a",
    "SELECT DATE '2026-03-02' AS a, true AS b, DECIMAL '1.50' AS c, 1.5E0 AS d, X'00' AS e",
    "SELECT CAST(1 AS tinyint) AS a, CAST(1 AS smallint) AS b, REAL '1.5' AS c, CAST('a' AS char(3)) AS d",
    "SELECT CAST('a' AS varchar(3)) AS a, DATE '2026-03-02' + INTERVAL '1' DAY AS b",
)


def ask(server: TrinoServer) -> Outcome:
    """Write the result of every query into a table, and record what Trino refuses."""
    version = server.query("SELECT version()").value
    server.query("CREATE SCHEMA IF NOT EXISTS hive.unload")
    records.write(RECORD, "Trino", version, {sql: _refusal(server, sql, at) for at, sql in enumerate(QUERIES)})
    return Outcome("Trino, what UNLOAD writes", version, len(QUERIES))


def _refusal(server: TrinoServer, sql: str, at: int) -> str:
    table = f"hive.unload.t{at}"
    try:
        server.query(
            f"CREATE TABLE {table} WITH (external_location = 'local:///unload/t{at}', format = 'PARQUET') AS {sql}"
        )
    except TrinoError as error:
        return str(error)
    server.query(f"DROP TABLE {table}")
    return ""

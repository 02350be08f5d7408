"""A witness in a real S3 server's bucket with Object Lock; moto enforces the lock as AWS does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from parity.clients.artefacts import Artefacts
from parity.clients.storage import S3Storage
from parity.evidence.witness import StorageWitness
from parity.history import tables
from unit.evidence.worlds import World

BUCKET = "evidence"
SERVER = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
sys.stdin.read()
"""
"""Ends when its standard input does, which is with the test."""
LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 3650}}}


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of a server with a bucket whose objects nobody can delete for ten years."""
    # In a process of its own: moto keeps its buckets by process, and the sandbox's are there, too.
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=PIPE, stdout=PIPE, text=True) as server:
        assert server.stdout
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=server.stdout.readline().strip(), **keys)
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        client.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=LOCK)
        yield client


def test_a_chain_that_was_cut_off_everywhere_else_is_found_by_an_immutable_witness(world: World, s3: Any) -> None:
    storage = S3Storage(lambda _: s3)
    witness = world.witness = StorageWitness(Artefacts(f"s3://{BUCKET}/parity", storage), "s3")
    for back in range(3):
        world.night(back)
        world.night(back, "db.ledger")
    assert sorted(number for number, _ in witness.seen("payments")) == [1, 2, 3]
    with world.store.engine.begin() as connection:
        connection.execute(tables.evidence.delete().where(tables.evidence.c.number == 3))
    for copy in (world.home / "artefacts/evidence/chains").rglob("00000003-*.json"):
        copy.unlink()
    listed = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    last = next(one for one in listed if "payments/00000003-" in one["Key"])
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=BUCKET, Key=last["Key"], VersionId=last["VersionId"])
    s3.delete_object(Bucket=BUCKET, Key=last["Key"])  # a marker, which hides it from a listing
    assert last["Key"] not in [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    found = dict(world.verified().findings)
    assert found["payments entry 3"].startswith("s3 has an entry, which is missing from the chain: ")

"""One AWS for all tests of this folder; every test has a bucket and a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from unit.sandbox.aws.harness import REGION, RunningAws, running_aws


@dataclass(frozen=True)
class Place:
    """A bucket and a Glue database that only one test uses."""

    aws: RunningAws
    name: str

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.name.replace("_", "-")

    def uri(self, key: str) -> str:
        """Return the location of a key."""
        return f"s3://{self.bucket}/{key}"

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        """Return the rows of a query that must succeed."""
        return self.aws.rows(sql, database=self.name, **options)

    def query(self, sql: str, **options: Any) -> dict[str, Any]:
        """Run a query to its end."""
        return self.aws.query(sql, database=self.name, **options)

    def failure(self, sql: str, **options: Any) -> str:
        """Return why a query failed."""
        return self.aws.failure(sql, database=self.name, **options)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    """A running AWS."""
    with running_aws(tmp_path_factory.mktemp("aws")) as running:
        make_bucket(running, "results")
        yield running


@pytest.fixture
def place(aws: RunningAws) -> Place:
    """A bucket and a database of the test's own."""
    aws.faults.clear()
    found = Place(aws, f"t_{uuid.uuid4().hex[:12]}")
    make_bucket(aws, found.bucket)
    aws.client("glue").create_database(DatabaseInput={"Name": found.name})
    return found


def make_bucket(aws: RunningAws, name: str) -> None:
    """Create a bucket."""
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

"""What replaces moto's in-memory S3: buckets that are folders."""

from __future__ import annotations

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3 import models
from moto.s3.models import s3_backends

from parity_sandbox.aws.patches import Patch
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.aws.s3.store import Bucket, FileKey, FolderKeys, Refused

_delete_bucket = models.S3Backend.delete_bucket


class FolderBuckets:
    """Makes moto's buckets and the folders under one root agree."""

    def __init__(self, disk: Disk, region: str) -> None:
        self._disk, self._region = disk, region
        disk.root.mkdir(parents=True, exist_ok=True)

    def adopt(self) -> None:
        """Bring every folder to moto's knowledge, and drop the buckets whose folders are gone."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        folders = self._disk.buckets()
        for name in folders:
            if name not in backend.buckets:
                backend.buckets[name] = models.FakeBucket(name, DEFAULT_ACCOUNT_ID, self._region)
        for name in set(backend.buckets) - set(folders):
            s3_backends.bucket_accounts.pop(name, None)
            backend.buckets.pop(name)

    def patches(self) -> list[Patch]:
        """Return what of moto's S3 is replaced."""
        disk = self._disk

        class FolderBucket(Bucket):  # type: ignore[misc]
            """A bucket; making one makes its folder."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                folder = disk.bucket(self.name)
                folder.mkdir(parents=True, exist_ok=True)
                self.keys = FolderKeys(self, folder)

        def delete_bucket(backend: Any, bucket_name: str) -> Any:
            gone = _delete_bucket(backend, bucket_name)
            if gone:
                disk.bucket(bucket_name).rmdir()
            return gone

        return [
            Patch(models, "FakeKey", FileKey, "objects are files"),
            Patch(models, "FakeBucket", FolderBucket, "buckets are folders"),
            Patch(models.S3Backend, "delete_bucket", delete_bucket, "a deleted bucket's folder goes too"),
            Patch(models.S3Backend, "put_bucket_versioning", _no_versions, "a file has one version"),
        ]


def _no_versions(_backend: Any, _bucket_name: str, status: str) -> None:
    if status == "Enabled":
        raise Refused("sandbox limitation: objects are files, and files have no versions")

"""``s3://``, ``abfss://``, ``dbfs:/`` and ``/Volumes`` as folders, without a jar: Hadoop's view file system.

``ViewFileSystemOverloadScheme`` may stand for any scheme. It asks, per bucket or container, for one mount
table, so that a bucket which is created later needs its own entry before the next job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
LOCAL = "org.apache.hadoop.fs.RawLocalFileSystem"
"""Raw: the other one writes a .crc file beside each file, which S3 and ADLS would then list."""
SCHEMES = ("s3", "s3a", "s3n", "abfss", "abfs", "wasbs", "dbfs")
HOSTS = ("dfs", "blob")


def configuration(state: Path) -> dict[str, str]:
    """Return the Hadoop settings that do not change while the sandbox runs."""
    schemes = {f"fs.{scheme}.impl": VIEW for scheme in SCHEMES}
    # A cached file system would keep the mount table that it was made with.
    uncached = {f"fs.{scheme}.impl.disable.cache": "true" for scheme in SCHEMES}
    root = {
        "fs.viewfs.overload.scheme.target.file.impl": LOCAL,
        "fs.file.impl": LOCAL,
        "fs.defaultFS": "viewfs://sandbox/",
        _mount("sandbox", "link./Volumes"): f"file://{state / 'volumes'}",
        _mount("sandbox", "link./Workspace"): f"file://{state / 'workspace'}",
        _mount("sandbox", "linkFallback"): "file:///",
        _mount("default", "link./Volumes"): f"file://{state / 'volumes'}",
        _mount("default", "linkFallback"): f"file://{state / 'dbfs'}",
    }
    return {**schemes, **uncached, **root}


def mounts(state: Path) -> Mapping[str, str]:
    """Return one mount for every bucket and every container that exists now."""
    return {_mount(authority, "linkFallback"): f"file://{folder}" for authority, folder in _places(state)}


def _places(state: Path) -> Iterator[tuple[str, Path]]:
    for bucket in _folders(state / "s3"):
        yield bucket.name, bucket
    for account in _folders(state / "adls"):
        for container in _folders(account):
            for host in HOSTS:
                yield f"{container.name}@{account.name}.{host}.core.windows.net", container


def _folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []


def _mount(authority: str, entry: str) -> str:
    return f"fs.viewfs.mounttable.{authority}.{entry}"

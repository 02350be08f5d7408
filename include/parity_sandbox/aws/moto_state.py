"""moto's own memory, and how it is emptied."""

from __future__ import annotations

from moto.athena.models import athena_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.glue.models import glue_backends
from moto.iam.models import iam_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

BACKENDS = (
    s3_backends,
    glue_backends,
    athena_backends,
    sts_backends,
    rds_backends,
    iam_backends,
    cloudwatch_backends,
)


def forget() -> None:
    """Start moto's services from nothing; files on disk stay."""
    s3_backends.bucket_accounts.clear()
    for backends in BACKENDS:
        backends.reset()

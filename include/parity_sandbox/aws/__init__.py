"""A small AWS: S3, the Glue catalogue and jobs, Athena, STS, RDS and KMS, spoken by moto and really carried out.

Objects are files under the state folder, Glue job runs execute their scripts, Athena runs Trino SQL on the
catalogued files through DuckDB. What the sandbox cannot do as AWS does fails with "sandbox limitation: …".
"""

from __future__ import annotations

from starlette.types import ASGIApp

from parity_sandbox.context import Context


def create_app(context: Context) -> ASGIApp:
    """Return the ASGI app of a fresh AWS over ``context.state``."""
    from parity_sandbox.aws import app  # moto takes a second to import

    return app.create_app(context)

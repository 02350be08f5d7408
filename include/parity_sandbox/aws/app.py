"""The AWS endpoint: moto's service applications behind one door.

Which service a request is for is read from its signature's scope, as moto does. Services and operations that
the sandbox lacks answer in AWS's own error shape and leave a line in the log that says what to add.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from starlette.types import ASGIApp

from parity_sandbox.aws import errors, iam, identities, kms, moto_state, patches, rds, rights, signature
from parity_sandbox.aws.athena import service as athena
from parity_sandbox.aws.athena.engine import Engine
from parity_sandbox.aws.glue import service as glue
from parity_sandbox.aws.glue.jobs import JobEngine
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.aws.s3.service import FolderBuckets
from parity_sandbox.context import Context
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.world.rights import register

log = logging.getLogger("parity_sandbox.aws")

SERVICES = ("s3", "glue", "athena", "sts", "rds", "iam", "monitoring", "kms")
RECORD_RUN = "/-/glue/job-runs"
"""POST here to write a Glue run of the past; ``-`` can be no bucket's name."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


def create_app(context: Context) -> ASGIApp:
    """Return the ASGI app of a fresh AWS over ``context.state``.

    moto keeps its state in this process, so a process has one AWS: a second call starts anew, with the
    objects that are on disk and an empty catalogue.
    """
    disk = Disk(context.state / "s3")
    moto_state.forget()
    register(context.endpoints)
    buckets = FolderBuckets(disk, context.endpoints.region)
    jobs = JobEngine(
        disk, context.runner, context.faults, context.state / "logs" / "glue", context.endpoints.region
    )
    engine = Engine(disk, context.faults)
    patches.apply(
        [*buckets.patches(), *glue.patches(jobs), *athena.patches(engine), *rds.patches(), *iam.patches()]
    )
    places = rights.Places(context.endpoints.region, engine.work_group)
    wrapped: Any = WSGIMiddleware(cast(Any, Aws(buckets, context.endpoints, places)), workers=32)
    return cast(ASGIApp, wrapped)


class Aws:
    """The WSGI application."""

    def __init__(self, buckets: FolderBuckets, endpoints: Endpoints, places: rights.Places) -> None:
        self._buckets, self._endpoints, self._places = buckets, endpoints, places
        self._keys = {endpoints.aws_access_key: endpoints.aws_secret_key}
        self._services = DomainDispatcherApplication(create_backend_app)
        self._kms = kms.Kms(places.arn("kms", "key/"))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        _complete(environ)
        service = self._service(environ)
        if service != "sandbox" and (why := signature.distrust(environ, self._keys)) and not _open(environ):
            return errors.distrusted(service, why).send(start_response)
        try:
            if sentence := self._denied(service, environ):
                return errors.denied(service, sentence).send(start_response)
            return self._route(service)(environ, start_response)
        except NotImplementedError as error:
            log.warning("sandbox: add a route for aws %s: %s", service, error)
            return errors.unknown_operation(service, str(error)).send(start_response)
        except Exception as error:
            log.exception("aws %s", service)
            return errors.internal(service, error).send(start_response)

    def _denied(self, service: str, environ: Environ) -> str:
        """Return why the policies of who signed a request do not allow it; empty when they do."""
        caller = identities.signed_by(environ.get("HTTP_AUTHORIZATION", ""))
        return rights.refused(caller, self._places.needs(service, environ)) if caller else ""

    def _service(self, environ: Environ) -> str:
        if environ["PATH_INFO"].startswith("/-/"):
            return "sandbox"
        if not environ.get("HTTP_AUTHORIZATION"):
            return _unsigned_service(environ)
        host = self._services.infer_service_region_host(environ, environ["PATH_INFO"]) or "s3."
        return host.split(".")[0]

    def _route(self, service: str) -> Wsgi:
        if service == "sandbox":
            return self._record_run
        if service not in SERVICES:
            raise NotImplementedError(f"the service {service} is not part of the sandbox")
        if service == "kms":
            return partial(kms.send, self._kms)
        if service == "s3":
            self._buckets.adopt()
        if service == "rds" and self._endpoints.mysql_legacy:
            legacy = rds.Instance.of_url(rds.LEGACY, self._endpoints.mysql_legacy)
            rds.register(legacy, self._endpoints.region)
        app: Wsgi = self._services
        return app

    def _record_run(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != RECORD_RUN or environ["REQUEST_METHOD"] != "POST":
            raise NotImplementedError(environ["PATH_INFO"])
        try:
            run_id = glue.record_run(json.load(environ["wsgi.input"]), self._endpoints.region)
        except (KeyError, ValueError) as error:
            return errors.bad_request(f"{type(error).__name__}: {error}").send(start_response)
        return errors.Answer(200, json.dumps({"JobRunId": run_id})).send(start_response)


def _complete(environ: Environ) -> None:
    """Give moto what its own server would: the whole body with its length, and the path as it was sent."""
    body = environ["wsgi.input"].read(-1) if _has_body(environ) else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["REMOTE_ADDR"] = environ.get("REMOTE_ADDR", "127.0.0.1")
    raw = environ["asgi.scope"].get("raw_path")
    if raw:
        environ["RAW_URI"] = environ["REQUEST_URI"] = raw.decode("latin-1")


def _unsigned_service(environ: Environ) -> str:
    """Return the service of a request whose signature does not name it."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").lower()
    named = [service for service in errors.JSON_SERVICES if service in target]
    return named[0] if named else "sts" if b"Action=" in environ["wsgi.input"].getvalue() else "s3"


def _open(environ: Environ) -> bool:
    """Return whether the operation is one that nobody signs: a role taken with a token, or a presigned URL."""
    query, body = environ.get("QUERY_STRING", ""), environ["wsgi.input"].getvalue()
    return "X-Amz-Signature=" in query or b"Action=AssumeRoleWith" in body


def _has_body(environ: Environ) -> bool:
    return bool(environ.get("HTTP_TRANSFER_ENCODING")) or int(environ.get("CONTENT_LENGTH") or 0) > 0

"""A small KMS: asymmetric keys that sign and never leave it. moto's has no Ed25519.

Keys live as long as the sandbox's AWS.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parity_sandbox.aws.errors import Answer

EDWARDS = "ECC_NIST_EDWARDS25519"
ALGORITHMS = {EDWARDS: ["ED25519_SHA_512", "ED25519_PH_SHA_512"], "ECC_NIST_P256": ["ECDSA_SHA_256"]}
LONGEST = 4096
"""Bytes of a message that KMS takes as it is."""
Asked = Mapping[str, Any]


class Refused(Exception):
    """KMS's own code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Key:
    """One key pair."""

    arn: str
    spec: str
    private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    enabled: bool = True

    @property
    def described(self) -> dict[str, Any]:
        """Return what every answer about it says."""
        algorithms = ALGORITHMS[self.spec]
        return {
            "KeyId": self.arn,
            "KeySpec": self.spec,
            "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": algorithms,
        }


@dataclass
class Kms:
    """The keys of one account and region."""

    prefix: str
    """Of the ARN of every key, up to its id."""
    keys: dict[str, Key] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def answer(self, operation: str, asked: Asked) -> Answer:
        """Answer one request of the JSON protocol."""
        operations = {
            "CreateKey": self._create,
            "CreateAlias": self._alias,
            "DisableKey": self._disable,
            "GetPublicKey": self._public,
            "Sign": self._sign,
        }
        if operation not in operations:
            raise NotImplementedError(f"KMS {operation}")
        try:
            return Answer(200, json.dumps(operations[operation](asked)))
        except Refused as error:
            body = {"__type": error.code, "message": str(error)}
            return Answer(400, json.dumps(body), code=error.code)

    def arn_of(self, named: str) -> str:
        """Return the ARN of a key that is called by its id, ARN or alias."""
        if named.startswith("alias/"):
            return self.aliases.get(named, self.prefix + named)
        return named if named.startswith("arn:") else self.prefix + named

    def _create(self, asked: Asked) -> dict[str, Any]:
        spec, usage = asked.get("KeySpec", "SYMMETRIC_DEFAULT"), asked.get("KeyUsage", "ENCRYPT_DECRYPT")
        if spec not in ALGORITHMS or usage != "SIGN_VERIFY":
            raise NotImplementedError(f"KMS key {spec} for {usage}")
        made = Ed25519PrivateKey.generate() if spec == EDWARDS else ec.generate_private_key(ec.SECP256R1())
        key = Key(f"{self.prefix}{uuid.uuid4()}", spec, made)
        self.keys[key.arn] = key
        return {"KeyMetadata": {**key.described, "KeyId": key.arn.rpartition("/")[2], "Arn": key.arn}}

    def _alias(self, asked: Asked) -> dict[str, Any]:
        self.aliases[asked["AliasName"]] = self._known(asked["TargetKeyId"]).arn
        return {}

    def _disable(self, asked: Asked) -> dict[str, Any]:
        self._known(asked["KeyId"]).enabled = False
        return {}

    def _public(self, asked: Asked) -> dict[str, Any]:
        key = self._usable(asked["KeyId"])
        public = key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {**key.described, "PublicKey": base64.b64encode(public).decode()}

    def _sign(self, asked: Asked) -> dict[str, Any]:
        key, algorithm = self._usable(asked["KeyId"]), asked["SigningAlgorithm"]
        message = base64.b64decode(asked["Message"])
        if algorithm not in ALGORITHMS[key.spec]:
            raise Refused(
                "InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.spec}."
            )
        if asked.get("MessageType", "RAW") != "RAW" or not isinstance(key.private, Ed25519PrivateKey):
            raise NotImplementedError(f"KMS Sign of a {asked.get('MessageType')} with {algorithm}")
        if algorithm != "ED25519_SHA_512":
            raise Refused("ValidationException", "ED25519_PH_SHA_512 requires message type DIGEST.")
        if not 0 < len(message) <= LONGEST:
            words = "Member must have length less than or equal to 4096"
            raise Refused("ValidationException", f"Value at 'message' failed to satisfy constraint: {words}")
        signature = base64.b64encode(key.private.sign(message)).decode()
        return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}

    def _usable(self, named: str) -> Key:
        key = self._known(named)
        if not key.enabled:
            raise Refused("DisabledException", f"{key.arn} is disabled.")
        return key

    def _known(self, named: str) -> Key:
        arn = self.arn_of(named)
        if arn not in self.keys:
            raise Refused("NotFoundException", f"Key '{arn}' does not exist")
        return self.keys[arn]


def asked_of(environ: Mapping[str, Any]) -> tuple[str, Asked]:
    """Return the operation and the arguments of a request."""
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return operation, json.loads(environ["wsgi.input"].getvalue() or b"{}")


def send(kms: Kms, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a WSGI request."""
    return kms.answer(*asked_of(environ)).send(start_response)

"""The key that signs evidence in AWS KMS, which it never leaves."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from parity.clients.aws import AwsClients, aws_errors
from parity.errors import BadInput


class KmsSigner:
    """An Ed25519 key in KMS, by its id, ARN or alias."""

    hashes: ClassVar[bool] = True
    """KMS signs 4,096 bytes at most, and an entry with the hashes of its files may be longer."""

    def __init__(self, clients: AwsClients, key: str) -> None:
        self._clients, self._key = clients, key

    @cached_property
    def public(self) -> Ed25519PublicKey:
        """Return its public key; BadInput when it is of another kind."""
        with aws_errors("KMS", f"key {self._key}"):
            found = self._clients("kms").get_public_key(KeyId=self._key)
        public = load_der_public_key(found["PublicKey"])
        if not isinstance(public, Ed25519PublicKey):
            remedy = "Create one of the key spec ECC_NIST_EDWARDS25519, for signing and verification."
            raise BadInput(f"Key {self._key} of KMS is {found['KeySpec']}, and no Ed25519 key.", remedy=remedy)
        return public

    def sign(self, data: bytes) -> bytes:
        """Return the signature of ``data``, which has 4,096 bytes at most."""
        with aws_errors("KMS", f"key {self._key}"):
            answer = self._clients("kms").sign(
                KeyId=self._key, Message=data, MessageType="RAW", SigningAlgorithm="ED25519_SHA_512"
            )
        signature: bytes = answer["Signature"]
        return signature

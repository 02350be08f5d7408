"""Whoever signs evidence: a private key in a connection, or a KMS (:mod:`parity.clients.kms`)."""

from __future__ import annotations

import base64
import re
from typing import ClassVar, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import SecretStr

from parity.errors import BadInput

_ARMOUR = re.compile(r"-----[A-Z ]+-----|\s")


class Signer(Protocol):
    """A private key that signs, wherever it is kept."""

    @property
    def hashes(self) -> bool:
        """Return whether it signs short texts only, so that of an entry the hash is signed."""

    @property
    def public(self) -> Ed25519PublicKey:
        """Return its public key."""

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature of ``data``, 64 bytes."""


class KeySigner:
    """An Ed25519 private key in memory."""

    hashes: ClassVar[bool] = False

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def of_pem(cls, pem: SecretStr) -> KeySigner:
        """Return the signer of an unencrypted PKCS 8 key as PEM; a form may have broken its lines."""
        try:
            der = base64.b64decode(_ARMOUR.sub("", pem.get_secret_value()), validate=True)
            private = load_der_private_key(der, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            remedy = "Make one with `openssl genpkey -algorithm ed25519`."
            raise BadInput(
                "The key that signs evidence is no Ed25519 private key as PEM.", remedy=remedy
            ) from None
        return cls(private)

    @property
    def public(self) -> Ed25519PublicKey:
        """Return its public key."""
        return self._private.public_key()

    def sign(self, data: bytes) -> bytes:
        """Return the signature of ``data``."""
        return self._private.sign(data)


def text_of(signature: bytes) -> str:
    """Return a signature as it is written."""
    return base64.b64encode(signature).decode()

"""KMS signs with real Ed25519 keys: evidence that it signed verifies by its public key, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_public_key

from parity.clients.kms import KmsSigner
from parity.errors import AccessDenied, BadInput, NotFound, Terminal
from parity.evidence import verify as verifier
from parity.evidence.signoff import newest_sign_off
from unit.evidence.worlds import World, fill
from unit.sandbox.aws.harness import RunningAws


def key_of(aws: RunningAws, spec: str = "ECC_NIST_EDWARDS25519") -> str:
    """Create a key and return its id."""
    made = aws.client("kms").create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    return str(made["KeyMetadata"]["KeyId"])


def signer(aws: RunningAws, key: str, **options: Any) -> KmsSigner:
    """Return what signs with a key, or an alias."""
    return KmsSigner(lambda service: aws.client(service, **options), key)


@pytest.fixture
def world(aws: RunningAws, tmp_path: Path) -> World:
    """A world whose key is in KMS."""
    key = key_of(aws)
    aws.client("kms").create_alias(AliasName=f"alias/{key[:8]}", TargetKeyId=key)
    return World(tmp_path, signer(aws, f"alias/{key[:8]}"))  # type: ignore[arg-type]


def test_evidence_that_kms_signed_is_proven_however_long_its_entries_are(world: World) -> None:
    fill(world)
    for number in range(100):
        world.artefacts.write(f"payments/2026-03-20/scheduled__2026-03-20/{number}/report.html", str(number))
    world.night(18)
    entries = world.chains.entries("payments")
    assert max(len(entry.entry) for entry in entries) > 4096
    assert {json.loads(entry.entry)["signs"] for entry in entries} == {"sha256"}
    report = world.verified()
    assert (report.findings, report.counts["entries"]) == ([], 9)
    found = newest_sign_off(world.chains, 1, {}, world.keys)
    assert found is not None
    assert not [why for why in found.broken if "signature" in why]


def test_what_is_signed_as_a_hash_is_not_taken_for_a_signature_of_the_text(world: World) -> None:
    world.night(0)
    [entry] = world.chains.entries("payments")
    body = json.loads(entry.entry)
    whole = {name: value for name, value in body.items() if name != "signs"}
    for one, holds in ((body, True), (whole, False)):
        text = verifier.signed_text(one, verifier.canonical(one))
        assert verifier.signed(body["key"], entry.signature.encode(), text, world.keys) is holds


def test_a_key_that_is_not_there_disabled_or_forbidden_is_named(aws: RunningAws) -> None:
    with pytest.raises(NotFound, match="key alias/none"):
        _ = signer(aws, "alias/none").public
    key = key_of(aws)
    aws.client("kms").disable_key(KeyId=key)
    with pytest.raises(Terminal, match="DisabledException"):
        signer(aws, key).sign(b"x")
    with pytest.raises(AccessDenied):
        signer(aws, key, aws_secret_access_key="wrong").sign(b"x")


def test_a_key_of_another_kind_is_refused(aws: RunningAws) -> None:
    with pytest.raises(BadInput, match="is ECC_NIST_P256, and no Ed25519 key") as caught:
        _ = signer(aws, key_of(aws, "ECC_NIST_P256")).public
    assert "ECC_NIST_EDWARDS25519" in caught.value.remedy


def test_the_sandbox_signs_what_kms_signs_and_no_more(aws: RunningAws) -> None:
    kms, key = aws.client("kms"), key_of(aws)
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    given = {"KeyId": key, "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
    public.verify(kms.sign(Message=b"x" * 4096, **given)["Signature"], b"x" * 4096)  # type: ignore[call-arg,union-attr]
    with pytest.raises(ClientError, match="incompatible"):
        kms.sign(Message=b"x", **{**given, "SigningAlgorithm": "ECDSA_SHA_256"})
    with pytest.raises(ClientError, match="DIGEST"):
        kms.sign(Message=b"x", **{**given, "SigningAlgorithm": "ED25519_PH_SHA_512"})
    with pytest.raises(ClientError, match="UnknownOperation"):
        kms.list_keys()

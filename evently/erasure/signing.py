"""Signatures of receipts and register entries, and the links to receipts.

Receipts are JSON Web Signatures (RFC 7515) with Ed25519 keys (RFC 8037): a stranger verifies one
with any JOSE library and the public keys, which the site publishes as a JWK Set. No SQL reads the
private keys: they come from RECEIPT_KEYS, or are derived from SECRET_KEY and its fallbacks.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from evently.links import LinkInvalid

ALGORITHM = "EdDSA"
TYPE = "evently-erasure-receipt+jwt"
_PURPOSE = b"evently.erasure.receipts"
_LINK = b"evently.erasure.link:"
_LINK_BYTES = 16


class SignatureInvalid(Exception):
    """A document that is not signed by a known key; the text says what is wrong with it."""


@dataclass(frozen=True)
class SigningKey:
    """One of the keys. seed: the 32 bytes of the private key (RFC 8032)."""

    seed: bytes

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def public_bytes(self) -> bytes:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @cached_property
    def name(self) -> str:
        """The JWK thumbprint (RFC 7638), which identifies the key wherever it is published."""
        return _encode(hashlib.sha256(_compact(_members(self.public_bytes))).digest())

    @property
    def as_jwk(self) -> dict[str, str]:
        """The public key as JSON Web Key."""
        return {**_members(self.public_bytes), "kid": self.name, "alg": ALGORITHM, "use": "sig"}

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def link(self, erasure_id: UUID) -> bytes:
        """Return the bytes that make the link to a receipt unguessable."""
        return hmac.digest(self.seed, _LINK + erasure_id.bytes, "sha256")[:_LINK_BYTES]


def keys() -> list[SigningKey]:
    """Return the keys; the first one signs, all of them verify."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return _keys(tuple(settings.RECEIPT_KEYS.values()), secrets)


@lru_cache(maxsize=8)
def _keys(given: tuple[bytes, ...], secrets: tuple[str, ...]) -> list[SigningKey]:
    derived = (hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets)
    return [SigningKey(seed) for seed in (*given, *derived)]


def published_keys() -> dict[str, Any]:
    """Return the public keys as JWK Set (RFC 7517)."""
    return {"keys": [key.as_jwk for key in keys()]}


# ── Receipts ────────────────────────────────────────────────────────────────
def sign_document(payload: Mapping[str, Any]) -> str:
    """Return a document as JSON Web Signature in flattened JSON."""
    key = keys()[0]
    header = {"alg": ALGORITHM, "kid": key.name, "typ": TYPE}
    protected, body = _encode(_compact(header)), _encode(_compact(payload))
    signature = key.sign(f"{protected}.{body}".encode())
    return json.dumps(
        {"payload": body, "protected": protected, "signature": _encode(signature)}, indent=2
    )


def read_document(document: str, published: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a signed document says.

    published: a JWK Set to verify it with, instead of this site's own keys.
    Raises SignatureInvalid.
    """
    try:
        parts = json.loads(document)
        protected, body = str(parts["protected"]), str(parts["payload"])
        header = json.loads(_decode(protected))
        signature, content = _decode(parts["signature"]), _decode(body)
        name = header["kid"]
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureInvalid("This is no receipt: it is not a JSON Web Signature.") from error
    if header.get("alg") != ALGORITHM:
        raise SignatureInvalid(f"It is not signed with {ALGORITHM}.")
    public = _public_key(name, published)
    try:
        public.verify(signature, f"{protected}.{body}".encode())
    except InvalidSignature as error:
        raise SignatureInvalid("The signature does not match: the document was changed.") from error
    payload: dict[str, Any] = json.loads(content)
    return payload


def content_of(document: str) -> dict[str, Any]:
    """Return what a stored document says, whether its key is still known or not."""
    content: dict[str, Any] = json.loads(_decode(json.loads(document)["payload"]))
    return content


def _public_key(name: str, published: Mapping[str, Any] | None) -> Ed25519PublicKey:
    known = (published_keys() if published is None else published).get("keys", [])
    for jwk in known:
        if jwk.get("kid") == name and jwk.get("crv") == "Ed25519":
            try:
                return Ed25519PublicKey.from_public_bytes(_decode(jwk["x"]))
            except (ValueError, KeyError, TypeError) as error:
                raise SignatureInvalid(f"The public key {name!r} cannot be read.") from error
    raise SignatureInvalid(
        f"It is signed with the key {name!r}, which is not among the known keys."
    )


# ── Lines of the register ───────────────────────────────────────────────────
def sign_line(entry: Mapping[str, Any]) -> str:
    """Return an entry of the register as one signed line of JSON."""
    key = keys()[0]
    signed = {**entry, "key": key.name}
    signature = _encode(key.sign(_compact(signed)))
    return _compact({**signed, "signature": signature}).decode()


def read_line(line: str, *, accept_unknown_keys: bool = False) -> dict[str, Any]:
    """Return the entry of a register's line.

    accept_unknown_keys: also one that is signed with a key that this installation does not have.
    Raises SignatureInvalid.
    """
    try:
        entry = json.loads(line)
        signature = _decode(entry.pop("signature"))
        name = entry["key"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignatureInvalid("is not an entry of a register") from error
    for key in keys():
        if key.name == name:
            public = Ed25519PublicKey.from_public_bytes(key.public_bytes)
            try:
                public.verify(signature, _compact(entry))
            except InvalidSignature as error:
                raise SignatureInvalid("was changed: its signature does not match") from error
            return dict(entry)
    if accept_unknown_keys:
        return dict(entry)
    raise SignatureInvalid(
        f"is signed with the key {name!r}, which this installation does not have: add the earlier "
        "key to RECEIPT_KEYS, or the earlier SECRET_KEY to SECRET_KEY_FALLBACKS"
    )


# ── Links ───────────────────────────────────────────────────────────────────
def link_token(erasure_id: UUID) -> str:
    """Return the token of the link to a receipt; it does not expire."""
    return _encode(erasure_id.bytes + keys()[0].link(erasure_id))


def read_link_token(token: str) -> UUID:
    """Return the id of the erasure that a link leads to. Raises LinkInvalid."""
    try:
        raw = _decode(token)
        erasure_id = UUID(bytes=raw[:16])
    except ValueError as error:
        raise LinkInvalid from error
    if not any(hmac.compare_digest(raw[16:], key.link(erasure_id)) for key in keys()):
        raise LinkInvalid
    return erasure_id


def _members(public: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _encode(public)}


def _compact(value: Mapping[str, Any]) -> bytes:
    """Return JSON in one form only: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Return the bytes of unpadded base64url. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64url") from error

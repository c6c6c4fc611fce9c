"""A software authenticator, as a browser with a passkey would answer (WebAuthn)."""

import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey. counts: whether it keeps a counter, as those on devices do."""

    def __init__(self, *, origin="http://localhost:8000", counts=True, verifies=True):
        self.origin, self.counts, self.verifies = origin, counts, verifies
        self.host = origin.split("//")[1].split(":")[0]
        self.id = os.urandom(32)
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.count = 0
        self.user_handle = None

    def create(self, options):
        """Return the answer to the options of `navigator.credentials.create`, as JSON."""
        options = json.loads(options)
        self.user_handle = options["user"]["id"]
        numbers = self.private_key.public_key().public_numbers()
        key = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + key
        data = self._data(ATTESTED) + credential
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(
            clientDataJSON=bytes_to_base64url(client),
            attestationObject=bytes_to_base64url(attestation),
            transports=["internal", "unheard-of"],
        )

    def get(self, options):
        """Return the answer to the options of `navigator.credentials.get`, as JSON."""
        if self.counts:
            self.count += 1
        data = self._data()
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        signed = data + hashlib.sha256(client).digest()
        signature = self.private_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=bytes_to_base64url(client),
            authenticatorData=bytes_to_base64url(data),
            signature=bytes_to_base64url(signature),
            userHandle=self.user_handle,
        )

    def _data(self, more=0):
        flags = USER_PRESENT | (USER_VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind, challenge):
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _answer(self, **response):
        own = bytes_to_base64url(self.id)
        return json.dumps(
            {
                "id": own,
                "rawId": own,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )

"""Signatures of receipts and of the register's lines, and the links to receipts."""

import base64
import json
from io import StringIO
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command

from evently.erasure import signing
from evently.links import LinkInvalid

SAYS = {"receipt": "1", "done": [{"what": "keys_destroyed", "count": 1}]}


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_stranger_verifies_a_receipt_with_the_published_key_alone():
    parts = json.loads(signing.sign_document(SAYS))
    header = json.loads(decoded(parts["protected"]))
    published = json.loads(json.dumps(signing.published_keys()))
    jwk = next(one for one in published["keys"] if one["kid"] == header["kid"])

    public = Ed25519PublicKey.from_public_bytes(decoded(jwk["x"]))
    public.verify(decoded(parts["signature"]), f"{parts['protected']}.{parts['payload']}".encode())

    assert (header["alg"], jwk["kty"], jwk["crv"]) == ("EdDSA", "OKP", "Ed25519")
    assert json.loads(decoded(parts["payload"])) == SAYS


def test_private_keys_are_not_published():
    assert all(
        set(one) == {"kty", "crv", "x", "kid", "alg", "use"}
        for one in signing.published_keys()["keys"]
    )


@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
def test_changed_receipt_is_refused(part):
    document = json.loads(signing.sign_document(SAYS))
    text = document[part]
    document[part] = ("A" if text[5] != "A" else "B").join((text[:5], text[6:]))

    with pytest.raises(signing.SignatureInvalid):
        signing.read_document(json.dumps(document))


@pytest.mark.parametrize("document", ["", "{}", "[]", "null", '{"payload": 1}', "\x00", "7"])
def test_what_is_no_receipt_is_refused(document):
    with pytest.raises(signing.SignatureInvalid, match="no receipt"):
        signing.read_document(document)


def test_earlier_keys_still_verify_and_given_ones_sign_first(settings):
    old = signing.sign_document(SAYS)
    link = signing.link_token(erasure := uuid4())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret that is long enough"
    settings.RECEIPT_KEYS = {"2026": b"k" * 32}

    assert signing.read_document(old) == SAYS
    assert signing.read_link_token(link) == erasure
    header = json.loads(decoded(json.loads(signing.sign_document(SAYS))["protected"]))
    assert header["kid"] == signing.SigningKey(b"k" * 32).name

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.SignatureInvalid, match="not among the known keys"):
        signing.read_document(old)


def test_links_cannot_be_guessed_from_the_receipts_id():
    token = signing.link_token(erasure := uuid4())
    assert signing.read_link_token(token) == erasure
    other = base64.urlsafe_b64encode(uuid4().bytes + decoded(token)[16:]).decode().rstrip("=")
    for wrong in (other, token[:22], token[:-2], "", "x", "ä", "\ud800"):
        with pytest.raises(LinkInvalid):
            signing.read_link_token(wrong)


def test_command_verifies_a_file(tmp_path):
    file, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    file.write_text(signing.sign_document(SAYS))
    keys.write_text(json.dumps(signing.published_keys()))
    out = StringIO()

    call_command("verify_receipt", str(file), stdout=out)
    call_command("verify_receipt", str(file), keys=keys, stdout=out)

    assert out.getvalue().count("is valid") == 2
    assert '"keys_destroyed"' in out.getvalue()
    file.write_text(file.read_text().replace('"payload": "e', '"payload": "f'))
    with pytest.raises(CommandError, match="not valid"):
        call_command("verify_receipt", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_receipt", str(tmp_path / "missing"))


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"keys": ["x"]}', '{"keys": {}}'])
def test_command_refuses_what_is_no_set_of_keys(tmp_path, text):
    file, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    file.write_text(signing.sign_document(SAYS))
    keys.write_text(text)
    with pytest.raises(CommandError, match=r"keys\.json is no JWK Set"):
        call_command("verify_receipt", str(file), keys=keys)
    with pytest.raises(CommandError, match=r"missing cannot be read: No such file"):
        call_command("verify_receipt", str(file), keys=tmp_path / "missing")


def test_command_verifies_with_the_given_keys_only(tmp_path):
    file, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    file.write_text(signing.sign_document(SAYS))
    (own,) = signing.published_keys()["keys"][:1]
    for given in ([], [own | {"kid": "another"}], [own | {"x": "AAAA"}]):
        keys.write_text(json.dumps({"keys": given}))
        with pytest.raises(CommandError, match="not valid"):
            call_command("verify_receipt", str(file), keys=keys)

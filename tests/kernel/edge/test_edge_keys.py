from __future__ import annotations

import json
import stat
import threading

import pytest

from services.kernel.keys import BadSignature, Keys, KeysRefused, Purpose, base64url, public_keys, verify_jws

SIGNING = [Purpose.TOKEN, Purpose.RECEIPT, Purpose.RECORD]
MACS = [Purpose.BYTES, Purpose.UPLOAD, Purpose.ID_HASH]


@pytest.fixture
def folder(tmp_path):
    Keys.open(tmp_path / "keys", make=True)
    return tmp_path / "keys"


def test_keys_are_made_once_for_their_owner_alone(folder):
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [
        "bytes.json",
        "code.json",
        "id_hash.json",
        "receipt.json",
        "record.json",
        "token.json",
        "upload.json",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = [file.read_bytes() for file in files]
    Keys.open(folder, make=True)
    assert [file.read_bytes() for file in files] == before


def test_no_two_purposes_share_a_key(folder):
    kids = [json.loads(file.read_text())["signing"] for file in folder.iterdir()]
    assert len(set(kids)) == len(Purpose)


def test_processes_that_start_at_once_agree(tmp_path):
    opened: list[Keys] = []
    barrier = threading.Barrier(8)

    def start():
        barrier.wait()
        opened.append(Keys.open(tmp_path / "keys", make=True))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({keys.kid(Purpose.TOKEN) for keys in opened}) == 1
    assert not [file for file in (tmp_path / "keys").iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o660, 0o666, 0o601])
def test_a_key_that_others_may_read_or_change_is_refused_with_what_to_do(folder, mode):
    (folder / "token.json").chmod(mode)
    with pytest.raises(KeysRefused, match=r"token\.json：他人可以读取或修改.*chmod 600"):
        Keys.open(folder)


def test_a_secret_file_of_a_group_is_taken(folder):
    (folder / "token.json").chmod(0o440)
    Keys.open(folder)


def test_a_lost_key_is_not_quietly_replaced(folder):
    (folder / "receipt.json").unlink()
    with pytest.raises(KeysRefused, match=r"receipt\.json：没有这个密钥文件。请从密钥的备份中恢复。"):
        Keys.open(folder)


def _damage(document, how):
    if how == "purpose":
        document["purpose"] = "bytes"
    elif how == "signing":
        document["signing"] = "nobody"
    elif how == "one character":
        kid, secret = next(iter(document["keys"].items()))
        document["keys"][kid] = ("B" if secret[0] == "A" else "A") + secret[1:]
    elif how == "short":
        document["keys"][document["signing"]] = base64url(b"short")
    elif how == "no keys":
        del document["keys"]
    elif how == "a list":
        document["keys"] = []
    return json.dumps(document).encode()


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("how", ["purpose", "signing", "one character", "short", "no keys", "a list"])
def test_a_damaged_key_is_refused_by_name(folder, purpose, how):
    if (purpose, how) == (Purpose.BYTES, "purpose"):
        return
    file = folder / f"{purpose}.json"
    file.write_bytes(_damage(json.loads(file.read_text()), how))
    with pytest.raises(KeysRefused, match=rf"{purpose}\.json：密钥文件已损坏"):
        Keys.open(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"key"'])
def test_a_file_that_is_no_key_is_refused_by_name(folder, content):
    (folder / "upload.json").write_bytes(content)
    with pytest.raises(KeysRefused, match=r"upload\.json：密钥文件"):
        Keys.open(folder)


def _add_key(folder, purpose, other):
    """Rotate: take the other deployment's key in and sign with it."""
    mine, theirs = (json.loads((where / f"{purpose}.json").read_text()) for where in (folder, other))
    mine["keys"] |= theirs["keys"]
    mine["signing"] = theirs["signing"]
    (folder / f"{purpose}.json").write_text(json.dumps(mine))


def test_after_a_rotation_the_new_key_signs_and_both_verify(folder, tmp_path):
    Keys.open(tmp_path / "next", make=True)
    old = Keys.open(folder)
    receipt = old.sign_jws(Purpose.RECEIPT, b"{}", "receipt+jws")
    kid, mac = old.sign(Purpose.BYTES, b"film")
    for purpose in (Purpose.RECEIPT, Purpose.BYTES):
        _add_key(folder, purpose, tmp_path / "next")
    new = Keys.open(folder)
    assert new.verify_jws(Purpose.RECEIPT, receipt, "receipt+jws") == b"{}"
    new.check(Purpose.BYTES, kid, b"film", mac)
    assert new.sign(Purpose.BYTES, b"film")[0] != kid
    fresh = new.sign_jws(Purpose.RECEIPT, b"{}", "receipt+jws")
    with pytest.raises(BadSignature):
        old.verify_jws(Purpose.RECEIPT, fresh, "receipt+jws")


@pytest.mark.parametrize("purpose", SIGNING)
def test_a_signature_holds_for_its_purpose_type_and_every_byte(folder, purpose):
    keys = Keys.open(folder)
    token = keys.sign_jws(purpose, b'{"a":1}', "thing+jws")
    assert keys.verify_jws(purpose, token, "thing+jws") == b'{"a":1}'
    with pytest.raises(BadSignature):
        keys.verify_jws(purpose, token, "other+jws")
    for other in set(SIGNING) - {purpose}:
        with pytest.raises(BadSignature):
            keys.verify_jws(other, token, "thing+jws")
    for place in range(0, len(token), 7):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(BadSignature):
            keys.verify_jws(purpose, forged, "thing+jws")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "键", "e30.e30.e30", "bnVsbA.e30.AA"])
def test_what_is_no_token_is_a_bad_signature(folder, token):
    with pytest.raises(BadSignature):
        Keys.open(folder).verify_jws(Purpose.TOKEN, token, "thing+jws")


def test_a_receipt_is_checked_offline_with_the_public_half_alone(folder):
    keys = Keys.open(folder)
    token = keys.sign_jws(Purpose.RECEIPT, b"{}", "receipt+jws")
    published = json.loads(json.dumps(keys.public_jwks(Purpose.RECEIPT)))
    assert all("d" not in jwk for jwk in published["keys"])
    assert verify_jws(public_keys(published), token, "receipt+jws") == b"{}"
    with pytest.raises(BadSignature):
        verify_jws(public_keys(keys.public_jwks(Purpose.RECORD)), token, "receipt+jws")


@pytest.mark.parametrize("jwks", [{}, {"keys": [{}]}, {"keys": [{"kid": "a", "kty": "OKP"}]}, {"keys": None}])
def test_what_is_no_key_set_is_a_bad_signature(jwks):
    with pytest.raises(BadSignature):
        public_keys(jwks)


@pytest.mark.parametrize("purpose", MACS)
def test_a_mac_is_checked_by_its_kid(folder, purpose):
    keys = Keys.open(folder)
    kid, mac = keys.sign(purpose, b"message")
    keys.check(purpose, kid, b"message", mac)
    for bad in ((kid, b"messagf", mac), (kid, b"message", mac[:-1]), ("nobody", b"message", mac), (kid, b"message", b"")):
        with pytest.raises(BadSignature):
            keys.check(purpose, *bad)

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import codes
from services.kernel.auth import (
    BytesGrant,
    IdNumberRefused,
    Limits,
    Passwords,
    Principal,
    Revocations,
    Role,
    Verifier,
    bytes_url,
    check_bytes_url,
    check_upload_token,
    hash_id_number,
    mint,
    renew,
    upload_token,
    verify,
)
from services.kernel.errors import Gone, NotFound, Unauthenticated, Unprocessable
from services.kernel.keys import Keys, Purpose
from services.kernel.settings import Settings

LOGIN = datetime(2024, 9, 30, 1, 0, tzinfo=UTC)
LIMITS = Limits()
WHO = Principal("account-1", "session-1", Role.LIAISON, "unit-1", "campaign-1")
ID_NUMBER = "11010519491231002X"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys.open(tmp_path_factory.mktemp("keys"), make=True)


def _mint(keys, at=LOGIN, begun_at=LOGIN, who=WHO):
    return mint(keys, who, begun_at=begun_at, now=at, limits=LIMITS)


def test_a_token_says_who_asks_and_how_long(keys):
    session = verify(keys, _mint(keys), now=LOGIN)
    assert session.principal == WHO
    assert session.fresh_until == LOGIN + timedelta(minutes=10)
    assert session.expires_at == LOGIN + timedelta(minutes=30)


def test_a_principal_without_unit_or_campaign_stays_without(keys):
    who = Principal("a", "s", Role.OPERATOR)
    assert verify(keys, _mint(keys, who=who), now=LOGIN).principal == who


def test_a_token_is_fresh_for_ten_minutes_and_accepted_to_the_idle_limit(keys):
    token = _mint(keys)
    assert verify(keys, token, now=LOGIN + timedelta(minutes=10, milliseconds=-1)).is_fresh(LOGIN + timedelta(minutes=9))
    late = LOGIN + timedelta(minutes=30, milliseconds=-1)
    assert not verify(keys, token, now=late).is_fresh(late)
    with pytest.raises(Unauthenticated) as refused:
        verify(keys, token, now=LOGIN + timedelta(minutes=30))
    assert refused.value.type == "session-expired"


def test_renewal_carries_a_session_to_its_absolute_limit_and_no_further(keys):
    now, session = LOGIN, verify(keys, _mint(keys), now=LOGIN)
    while now < LOGIN + timedelta(hours=12) - timedelta(minutes=20):
        now += timedelta(minutes=20)
        session = verify(keys, renew(keys, session, now=now, limits=LIMITS), now=now)
    assert session.begun_at == LOGIN
    assert session.expires_at == LOGIN + timedelta(hours=12)
    assert session.fresh_until <= session.expires_at
    with pytest.raises(Unauthenticated):
        renew(keys, session, now=LOGIN + timedelta(hours=12), limits=LIMITS)


def test_a_receipt_is_no_access_token(keys):
    token = keys.sign_jws(Purpose.RECEIPT, b'{"sub":"a","sid":"s","role":"head","exp":9999999999}', "laurel-access+jwt")
    with pytest.raises(Unauthenticated):
        verify(keys, token, now=LOGIN)


@pytest.mark.parametrize(
    "claims", [b"{}", b"[]", b"null", b'{"sub":"a","sid":"s","role":"king","auth_time":1,"iat":1,"exp":9}', b"x"]
)
def test_a_token_with_other_claims_is_refused(keys, claims):
    with pytest.raises(Unauthenticated):
        verify(keys, keys.sign_jws(Purpose.TOKEN, claims, "laurel-access+jwt"), now=LOGIN)


def test_a_remembered_token_still_expires_and_still_ends(keys):
    revocations = Revocations()
    verifier = Verifier(keys, revocations)
    token = _mint(keys)
    assert verifier.verify(token, now=LOGIN) is verifier.verify(token, now=LOGIN)
    with pytest.raises(Unauthenticated):
        verifier.verify(token, now=LOGIN + timedelta(minutes=30))
    revocations.add("session/session-2", LOGIN)
    verifier.verify(token, now=LOGIN)
    revocations.add("account/account-1", LOGIN)
    with pytest.raises(Unauthenticated):
        verifier.verify(token, now=LOGIN)


def test_an_upload_token_is_good_for_its_upload_until_it_expires(keys):
    expiry = LOGIN + timedelta(days=7)
    token = upload_token(keys, "upload-1", expiry)
    check_upload_token(keys, token, "upload-1", now=expiry - timedelta(seconds=1))
    with pytest.raises(Gone):
        check_upload_token(keys, token, "upload-1", now=expiry)
    with pytest.raises(NotFound):
        check_upload_token(keys, token, "upload-2", now=LOGIN)
    kid, until, signature = token.split(".")
    for forged in (
        f"{kid}.{int(until) + 1}.{signature}",
        f"x.{until}.{signature}",
        "",
        "a.b",
        f"{kid}.{until}.",
        "键.1.a",
        f"{kid}.x.y",
    ):
        with pytest.raises(NotFound):
            check_upload_token(keys, forged, "upload-1", now=LOGIN)


GRANT = BytesGrant("ab/cd film+1.mp4", "account-1", "judge", LOGIN + timedelta(hours=4), "灯下三代人.mp4")


def _opened(url):
    parts = urlsplit(url)
    return unquote(parts.path.removeprefix("/media/bytes/")), dict(parse_qsl(parts.query))


def test_a_signed_address_opens_one_object_for_one_person_until_it_expires(keys):
    key, query = _opened(bytes_url(keys, "/media/bytes/", GRANT))
    assert check_bytes_url(keys, key, query, now=LOGIN) == GRANT
    with pytest.raises(Gone):
        check_bytes_url(keys, key, query, now=GRANT.expires_at)
    with pytest.raises(NotFound):
        check_bytes_url(keys, "ab/other.mp4", query, now=LOGIN)


@pytest.mark.parametrize("name", ["kid", "for", "use", "exp", "sig", "name"])
@pytest.mark.parametrize("value", [None, "", "x", "0", "99999999999999999999", "键"])
def test_a_signed_address_that_was_changed_opens_nothing(keys, name, value):
    key, query = _opened(bytes_url(keys, "/media/bytes/", GRANT))
    if value is None:
        del query[name]
    else:
        query[name] = value
    with pytest.raises(NotFound):
        check_bytes_url(keys, key, query, now=LOGIN)


def test_values_cannot_move_from_one_field_of_an_address_to_another(keys):
    grants = (
        BytesGrant("k", "a", "b", LOGIN, "c"),
        BytesGrant("k", "ab", "", LOGIN, "c"),
        BytesGrant("k", 'a","b', "b", LOGIN, "c"),
    )
    assert len({_opened(bytes_url(keys, "/b/", grant))[1]["sig"] for grant in grants}) == 3


def test_an_id_number_is_kept_as_a_keyed_hash_and_its_last_four(keys, tmp_path):
    kept = hash_id_number(keys, ID_NUMBER)
    assert kept.last4 == "002X"
    assert ID_NUMBER not in repr(kept)
    for spelling in ("11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"):
        assert hash_id_number(keys, spelling) == kept
    other = hash_id_number(Keys.open(tmp_path, make=True), ID_NUMBER)
    assert kept.compare(other) == "ask"
    assert kept.compare(hash_id_number(keys, ID_NUMBER, kept.kid)) == "same"
    assert kept.compare(hash_id_number(keys, "440524188001010014")) == "different"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "应为18位"),
        ("110105491231002", "应为18位，现为15位"),
        ("11010519491231002XX", "应为18位"),
        ("1101051949123100A1", "数字"),
        ("110105194912310²29"[:18], "数字|校验|18位"),
        ("110105194913310021", "出生日期"),
        ("110105194902300021", "出生日期"),
        ("110105194912310021", "校验位"),
        ("110150194912310020", "校验位"),
        ("049905779106291159", "不以0开头"),
    ],
)
def test_an_id_number_that_cannot_be_is_refused_and_not_repeated(keys, number, words):
    with pytest.raises(IdNumberRefused, match=words) as refused:
        hash_id_number(keys, number)
    assert not number or number not in refused.value.message


def test_a_one_time_code_is_read_however_it_is_typed():
    code = codes.new_one_time_code()
    assert len(code) == 19
    hashed = codes.one_time_code_hash(code)
    full_width = "".join(chr(ord(character) + 0xFEE0) if character != "-" else "－" for character in code)
    confused = code.replace("0", "o").replace("1", "l")
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), f"  {code}\n", confused, full_width):
        assert codes.one_time_code_hash(typed) == hashed
    assert code.replace("-", "") not in hashed


def test_codes_do_not_repeat():
    assert len({codes.new_one_time_code() for _ in range(1000)}) == 1000


@given(st.integers(min_value=0, max_value=2**75 - 1), st.integers(0, 15), st.integers(1, 31))
def test_one_wrong_character_is_always_noticed(number, place, change):
    code = codes.with_check(codes.encode(number, 15))
    assert codes.is_intact(code)
    wrong = codes.ALPHABET[(codes.ALPHABET.index(code[place]) + change) % 32]
    assert not codes.is_intact(code[:place] + wrong + code[place + 1 :])


@given(st.integers(min_value=0, max_value=2**75 - 1), st.integers(0, 14))
def test_two_neighbours_exchanged_are_always_noticed(number, place):
    code = codes.with_check(codes.encode(number, 15))
    exchanged = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert codes.is_intact(exchanged) == (code[place] == code[place + 1])


@pytest.mark.parametrize("typed", ["", "7F3K", "7F3K-92QX-M4TD-81MU", "7F3K-92QX-M4TD-81M键", "0000-0000-0000-0001"])
def test_what_is_no_code_is_said_before_anything_is_looked_up(typed):
    with pytest.raises(ValueError, match="code"):
        codes.one_time_code_hash(typed)


@pytest.mark.parametrize(("number", "characters"), [(-1, 4), (2**20, 4)])
def test_a_number_that_does_not_fit_its_characters_is_refused(number, characters):
    with pytest.raises(OverflowError):
        codes.encode(number, characters)


@pytest.fixture
def passwords():
    opened = Passwords(Settings(argon2_memory_kib=8 * 1024, argon2_time_cost=1))
    yield opened
    opened.close()


def test_the_default_is_the_low_memory_choice_of_rfc_9106():
    settings = Settings()
    assert (settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism) == (3, 65536, 4)
    assert settings.password_hashes_at_once == 1


def test_a_password_is_verified_and_only_that_one(passwords):
    async def story():
        encoded = await passwords.hash("合 格 的 密 码 🌿")
        return encoded, await passwords.verify(encoded, "合 格 的 密 码 🌿"), await passwords.verify(encoded, "合格的密码")

    encoded, same, other = asyncio.run(story())
    assert encoded.startswith("$argon2id$v=19$m=8192,t=1,p=4$")
    assert (same, other) == (True, False)
    assert passwords.needs_rehash(PasswordHasher(2, 8192, 1).hash("x"))
    assert not passwords.needs_rehash(encoded)


@pytest.mark.parametrize("encoded", [None, "", "$argon2id$nonsense", "plain"])
def test_an_account_that_is_not_there_is_never_let_in(passwords, encoded):
    assert asyncio.run(passwords.verify(encoded, "x")) is False


def test_a_password_longer_than_any_persons_is_refused(passwords):
    async def story():
        with pytest.raises(Unprocessable):
            await passwords.hash("x" * 257)
        encoded = await passwords.hash("x" * 256)
        return await passwords.verify(encoded, "x" * 10_000_000)

    assert asyncio.run(story()) is False


def test_an_unknown_account_takes_as_much_work_as_a_known_one(passwords):
    worked: list[str] = []
    hasher = passwords._hasher

    class Watching:
        def hash(self, password):
            worked.append("hash")
            return hasher.hash(password)

        def verify(self, encoded, password):
            worked.append("hash")
            return hasher.verify(encoded, password)

    encoded = asyncio.run(passwords.hash("x"))
    passwords._hasher = Watching()
    for known in (encoded, None):
        asyncio.run(passwords.verify(known, "y"))
    assert worked == ["hash", "hash"]


def test_hashing_leaves_the_event_loop_free_and_runs_one_at_a_time(passwords):
    running, most = 0, 0
    hasher = passwords._hasher

    class Counting:
        def hash(self, password):
            nonlocal running, most
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            running -= 1
            return hasher.hash(password)

    passwords._hasher = Counting()

    async def story():
        ticks = 0
        hashing = asyncio.gather(*(passwords.hash("x") for _ in range(4)))
        while not hashing.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return ticks

    assert asyncio.run(story()) > 4
    assert most == 1

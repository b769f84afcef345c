"""Who may invite and help whom, what a login and a password must be, and how long one waits after wrong passwords."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from services.kernel.auth import Principal, Role
from services.kernel.errors import Forbidden, Unprocessable

MOBILE = re.compile(r"1\d{10}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
SHORTEST_PASSWORD = 10
FREE_ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)

ROLE_WORDS: Mapping[Role, str] = {
    Role.CLERK: "主办单位经办人",
    Role.HEAD: "主办单位负责人",
    Role.LIAISON: "联络员",
    Role.UNIT_HEAD: "单位负责人",
    Role.EXPERT: "评审专家",
    Role.OPERATOR: "平台管理人员",
}
ROLE_PURPOSES: Mapping[Role, str] = {
    Role.CLERK: "办理活动的日常工作",
    Role.HEAD: "确认发布和重要决定",
    Role.LIAISON: "填报材料、上传文件、报送推荐名单",
    Role.UNIT_HEAD: "确认本单位推荐名单",
    Role.EXPERT: "评审作品",
    Role.OPERATOR: "维护平台运行",
}
ORGANISER = frozenset({Role.CLERK, Role.HEAD})
UNIT_ROLES = frozenset({Role.LIAISON, Role.UNIT_HEAD})
_INVITES: Mapping[Role, frozenset[Role]] = {
    Role.HEAD: frozenset(Role),
    Role.CLERK: frozenset({Role.LIAISON, Role.UNIT_HEAD, Role.EXPERT}),
}
_HELPS: Mapping[Role, frozenset[Role]] = {
    Role.HEAD: frozenset(Role) - {Role.HEAD},
    Role.CLERK: frozenset({Role.LIAISON, Role.UNIT_HEAD, Role.EXPERT}),
    Role.UNIT_HEAD: frozenset({Role.LIAISON}),
    Role.OPERATOR: frozenset({Role.HEAD}),
}


def may_invite(who: Principal, role: Role) -> bool:
    """Whether this person may invite somebody into the role."""
    return role in _INVITES.get(who.role, frozenset())


def check_may_invite(who: Principal, role: Role) -> None:
    """Raise `Forbidden` unless this person may invite somebody into the role."""
    if not may_invite(who, role):
        raise Forbidden(f"您的角色不能邀请{ROLE_WORDS[role]}。", "This role may not invite that one.")


def may_help(who: Principal, role: Role, unit_id: str | None) -> bool:
    """Whether this person may print a one-time code for the forgotten password of an account."""
    own = who.role is not Role.UNIT_HEAD or (unit_id is not None and unit_id == who.unit_id)
    return own and role in _HELPS.get(who.role, frozenset())


def normal_login(typed: str) -> str:
    """Return a mobile number or mailbox in the one spelling by which accounts are found."""
    plain = unicodedata.normalize("NFKC", typed).strip().lower()
    digits = re.sub(r"[ \-()]", "", plain).removeprefix("+86")
    return digits if MOBILE.fullmatch(digits) else plain


def checked_mobile(typed: str) -> str:
    """Return the number in its one spelling. Raises `Unprocessable`."""
    number = normal_login(typed)
    if not MOBILE.fullmatch(number):
        raise _wrong("mobile", "手机号码应为1开头的11位数字，请核对。", "Not a mobile number.")
    return number


def checked_email(typed: str) -> str:
    """Return the mailbox in its one spelling. Raises `Unprocessable`."""
    address = unicodedata.normalize("NFKC", typed).strip().lower()
    if not EMAIL.fullmatch(address):
        raise _wrong("email", "电子邮箱应写成“名称@域名”，请核对。", "Not a mailbox.")
    return address


def check_password(password: str, *, name: str, mobile: str, email: str) -> None:
    """Raise `Unprocessable` for a password that is short, of one character, or the person's own name or address."""
    if len(password) < SHORTEST_PASSWORD:
        raise _wrong("password", f"密码至少{SHORTEST_PASSWORD}个字符。", "The password is too short.")
    plain = password.strip().lower()
    if len(set(plain)) == 1 or plain in {name.lower(), mobile, email}:
        raise _wrong("password", "密码过于简单，请换一个。", "The password is too simple.")


def wait_after(failures: int) -> timedelta:
    """Return how long the next attempt must wait after so many wrong passwords in a row."""
    if failures < FREE_ATTEMPTS:
        return timedelta(0)
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_ATTEMPTS, 16)))


def _wrong(field: str, message: str, detail: str) -> Unprocessable:
    return Unprocessable(message, detail, kind="invalid-fields", errors=[{"field": field, "message": message}])

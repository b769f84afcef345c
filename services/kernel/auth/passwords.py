"""Passwords: argon2id, off the event loop, at most so many at once, in equal time for unknown accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.kernel.errors import Unprocessable
from services.kernel.settings import Settings

T = TypeVar("T")
MAX_CHARACTERS = 256


class Passwords:
    """Hashes and verifies passwords in threads of their own; what exceeds their number waits."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = PasswordHasher(
            settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(settings.password_hashes_at_once, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """Return the encoded hash. Raises `Unprocessable` when the password is longer than any person's."""
        if len(password) > MAX_CHARACTERS:
            raise Unprocessable(f"密码至多{MAX_CHARACTERS}个字符。", "The password is too long.")
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; with None (no such account) it takes as long and is False."""
        shortened = password[: MAX_CHARACTERS + 1]
        return await self._run(lambda: self._verify(encoded, shortened))

    def needs_rehash(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """Finish what has begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, encoded: str | None, password: str) -> bool:
        if encoded is None:
            self._hasher.hash(password)
            return False
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

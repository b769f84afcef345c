"""Every setting of the platform: one flat class, each with its unit in its name and a sentence of help.

A setting is read from the environment as `LAUREL_` and its name in capitals; `docs/settings.md` is generated from here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

GIB = 1024**3
MIB = 1024**2

Origin = Annotated[str, StringConstraints(pattern=r"^(https?://[^/\s]+)?$")]


def _spare_cores() -> int:
    return max(1, (os.cpu_count() or 1) - 1)


class Settings(BaseSettings):
    """What a deployment may choose. Immutable; a value out of its range is refused at start, by name."""

    model_config = SettingsConfigDict(env_prefix="LAUREL_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(Path("home"), description="The folder that holds databases, keys, files and the mail spool.")
    rehearsal: bool = Field(
        default=False,
        description="Makes a new deployment a rehearsal (试运行), for ever; without effect on one that exists.",
    )
    host: str = Field("127.0.0.1", description="The address the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="The port the server listens on; 0 takes a free one.")
    public_origin: Origin = Field(
        "",
        description=(
            "Scheme and host under which browsers reach the platform, such as https://laurel.example; "
            "writes by cookie from another origin are refused. Empty: the host the request names."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least severe line that is logged.")

    reader_threads: int = Field(4, ge=1, le=64, description="Threads that run a service's read-only queries.")
    media_processes: int = Field(
        default_factory=_spare_cores,
        ge=1,
        le=256,
        description="Child processes that judge or convert files at once. Default: one less than the cores, at least one.",
    )
    drain_grace_s: float = Field(10, ge=0, le=600, description="Seconds a stopping process gives work that has begun.")

    body_timeout_s: float = Field(20, gt=0, le=600, description="Seconds within which a stamped write's body must be complete.")
    json_max_bytes: int = Field(1 * MIB, ge=1024, description="The largest JSON body that is read, in bytes.")
    upload_max_bytes: int = Field(
        4 * GIB,
        ge=MIB,
        description="The largest upload that is accepted at all, in bytes; a campaign's smaller limit is a finding.",
    )
    upload_sync_bytes: int = Field(
        16 * MIB, ge=MIB, description="How many bytes of an upload are written between two syncs to disk."
    )
    upload_lifetime_s: int = Field(
        7 * 24 * 3600, ge=3600, description="Seconds for which an unfinished upload, and its token, stay good."
    )
    bytes_url_lifetime_s: int = Field(
        3600, ge=60, le=4 * 3600, description="Seconds for which a signed address of bytes stays good."
    )

    session_fresh_s: int = Field(600, ge=30, description="Seconds after which a page renews its access token.")
    session_idle_s: int = Field(1800, ge=60, description="Seconds without renewal after which a session has ended.")
    session_absolute_s: int = Field(12 * 3600, ge=300, description="Seconds after login at which a session ends in any case.")
    session_cookie_secure: bool = Field(
        default=False, description="Whether the session cookie is sent over https only; set it wherever https is used."
    )

    argon2_time_cost: int = Field(3, ge=1, le=20, description="Passes of argon2id over its memory (RFC 9106, low memory: 3).")
    argon2_memory_kib: int = Field(
        64 * 1024,
        ge=8 * 1024,
        le=4 * 1024**2,
        description="Memory of one password hash in KiB (RFC 9106, low memory: 64 MiB).",
    )
    argon2_parallelism: int = Field(4, ge=1, le=64, description="Lanes of argon2id (RFC 9106, low memory: 4).")
    password_hashes_at_once: int = Field(1, ge=1, le=64, description="Password hashes computed at the same time; others wait.")

    fault: str = Field("", description="Tests only: the fault point at which this process kills itself, as name:kill.")

    @property
    def has_data(self) -> bool:
        """Whether the home holds a platform's data."""
        return (self.home / "deployment.json").exists()

    @property
    def keys_folder(self) -> Path:
        """Where the keys lie."""
        return self.home / "keys"

"""Messages as files in a spool folder that the platform itself can show: one JSON file a message, named by its id."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from services.kernel.adapters.file_store import sync_folder
from services.kernel.errors import Transient
from services.kernel.ids import new_id
from services.kernel.ports import Message


class SpoolMailer:
    """A `ports.Mailer` into a folder. The same message id is kept once, whatever is sent under it again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, message: Message) -> None:
        """Keep the message durably. Raises `Transient` when the folder cannot be written."""
        target = self._folder / f"{message.message_id}.json"
        if target.exists():
            return
        temporary = self._folder / f".{new_id()}"
        try:
            with temporary.open("x", encoding="utf-8") as file:
                json.dump(asdict(message), file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target)
            sync_folder(self._folder)
        except OSError as trouble:
            temporary.unlink(missing_ok=True)
            raise Transient("the spool folder cannot be written") from trouble

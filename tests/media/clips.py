"""Makes the small films and pictures that the tests judge, each once a session."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURE = "testsrc2=s=320x180:r=25:d={s}"
TONE = "aevalsrc=0.3*sin(440*2*PI*t)|0.3*sin(550*2*PI*t):s=48000:d={s}"
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p")
SOUND = ("-c:a", "aac", "-b:a", "96k")


def ffmpeg(*words: str | Path) -> None:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, words)],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


@dataclass
class Clips:
    """A folder of films by name; `made` makes one unless it is there."""

    folder: Path

    def made(self, name: str, make: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.exists():
            make(path)
        return path

    def clip(
        self,
        name: str,
        *,
        seconds: float = 4,
        picture: str = PICTURE,
        sound: str | None = TONE,
        video: Sequence[str] = FAST,
        extra: Sequence[str] = (),
    ) -> Path:
        def make(path: Path) -> None:
            sources = ["-f", "lavfi", "-i", picture.format(s=seconds)]
            if sound:
                sources += ["-f", "lavfi", "-i", sound.format(s=seconds)]
            ffmpeg(*sources, *video, *(SOUND if sound else ()), "-movflags", "+faststart", *extra, path)

        return self.made(name, make)

    def clean(self) -> Path:
        return self.clip("clean.mp4")

    def copied(self, name: str, source: Path, *words: str, before: Sequence[str] = ()) -> Path:
        return self.made(name, lambda path: ffmpeg(*before, "-i", source, "-c", "copy", *words, path))

    def changed(self, name: str, source: Path, change: Callable[[bytearray], bytes | bytearray]) -> Path:
        return self.made(name, lambda path: path.write_bytes(change(bytearray(source.read_bytes()))) and None)

    def renamed(self, name: str, source: Path) -> Path:
        return self.made(name, lambda path: shutil.copy(source, path) and None)


def box_at(data: bytes | bytearray, name: bytes) -> int:
    """Return where the contents of the first box of this name begin."""
    at = data.index(name)
    return at + len(name)

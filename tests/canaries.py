"""Personal canaries: invented people whose data is planted in a story, and looked for where it may not be.

    people = Canaries.invent(seed=7)
    ... enter people.id_number, people.mobile, people.address, people.expert_name through the API ...
    watch = Watch(people)
    watch.log(path), watch.metrics(text), watch.urls(document), watch.export("汇总表.xlsx", data), watch.home(folder)
    assert watch.sightings == []

Nothing here imports the product: files are read as an outsider reads them. Each canary is looked for as it is, without
separators, percent-encoded, escaped as JSON, in base64 and in hexadecimal; archives and PDF streams are unpacked first.
(A PDF whose fonts are cut down holds numbers of glyphs, not text: look into what it is made from instead.)
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pysqlite3

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
SEPARATORS = re.compile(r"[\s\-‐–—_.()（）]+")
PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
HEXADECIMAL = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")

SECRET = ("id_number", "address")
"""T3: in no event at all, in no log, metric, address or answer but their own."""
PERSONAL = ("mobile", "email", "name", "expert_name", "expert_mobile")
"""T2: in the personal part of internal events, never in a public one, a log, a metric or an address."""


@dataclass(frozen=True)
class Canaries:
    """One set of invented personal data; every value is found nowhere else."""

    id_number: str
    address: str
    mobile: str
    email: str
    name: str
    expert_name: str
    expert_mobile: str

    @classmethod
    def invent(cls, seed: int) -> Canaries:
        """Invent a set: the ID number has a valid date and check character, names are of characters rare together."""
        random = Random(seed)
        rare = [chr(random.randrange(0x9F00, 0x9FA0)) for _ in range(12)]
        return cls(
            id_number=id_number(random),
            address=f"江州市云栈区{''.join(rare[:3])}路{random.randrange(1000, 9999)}弄{random.randrange(100, 999)}号",
            mobile=f"139{random.randrange(10**7, 10**8)}",
            email=f"canary-{random.randrange(10**9, 10**10)}@jiangzhou.example",
            name="罗" + "".join(rare[3:6]),
            expert_name="言" + "".join(rare[6:9]),
            expert_mobile=f"137{random.randrange(10**7, 10**8)}",
        )

    def values(self, kinds: Iterable[str]) -> dict[str, str]:
        """Return the canaries of these kinds."""
        return {kind: getattr(self, kind) for kind in kinds}


def id_number(random: Random) -> str:
    """Return an invented resident identity number that passes every check."""
    region, day = random.choice(("990101", "990102")), f"{random.randrange(1950, 2000)}{random.randrange(1, 13):02d}17"
    body = f"{region}{day}{random.randrange(1000):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECK_CHARACTERS[total % 11]


def spellings(value: str) -> set[bytes]:
    """Return the ways in which a value may stand somewhere, in bytes."""
    plain = value.encode()
    aligned = {base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)}
    escaped = json.dumps(value)[1:-1].encode()
    wide = value.encode("utf-16-be")
    found = {plain, value.lower().encode(), quote(value).encode(), escaped, plain.hex().encode(), wide, value.encode("gb18030")}
    return {spelling for spelling in found | aligned if len(spelling) > 5}


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield the data, and whatever is packed in it: archives (xlsx, docx, zip), zlib streams and strings of a PDF."""
    yield data
    if depth > 2:
        return
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from unpacked(archive.read(name), depth + 1)
    for stream in PDF_STREAM.findall(data) if data.startswith(b"%PDF") else ():
        try:
            text = zlib.decompressobj().decompress(stream)
        except zlib.error:
            continue
        yield text
        yield b"".join(bytes.fromhex(digits.decode()) for digits in _even(HEXADECIMAL.findall(text)))


def _even(found: Iterable[bytes]) -> Iterator[bytes]:
    for digits in found:
        plain = b"".join(digits.split())
        yield plain if len(plain) % 2 == 0 else plain + b"0"


def kinds_in(data: bytes | str, canaries: Canaries, kinds: Iterable[str] = SECRET + PERSONAL) -> list[str]:
    """Return which canaries stand in some data, in whatever spelling."""
    raw = data.encode() if isinstance(data, str) else data
    layers = list(unpacked(raw))
    loose = [SEPARATORS.sub("", layer.decode("utf-8", "ignore")).encode() for layer in layers]
    return [
        kind
        for kind, value in canaries.values(kinds).items()
        if any(spelling in layer for layer in layers for spelling in spellings(value))
        or any(SEPARATORS.sub("", value).encode() in layer for layer in loose)
    ]


@dataclass(frozen=True)
class Sighting:
    """A canary where it may not be."""

    kind: str
    where: str


@dataclass
class Watch:
    """Looks for canaries in everything that leaves the platform, and keeps what it finds."""

    canaries: Canaries
    sightings: list[Sighting] = field(default_factory=list)

    def look(self, where: str, data: bytes | str, kinds: Iterable[str] = SECRET + PERSONAL) -> None:
        """Look in some data, for these kinds."""
        self.sightings += [Sighting(kind, where) for kind in kinds_in(data, self.canaries, kinds)]

    def log(self, path: Path) -> None:
        """Look in a log: it holds no person at all."""
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            self.look(f"{path.name}:{number}", line)

    def metrics(self, exposition: str) -> None:
        """Look in the metrics' text."""
        self.look("/metrics", exposition)

    def urls(self, told: Any, where: str = "answer") -> None:
        """Look in every address that a JSON document or a list of headers holds."""
        for text in _strings(told):
            if "/" in text or "?" in text:
                self.look(f"address in {where}", text)

    def export(self, name: str, data: bytes, *, may_hold: Iterable[str] = ()) -> None:
        """Look in a file that somebody may take away; `may_hold` names the kinds that belong there."""
        self.look(name, name)
        self.look(name, data, [one.name for one in fields(Canaries) if one.name not in set(may_hold)])

    def home(self, folder: Path) -> None:
        """Look in a home: in the events of every log, and in the names and keys of everything that is kept."""
        for path in sorted(folder.rglob("*")):
            self.look("name of a file", str(path.relative_to(folder)))
        for path in sorted(folder.glob("*.db")):
            self._events(path)

    def _events(self, path: Path) -> None:
        connection = pysqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT event_id, type, topic, subject, key, data, personal FROM outbox").fetchall()
        finally:
            connection.close()
        for event_id, name, topic, subject, key, data, personal in rows:
            where = f"{path.stem} {name} {event_id}"
            self.look(f"{where} data", data)
            self.look(f"{where} attributes", f"{topic} {subject} {key}")
            if personal is not None:
                self.look(f"{where} personal", personal, SECRET if ".internal." in topic else SECRET + PERSONAL)


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for name, value in told.items():
            yield from _strings(name)
            yield from _strings(value)
    elif isinstance(told, (list, tuple)):
        for value in told:
            yield from _strings(value)

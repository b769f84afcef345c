"""CloudEvents 1.0 envelopes around typed payloads, and the registry of event types."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from services.kernel.contracts.topics import Tier, Topic

MAX_BYTES = 512 * 1024
SPEC_VERSION = "1.0"
DATA_CONTENT_TYPE = "application/json"


class Payload(BaseModel):
    """A part of an event: immutable; a consumer ignores fields that a later version added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Payload):
    """One fact, in the past tense.

    A subclass names its type, topic, subject and tier as class arguments:
    `class WorkListed(Event, fact="work.listed", topic=WORK, subject="work/{work_id}")`. A `personal` part holds its T2 fields.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    SUBJECT: ClassVar[str]
    TIER: ClassVar[Tier]
    REGISTRY: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(
        cls, *, fact: str, topic: Topic, subject: str, tier: Tier = Tier.T1, version: int = 1, **kwargs: Any
    ) -> None:
        """Register the type of event; refuse one whose tier its topic may not carry."""
        super().__init_subclass__(**kwargs)
        cls.TYPE = f"laurel.{fact}.v{version}"
        cls.TOPIC, cls.SUBJECT = topic, subject
        cls.TIER = Tier.T2 if "personal" in cls.__annotations__ else tier
        if topic.tier < cls.TIER:
            raise TypeError(f"{cls.TYPE} is {cls.TIER.name}, {topic.name} carries at most {topic.tier.name}")
        Event.REGISTRY[cls.TYPE] = cls

    @property
    def subject(self) -> str:
        """What the event speaks about, such as `work/0192…`; deliveries are ordered by the key, which is the subject."""
        return self.SUBJECT.format_map(self.__dict__)

    @property
    def key(self) -> str:
        """The ordering key: the subject."""
        return self.subject

    @classmethod
    def read(cls, data: bytes, personal: bytes | None) -> Self:
        """Build the event from its stored parts; raise pydantic's ValidationError when they do not fit."""
        if personal is None:
            return cls.model_validate_json(data)
        return cls.model_validate_json(data[:-1] + (b',"personal":' if data != b"{}" else b'"personal":') + personal + b"}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one event on its way, with its payload still in bytes.

    `data` is the JSON object without its personal part; `personal` is that part, or None. `time` is system time in UTC.
    """

    id: str
    source: str
    type: str
    subject: str
    key: str
    topic: str
    time: datetime
    sequence: int
    logepoch: str
    piitier: int
    data: bytes
    personal: bytes | None = None
    campaignid: str | None = None
    regioncode: str | None = None
    traceparent: str | None = None

    @property
    def dataschema(self) -> str:
        """Where the payload's JSON Schema stands in the generated contract document."""
        return f"urn:laurel:schema:{self.type}"

    def pack(self) -> bytes:
        """Return the envelope with its payload's bytes untouched, also when they are no JSON."""
        attributes = {name: getattr(self, name) for name in self.__slots__}
        attributes["time"] = self.time.isoformat()
        attributes["data"] = b64encode(self.data).decode()
        attributes["personal"] = None if self.personal is None else b64encode(self.personal).decode()
        return json.dumps(attributes).encode()

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Return what `pack` packed."""
        attributes = json.loads(packed)
        attributes["time"] = datetime.fromisoformat(attributes["time"])
        attributes["data"] = b64decode(attributes["data"])
        attributes["personal"] = None if attributes["personal"] is None else b64decode(attributes["personal"])
        return cls(**attributes)

    def structured(self) -> dict[str, Any]:
        """Return the event in CloudEvents' structured mode; `data_base64` holds a payload that is no JSON object."""
        attributes: Mapping[str, Any] = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": DATA_CONTENT_TYPE,
            "dataschema": self.dataschema,
            "sequence": str(self.sequence),
            "logepoch": self.logepoch,
            "piitier": f"T{self.piitier}",
            "campaignid": self.campaignid,
            "regioncode": self.regioncode,
            "traceparent": self.traceparent,
            **self._payload(),
        }
        return {name: value for name, value in attributes.items() if value is not None}

    def _payload(self) -> dict[str, Any]:
        try:
            data = json.loads(self.data)
            if self.personal is not None:
                data["personal"] = json.loads(self.personal)
        except (ValueError, TypeError):
            return {"data_base64": b64encode(self.data).decode()}
        return {"data": data}

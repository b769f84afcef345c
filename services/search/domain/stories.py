"""A story as the indexes show it, and who may see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.kernel.grams import marks
from services.kernel.search_index import Document, IndexSpec, Removal

_FACETS = ("campaign", "unit", "region", "track", "outcome", "year")
_WEIGHTS = {"title": 6.0, "names": 3.0, "story": 1.0}
STAFF = IndexSpec("stories-staff", _WEIGHTS, _FACETS)
PUBLIC = IndexSpec("stories-public", _WEIGHTS, _FACETS)
"""Two indexes: in a shared one the words of hidden stories would move the order of those that are shown."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Film:
    """A film to show: its key in the store, its media type, and the poster's key."""

    key: str
    type: str
    poster_key: str | None = None


@dataclass(frozen=True)
class Story:
    """A work as far as events have told of it. `version` grows with every change of what is shown."""

    work_id: str
    campaign_id: str
    version: int
    known: bool
    state: str
    unit_id: str
    unit_name: str
    region_code: str
    track: str
    title: str
    organisation: str
    person: str
    text: str
    saved_at: datetime | None
    consent: bool
    released: bool
    outcome: str
    year: int | None
    published_at: datetime | None
    films: dict[str, Film] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether anybody may see it: its result is published, its entrant consents, a named person released it."""
        return self.known and bool(self.outcome) and self.consent and self.released and self.state == SUBMITTED


DRAFT, SUBMITTED, WITHDRAWN = "draft", "submitted", "withdrawn"


def staff_change(story: Story) -> Document | Removal:
    """Return what the staff index holds of a story: everything, from its submission until it is withdrawn."""
    if not story.known or story.state != SUBMITTED:
        return Removal(story.work_id, story.version)
    names = " ".join(filter(None, (story.organisation, story.person, story.unit_name)))
    return _document(story, names, story.saved_at or NEVER)


def public_change(story: Story) -> Document | Removal:
    """Return what the public index holds of a story: title, organisations and text, and nothing of a hidden one."""
    if not story.is_public:
        return Removal(story.work_id, story.version)
    names = " ".join(filter(None, (story.organisation, story.unit_name)))
    return _document(story, names, story.published_at or NEVER)


def _document(story: Story, names: str, date: datetime) -> Document:
    facets = {
        "campaign": story.campaign_id,
        "unit": story.unit_id,
        "region": story.region_code,
        "track": story.track,
        "outcome": story.outcome,
        "year": str(story.year or ""),
    }
    shown = {"unit_name": story.unit_name, "organisation": story.organisation, **facets}
    text = {"title": story.title, "names": names, "story": story.text}
    return Document(story.work_id, story.version, date, text, facets, shown)


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a text with `[start, end)` marks on what was searched. `cut` says whether more stands around it."""

    text: str
    marks: tuple[tuple[int, int], ...]
    cut: bool = False


EXCERPT_CHARS = 120
_BEFORE_A_MARK_CHARS = 30


def whole(text: str, query: str) -> Excerpt:
    """Return a text with its marks."""
    return Excerpt(text, tuple(marks(text, query)))


def excerpt(text: str, query: str) -> Excerpt:
    """Return the part of a text around its first mark, or its beginning."""
    found = marks(text, query)
    start = max(0, min(found[0][0] - _BEFORE_A_MARK_CHARS, len(text) - EXCERPT_CHARS)) if found else 0
    end = start + EXCERPT_CHARS
    inside = ((max(at, start) - start, min(until, end) - start) for at, until in found if at < end and until > start)
    return Excerpt(text[start:end], tuple(inside), cut=len(text) > EXCERPT_CHARS)

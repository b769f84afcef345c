"""How a file becomes a web preview that starts at once: copied as it is, or encoded anew."""

from __future__ import annotations

from typing import Final

from services.media.domain.film import cut_short
from services.media.domain.measures import Counted, Decoded, Film, Measured, Photo, Probed, Still

MAX_WEB_BIT_RATE_BPS: Final = 12_000_000
MAX_WEB_HEIGHT_PX: Final = 1080
CARDS_S: Final = 30.0
_STEADY_SHARE: Final = 0.9
_PROGRESSIVE: Final = frozenset({None, "unknown", "progressive"})
_WEB_PROFILES: Final = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
_STEREO: Final = 2


def copies(probed: Probed, counted: Counted, size_bytes: int) -> bool:
    """Tell whether any browser plays the streams as they are, so that a remux is enough."""
    return _plain_picture(probed) and _plain_sound(probed) and _even(counted) and _light(counted, size_bytes)


def _plain_picture(probed: Probed) -> bool:
    video = probed.video
    return (
        video is not None
        and video.codec == "h264"
        and video.pixel_format == "yuv420p"
        and video.profile in _WEB_PROFILES
        and video.field_order in _PROGRESSIVE
        and video.pixel_aspect == 1.0
        and video.rotation_deg == 0
        and min(video.displayed_px) <= MAX_WEB_HEIGHT_PX
    )


def _plain_sound(probed: Probed) -> bool:
    audio = probed.audio
    return audio is None or (audio.codec == "aac" and audio.channels <= _STEREO)


def _even(counted: Counted) -> bool:
    return counted.timing.steady_share >= _STEADY_SHARE and counted.timing.stragglers == 0


def _light(counted: Counted, size_bytes: int) -> bool:
    """Filler does not count: it is left behind by the copy."""
    length_s = max(counted.timing.extent_s, 0.001)
    return min(size_bytes, counted.payload_bytes) * 8 / length_s <= MAX_WEB_BIT_RATE_BPS


def spoiled(measured: Measured) -> str | None:
    """Return why nobody should be shown a preview of this file, None when it may be shown."""
    match measured:
        case Photo():
            return "图片有损坏" if measured.truncated or measured.errors else None
        case Film():
            if cut_short(measured):
                return "文件不完整"
            return "解码时发现数据损坏" if measured.decoded.errors else None
        case _:
            return measured.why


def poster_of(decoded: Decoded) -> Still | None:
    """Return the still that stands for the film: the one nearest to a tenth of its length that is not black."""
    wanted_s = decoded.timing.extent_s / 10
    lit = [still for still in decoded.stills if not _dark(still, decoded)]
    return min(lit or decoded.stills, key=lambda still: abs(still.at_s - wanted_s), default=None)


def card_stills(decoded: Decoded) -> tuple[Still, ...]:
    """Return the stills of head and tail, which a person looks at."""
    extent_s = decoded.timing.extent_s
    return tuple(s for s in decoded.stills if s.at_s <= CARDS_S or s.at_s >= extent_s - CARDS_S)


def _dark(still: Still, decoded: Decoded) -> bool:
    return any(span.start_s <= still.at_s and (span.end_s is None or still.at_s <= span.end_s) for span in decoded.black)

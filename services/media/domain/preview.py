"""How a file becomes a web preview that starts at once: copied as it is, or encoded anew."""

from __future__ import annotations

from typing import Final

from services.media.domain.measures import Counted, Probed

MAX_WEB_BIT_RATE_BPS: Final = 12_000_000
MAX_WEB_HEIGHT_PX: Final = 1080
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

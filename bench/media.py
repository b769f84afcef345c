"""What judging a film costs beside a bare decode, and a remux beside an encode. `python -m bench.media [--seconds N]`.

CPU seconds of the children (RUSAGE_CHILDREN), interleaved rounds of one run, medians of the ratios with their spread.
The film is 1080p25 of 8 Mbit/s with grain: the hardest that offices send.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from services.media.domain.measures import Counted, Probed, Refused
from services.media.tools import child, preview
from services.media.tools.decode import Plan, decode
from services.media.tools.films import count_film, decode_film, probe_film
from services.media.tools.workspace import workspace

GRAPH_TARGET = 1.20
WHOLE_TARGET = 1.35
REMUX_TARGET = 50.0


def main() -> int:
    """Print each figure with its bare reference and ratio; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="laurel-bench-") as folder:
        film = _film(Path(folder), chosen.seconds)
        print(f"film: {chosen.seconds} s, {film.stat().st_size / 2**20:.0f} MiB, 1080p25 with grain")
        return 0 if all(_figures(film, chosen.rounds)) else 1


def _figures(film: Path, rounds: int) -> list[bool]:
    with workspace(film) as directory:
        probed, counted = _opened(directory)
        size_bytes = film.stat().st_size
        length_s = counted.timing.extent_s

        def bare() -> None:
            child.run(("ffmpeg", "-nostdin", "-v", "error", "-f", "mov", "-i", "input", "-f", "null", "-"), directory)

        def graph() -> None:
            decode(directory, Plan("mov", 0, 1, length_s))

        def whole() -> None:
            again, packets = _opened(directory)
            preview.remux(directory, again, size_bytes)
            decode_film(directory, again, packets)

        judged = _rounds([bare, graph, whole], rounds)
        copied = _rounds([lambda: preview.encode(directory, probed, length_s),
                          lambda: preview.remux(directory, probed, size_bytes)], min(rounds, 2))  # fmt: skip
    return [
        _told("graph of the one decode ÷ bare decode", judged[1], judged[0], GRAPH_TARGET, at_most=True),
        _told("probe, packets, remux, decode, sheet ÷ bare decode", judged[2], judged[0], WHOLE_TARGET, at_most=True),
        _told("veryfast 1080p encode ÷ remux", copied[0], copied[1], REMUX_TARGET, at_most=False),
    ]


def _told(name: str, figures: list[float], references: list[float], target: float, *, at_most: bool) -> bool:
    ratios = [figure / reference for figure, reference in zip(figures, references, strict=True)]
    ratio = statistics.median(ratios)
    holds = ratio <= target if at_most else ratio >= target
    sign = "≤" if at_most else "≥"
    print(
        f"{name}: {statistics.median(figures):.2f} ÷ {statistics.median(references):.2f} CPU s = "
        f"{ratio:.2f} ({min(ratios):.2f}—{max(ratios):.2f}), target {sign} {target:g}: {'holds' if holds else 'MISSED'}"
    )
    return holds


def _rounds(variants: list[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Measure the variants in turn, so that the machine's moods meet all of them."""
    costs: list[list[float]] = [[] for _ in variants]
    for _ in range(rounds):
        for cost, variant in zip(costs, variants, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            variant()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cost.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return costs


def _opened(directory: Path) -> tuple[Probed, Counted]:
    probed = probe_film(directory)
    if isinstance(probed, Refused):
        sys.exit(f"the film cannot be read: {probed.why}")
    counted = count_film(directory, probed)
    if isinstance(counted, Refused):
        sys.exit(f"the film cannot be counted: {counted.why}")
    return probed, counted


def _film(folder: Path, seconds: int) -> Path:
    """Encode ten seconds once and repeat them as copies of the streams."""
    ten, film = folder / "ten.mp4", folder / "film.mp4"
    picture = "testsrc2=s=1920x1080:r=25:d=10,noise=alls=14:allf=t"
    sound = "aevalsrc=0.3*sin(440*2*PI*t)|0.2*sin(550*2*PI*t):s=48000:d=10"
    rate = ("-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "8M")
    _ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264", "-preset", "veryfast", *rate,
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", str(ten))  # fmt: skip
    repeats = max(0, -(-seconds // 10) - 1)
    _ffmpeg("-stream_loop", str(repeats), "-i", str(ten), "-c", "copy", "-movflags", "+faststart", str(film))
    return film


def _ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())

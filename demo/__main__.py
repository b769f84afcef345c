"""`make demo`: starts a platform in rehearsal, plays story S0 on it, and goes on serving (EXIT=1 stops at the end)."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo.platform import Platform
from demo.story import Story

HOME = Path(__file__).parent.parent / "home" / "demo"


def main() -> int:
    """Play; return the exit code."""
    console, began = Console(), time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    clips = HOME / "clips"
    clips.mkdir(parents=True)
    console.print(f"[bold]桂冠演示[/bold]：数据在 {HOME}（每次演示重新开始）。")
    platform = Platform(HOME / "platform", port=int(os.environ.get("PORT") or 0)).start()
    console.print(f"平台已启动（试运行，不作为正式材料）：{platform.address}")
    code = _play(console, platform, clips, began)
    if os.environ.get("EXIT") or code:
        platform.stop()
        return code
    return _serve(console, platform)


def _play(console: Console, platform: Platform, clips: Path, began: float) -> int:
    story = Story(platform.address, platform.code or "", clips=clips, console=console)
    try:
        story.play()
    except Exception:  # noqa: BLE001 - the demo says what went wrong and ends with a code
        console.print(traceback.format_exc(), markup=False)
        return 1
    table = Table(title=f"演示完成，用时{time.monotonic() - began:.0f}秒", show_lines=True)
    table.add_column("发生的事", no_wrap=True)
    table.add_column("平台的回答")
    for row in story.happened:
        table.add_row(*row)
    console.print(table)
    return 0


def _serve(console: Console, platform: Platform) -> int:
    console.print(f"平台继续运行：{platform.address}（按 Ctrl+C 停止）。接口说明见 docs/interfaces.md。")
    try:
        return platform.process.wait() if platform.process else 0
    except KeyboardInterrupt:
        return platform.stop()


if __name__ == "__main__":
    sys.exit(main())

"""kill -9 at random instants while several clients work: what was answered is there, and nothing is there twice."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from life import Life, Prepared, Refused

CLIENTS = 3
TURNS_A_KILL = 12


def test_random_kills_lose_nothing_acknowledged_and_double_nothing(home: Path, prepared: Prepared, proving: bool) -> None:
    seed, kills = random.randrange(2**32), 150 if proving else 5
    logging.getLogger(__name__).warning("seed %s", seed)
    chance = random.Random(seed)
    life = Life(home, prepared).start()
    try:
        _while_killed(life, chance, kills // 2, lambda client, turn: life.enter(f"渡口{client}的灯{turn}"))
        life.move_to("2024-09-23T00:00:00+08:00")
        waiting = [*life.works]
        _while_killed(life, chance, kills - kills // 2, lambda client, turn: _hand_in(life, waiting, client, turn))
        assert life.deaths == kills
        life.idle(seconds=120)
        life.check()
    finally:
        life.stop()


def _hand_in(life: Life, works: list[str], client: int, turn: int) -> None:
    number = client + turn * CLIENTS
    if number < len(works):
        life.submit(works[number])
        with contextlib.suppress(Refused):  # the two places may be taken
            life.list_it(works[number])
    if turn == 0 and client == 0:
        life.upload(works[0])


def _while_killed(life: Life, chance: random.Random, kills: int, act: Callable[[int, int], object]) -> None:
    ended = False

    def work(client: int) -> None:
        turn = 0
        while not ended and turn < TURNS_A_KILL * kills:
            act(client, turn)
            turn += 1

    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(work, client) for client in range(CLIENTS)]
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.02, 0.8))
                life.kill()
        finally:
            ended = True
        for each in running:
            each.result(60)

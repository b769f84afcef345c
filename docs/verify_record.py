#!/usr/bin/env python3
"""Verify an exported review record (评审记录) without any part of the product: Python 3.8 or later, nothing else.

    python3 verify_record.py RECORD.jsonl --head HEAD [--head HEAD …] [--opening OPENING.json] [--json]

HEAD is the hash that somebody kept elsewhere, such as the one printed in the result document. OPENING is the
supervisor's file, with which the draw of the experts is computed again. The format is described in record.md.

Exit codes: 0 verified and witnessed; 1 verified, but not witnessed or something is still open; 2 does not verify;
3 cannot be read; 64 usage.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

OK, OPEN, BROKEN, UNREADABLE, USAGE = 0, 1, 2, 3, 64
HEX64 = re.compile("[0-9a-f]{64}")
HEX32 = re.compile("[0-9a-f]{32}")
POINTS = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]?[1-9])?")


class UnreadableError(Exception):
    """The file is no record."""


# --- bytes ------------------------------------------------------------------------------------------------------------


def canonical(value):
    """RFC 8785 for what a record holds: no number but integers, so that only order and escapes matter."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) >= 1 << 53:
            raise UnreadableError("数字过大")
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    raise UnreadableError("含有不能规范化的值")


def digest(alg, data):
    """Hexadecimal digest; SM3 comes from OpenSSL and is absent from some builds of Python."""
    try:
        return hashlib.new(alg, data).hexdigest()
    except ValueError:
        raise UnreadableError("本机的Python没有算法" + alg) from None


def committed(alg, nonce_hex, value):
    """The commitment: digest of the 16 nonce bytes and the canonical JSON."""
    return digest(alg, bytes.fromhex(nonce_hex) + canonical(value).encode())


# --- reading ----------------------------------------------------------------------------------------------------------


def no_float(text):
    """Points are strings; a record holds no other fractions."""
    raise UnreadableError("含有小数" + text)


def unique(pairs):
    """An object whose names occur once."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise UnreadableError("同一名称出现两次")
    return dict(pairs)


def parse(text):
    """JSON without floats and repeated names."""
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_float=no_float, parse_constant=no_float)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from None
    return value


def fits(value, **shape):
    """Whether an object has exactly these names, each of its type; a pattern stands for a matching string."""
    if not isinstance(value, dict) or set(value) != set(shape):
        return False
    for name, kind in shape.items():
        found = value[name]
        if isinstance(kind, re.Pattern):
            if not isinstance(found, str) or not kind.fullmatch(found):
                return False
        elif not isinstance(found, kind) or isinstance(found, bool):
            return False
    return True


def read(path):
    """The chain and the openings, in the order of the file."""
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            lines = [(number, line) for number, line in enumerate(file, 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from None
    chain, openings = [], []
    for number, line in lines:
        try:
            value = parse(line)
        except UnreadableError as error:
            raise UnreadableError(f"第{number}行：{error}") from None
        if is_opening(value):
            openings.append(value)
        elif is_entry(value):
            chain.append(value)
        else:
            raise UnreadableError(f"第{number}行不是评审记录的一行")
    if not chain:
        raise UnreadableError("文件中没有评审记录")
    return chain, openings


def is_entry(value):
    """A link of the chain."""
    good = fits(value, alg=str, at=str, hash=HEX64, kind=str, payload=dict, prev=HEX64, seq=int)
    return good and value["alg"] in ("sha256", "sm3")


def is_opening(value):
    """An opened ballot."""
    if not fits(value, ballot=dict, nonce=HEX32, opens=HEX64):
        return False
    ballot = value["ballot"]
    good = fits(ballot, pseudonym=str, replaces=(str, type(None)), scores=dict, work=str)
    return good and all(isinstance(points, str) for points in ballot["scores"].values())


# --- the record -------------------------------------------------------------------------------------------------------


class Round:
    """What the chain has said of one round."""

    def __init__(self):
        self.alg = self.rubric = self.rubric_hash = self.seed_hash = self.tally = self.outcome = None
        self.works, self.left, self.seats, self.recused, self.void = {}, set(), {}, set(), set()
        self.commitments, self.batches, self.draws, self.decided = {}, [], [], {}
        self.panels = []
        self.closed = self.published = False
        self.left_at_tally = None

    def title(self, work):
        """The work's title, empty for a work that the round never had."""
        return self.works.get(work, {}).get("title", "")


class Verifier:
    """Reads a record from front to back and notes what does not fit."""

    def __init__(self, chain, openings):
        self.chain, self.openings = chain, openings
        self.problems, self.rounds, self.ballots = [], {}, {}

    def check(self, good, where, sentence):
        if not good:
            self.problems.append(f"{where}：{sentence}")
        return good

    def run(self):
        self.links()
        self.open_ballots()
        for number, entry in enumerate(self.chain, 1):
            self.entry(f"第{number}条", number, entry)
        for round_ in self.rounds.values():
            self.all_open(round_)

    def links(self):
        before = "0" * 64
        for number, entry in enumerate(self.chain, 1):
            where = f"第{number}条"
            self.check(entry["seq"] == number, where, f"序号为{entry['seq']}")
            self.check(entry["prev"] == before, where, "与前一条不相接")
            content = {name: value for name, value in entry.items() if name != "hash"}
            self.check(digest(entry["alg"], canonical(content).encode()) == entry["hash"], where, "内容与其哈希不符")
            before = entry["hash"]

    def open_ballots(self):
        algorithms = {}
        for entry in self.chain:
            if entry["kind"] == "ballot.committed":
                algorithms[str(entry["payload"].get("commitment"))] = entry["alg"]
        for opening in self.openings:
            name = opening["opens"]
            where = "评分表" + name[:12]
            if not self.check(name in algorithms, where, "记录中没有其承诺"):
                continue
            self.check(name not in self.ballots, where, "公开了两次")
            good = committed(algorithms[name], opening["nonce"], opening["ballot"]) == name
            if self.check(good, where, "与其承诺不符"):
                self.ballots[name] = opening["ballot"]

    def entry(self, where, number, entry):
        kind, payload = entry["kind"], entry["payload"]
        if kind == "record.opened":
            good = fits(payload, campaign=str, campaign_hash=str, format=str)
            good = good and payload["format"] == "laurel-record/1" and number == 1
            self.check(good, where, "record.opened应是且只是第1条")
            return
        self.check(number > 1, where, "第1条应是record.opened")
        fold = getattr(self, "on_" + kind.replace(".", "_"), None)
        if self.check(fold is not None, where, "不认识的类别" + kind[:40]):
            round_ = self.rounds.setdefault(str(payload.get("round")), Round())
            try:
                fold(where, round_, payload, entry)
            except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError):
                self.check(False, where, kind + "的内容不合规定")

    # One method a kind of entry.

    def on_seed_committed(self, where, round_, payload, entry):
        good = fits(payload, round=str, seed_hash=HEX64) and round_.seed_hash is None and not round_.panels
        self.check(good, where, "抽签种子的承诺须在评审开始前登记一次")
        round_.alg, round_.seed_hash = entry["alg"], payload["seed_hash"]

    def on_rubric_declared(self, where, round_, payload, entry):
        good = fits(payload, round=str, rubric=dict, hash=HEX64) and sound(payload["rubric"])
        if not self.check(good, where, "评审细则的内容不合规定"):
            return
        self.check(not round_.commitments, where, "已有评分表后又改动了评审细则")
        computed = digest(entry["alg"], canonical(payload["rubric"]).encode())
        self.check(computed == payload["hash"], where, "评审细则与其哈希不符")
        round_.rubric, round_.rubric_hash = payload["rubric"], payload["hash"]

    def on_round_opened(self, where, round_, payload, _):
        good = fits(payload, round=str, works=list, panel=HEX64)
        good = good and all(fits(work, work=str, title=str, units=list) for work in payload["works"])
        self.check(good and not round_.panels and round_.rubric and round_.seed_hash, where, "不应在此开始评审")
        names = [work["work"] for work in payload["works"]]
        self.check(names == sorted(set(names)), where, "作品未按编号排列或重复")
        round_.panels.append(payload["panel"])
        round_.works = {str(work["work"]): work for work in payload["works"]}

    def on_panel_extended(self, where, round_, payload, _):
        good = fits(payload, panel=HEX64, round=str) and round_.panels and not round_.closed
        self.check(good, where, "不应在此增补专家")
        round_.panels.append(payload["panel"])

    def on_seats_drawn(self, where, round_, payload, _):
        good = fits(payload, draw=int, round=str, seats=list)
        good = good and all(fits(seat, work=str, pseudonym=str, expert=HEX64) for seat in payload["seats"])
        self.check(good and round_.panels and not round_.closed, where, "不应在此分配专家")
        self.check(payload["draw"] == len(round_.draws), where, "抽签次数不连续")
        keys = [(seat["work"], seat["pseudonym"]) for seat in payload["seats"]]
        self.check(keys == sorted(set(keys)), where, "分配未按次序排列或重复")
        calibrated = round_.rubric["calibration"] != "none"
        taken = {pseudonym for _, pseudonym in round_.seats}
        for seat, key in zip(payload["seats"], keys):
            self.check(key[0] in round_.works, where, "分配了本轮次没有的作品")
            self.check(key not in round_.seats and (calibrated or key[1] not in taken), where, "评审代号重复")
            taken.add(key[1])
            round_.seats[key] = seat["expert"]
        round_.draws.append((keys, len(round_.panels), set(round_.recused), set(round_.left)))

    def on_seat_recused(self, where, round_, payload, _):
        good = fits(payload, pseudonym=str, round=str, void=list, work=str)
        key = (payload["work"], payload["pseudonym"])
        good = good and key in round_.seats and key not in round_.recused and not round_.closed
        good = good and payload["void"] == sorted(set(payload["void"]))
        self.check(good, where, "回避登记不符")
        round_.recused.add(key)
        round_.void.update(payload["void"])

    def on_work_left(self, where, round_, payload, _):
        good = fits(payload, reason=str, round=str, work=str)
        good = good and payload["work"] in round_.works and payload["work"] not in round_.left
        self.check(good, where, "退出的作品不在本轮次")
        round_.left.add(payload["work"])

    def on_ballot_committed(self, where, round_, payload, entry):
        self.check(fits(payload, batch=int, commitment=HEX64, round=str), where, "内容不合规定")
        mark = (payload["batch"], payload["commitment"], entry["at"], int(where[1:-1]))
        self.check(round_.seats and not round_.closed, where, "不应在此登记评分表")
        self.check(mark[1] not in round_.commitments, where, "同一评分表登记了两次")
        before = round_.batches[-1] if round_.batches else (0, "", "", 0)
        if mark[0] == before[0]:
            good = mark[1] > before[1] and mark[2] == before[2] and mark[3] == before[3] + 1
        else:
            good = mark[0] == before[0] + 1
        self.check(good, where, "评分表的批次、次序或时间不符")
        round_.batches.append(mark)
        round_.commitments[mark[1]] = where

    def on_round_closed(self, where, round_, payload, _):
        good = fits(payload, ballots=int, closed_at=str, round=str) and round_.panels and not round_.closed
        self.check(good, where, "不应在此结束评审")
        self.check(payload["ballots"] == len(round_.commitments), where, "评分表份数与记录不符")
        round_.closed = True

    def on_tally_computed(self, where, round_, payload, _):
        good = fits(payload, round=str, rows=list, rubric=HEX64, ties=list) and payload["rubric"] == round_.rubric_hash
        good = good and round_.closed and round_.outcome is None and round_.left_at_tally != round_.left
        self.check(good, where, "不应在此汇总评分")
        round_.tally = recount(round_, self.counted(where, round_))
        round_.decided, round_.left_at_tally = {}, set(round_.left)
        rows = [
            {"mean": str(mean), "rank": rank, "sum": str(points), "work": work} for rank, mean, points, work in round_.tally
        ]
        self.check(payload["rows"] == rows, where, "评分汇总与重新计算的结果不符")
        self.check(payload["ties"] == straddling(round_), where, "同分情况与重新计算的结果不符")

    def on_tie_decided(self, where, round_, payload, _):
        good = fits(payload, by=str, chosen=list, outcome=str, reason=str, round=str)
        good = good and round_.tally is not None and round_.outcome is None and len(payload["reason"].strip()) >= 4
        tie = next((tie for tie in straddling(round_) if tie["outcome"] == payload["outcome"]), None)
        good = good and tie is not None and payload["outcome"] not in round_.decided
        if not self.check(good, where, "此处没有待复议的同分作品，或复议登记不全"):
            return
        chosen = payload["chosen"]
        self.check(chosen == sorted(set(chosen)) and set(chosen) <= set(tie["works"]), where, "入选作品不在同分之内")
        self.check(len(chosen) == tie["places"], where, "入选件数与空余名额不符")
        round_.decided[payload["outcome"]] = set(chosen)

    def on_result_confirmed(self, where, round_, payload, _):
        good = fits(payload, by=str, chosen=list, round=str) and round_.tally is not None and round_.outcome is None
        self.check(good and round_.left_at_tally == round_.left, where, "不应在此确认结果")
        outcome = self.selected(where, round_)
        expected = [{"outcome": name, "work": work} for work, name in sorted(outcome.items())]
        self.check(payload["chosen"] == expected, where, "确认的结果与重新计算的结果不符")
        round_.outcome = outcome

    def on_result_published(self, where, round_, payload, _):
        good = fits(payload, round=str) and round_.outcome is not None and not round_.published
        self.check(good, where, "不应在此公布")
        round_.published = True

    # What counts.

    def counted(self, where, round_):
        """The ballots that count, one a held seat, each checked against rubric and seat."""
        cast = {name: self.ballots[name] for name in round_.commitments if name in self.ballots}
        replaced = set()
        for name, ballot in cast.items():
            key = (ballot["work"], ballot["pseudonym"])
            self.check(key in round_.seats and key not in round_.recused, where, key[1] + "的评分表不能计入")
            self.check(allowed(round_.rubric, ballot["scores"]), where, key[1] + "的评分不合评审细则")
            if ballot["replaces"] is not None:
                before = cast.get(ballot["replaces"])
                good = before is not None and (before["work"], before["pseudonym"]) == key
                self.check(good, where, key[1] + "替换了别的评分表")
                replaced.add(ballot["replaces"])
        held = {key for key in round_.seats if key not in round_.recused and key[0] not in round_.left}
        standing = [ballot for name, ballot in cast.items() if name not in replaced]
        places = [(ballot["work"], ballot["pseudonym"]) for ballot in standing]
        self.check(len(set(places)) == len(places), where, "同一专家对同一作品有两份评分表")
        standing = [ballot for ballot in standing if (ballot["work"], ballot["pseudonym"]) in held]
        found = [(ballot["work"], ballot["pseudonym"]) for ballot in standing]
        self.check(sorted(found) == sorted(held), where, "评分表与专家分配不能一一对应")
        for work in set(round_.works) - round_.left:
            readers = sum(key[0] == work for key in held)
            good = readers == round_.rubric["experts_per_work"]
            self.check(good, where, f"《{round_.title(work)}》有{readers}名专家评分")
        return standing

    def selected(self, where, round_):
        """Work → outcome, the tightest cut that lets it pass."""
        ties = {tie["outcome"]: tie for tie in straddling(round_)}
        outcome, tighter = {}, []
        for cut in round_.rubric["slate"]:
            tie = ties.get(cut["outcome"])
            if tie is None:
                passing = {row[3] for row in round_.tally[: cut["through"]]}
            else:
                chosen = round_.decided.get(cut["outcome"])
                if not self.check(chosen is not None, where, f"第{tie['first']}名起的同分尚未复议"):
                    chosen = set()
                passing = {row[3] for row in round_.tally[: tie["first"] - 1]} | chosen
            self.check(set(tighter) <= passing, where, "各处同分的复议结果不一致")
            tighter = passing
            for work in passing:
                outcome.setdefault(work, cut["outcome"])
        return outcome

    def all_open(self, round_):
        """After the closing every ballot is open, except those of experts who recused themselves."""
        for name, where in round_.commitments.items() if round_.closed else ():
            self.check((name in self.ballots) != (name in round_.void), where, "评分表应公开而未公开，或不应公开而公开")
        for name in sorted(round_.void - set(round_.commitments)) if round_.closed else ():
            self.check(False, "回避登记", "记录中没有评分表" + str(name)[:12])


# --- the count --------------------------------------------------------------------------------------------------------


def sound(rubric):
    """Whether a rubric has the parts that decide a result, each of its type."""
    shape = {"v": int, "title": str, "criteria": list, "experts_per_work": int}
    good = fits(rubric, calibration=str, slate=list, tie=dict, **shape)
    good = good and all(
        fits(one, id=str, label=str, max=POINTS, min=POINTS, step=POINTS) and Fraction(one["step"]) > 0
        for one in rubric["criteria"]
    )
    good = good and all(fits(cut, label=str, outcome=str, through=int) for cut in rubric["slate"])
    return (
        good
        and rubric["v"] == 1
        and [cut["through"] for cut in rubric["slate"]] == sorted({max(cut["through"], 1) for cut in rubric["slate"]})
    )


def allowed(rubric, scores):
    """Every criterion once, in its range, on its steps, in its one spelling."""
    if set(scores) != {criterion["id"] for criterion in rubric["criteria"]}:
        return False
    for criterion in rubric["criteria"]:
        text = scores[criterion["id"]]
        if not POINTS.fullmatch(text):
            return False
        low, high, step = (Fraction(criterion[name]) for name in ("min", "max", "step"))
        if not low <= Fraction(text) <= high or (Fraction(text) - low) % step != 0:
            return False
    return True


def recount(round_, ballots):
    """Rows (rank, mean, sum, work), best first, equals by work."""
    marks = [(b["work"], b["pseudonym"], sum(map(Fraction, b["scores"].values()))) for b in ballots]
    if round_.rubric["calibration"] == "expert-mean":
        overall = Fraction(sum(mark[2] for mark in marks), len(marks)) if marks else Fraction(0)
        levels = {}
        for _, name, mark in marks:
            levels.setdefault(name, []).append(mark)
        marks = [(w, n, mark - Fraction(sum(levels[n]), len(levels[n])) + overall) for w, n, mark in marks]
    elif round_.rubric["calibration"] != "none":
        raise ValueError(round_.rubric["calibration"])
    by_work = {}
    for work, _, mark in marks:
        by_work.setdefault(work, []).append(mark)
    means = {work: Fraction(sum(all_), len(all_)) for work, all_ in by_work.items()}
    best = {}
    for place, mean in enumerate(sorted(means.values(), reverse=True), 1):
        best.setdefault(mean, place)
    rows = [(best[means[work]], means[work], sum(by_work[work]), work) for work in means]
    return sorted(rows, key=lambda row: (row[0], row[3]))


def straddling(round_):
    """The ties on both sides of a cut, as the record writes them."""
    found = []
    for cut in round_.rubric["slate"]:
        ranks = [row[0] for row in round_.tally]
        if cut["through"] < len(ranks) and ranks[cut["through"] - 1] == ranks[cut["through"]]:
            first = ranks[cut["through"]]
            works = sorted(row[3] for row in round_.tally if row[0] == first)
            last, places = first + len(works) - 1, cut["through"] - first + 1
            found.append({"first": first, "last": last, "outcome": cut["outcome"], "places": places, "works": works})
    return found


# --- the supervisor's opening -----------------------------------------------------------------------------------------


def words(seed, label):
    """64-bit words of HMAC-SHA256 in counter mode."""
    counter = 0
    while True:
        block = hmac.new(seed, label.encode() + b"\0" + counter.to_bytes(8, "big"), "sha256").digest()
        for start in range(0, 32, 8):
            yield int.from_bytes(block[start : start + 8], "big")
        counter += 1


def shuffled(stream, items):
    """Fisher and Yates, from the last place to the second."""
    items = list(items)
    for last in range(len(items) - 1, 0, -1):
        bound = last + 1
        word = next(word for word in stream if word < (1 << 64) - (1 << 64) % bound)
        items[last], items[word % bound] = items[word % bound], items[last]
    return items


def draw(stream, works, panel, load):
    """Seats of one draw. `works`: {work: (need, units, kept away)}; `panel`: {expert: units}; `load` is changed."""

    def may(work, expert):
        return expert not in works[work][2] and not set(works[work][1]) & set(panel[expert])

    order, experts = shuffled(stream, sorted(works)), shuffled(stream, sorted(panel))
    readers = {work: set() for work in works}
    for work in order:
        line = shuffled(stream, sorted(expert for expert in panel if may(work, expert)))
        line.sort(key=lambda expert: load[expert])
        for expert in line[: works[work][0]]:
            readers[work].add(expert)
            load[expert] += 1
    while True:
        moves = better(order, experts, readers, load, may)
        if not moves:
            return {(work, expert) for work in readers for expert in readers[work]}
        for work, giver, taker in moves:
            readers[work] = readers[work] - {giver} | {taker}
            load[giver], load[taker] = load[giver] - 1, load[taker] + 1


def better(order, experts, readers, load, may):
    """The first shortest chain from a most loaded expert to one with two works fewer."""
    for start in sorted(experts, key=lambda expert: -load[expert]):
        if load[start] < min(load[expert] for expert in experts) + 2:
            return None
        came, queue = {start: None}, [start]
        for giver in queue:
            for work in order:
                for taker in experts if giver in readers[work] else ():
                    if taker in came or taker in readers[work] or not may(work, taker):
                        continue
                    came[taker] = (work, giver, taker)
                    queue.append(taker)
                    if load[taker] <= load[start] - 2:
                        return unwind(came, taker)
    return None


def unwind(came, end):
    """The hand-overs that lead to `end`."""
    moves = []
    while came[end]:
        moves.append(came[end])
        end = came[end][1]
    return moves


def supervise(verifier, opening):
    """The seed, the panel, who stands behind each pseudonym, and every draw again."""
    check = verifier.check
    where = "监督公开件"
    shape = {"format": str, "round": str, "seed": HEX64, "panels": list, "seats": list}
    if not fits(opening, **shape) or opening["format"] != "laurel-record-opening/1":
        raise UnreadableError("不是监督公开件")
    round_ = verifier.rounds.get(opening["round"])
    if not check(round_ is not None and round_.rubric is not None, where, "记录中没有该轮次"):
        return
    alg = round_.alg
    seed = bytes.fromhex(opening["seed"])
    check(digest(alg, seed) == round_.seed_hash, where, "种子与其承诺不符")
    panels = [committed(alg, panel["nonce"], {"panel": panel["panel"]}) for panel in opening["panels"]]
    check(panels == round_.panels, where, "专家名单与其承诺不符")
    expert = {}
    for seat in opening["seats"]:
        key = (seat["work"], seat["pseudonym"])
        content = {"expert": seat["expert"], "pseudonym": seat["pseudonym"], "work": seat["work"]}
        check(committed(alg, seat["nonce"], content) == round_.seats.get(key), where, key[1] + "与专家的承诺不符")
        expert[key] = seat["expert"]
    if check(set(expert) == set(round_.seats), where, "没有公开全部专家"):
        redraw(check, where, opening, round_, seed, expert)


def redraw(check, where, opening, round_, seed, expert):
    """Each draw from what was so before it."""
    before = []
    for number, (keys, panels, recused, left) in enumerate(round_.draws):
        panel = {one["expert"]: one["units"] for part in opening["panels"][:panels] for one in part["panel"]}
        load, works = dict.fromkeys(panel, 0), {}
        for key in before:
            if key not in recused and key[0] not in left:
                load[expert[key]] += 1
        for work in {key[0] for key in keys}:
            away = {expert[key] for key in before if key[0] == work}
            need = sum(key[0] == work for key in keys)
            works[work] = (need, round_.works[work]["units"], away)
        stream = words(seed, f"laurel/assignment/v1/{opening['round']}/{number}")
        drawn = draw(stream, works, panel, load)
        check(drawn == {(key[0], expert[key]) for key in keys}, where, f"第{number}次抽签与种子不符")
        before += keys


# --- the answer -------------------------------------------------------------------------------------------------------


def shown(value):
    """At most two decimals, half rounded up."""
    number = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = str(number)
    return text.rstrip("0").rstrip(".")


def report(verifier, heads):
    """The answer as a JSON value."""
    hashes = [entry["hash"] for entry in verifier.chain]
    for head in heads:
        verifier.check(head in hashes, "见证", f"记录首值{head[:12]}…不在本记录中，记录被截断或重写")
    through = max([hashes.index(head) + 1 for head in heads if head in hashes] or [0])
    warnings = []
    if through == 0:
        warnings.append("未见证：没有用另处保存的记录首值核对")
    elif through < len(hashes):
        warnings.append(f"第{through}条以后未见证")
    for name, round_ in verifier.rounds.items():
        if round_.outcome is None:
            warnings.append(f"轮次{name}尚无确认的结果")
    return {
        "verified": not verifier.problems,
        "witnessed": through == len(hashes),
        "entries": len(hashes),
        "head": hashes[-1],
        "problems": verifier.problems,
        "warnings": warnings,
        "rounds": [result(name, round_) for name, round_ in verifier.rounds.items()],
    }


def result(name, round_):
    """The recomputed places of one round."""
    outcome = round_.outcome or {}
    *tighter, widest = round_.rubric["slate"] if round_.rubric else [{"outcome": None, "label": None}]
    labels = {cut["outcome"]: f"{widest['label']}（{cut['label']}）" for cut in tighter}
    labels[widest["outcome"]] = widest["label"]
    placed = [
        {
            "work": work,
            "title": round_.title(work),
            "rank": rank,
            "sum": shown(points),
            "mean": shown(mean),
            "outcome": outcome.get(work),
            "label": labels.get(outcome.get(work)),
        }
        for rank, mean, points, work in round_.tally or []
    ]
    return {"round": name, "published": round_.published, "placed": placed}


def spoken(answer):
    """The answer in sentences."""
    lines = list(answer["problems"]) + list(answer["warnings"])
    for round_ in answer["rounds"]:
        for row in round_["placed"]:
            if row["outcome"]:
                lines.append(f"第{row['rank']}名 {row['sum']}分 《{row['title']}》 {row['label']}")
    verdict = "核对不符" if answer["problems"] else "核对相符" if answer["witnessed"] else "核对相符，未见证"
    return [*lines, f"{verdict}：{answer['entries']}条，记录首值{answer['head']}"]


class Usage(argparse.ArgumentParser):
    """Usage errors end with 64."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, message + "\n")


def arguments(argv):
    """Read the command line."""
    parser = Usage(description="核对导出的评审记录", add_help=True)
    parser.add_argument("record")
    parser.add_argument("--head", action="append", default=[])
    parser.add_argument("--opening")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    options.head = [head.strip().lower() for head in options.head]
    if not all(HEX64.fullmatch(head) for head in options.head):
        parser.error("--head应为64位十六进制数")
    return options


def main(argv):
    """Verify; return the exit code."""
    options = arguments(argv)
    try:
        verifier = Verifier(*read(options.record))
        verifier.run()
        if options.opening:
            with open(options.opening, encoding="utf-8") as file:
                supervise(verifier, parse(file.read()))
        answer = report(verifier, options.head)
    except (UnreadableError, OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        sys.stderr.write(f"不能读取：{error}\n")
        return UNREADABLE
    text = json.dumps(answer, ensure_ascii=False, indent=1) if options.json else "\n".join(spoken(answer))
    sys.stdout.buffer.write(text.encode() + b"\n")
    if answer["problems"]:
        return BROKEN
    return OK if answer["witnessed"] and not answer["warnings"] else OPEN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

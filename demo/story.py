"""Story S0, played through the public API on a rehearsal: from the notice to the published result, and a year later."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo import cast
from demo.cast import Work
from demo.client import Person, Refused
from demo.clips import Clip, make

ROOT = Path(__file__).parent.parent
CAMPAIGNS = ROOT / "campaigns"
EXPERTS = 9
RACERS = 12
FULL_LENGTH_S = 301.0


class Story:
    """The people, the works and what happened."""

    def __init__(self, address: str, code: str, *, clips: Path, console: Console) -> None:
        self.nobody = Person.at(address)
        self.code = code
        self.clips = clips
        self.console = console
        self.happened: list[tuple[str, str]] = []
        self.liaisons: dict[str, Person] = {}
        self.heads: dict[str, Person] = {}
        self.lists: dict[str, str] = {}
        self.experts: list[Person] = []
        self.units: list[dict[str, Any]] = []
        self.works: list[Work] = []

    def play(self) -> None:
        """Play everything, in order. Raises where the platform does not keep its word."""
        self.prepare()
        self.register()
        self.enter()
        self.upload()
        self.recommend()
        self.lock()
        self.check_formally()
        self.review()
        self.publish()
        self.search()
        self.full_length()
        self.next_year()

    # --- notice, people ---------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Steps 1 to 3."""
        self.head = self.nobody.register(self.code, "陆砚秋", "10000009001", "lu@example.com")
        invited = self.head.post("/invitations", {"role": "clerk"})
        self.clerk = self.nobody.register(invited["code"], "周见微", "10000009002", "zhou@example.com")
        self.at("2024-07-02T09:00:00+08:00")
        self.campaign, told = self.publish_campaign("s0-rehearsal", "s0-shanghai-2024-stories")
        self.note("发布活动", told)

    def publish_campaign(self, name: str, copied: str | None = None) -> tuple[str, str]:
        """Bring a campaign in, confirm its readings, publish it by two persons."""
        files = {"campaign": _text(name), "units": (CAMPAIGNS / "units/jiangzhou.yaml").read_text(encoding="utf-8")}
        if copied:
            files["extends"] = _text(copied)
        drafted = self.clerk.post("/campaigns", files)
        campaign = drafted["campaign_id"]
        held = self.refused(lambda: self.clerk.post(f"/campaigns/{campaign}/publication"))
        for reading in drafted["readings"]:
            self.clerk.put(f"/campaigns/{campaign}/readings/{reading['id']}", {"option": reading["default"]})
        self.clerk.post(f"/campaigns/{campaign}/publication")
        done = self.head.post(f"/campaigns/{campaign}/publication/confirmation")
        return campaign, f"{held} → {done['message']}"

    def register(self) -> None:
        """Step 4: a liaison and a head in each unit, by printed codes."""
        self.at("2024-07-08T09:00:00+08:00")
        self.units = self.clerk.get("/units", campaign_id=self.campaign)["units"]
        letters = self.clerk.get("/invitations", campaign_id=self.campaign)["invitations"]
        with self.bar("登记联络员和单位负责人", len(letters)) as step:
            for number, letter in enumerate(letters, 1):
                person = self.nobody.register(letter["code"], *cast.person(number))
                whose = self.liaisons if letter["role"] == "liaison" else self.heads
                whose[letter["unit_id"]] = person
                step()
        self.refused(lambda: self.nobody.register(letters[0]["code"], *cast.person(999)))
        for unit in self.units:
            found = self.liaisons[unit["unit_id"]].get("/lists", campaign_id=self.campaign)["lists"]
            self.lists[unit["unit_id"]] = found[0]["list_id"]
        self.note("登记", f"20个推荐单位各1名联络员、1名负责人，开通码用过即止（{len(letters)}个）")

    def enter(self) -> None:
        """Enter the works in the first stage: stories, not yet videos."""
        self.at("2024-08-05T10:00:00+08:00")
        self.works = cast.works(self.units)
        with self.bar("录入作品", len(self.works)) as step:
            for work in self.works:
                work.work_id = self.draft(work)
                step()
        for work, fault in zip(self.works[10::20], ("codec", "long", "small"), strict=False):
            work.fault = fault

    def draft(self, work: Work, campaign: str | None = None) -> str:
        """Enter one work."""
        body = {"campaign_id": campaign or self.campaign, "fields": work.fields()}
        return str(self.liaisons[work.unit].post("/works", body)["work_id"])

    # --- videos -----------------------------------------------------------------------------------------------------

    def upload(self) -> None:
        """Steps 12 to 14: a really encoded clip each, some with faults that are mended, one broken off and resumed."""
        self.at("2024-09-10T10:00:00+08:00")
        with self.bar("制作并上传视频", len(self.works)) as step, ThreadPoolExecutor(2) as pool:
            for _ in pool.map(lambda work: (self.send(work), step()), self.works):
                pass
        with self.bar("核验视频", len(self.works)) as step:
            for work in self.works:
                self.checked(work)
                step()
        faulty = [work for work in self.works if work.fault]
        for work in faulty:
            report = self.checked(work)
            self.note(
                f"《{work.title}》核验",
                "；".join(found["message"] for found in report["findings"] if found["severity"] != "ask"),
            )
            work.fault = ""
            self.send(work)
            self.note(f"《{work.title}》重传", self.checked(work)["summary"])

    def clip(self, work: Work) -> Clip:
        """Say what to film: 6 to 8 seconds, or what is wrong with it."""
        length = 6.0 + (len(work.title) + ord(work.title[0])) % 5 * 0.4
        line = f"{work.unit_name} · {'、'.join(work.fields()['performers'])}"
        clip = Clip(work.title, line, length)
        wrong = {"codec": {"codec": "libx265"}, "long": {"duration_s": 10.0}, "small": {"width": 854, "height": 480}}
        return Clip(**{**_as_dict(clip), **wrong.get(work.fault, {})})

    def send(self, work: Work) -> None:
        """Film and upload; the first one breaks off at two thirds and goes on from there."""
        film = make(self.clip(work), self.clips / f"{work.work_id}{work.fault}.mp4", scratch=self.clips)
        liaison = self.liaisons[work.unit]
        address = liaison.begin_upload(film, work.work_id)
        if work is self.works[0]:
            stop = film.stat().st_size * 2 // 3
            offset = liaison.send(address, film, stop_at=stop)
            self.note("断点续传", f"已传{offset:,}字节，共{film.stat().st_size:,}字节，接着传完")
        liaison.send(address, film)

    def checked(self, work: Work, seconds: float = 240) -> dict[str, Any]:
        """Wait for the report on a work's present file."""
        told = self.liaisons[work.unit].until(
            f"/works/{work.work_id}",
            lambda told: bool(told["files"]) and all(file["check"] != "queued" for file in told["files"]),
            seconds=seconds,
        )
        report: dict[str, Any] = told["files"][-1]
        return report

    # --- recommending -----------------------------------------------------------------------------------------------

    def recommend(self) -> None:
        """Steps 11, 15, 16 and 17."""
        first = self.works[0]
        liaison = self.liaisons[first.unit]
        self.at("2024-09-22T23:59:59.999+08:00")
        self.note("早1毫秒", self.refused(lambda: liaison.post(f"/works/{first.work_id}/submission")))
        self.at("2024-09-23T00:00:00+08:00")
        with self.bar("提交并列入推荐名单", len(self.works)) as step:
            for work in self.works:
                mine = self.liaisons[work.unit]
                mine.post(f"/works/{work.work_id}/submission")
                mine.post(f"/works/{work.work_id}/listing")
                step()
        self.race()
        self.floors()

    def race(self) -> None:
        """Step 16: many at once for the last place of a district."""
        unit = next(unit for unit in self.units if unit["unit_type"] == "district" and self.count(unit["unit_id"]) == 5)
        liaison = self.liaisons[unit["unit_id"]]
        rivals = [
            Work(unit["unit_id"], unit["name"], cast.title(96 + number), "community", total=200) for number in range(RACERS)
        ]
        for rival in rivals:
            rival.work_id = str(self.late_draft(rival))
            liaison.post(f"/works/{rival.work_id}/submission")
        with ThreadPoolExecutor(RACERS) as pool:
            answers = list(pool.map(lambda rival: self.tried(lambda: liaison.post(f"/works/{rival.work_id}/listing")), rivals))
        winners = [rival for rival, told in zip(rivals, answers, strict=True) if told is None]
        refusal = next(told for told in answers if told)
        if len(winners) != 1:
            raise AssertionError(f"{len(winners)} of {RACERS} got the last place")
        self.note(f"{RACERS}人抢最后1个名额", f"1人列入；其余：{refusal}")
        liaison.call("DELETE", f"/works/{winners[0].work_id}/listing")
        for rival in rivals:
            liaison.post(f"/works/{rival.work_id}/withdrawal")

    def late_draft(self, work: Work) -> str:
        """Enter a work after the first stage, with the statement that this asks for."""
        liaison = self.liaisons[work.unit]
        drafted = liaison.post("/works", {"campaign_id": self.campaign, "fields": work.fields()})
        etag = {"If-Match": f'"{drafted["revision"]}"'}
        liaison.call("PATCH", f"/works/{drafted['work_id']}", {"statement": "初赛后补录，经区学习办同意。"}, headers=etag)
        return str(drafted["work_id"])

    def count(self, unit: str) -> int:
        """Count a unit's works."""
        return sum(work.unit == unit for work in self.works)

    def floors(self) -> None:
        """Step 17: a list without a family cannot be locked."""
        family = self.works[3]
        liaison = self.liaisons[family.unit]
        liaison.call("DELETE", f"/works/{family.work_id}/listing")
        told = self.refused(lambda: liaison.post(f"/lists/{self.lists[family.unit]}/lock"))
        self.note("锁定缺少类别", told)
        liaison.post(f"/works/{family.work_id}/listing")

    def lock(self) -> None:
        """Steps 20 and 24: each list is locked by two persons; one work comes a millisecond late."""
        self.at("2024-09-27T09:00:00+08:00")
        chosen = [unit for unit in self.units if self.count(unit["unit_id"])]
        receipt = ""
        with self.bar("锁定推荐名单", len(chosen)) as step:
            for unit in chosen:
                name = unit["unit_id"]
                self.liaisons[name].post(f"/lists/{self.lists[name]}/lock")
                done = self.heads[name].post(f"/lists/{self.lists[name]}/lock/confirmation")
                receipt = receipt or done["message"]
                step()
        self.note("锁定", receipt)
        self.late()
        paper = self.liaisons["yunzhan"].call("GET", f"/lists/{self.lists['yunzhan']}/paper", form="pdf")
        (self.clips / "推荐作品汇总表.pdf").write_bytes(paper)
        self.note("《推荐作品汇总表》", f"PDF {len(paper):,}字节，存于{self.clips / '推荐作品汇总表.pdf'}")

    def late(self) -> None:
        """Step 24: −1 ms is in time, the deadline itself is late."""
        work = Work("dongwei", "东圩区", "迟到的一页", "community")
        liaison = self.liaisons["dongwei"]
        work.work_id = self.late_draft(work)
        self.at("2024-10-01T00:00:00+08:00")
        self.note("截止时刻收到", self.refused(lambda: liaison.post(f"/works/{work.work_id}/submission")))

    def check_formally(self) -> None:
        """The organiser looks at head and tail of each film and accepts the lists."""
        self.at("2024-10-01T09:00:00+08:00")
        with self.bar("形式审查", len(self.works)) as step:
            for work in self.works:
                file = self.clerk.get(f"/works/{work.work_id}")["files"][-1]
                for found in file["findings"]:
                    if found["severity"] == "ask":
                        answer = {"finding": found["key"], "note": "已看画面"}
                        self.clerk.post(f"/works/{work.work_id}/files/{file['file_id']}/ticks", answer)
                step()
        for unit in self.units:
            if self.count(unit["unit_id"]):
                self.clerk.post(f"/lists/{self.lists[unit['unit_id']]}/acceptance")
        self.note("形式审查", f"{len(self.works)}件作品通过")

    # --- review -----------------------------------------------------------------------------------------------------

    def review(self) -> None:
        """Steps 26 to 30."""
        self.at("2024-10-02T09:00:00+08:00")
        self.invite_experts()
        declared = self.clerk.post("/rounds", {"campaign_id": self.campaign, "round": "second-round"})
        self.round = declared["round_id"]
        self.clerk.until(f"/rounds/{self.round}", bool)
        ids = [expert.account["account_id"] for expert in self.experts]
        self.note("评审细则未定", self.refused(lambda: self.clerk.post(f"/rounds/{self.round}/open", {"expert_ids": ids})))
        self.clerk.put(f"/rounds/{self.round}/rubric", {"rubric": None})
        self.clerk.until("/experts", lambda told: len(told["experts"]) == EXPERTS, campaign_id=self.campaign)
        self.opened(ids)
        state = self.clerk.get(f"/rounds/{self.round}")
        self.note("分配", f"{state['works']}件作品、{state['experts']}位专家、{state['outstanding']['ballots']}份评分表")
        held = self.score()
        self.note("结束评审", held)
        self.clerk.post(f"/rounds/{self.round}/reminders")
        self.finish_scoring()
        self.close()

    def invite_experts(self) -> None:
        """Nine experts, the first from 云栈区, who gets no work of 云栈区."""
        for number in range(EXPERTS):
            body = {"role": "expert", "campaign_id": self.campaign} | ({"unit_id": "yunzhan"} if number == 0 else {})
            code = self.clerk.post("/invitations", body)["code"]
            self.experts.append(self.nobody.register(code, *cast.person(500 + number)))

    def opened(self, ids: list[str]) -> None:
        """Open the round once every accepted work has arrived."""
        for _ in range(100):
            answered = self.tried(lambda: self.clerk.post(f"/rounds/{self.round}/open", {"expert_ids": ids}))
            if answered is None and self.clerk.get(f"/rounds/{self.round}")["works"] == len(self.works):
                return
            if answered is None:
                raise AssertionError("the round was opened without all works")
        raise AssertionError(answered)

    def score(self) -> str:
        """Every expert fills in ballots; one recuses himself; four ballots are left."""
        plan = {work.title: iter(cast.ballots(work.total)) for work in self.works}
        mine = [(expert, ballot) for expert in self.experts for ballot in expert.get("/ballots")["ballots"]]
        expert, ballot = mine[0]
        expert.post(f"/ballots/{ballot['ballot_id']}/recuse", {"reason": "表演者是亲属。"})
        reasons = self.clerk.get(f"/rounds/{self.round}/recusals")["recusals"]
        self.note("申请回避", f"{len(reasons)}件，已另行分配；理由只有主办单位经办人可见")
        mine = [(expert, ballot) for expert in self.experts for ballot in expert.get("/ballots")["ballots"] if ballot["open"]]
        self.left = mine[-4:]
        with self.bar("评分", len(mine)) as step:
            for expert, ballot in mine:
                self.scores = next(plan[ballot["title"]])
                if (expert, ballot) in self.left:
                    ballot["scores"] = self.scores
                else:
                    expert.post(f"/ballots/{ballot['ballot_id']}/submit", {"scores": self.scores})
                step()
        return self.refused(lambda: self.clerk.post(f"/rounds/{self.round}/close"))

    def finish_scoring(self) -> None:
        """The last ballots come in."""
        for expert, ballot in self.left:
            expert.post(f"/ballots/{ballot['ballot_id']}/submit", {"scores": ballot["scores"]})

    def close(self) -> None:
        """Close at 17:30; a ballot that arrives at 17:30:00.000 is kept unscored; decide the tie."""
        self.at("2024-10-17T17:30:00+08:00")
        self.clerk.post(f"/rounds/{self.round}/close", {"at": "2024-10-17T17:30:00+08:00"})
        expert, ballot = self.left[0]
        late = self.tried(lambda: expert.post(f"/ballots/{ballot['ballot_id']}/submit", {"scores": ballot["scores"]}))
        self.note("结束后的评分", late or "已收到，不计分")
        self.clerk.until(f"/rounds/{self.round}", lambda told: told["state"] in {"tallied", "decided", "tied"}, seconds=60)
        tally = self.clerk.get(f"/rounds/{self.round}/tally")
        for tie in tally["ties"]:
            self.note("同分", tie["message"])
            body = {"outcome": tie["outcome"], "chosen": tie["works"][: tie["places"]], "reason": "专家组复议：表现力更突出。"}
            self.clerk.post(f"/rounds/{self.round}/ties", body)

    def publish(self) -> None:
        """Step 35's first half: the head confirms, the result is public, the record recomputes to the same."""
        self.at("2024-10-18T10:00:00+08:00")
        self.head.post(f"/rounds/{self.round}/confirm")
        self.clerk.post(f"/rounds/{self.round}/publish", {"level": "city"})
        result = self.nobody.get("/results", campaign_id=self.campaign)["results"][0]
        self.result = self.nobody.get(f"/results/{result['result_id']}")
        self.note("公布", f"{len(self.result['works'])}件优秀作品，其中入围决赛{self.finalists()}件")
        self.verify_record()

    def finalists(self) -> int:
        """Count the works whose outcome names the final."""
        return sum("决赛" in json.dumps(work, ensure_ascii=False) for work in self.result["works"])

    def verify_record(self) -> None:
        """Step 40: a stand-alone script recomputes the result against the head that notify kept."""
        record = self.clerk.call("GET", f"/rounds/{self.round}/record")
        head = self.clerk.get(f"/rounds/{self.round}")["record"]["head"]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "record.jsonl"
            file.write_bytes(record)
            command = [sys.executable, str(ROOT / "docs/verify_record.py"), str(file), "--head", head]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        self.note("评审记录核对", done.stdout.strip().splitlines()[-1])

    def search(self) -> None:
        """Step 35: two published works are found, a third is nowhere to be seen."""
        winners = {work["title"] for work in self.result["works"]}
        found = [work for work in self.works if work.title in winners][:3]
        for work in found[:2]:
            consent = {"given": True, "given_by": "申报人", "form": "paper"}
            self.liaisons[work.unit].post(f"/works/{work.work_id}/consent", consent)
            self.head.post(f"/works/{work.work_id}/release", {"released": True, "note": "终审"})
        told = self.nobody.until("/stories", lambda told: told["total"] == 2, q="读书", seconds=20)
        self.note("公众搜索“读书”", f"{told['total']}件：{'、'.join(hit['title']['text'] for hit in told['hits'])}")

    def full_length(self) -> None:
        """Two films of five minutes in 1080p under the true rules, one of them in the wrong codec's place too small."""
        self.at("2024-07-20T09:00:00+08:00")
        campaign, _ = self.publish_campaign("s0-shanghai-2024-stories")
        letters = self.clerk.get("/invitations", campaign_id=campaign)["invitations"]
        code = next(each["code"] for each in letters if each["unit_id"] == "yunzhan" and each["role"] == "liaison")
        self.liaisons["yunzhan"].post("/invitations/redemption", {"code": code})
        films = [
            Work("yunzhan", "云栈区", "长夜里的读书声", "community"),
            Work("yunzhan", "云栈区", "老厂房的晚自习", "enterprise"),
        ]
        with self.bar("五分钟1080p视频（原规则）", len(films)) as step, ThreadPoolExecutor(2) as pool:
            for told in pool.map(lambda work: self.long_film(work, campaign), films):
                self.note(*told)
                step()

    def long_film(self, work: Work, campaign: str) -> tuple[str, str]:
        """Film, upload and have checked."""
        work.work_id = self.draft(work, campaign)
        clip = Clip(work.title, work.unit_name, FULL_LENGTH_S, 1920, 1080)
        film = make(clip, self.clips / f"{work.work_id}.mp4", scratch=self.clips)
        self.liaisons[work.unit].upload(film, work.work_id)
        return f"《{work.title}》{film.stat().st_size / 1e6:.0f}MB", self.checked(work, seconds=280)["summary"]

    def next_year(self) -> None:
        """Step 39: a year later the register knows the work, and only notes it."""
        self.at("2025-03-12T09:00:00+08:00")
        campaign, _ = self.publish_campaign("jiangzhou-2025")
        letters = self.clerk.get("/invitations", campaign_id=campaign)["invitations"]
        known = next(work for work in self.works if work.title == "灯下三代人")
        code = next(each["code"] for each in letters if each["unit_id"] == known.unit and each["role"] == "liaison")
        liaison = self.liaisons[known.unit]
        liaison.post("/invitations/redemption", {"code": code})
        fields = {name: value for name, value in known.fields().items() if name in {"title", "entrant", "story"}}
        drafted = liaison.post("/works", {"campaign_id": campaign, "track": "stories", "fields": fields})
        told = liaison.until(f"/works/{drafted['work_id']}", lambda told: told["hint"] is not None, seconds=20)
        self.note("次年再报《灯下三代人》", told["hint"]["sentence"])

    # --- how it is told ---------------------------------------------------------------------------------------------

    def at(self, instant: str) -> None:
        """Stop the rehearsal's clock at an instant."""
        (self.clerk if hasattr(self, "clerk") else self.head).put("/clock", {"stopped_at": instant})

    def note(self, what: str, told: str) -> None:
        """Remember what happened, and say it."""
        self.happened.append((what, told))
        self.console.print(f"[bold]{what}[/bold]  {told}")

    def refused(self, act: Callable[[], Any]) -> str:
        """Return the sentence with which an act is refused. Raises AssertionError when it is not."""
        told = self.tried(act)
        if told is None:
            raise AssertionError("this should have been refused")
        return told

    def tried(self, act: Callable[[], Any]) -> str | None:
        """Return the sentence of a refusal, None when the act was done."""
        try:
            act()
        except Refused as refusal:
            return refusal.message
        return None

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar while something goes on."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=False) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)


def _text(name: str) -> str:
    return (CAMPAIGNS / f"{name}.yaml").read_text(encoding="utf-8")


def _as_dict(clip: Clip) -> dict[str, Any]:
    return {name: getattr(clip, name) for name in clip.__slots__}

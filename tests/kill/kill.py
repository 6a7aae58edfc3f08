#!/usr/bin/env python3
"""SIGKILL at random moments, of the engine, the worker or both, in every pair of modes, sorted or not, with page
tokens that outlive a run or do not, with NULLs in primary keys or without; then a run that is left alone.  The content must be the truth: nothing lost,
nothing doubled.

usage: kill.py [ROUNDS] [--verify]   (default: $KILL_ROUNDS, or 50; TEST_SEED=N repeats a series)

Every third round runs with --verify, all of them where it is asked for: then abhost itself compares, too.
"""
import collections
import json
import os
import random
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import (ABHOST, BUILD, FAKE, FakeApi, Tap, abhost_start, abhost_wait, connector, latest,  # noqa: E402
                 match_rows, need, newcomers, read_table, scratch, seed, sort_key, wait_until, worker_pids,
                 write_catalog, write_config)

need(ABHOST, FAKE, connector("tests/whole/paged"))
# An abhost that makes a checkpoint every few hundred records, so that most kills hit between two of them.
OFTEN = os.path.join(BUILD, "tests/kill/abhost-often")
need(OFTEN)
VERIFY = "--verify" in sys.argv[1:]
NUMBERS = [word for word in sys.argv[1:] if word != "--verify"]
ROUNDS = int(NUMBERS[0] if NUMBERS else os.environ.get("KILL_ROUNDS") or 50)


class Round:
    """One destination, from its first run to the comparison."""

    def __init__(self, chance):
        self.chance = chance
        self.mode = chance.choice(["overwrite", "refresh-append", "append", "dedup"])
        self.sorted = chance.random() < 0.5
        self.fleeting = chance.random() < 0.5
        self.paging = chance.choice(["cursor", "cursor", "page"])
        self.size = chance.choice([10, 50, 200])
        self.events = chance.randrange(200, 4000)
        self.slow = chance.random() < 0.5 and self.events // self.size < 50
        self.duplicates = 0 if self.sorted or self.mode in ("append", "dedup") else chance.choice([0, 10])
        self.often = chance.random() < 0.75
        # a part of the key is null in every fourth record
        self.key = chance.choice(["id", "id,ref"]) if self.mode == "dedup" else "id"
        self.deleted = None
        self.to = "sqlite:paged.db"
        if self.mode != "refresh-append" and chance.random() < 0.3:
            self.to = "jsonl:out" if self.mode == "overwrite" else chance.choice(["jsonl:out", "jsonl:log.jsonl"])
        self.verify = chance.random() < 0.3 or VERIFY
        self.folder = scratch()
        self.kills = []
        self.runs = []
        self.why = None   # what is wrong, in the end
        self.truths = {}  # of refresh-append: what each generation must hold

    def __str__(self):
        return "%s, %s, %s, %s%s by %d, %d events%s%s%s%s, killed: %s" % (
            self.to, self.mode, "sorted" if self.sorted else "unsorted", self.paging,
            " (fleeting)" if self.fleeting else "",
            self.size, self.events, ", NULL keys" if self.key != "id" else "", ", slow" if self.slow else "", ", duplicates" if self.duplicates else "",
            (", many checkpoints" if self.often else "") + (", --verify" if self.verify else ""),
            " ".join(self.kills) or "nothing")

    def start_api(self):
        options = [] if self.sorted else ["--unsorted"]
        if self.slow:
            options += ["--fault", "drip=1,every=2"]
        return FakeApi(*options, users=0, events=self.events, seed=self.chance.randrange(1 << 30),
                       duplicates=self.duplicates)

    def configure(self, api):
        url = "by-page/events" if self.paging == "page" else "events"
        write_config(self.folder, api, page_size=self.size, streams=[{
            "name": "events", "url": url, "paging": self.paging, "key": self.key, "cursor": "updated_at",
            "sorted": self.sorted, "fleeting": self.fleeting}])
        write_catalog(self.folder, {"events": self.mode}, key=self.key)
        for name in ("out", "other-out"):
            os.mkdir(os.path.join(self.folder, name))

    def start(self, to):
        return abhost_start("run", connector("tests/whole/paged"), "config.json", "--catalog", "catalog.json",
                            "--to", to, *(["--verify"] if self.verify else []), cwd=self.folder, program=OFTEN if self.often else ABHOST,
                            env={"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker")})

    def run_killed(self, within):
        """Starts a run and kills a part of it; returns how long it lived."""
        process = self.start(self.to)
        target = self.chance.choice(["engine", "worker", "both"])
        time.sleep(self.chance.random() * within)
        workers = worker_pids(process.pid)
        if target in ("worker", "both"):
            for pid in workers:
                kill(pid)
        if target in ("engine", "both"):
            kill(process.pid)
        run = abhost_wait(process)
        self.kills.append(target if run.code != 0 else "(done)")
        self.runs.append(run)
        return wait_until(lambda: not any(map(lives, workers)), 20)

    def series(self, api, within):
        """Some kills, between them sometimes new records, then a run that is left alone."""
        for _ in range(self.chance.randrange(1, 5)):
            if not self.run_killed(within):
                return "a worker outlived its engine"
            if self.mode != "refresh-append" and self.chance.random() < 0.2:
                api.add("events", self.chance.randrange(1, 50), tie=self.chance.random() < 0.5)
                self.kills.append("+")
        run = abhost_wait(self.start(self.to))
        self.runs.append(run)
        if self.mode == "overwrite" and run.code == 0 and "\n0 records (0 B)" in run.out:
            # killed when all was read: the table comes as it was then, and what is new with the next run
            run = abhost_wait(self.start(self.to))
            self.runs.append(run)
        return None if run.code == 0 else "the last run failed: %s" % run

    def measure(self):
        """How long a whole run takes, into another destination."""
        begin = time.monotonic()
        abhost_wait(self.start(self.to.replace(":", ":other-")))
        return time.monotonic() - begin


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def lives(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def compare(this, before, now, stream="events"):
    """None where the destination holds the truth, after a series that began when the API held `before` (None: it
    was the first) and ended when it held `now`; else what is wrong."""
    if this.to.startswith("jsonl:"):
        return compare_lines(this, before, now, stream)
    try:
        rows = read_table(os.path.join(this.folder, "paged.db"), stream, system=True)
    except (LookupError, sqlite3.Error) as error:
        return "%s: %s" % (type(error).__name__, error)
    if this.mode == "refresh-append":
        return compare_generations(this, rows, now)
    if this.deleted and any(bool(row["_ab_cdc_deleted_at"]) != bool(row["active"]) for row in rows):
        return "a row is marked as deleted that is not, or is not"
    for row in rows:
        drop_system(row)
    return match_rows(rows, kept(this, before, now))


def kept(this, before, now):
    """Of what the API has had, what there must be: all of it, or of each key the latest."""
    if this.mode in ("append", "dedup") and before is not None:
        now = before + newcomers(before, now)
    if this.mode != "dedup":
        return now
    return [record for record in latest(now, this.key) if this.deleted != "remove" or not record["active"]]


def compare_lines(this, before, now, stream):
    log = this.to == "jsonl:log.jsonl"
    with open(os.path.join(this.folder, "log.jsonl" if log else "out/%s.jsonl" % stream), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    records = [drop_system(line["data"] if log else line) for line in lines if not log or line["stream"] == stream]
    if this.mode == "dedup":  # the last line of each key counts
        records = latest(records, this.key)
    lost = collections.Counter(map(sort_key, kept(this, before, now)))
    lost.subtract(map(sort_key, records))
    wrong = {record: count for record, count in lost.items() if count != 0}
    return "%d records are %s: %s" % (len(wrong), "missing" if max(wrong.values()) > 0 else "too many",
                                      list(wrong.items())[:2]) if wrong else None


def compare_generations(this, rows, now):
    """A run that was killed behind its last commit was done, so there may be several generations: each must be a
    whole truth of its time."""
    generations = {}
    for row in rows:
        generations.setdefault(row["_airbyte_generation_id"], []).append(drop_system(row))
    for generation in sorted(generations):
        truth = this.truths.setdefault(generation, now)
        why = match_rows(generations[generation], truth)
        if why is not None:
            return "generation %s: %s" % (generation, why)
    lost = set(this.truths) - set(generations)
    return "generations lost: %s" % lost if lost else None


def drop_system(row):
    for name in [name for name in row if name.startswith(("_airbyte_", "_ab_cdc_")) or name == "kind"]:  # a partition's name
        del row[name]
    return row


def play(tap, number, chance):
    this = Round(chance)
    with this.start_api() as api:
        this.configure(api)
        within = this.measure() * 1.1
        why = this.series(api, within) or compare(this, None, api.truth("events"))
        if why is None and chance.random() < 0.6:
            before = api.truth("events")
            api.change("events", chance.randrange(0, 200))
            api.add("events", chance.randrange(0, 500), tie=chance.random() < 0.5)
            this.kills.append("|")
            why = this.series(api, within) or compare(this, before, api.truth("events"))
        tap.ok(why is None, "round %d: %s" % (number, this), why, *this.runs[-3:])
        this.why = why
    return this


def main():
    tap = Tap()
    value, begun = seed(), time.monotonic()
    chance = random.Random(value)
    killed = resumed = 0
    wrong = []
    for number in range(1, ROUNDS + 1):
        this = play(tap, number, random.Random(chance.randrange(1 << 60)))
        wrong += [this.why] if this.why else []
        killed += sum(1 for kind in this.kills if kind in ("engine", "worker", "both"))
        resumed += sum(1 for run in this.runs if "went on where it had stopped" in run.text)
    tap.note("%d runs went on where an earlier one had stopped" % resumed)
    tap.ok(killed >= ROUNDS, "%d of the kills hit a run before its end" % killed)
    tap.sum_up(ROUNDS, begun, value, wrong)
    tap.done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The disk or the memory of the engine fails at a chosen call (tests/kill/shim.c): between any two writes or syncs of a
commit, by a power cut that keeps, loses or tears what was not synced, by a full disk, an I/O error, a failing
malloc.  Also of two streams at once, one of them in partitions, in several lanes.  Then a run that is left alone.  The content must be the truth, and the engine must have said what happened.

usage: faults.py [ROUNDS]     (default: $FAULT_ROUNDS, or 200; TEST_SEED=N repeats a series)
"""
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "whole"))
from lib import (BUILD, FAKE, FakeApi, Tap, abhost_start, abhost_wait, connector, need, open_db,  # noqa: E402
                 parallel, seed, write_catalog, write_config)
from kill import OFTEN, compare  # noqa: E402

SHIM = os.path.join(BUILD, "tests/kill/shim.so")
ROUNDS = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FAULT_ROUNDS") or 200)
# kind of fault: which count of the shim says how many places there are, and how often it is played
KINDS = {"kill": ("changes", 5), "power": ("changes", 5), "full": ("writes", 2), "write": ("writes", 1),
         "sync": ("syncs", 1), "read": ("reads", 1), "malloc": ("allocations", 3), "nomem": ("allocations", 1)}
# signals by which the engine may end; all others are crashes
KILLED = -signal.SIGKILL


class Scene:
    """A kind of sync: how it is read and where it goes; its folder holds what a first run left behind."""

    def __init__(self, mode, to, paging, is_sorted, fleeting, crowd=False):
        self.mode, self.to, self.paging, self.sorted, self.fleeting = mode, to, paging, is_sorted, fleeting
        self.streams = ["events", "others"] if crowd else ["events"]
        self.folder = tempfile.mkdtemp(prefix="abhost-fault-")
        self.counts = {}

    def __str__(self):
        return "%s, %s, %s, %s%s%s" % (self.to, self.mode, "sorted" if self.sorted else "unsorted", self.paging,
                                       " (fleeting)" if self.fleeting else "",
                                       ", two streams, partitions" if len(self.streams) > 1 else "")

    def start(self, folder, fault=None, count=None):
        env = {"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker")}
        if fault or count:
            env.update(LD_PRELOAD=SHIM, SHIM_UNDER=folder, SHIM_FAULT=fault or "", SHIM_COUNT=count or "")
        return abhost_start("run", connector("tests/whole/paged"), "config.json", "--catalog", "catalog.json",
                            "--to", self.to, cwd=folder, program=OFTEN,
                            env={k: v for k, v in env.items() if v})

    def prepare(self, api):
        """A first run, then changes at the API; what a second run will do is counted."""
        url = "by-page/events" if self.paging == "page" else "events"
        write_config(self.folder, api, page_size=50, streams=[{
            "name": name, "url": url, "paging": self.paging, "key": "id", "cursor": "updated_at", "parts": name != "events",
            "sorted": self.sorted, "fleeting": self.fleeting} for name in self.streams])
        write_catalog(self.folder, {name: self.mode for name in self.streams})
        os.mkdir(os.path.join(self.folder, "out"))
        self.check_run(self.folder)
        self.before = api.truth("events")

    def count(self):
        """How many calls of each class a second run makes, by a copy."""
        with tempfile.TemporaryDirectory(prefix="abhost-fault-") as other:
            copy(self.folder, other)
            path = os.path.join(self.folder, "..", os.path.basename(other) + ".count")
            run = abhost_wait(self.start(other, count=path))
            with open(path, encoding="ascii") as file:
                for word in file.readline().split():
                    self.counts[word.split("=")[0]] = int(word.split("=")[1])
            os.unlink(path)
            if run.code != 0:
                raise RuntimeError(str(run))

    def check_run(self, folder):
        run = abhost_wait(self.start(folder))
        if run.code != 0:
            raise RuntimeError(str(run))
        return run


class View:
    """What kill.py's compare wants to know of a round."""

    def __init__(self, scene, folder):
        self.to, self.mode, self.folder, self.truths = scene.to, scene.mode, folder, {}


def copy(folder, to):
    shutil.copytree(folder, to, dirs_exist_ok=True)


def judge(run, kind):
    """None where the faulty run ended as it may."""
    if run.code == -signal.SIGABRT and "load.c:" in run.err and "lex_scan_string: Assertion" in run.err:
        return None  # jansson's reader gives up so where its buffer cannot grow: all that is asked is that nothing is lost
    if run.code < 0 and run.code != KILLED or run.code not in (KILLED, 0, 1, 3, 4):
        return "it crashed: %s" % run
    if run.code == KILLED and kind not in ("kill", "power"):
        return "something killed it: %s" % run
    if run.code > 0 and "\nabhost: " not in "\n" + run.err:
        return "it failed without a word: %s" % run
    return None


def is_whole(path):
    try:
        with open_db(path) as db:
            answer = db.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        answer = str(error)
    return None if answer == "ok" else "the database is not whole: %s" % answer


def compare_stream(view, before, now, stream):
    """Of a table of generations: the first one, and the last one."""
    view.truths = {1: before}
    why = compare(view, before, now, stream)
    return why and "%s: %s" % (stream, why)


def play(scene, api, kind, at, number):
    """One fault, a run that is left alone, the comparison. Returns (what is wrong or None, whether it struck)."""
    now = api.truth("events")
    fault = "%s@%d,%d" % (kind, at, number)
    with tempfile.TemporaryDirectory(prefix="abhost-fault-") as folder:
        copy(scene.folder, folder)
        struck = abhost_wait(scene.start(folder, fault))
        why = judge(struck, kind)
        if why is None:
            last = abhost_wait(scene.start(folder))
            why = None if last.code == 0 else "the next run failed: %s\nafter %s" % (last, struck)
        view = View(scene, folder)
        if why is None and scene.to.startswith("sqlite:"):
            why = is_whole(os.path.join(folder, "paged.db"))
        for stream in scene.streams:
            why = why or compare_stream(view, scene.before, now, stream)
        return why and "%s\n%s" % (why, struck), struck.code != 0


def scenes(chance):
    """Every mode in SQLite, and JSON Lines; sorting, paging and tokens by chance."""
    for mode in ("overwrite", "refresh-append", "append", "dedup"):
        yield Scene(mode, "sqlite:paged.db", chance.choice(["cursor", "page"]), chance.random() < 0.5,
                    chance.random() < 0.5)
        yield Scene(mode, "sqlite:paged.db", chance.choice(["cursor", "page"]), chance.random() < 0.5,
                    chance.random() < 0.5, True)
    yield Scene("overwrite", "jsonl:out", "cursor", True, False)
    yield Scene(chance.choice(["overwrite", "append", "dedup"]), "jsonl:out", chance.choice(["cursor", "page"]),
                chance.random() < 0.5, chance.random() < 0.5, True)
    yield Scene(chance.choice(["append", "dedup"]), chance.choice(["jsonl:out", "jsonl:log.jsonl"]), "cursor",
                chance.random() < 0.5, chance.random() < 0.5)


def draw(chance, scene, n):
    """n faults of a scene, each (kind, at): spread evenly over the calls, with a random start."""
    weight = sum(share for _, share in KINDS.values())
    for kind, (counter, share) in KINDS.items():
        places = max(scene.counts[counter], 1)
        few = max(1, round(n * share / weight))
        for i in range(few):
            yield kind, 1 + int((i + chance.random()) * places / few)


def run_scene(tap, scene, chance, rounds):
    options = [] if scene.sorted else ["--unsorted"]
    with FakeApi(*options, users=0, events=chance.randrange(700, 1500), seed=chance.randrange(1 << 30)) as api:
        scene.prepare(api)
        api.change("events", chance.randrange(0, 200))
        api.add("events", chance.randrange(600, 900), tie=chance.random() < 0.5)
        scene.count()
        cases = list(draw(chance, scene, rounds))
        done = parallel(lambda case: play(scene, api, *case[1], case[0]), list(enumerate(cases)), 3)
    struck = sum(1 for _, hit in done if hit)
    bad = [(case, why) for case, (why, _) in zip(cases, done) if why is not None]
    tap.ok(not bad, "%s: %d faults, %d of them felt; a run makes %s" % (
        scene, len(cases), struck, ", ".join("%d %s" % (v, k) for k, v in scene.counts.items())),
        *["%s@%d: %s" % (case[0], case[1], why) for case, why in bad[:3]], "%d bad" % len(bad))
    shutil.rmtree(scene.folder)
    return len(cases), struck


def main():
    need(OFTEN, FAKE, SHIM, connector("tests/whole/paged"))
    tap = Tap()
    chance = random.Random(seed())
    begin = time.monotonic()
    played = struck = 0
    while played < ROUNDS:
        for scene in scenes(chance):
            counts = run_scene(tap, scene, chance, min(100, max(20, (ROUNDS - played) // 11)))
            played, struck = played + counts[0], struck + counts[1]
            if played >= ROUNDS:
                break
    tap.note("%d faults, %d felt, in %.0f s" % (played, struck, time.monotonic() - begin))
    tap.ok(struck > played / 2, "most faults were felt")
    tap.done()


main()

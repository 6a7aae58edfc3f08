#!/usr/bin/env python3
"""The disk or the memory of the engine fails at a chosen call (tests/kill/shim.c): between any two writes or syncs of a
commit, by a power cut that keeps, loses or tears what was not synced, by a full disk, an I/O error, a failing
malloc.  In every mode, sorted or not, of one stream or of two at once of which one is in partitions, in several lanes; in
append_dedup with NULLs in keys or without, with records that are deleted, marked or removed, or without; with a rollback
journal or a write-ahead log; with --full-refresh, or columns that come while it runs.  Then a run that is left alone.  The content must be the truth, and the engine must have said what happened.

usage: faults.py [ROUNDS]     (default: $FAULT_ROUNDS, or 200; TEST_SEED=N repeats a series)
"""
import itertools
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
from lib import (BUILD, FAKE, FakeApi, Tap, abhost_start, abhost_wait, connector, need, newcomers,  # noqa: E402
                 open_db, parallel, seed, write_catalog, write_config)
from kill import OFTEN, compare  # noqa: E402

SHIM = os.path.join(BUILD, "tests/kill/shim.so")
ROUNDS = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FAULT_ROUNDS") or 200)
# kind of fault: which count of the shim says how many places there are, and how often it is played
KINDS = {"kill": ("changes", 5), "power": ("changes", 5), "full": ("writes", 2), "write": ("writes", 1),
         "sync": ("syncs", 1), "syncs": ("syncs", 1), "read": ("reads", 1), "malloc": ("allocations", 3), "nomem": ("allocations", 1)}
WAL = "sqlite:paged.db?journal=wal"
NARROW = "id,updated_at,type"  # the columns of a first run, where others come later
# signals by which the engine may end; all others are crashes
KILLED = -signal.SIGKILL


class Scene:
    """A kind of sync: how it is read and where it goes; its folder holds what a first run left behind."""

    def __init__(self, chance, to, mode, is_sorted, crowd, key="id", deleted=None, extra=None):
        self.mode, self.to, self.sorted, self.key, self.deleted, self.extra = mode, to, is_sorted, key, deleted, extra
        self.paging = chance.choice(["cursor", "page"])
        self.fleeting = chance.random() < 0.5
        self.streams = ["events", "others"] if crowd else ["events"]
        self.folder = tempfile.mkdtemp(prefix="abhost-fault-")
        self.counts = {}
        self.words = [word for stream in self.streams if deleted
                      for word in ("--deleted", "%s=%s:active" % (stream, deleted))]
        self.first = ["--columns=%s=%s" % (stream, NARROW) for stream in self.streams if extra == "new columns"]
        if extra == "--full-refresh":
            self.words += [extra]

    def __str__(self):
        return "%s, %s%s%s%s, %s, %s%s%s" % (self.to, self.mode, " with NULL keys" if self.key != "id" else "",
                                       ", deleted: " + self.deleted if self.deleted else "",
                                       ", " + self.extra if self.extra else "",
                                       "sorted" if self.sorted else "unsorted", self.paging,
                                       " (fleeting)" if self.fleeting else "",
                                       ", two streams, partitions" if len(self.streams) > 1 else "")

    def start(self, folder, fault=None, count=None, words=()):
        env = {"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker")}
        if fault or count:
            env.update(LD_PRELOAD=SHIM, SHIM_UNDER=folder, SHIM_FAULT=fault or "", SHIM_COUNT=count or "")
        return abhost_start("run", connector("tests/whole/paged"), "config.json", "--catalog", "catalog.json",
                            "--to", self.to, *self.words, *words, cwd=folder, program=OFTEN,
                            env={k: v for k, v in env.items() if v})

    def prepare(self, api):
        """A first run, then changes at the API; what a second run will do is counted."""
        url = "by-page/events" if self.paging == "page" else "events"
        write_config(self.folder, api, page_size=50, streams=[{
            "name": name, "url": url, "paging": self.paging, "key": self.key, "cursor": "updated_at", "parts": name != "events",
            "sorted": self.sorted, "fleeting": self.fleeting} for name in self.streams])
        write_catalog(self.folder, {name: self.mode for name in self.streams}, key=self.key)
        os.mkdir(os.path.join(self.folder, "out"))
        run = abhost_wait(self.start(self.folder, words=self.first))
        if run.code != 0:
            raise RuntimeError(str(run))
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


def widened(scene, now, stream):
    """All that there must be where the first run had few columns: the newest of each partition comes again, and a key takes it."""
    def part(record):
        return record["type"] if stream == "others" else None
    newest = {}
    for record in scene.before:
        newest[part(record)] = max(newest.get(part(record), ""), record["updated_at"])
    old = [record if scene.mode == "dedup" and record["updated_at"] == newest[part(record)] else
           {name: value if name in NARROW.split(",") else None for name, value in record.items()}
           for record in scene.before]
    return old + newcomers(scene.before, now)


class View:
    """What kill.py's compare wants to know of a round."""

    def __init__(self, scene, folder):
        self.to, self.folder, self.truths = scene.to, folder, {}
        # an append that is read from the beginning is replaced
        self.mode = "overwrite" if scene.mode == "append" and scene.extra == "--full-refresh" else scene.mode
        self.key, self.deleted = scene.key, scene.deleted


def copy(folder, to):
    shutil.copytree(folder, to, dirs_exist_ok=True)


def judge(run, kind):
    """None where the faulty run ended as it may."""
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
            is_wide = scene.first and scene.mode != "overwrite"
            why = why or compare_stream(view, *((None, widened(scene, now, stream)) if is_wide else (scene.before, now)), stream)
        return why and "%s\n%s" % (why, struck), struck.code != 0


def scenes(chance):
    """Every mode x sorted or not x one stream or two, one in partitions; of append_dedup x NULL keys x deleted records."""
    for is_sorted, crowd in itertools.product((False, True), repeat=2):
        for mode in ("overwrite", "refresh-append", "append"):
            yield Scene(chance, "sqlite:paged.db", mode, is_sorted, crowd)
        for key, deleted in itertools.product(("id", "id,ref"), (None, "mark", "remove")):
            yield Scene(chance, "sqlite:paged.db", "dedup", is_sorted, crowd, key, deleted)
        for mode in ("overwrite", "append", "dedup"):
            yield Scene(chance, WAL, mode, is_sorted, crowd, "id,ref" if mode == "dedup" and crowd else "id")
            yield Scene(chance, chance.choice([WAL, "sqlite:paged.db"]), mode, is_sorted, crowd, extra="new columns")
            yield Scene(chance, chance.choice([WAL, "sqlite:paged.db"]), mode, is_sorted, crowd, extra="--full-refresh")
        yield Scene(chance, "jsonl:out", "overwrite", is_sorted, crowd)
        yield Scene(chance, "jsonl:out" if crowd else "jsonl:log.jsonl", "append", is_sorted, crowd)
        yield Scene(chance, "jsonl:out", "dedup", is_sorted, crowd, chance.choice(["id", "id,ref"]))


def draw(chance, scene, n):
    """n faults of a scene, each (kind, at), of which the usual kinds are more."""
    kinds = [kind for kind, (_, share) in KINDS.items() for _ in range(share)]
    for kind in chance.sample(kinds, min(n, len(kinds))) + chance.choices(kinds, k=max(0, n - len(kinds))):
        yield kind, 1 + chance.randrange(max(scene.counts[KINDS[kind][0]], 1))


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
    return [why for _, why in bad], struck


def main():
    need(OFTEN, FAKE, SHIM, connector("tests/whole/paged"))
    tap = Tap()
    value, begun = seed(), time.monotonic()
    chance = random.Random(value)
    all_scenes = list(scenes(chance))
    played, struck, wrong = 0, 0, []
    for number, scene in enumerate(all_scenes):
        rounds = ROUNDS * (number + 1) // len(all_scenes) - ROUNDS * number // len(all_scenes)
        if rounds > 0:
            bad, hits = run_scene(tap, scene, chance, rounds)
            played, struck, wrong = played + rounds, struck + hits, wrong + bad
    tap.ok(struck > played / 2, "most faults were felt: %d of %d" % (struck, played))
    tap.sum_up(played, begun, value, wrong)
    tap.done()


main()

#!/usr/bin/env python3
"""SIGKILL at random moments, as in kill.py, of runs with several streams and partitions at once (tests/zoo/many.c): every
mode, sorted or not, with page tokens that outlive a run or do not, one state each or one for all, one stream that fails or
none.  Then a run that is left alone: nothing is lost, nothing doubled, in any stream.

usage: many.py [ROUNDS]     (default: $KILL_ROUNDS, or 50; TEST_SEED=N repeats a series)
"""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import (ABHOST, BUILD, Tap, abhost_start, abhost_wait, need, scratch, seed, wait_until,  # noqa: E402
                 worker_pids)
from manylib import MANY, configure, wrong  # noqa: E402

OFTEN = os.path.join(BUILD, "tests/kill/abhost-often")  # makes a checkpoint every few hundred records
need(ABHOST, OFTEN, MANY)
ROUNDS = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KILL_ROUNDS") or 50)
MODES = ("incremental:append", "incremental:append_dedup", "full_refresh:overwrite")


class Round:
    """One destination, from its first run to the comparison."""

    def __init__(self, chance):
        self.chance = chance
        self.mode = chance.choice(MODES)
        self.lines = self.mode != "incremental:append_dedup" and chance.random() < 0.25
        self.settings = {
            "streams": chance.randrange(1, 5), "parts": chance.choice([0, 2, 5, 20, 60]),
            "records": chance.choice([5, 40, 200]), "page": chance.choice([3, 10, 50]),
            "sorted": chance.randrange(2), "resumable": chance.randrange(2), "own": chance.randrange(2),
            "shared": chance.randrange(2), "key": int(self.mode == "incremental:append_dedup"),
            "wait": chance.choice([0, 0, 1, 3])}
        self.lanes = chance.choice([1, 2, 4, 8, 8])
        self.program = OFTEN if chance.random() < 0.75 else ABHOST
        self.folder = scratch()
        self.kills = []
        self.last = None
        os.mkdir(os.path.join(self.folder, "out"))

    def __str__(self):
        return "%s%s, %s, %d lanes%s, killed: %s" % (
            self.mode, ", lines" if self.lines else "",
            ", ".join("%s %d" % item for item in self.settings.items() if item[1]), self.lanes,
            ", many checkpoints" if self.program == OFTEN else "", " ".join(self.kills) or "nothing")

    def start(self, to=None):
        args = []
        for number in range(self.settings["streams"]):
            args += ["--mode", "s%d=%s" % (number, self.mode)]
        to = to or ("jsonl:out" if self.lines else "sqlite:m.db")
        return abhost_start("run", MANY, "c.json", "--to", to, "--concurrency", str(self.lanes), *args,
                            cwd=self.folder, program=self.program,
                            env={"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker")})

    def measure(self):
        begin = time.monotonic()
        abhost_wait(self.start("sqlite:other.db"))
        return time.monotonic() - begin

    def run_killed(self, within):
        fails = self.chance.random() < 0.2
        configure(self.folder, **self.settings, fail=self.chance.randrange(4) if fails else -1)
        process = self.start()
        target = self.chance.choice(["engine", "worker", "both", "SIGTERM"])
        time.sleep(self.chance.random() * within)
        workers = worker_pids(process.pid)
        if target in ("worker", "both"):
            for pid in workers:
                kill(pid, signal.SIGKILL)
        if target in ("engine", "both"):
            kill(process.pid, signal.SIGKILL)
        if target == "SIGTERM":
            kill(process.pid, signal.SIGTERM)
        run = abhost_wait(process)
        self.kills.append((target if run.code != 0 else "(done)") + (" fails" if fails else ""))
        return wait_until(lambda: not any(map(lives, workers)), 20)

    def play(self):
        """None, or what is wrong."""
        configure(self.folder, **self.settings)
        within = self.measure() * 1.1
        for _ in range(2):
            for _ in range(self.chance.randrange(1, 5)):
                if not self.run_killed(within):
                    return "a worker outlived its engine"
            configure(self.folder, **self.settings)
            self.last = abhost_wait(self.start())
            if self.last.code != 0:
                return "the last run failed: %s" % self.last
            why = wrong(self.folder, self.settings, self.lines)
            if why is not None:
                return why
            self.settings["more"] = self.settings.get("more", 0) + self.chance.randrange(1, 30)
            self.kills.append("+%d" % self.settings["more"])
        return None


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def lives(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def main():
    tap = Tap()
    value, begun = seed(), time.monotonic()
    chance = random.Random(value)
    killed, bad = 0, []
    for number in range(1, ROUNDS + 1):
        this = Round(random.Random(chance.randrange(1 << 60)))
        why = this.play()
        tap.ok(why is None, "round %d" % number, this, why, this.last)
        bad += [why] if why else []
        killed += sum(1 for kind in this.kills if kind.split()[0] in ("engine", "worker", "both", "SIGTERM"))
    tap.ok(killed >= ROUNDS, "%d of the kills hit a run before its end" % killed)
    tap.sum_up(ROUNDS, begun, value, bad)
    tap.done()


main()

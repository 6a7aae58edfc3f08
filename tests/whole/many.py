#!/usr/bin/env python3
"""Many streams and partitions at once, as a user meets them (tests/zoo/many.c): every mode, kind of state and destination
holds the truth, run after run; a stream that fails is the only one (exit 4); thirty thousand partitions stay small in memory
and in the state store; --concurrency and --memory refuse nonsense."""
import json
import os
import sqlite3
import subprocess
import time

from lib import ABHOST, Tap, abhost, environment, need, scratch, worker_pids
from manylib import MANY, configure, held, rows_of, truth, wrong

need(ABHOST, MANY)
with open(ABHOST, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()  # then memory is the sanitizer's
tap = Tap()
BASE = {"streams": 3, "parts": 7, "records": 50, "page": 8}


def run(folder, mode, lines=False, *more):
    args = [arg for number in range(3) for arg in ("--mode", "s%d=%s" % (number, mode))]
    return abhost("run", MANY, "c.json", "--to", "jsonl:out" if lines else "sqlite:m.db", *args, *more, cwd=folder)


def check_mode(mode, lines, **settings):
    folder = scratch()
    os.mkdir(os.path.join(folder, "out"))
    settings = {**BASE, **settings}
    for step, more in enumerate((0, 0, 10)):
        settings["more"] = more
        configure(folder, **settings)
        done = run(folder, mode, lines, "--concurrency", str(1 + 3 * step))
        why = wrong(folder, settings, lines)
        if done.code != 0 or why is not None:
            return "run %d: %s\n%s" % (step, why, done)
    return None


for mode in ("incremental:append", "incremental:append_dedup", "full_refresh:overwrite"):
    for kind in ({}, {"sorted": 1}, {"resumable": 1}, {"own": 1}, {"shared": 1}, {"parts": 0}):
        if mode == "incremental:append_dedup":
            kind = {**kind, "key": 1}
        why = check_mode(mode, False, **kind)
        tap.ok(why is None, "%s, %s" % (mode, kind), why)
for mode in ("incremental:append", "full_refresh:overwrite"):
    why = check_mode(mode, True)
    tap.ok(why is None, "%s into JSON Lines" % mode, why)

# one stream fails, the others are whole
folder = scratch()
settings = {**BASE, "fail": 1}
configure(folder, **settings)
done = run(folder, "incremental:append")
tap.ok(done.code == 4 and "s1" in done.err and "as the config wants it" in done.err, "a failed stream: exit 4", done)
settings.pop("fail")
tap.ok(all(set(held(folder, s, False)) == truth(settings) for s in ("s0", "s2")), "the others are whole")
tap.same(rows_of(folder, "s1"), [], "what nothing covers of the failed one is taken back")
configure(folder, **settings)
done = run(folder, "incremental:append")
tap.ok(done.code == 0 and wrong(folder, settings) is None, "the next run completes it", wrong(folder, settings), done)


def resident(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024
    except OSError:
        return 0


def watched(folder, *args):
    """(exit code, peak of both processes in MiB)"""
    process = subprocess.Popen([ABHOST, "run", MANY, "c.json", "--to", "sqlite:m.db", "--quiet", *args], cwd=folder,
                               env=environment())
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid) + sum(map(resident, worker_pids(process.pid))))
        time.sleep(0.01)
    return process.returncode, peak


for mode, more in (("incremental:append_dedup", {"key": 1}), ("incremental:append", {})):
    folder = scratch()
    configure(folder, parts=30000, records=2, **more)
    peaks = [watched(folder, "--mode", "s0=" + mode) for _ in range(2)]
    tap.ok(all(code == 0 and (peak < 64 or SANITIZED) for code, peak in peaks),
           "%s: 30,000 partitions in under 64 MiB, twice" % mode, peaks)
    tap.note("%s: %s MiB" % (mode, ", ".join("%.1f" % peak for _, peak in peaks)))
    db = sqlite3.connect(os.path.join(folder, "m.db"))
    rows, size = db.execute("SELECT count(*), sum(length(notes)) FROM _abhost_state").fetchone()
    tap.ok(rows <= 31 and size < 30000 * 100, "their state shares rows", rows, size)
    tap.same(db.execute("SELECT count(*), count(DISTINCT id) FROM s0").fetchone(), (60000, 60000), "and all is there once")
    db.close()

for option in (["--concurrency", "0"], ["--concurrency", "65"], ["--concurrency", "x"], ["--memory", "1M"],
               ["--memory", "much"], ["--one-thread", "--concurrency", "2"]):
    done = abhost("run", MANY, "c.json", *option, cwd=folder)
    tap.ok(done.code == 2 and option[0][2:] in done.err, "refused: " + " ".join(option), done)
done = abhost("run", MANY, "c.json", "--one-thread", "--memory", "24M", "--to", "sqlite:one.db", cwd=folder)
tap.ok(done.code == 0, "one thread in the least memory", done)
tap.done()

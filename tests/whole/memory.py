#!/usr/bin/env python3
"""What --memory promises, where it is hard to keep (tests/zoo/many.c): a key for a table that is there already is sorted
within it, and the rest lies in files beside the database, or where TMPDIR says; a page that is larger than its share is told
of once, with what has room for it, and that has."""
import json
import os
import re
import sqlite3
import subprocess
import time

from lib import ABHOST, Tap, abhost, environment, need, scratch, worker_pids
from manylib import MANY, configure

need(ABHOST, MANY)
with open(ABHOST, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()  # then memory is the sanitizer's
tap = Tap()


def peak_of(pid):
    """MiB that the process had at most."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024
    except OSError:
        return 0


def nameless(pid):
    """The folders in which it has SQLite's temporary files open."""
    folder, found = "/proc/%d/fd" % pid, set()
    try:
        for fd in os.listdir(folder):
            path = os.readlink(os.path.join(folder, fd))
            if "/etilqs_" in path:
                found.add(os.path.dirname(path))
    except OSError:
        pass
    return found


def run(folder, *args, **env):
    """(exit code, most MiB of the engine, folders of temporary files, most MiB of both processes)"""
    variables = {k: v for k, v in environment().items() if k not in ("TMPDIR", "SQLITE_TMPDIR")}
    process = subprocess.Popen([ABHOST, "run", MANY, "c.json", "--to", "sqlite:m.db", "--quiet", *args], cwd=folder,
                               env={**variables, **env})
    peak, places, both = 0, set(), 0
    while process.poll() is None:
        peak = max(peak, peak_of(process.pid))
        both = max(both, peak_of(process.pid) + sum(map(peak_of, worker_pids(process.pid))))
        places |= nameless(process.pid)
        time.sleep(0.01)
    return process.returncode, peak, places, both


ROWS = 600000
plain = scratch()
configure(plain, records=ROWS, page=3000, key=1)
code, append, _, _ = run(plain, "--mode", "s0=incremental:append")
tap.same(code, 0, "a table without a key")
configure(plain, records=ROWS, page=3000, key=1, more=10)
elsewhere = scratch()
for what, where, env in (("beside the database", plain, {}), ("in TMPDIR", elsewhere, {"TMPDIR": elsewhere})):
    # the key goes when the mode does
    code, peak, places, _ = run(plain, "--mode", "s0=incremental:append_dedup", "--memory", "24M", **env)
    tap.ok(code == 0 and (peak < append + 16 or SANITIZED),
           "a key for %d rows takes little memory: %.1f MiB, %.1f without it" % (ROWS, peak, append))
    tap.same(places, {os.path.realpath(where)}, "what is sorted lies " + what)
    db = sqlite3.connect(os.path.join(plain, "m.db"))
    tap.same(db.execute("SELECT count(*), count(DISTINCT id) FROM s0").fetchone(), (ROWS + 10, ROWS + 10), "and all is there once")
    if "TMPDIR" not in env:
        db.execute("DROP INDEX _abhost_key_s0")
    db.commit()
    db.close()

# pages of 20 MB of very short records
folder = scratch()
configure(folder, streams=2, records=1200000, page=600000)
done = abhost("run", MANY, "c.json", "--to", "sqlite:a.db", "--streams", "s0", "--report", "r.json", cwd=folder)
said = re.findall(r'stream "s0": a page of ([0-9.]+) MiB.*than the 6.8 MiB that --memory has.*--memory ([0-9]+)M has room', done.err)
with open(os.path.join(folder, "r.json"), encoding="utf-8") as file:
    report = json.load(file)
tap.ok(done.code == 0 and len(said) == 1 and 19 < float(said[0][0]) < 21, "a large page is told of, once", done)
tap.ok(18 << 20 < report["streams"][0].get("large_page", 0) < 21 << 20, "and in the report", report)
wanted = said[0][1] if said else "32"
done = abhost("run", MANY, "c.json", "--to", "sqlite:b.db", "--report", "r.json", "--memory", wanted + "M", cwd=folder)
with open(os.path.join(folder, "r.json"), encoding="utf-8") as file:
    report = json.load(file)
tap.ok(done.code == 0 and "MiB" not in done.err and not any("large_page" in s for s in report["streams"]),
       "with what it names nothing is said", done, report)
code, _, _, both = run(folder, "--memory", wanted + "M")
tap.ok(code == 0 and (both < int(wanted) or SANITIZED), "and nothing more is taken: %.1f MiB of %s" % (both, wanted))
tap.done()

#!/usr/bin/env python3
"""What --memory promises, where it is hard to keep (tests/zoo/many.c): a key for a table that is there already is sorted
within it, and the rest lies in files beside the database, or where TMPDIR says."""
import os
import sqlite3
import subprocess
import time

from lib import ABHOST, Tap, environment, need, scratch
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
    """(exit code, most MiB of the engine, folders of temporary files)"""
    variables = {k: v for k, v in environment().items() if k not in ("TMPDIR", "SQLITE_TMPDIR")}
    process = subprocess.Popen([ABHOST, "run", MANY, "c.json", "--to", "sqlite:m.db", "--quiet", *args], cwd=folder,
                               env={**variables, **env})
    peak, places = 0, set()
    while process.poll() is None:
        peak = max(peak, peak_of(process.pid))
        places |= nameless(process.pid)
        time.sleep(0.01)
    return process.returncode, peak, places


ROWS = 600000
plain = scratch()
configure(plain, records=ROWS, page=3000, key=1)
code, append, _ = run(plain, "--mode", "s0=incremental:append")
tap.same(code, 0, "a table without a key")
configure(plain, records=ROWS, page=3000, key=1, more=10)
elsewhere = scratch()
for what, where, env in (("beside the database", plain, {}), ("in TMPDIR", elsewhere, {"TMPDIR": elsewhere})):
    # the key goes when the mode does
    code, peak, places = run(plain, "--mode", "s0=incremental:append_dedup", "--memory", "24M", **env)
    tap.ok(code == 0 and (peak < append + 16 or SANITIZED),
           "a key for %d rows takes little memory: %.1f MiB, %.1f without it" % (ROWS, peak, append))
    tap.same(places, {os.path.realpath(where)}, "what is sorted lies " + what)
    db = sqlite3.connect(os.path.join(plain, "m.db"))
    tap.same(db.execute("SELECT count(*), count(DISTINCT id) FROM s0").fetchone(), (ROWS + 10, ROWS + 10), "and all is there once")
    if "TMPDIR" not in env:
        db.execute("DROP INDEX _abhost_key_s0")
    db.commit()
    db.close()
tap.done()

#!/usr/bin/env python3
"""A signal ends a sync cleanly: soon, with the right exit code, keeping what was committed, leaving no process
behind; the next run ends with exactly the right rows."""
import os
import signal
import time

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, need,
                 scratch, secrets_in, wait_until, worker_pids, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()

# what the API does while the signal comes, and how many requests to wait for before it
MOMENTS = {
    "while pages arrive": (["drip=10,path=events"], 6),
    "while the API says nothing": (["hang,path=events,nth=3"], 4),
    "while it waits to try again": (["status=429,retry-after=600,path=events,after=2"], 4),
}


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:  # also between the opening and the reading
        return True


for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
    for moment, (faults, requests) in MOMENTS.items():
        name = "%s %s" % (signal.Signals(number).name, moment)
        folder = scratch()
        db = os.path.join(folder, "my-api.db")
        with FakeApi(users=100, events=5000, seed=41) as api:
            write_config(folder, api, page_size=100)
            api.faults(*faults)
            process = abhost_start("run", connector("my-api"), "config.json", cwd=folder)
            tap.ok(wait_until(lambda: len(api.log()) >= requests, 30), "%s: it runs" % name)
            workers = worker_pids(process.pid)
            time.sleep(0.1)
            process.send_signal(number)
            run = abhost_wait(process)
            tap.ok(run.code == code, "%s: exit %d" % (name, code), run)
            tap.ok("again" in run.text or "resume" in run.text, "%s: says how to go on" % name, run)
            tap.ok(wait_until(lambda: all(map(gone, workers)), 10), "%s: no process is left" % name, workers)
            tap.same(secrets_in(run, db), [], "%s: no secret told" % name)
            api.faults()
            run = abhost("run", connector("my-api"), "config.json", cwd=folder)
            tap.ok(run.code == 0, "%s: the next run ends well" % name, run)
            check_table(tap, db, "events", api.truth("events"), "%s: the right events" % name)
            check_table(tap, db, "users", api.truth("users"), "%s: the right users" % name)
tap.done()

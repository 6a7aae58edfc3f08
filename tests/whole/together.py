#!/usr/bin/env python3
"""Two runs on one destination: the second says who has it and fails, or waits; whoever dies lets go at once, and a signal
ends the waiting.  The history says what each of them was."""
import os
import signal
import socket
import time

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, latest,
                 need, parse_lines, scratch, wait_until, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")


class Holder:
    """A run that has the destination and hangs."""

    def __init__(self, api, folder, place):
        api.log(clear=True)
        api.faults("hang,path=events")
        self.process = abhost_start("run", API, "config.json", "--to", place, cwd=folder)
        wait_until(lambda: any(e["path"] == "/v1/events" for e in api.log()))
        self.api = api

    def end(self, number=signal.SIGKILL):
        self.api.faults()
        (os.killpg if number == signal.SIGKILL else os.kill)(self.process.pid, number)
        return abhost_wait(self.process)


def waits(process):
    """What it has said when it waits."""
    line = process.stderr.readline()
    return line if "waiting for it to end" in line else ""


def refusals(api, place):
    folder = scratch()
    write_config(folder, api)
    holder = Holder(api, folder, place)
    who = "process %d on %s, since 20" % (holder.process.pid, socket.gethostname())
    run = abhost("run", API, "config.json", "--to", place, cwd=folder)
    tap.ok(run.code == 1 and "is in use by another run (" + who in run.err and "--wait" in run.err,
           place + ": the second one says who has it", run)
    began = time.monotonic()
    run = abhost("run", API, "config.json", "--to", place, "--wait=1", cwd=folder)
    tap.ok(run.code == 1 and "waiting for it to end" in run.err and "is in use by another run (" + who in run.err,
           place + ": it waits no longer than it was told to", run)
    tap.ok("still in use by" in run.err.splitlines()[-1] and "--wait" not in run.err, place + ": nor advises to wait", run)
    tap.ok(1 <= time.monotonic() - began < 20, place + ": and no shorter", time.monotonic() - began)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = abhost_start("run", API, "config.json", "--to", place, "--wait", cwd=folder)
        said = waits(process)
        process.send_signal(number)
        run = abhost_wait(process)
        tap.ok(said and run.code == code, "%s: %s ends the waiting" % (place, signal.Signals(number).name), said, run)
    holder.end()


def successions(api, place, table):
    folder = scratch()
    write_config(folder, api)
    for number in (signal.SIGKILL, signal.SIGTERM):
        holder = Holder(api, folder, place)
        process = abhost_start("run", API, "config.json", "--to", place, "--wait", cwd=folder)
        said = waits(process)
        began = time.monotonic()
        holder.end(number)
        run = abhost_wait(process)
        tap.ok("process %d" % holder.process.pid in said and run.code == 0,
               "%s: after %s of the first, the second runs" % (place, signal.Signals(number).name), said, run)
        tap.ok(time.monotonic() - began < 20, place + ": at once", time.monotonic() - began)
        table(folder)
    past = parse_lines(abhost("history", place, "--json", cwd=folder).out.encode())
    tap.same([(r["run"], r["attempt"], r["outcome"], r["failure_type"]) for r in past],
             [(4, 2, "succeeded", None), (3, 1, "cancelled", "manual_cancellation"), (2, 2, "succeeded", None),
              (1, 1, "killed", None)], place + ": the history")
    tap.ok(past[2]["rows"] == past[2]["records"] == 330 and past[2]["bytes"] > 330 and past[2]["seconds"] > 0 and
           past[2]["host"] == socket.gethostname() and past[2]["pid"] > 1, place + ": with its figures", past[2])
    run = abhost("history", place, cwd=folder)
    tap.ok(run.code == 0 and run.out.splitlines()[0].split("\t")[:3] == ["run", "attempt", "connector"] and
           len(run.out.splitlines()) == 5, place + ": as a table", run)


def failures(api, place):
    folder = scratch()
    write_config(folder, api)
    write_config(folder, api, "bad.json", api_key="wrong")
    run = abhost("run", API, "bad.json", "--to", place, cwd=folder)
    tap.ok(run.code == 3, place + ": a wrong key", run)
    past = parse_lines(abhost("history", place, "--json", cwd=folder).out.encode())
    tap.same([(r["attempt"], r["outcome"], r["failure_type"]) for r in past], [(1, "failed", "config_error")],
             place + ": the class of its error")


def one_table(folder):
    check_table(tap, os.path.join(folder, "x.db"), "events", server.truth("events"), "x.db: the table is the truth")


def one_file(folder):
    with open(os.path.join(folder, "x/events.jsonl"), "rb") as file:
        found = parse_lines(file.read())
    # the dedup of JSON Lines is the reader's: what stands at the cursor's edge is there twice
    tap.same(latest(found), server.truth("events"), "jsonl: the lines are the truth")


with FakeApi(users=30, events=300) as server:
    for where in ("x.db", "jsonl:x", "x.jsonl"):
        refusals(server, where)
        failures(server, where)
    successions(server, "x.db", one_table)
    successions(server, "jsonl:x", one_file)
    none = abhost("history", "jsonl:nowhere", cwd=scratch())
    tap.ok(none.code == 1 and "no sync has kept state for nowhere" in none.err, "history of nothing", none)
    none = abhost("history", "nowhere.db", cwd=scratch())
    tap.ok(none.code == 1 and "no such database" in none.err, "history of no file", none)
tap.done()

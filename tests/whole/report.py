#!/usr/bin/env python3
"""abhost run --report: what is written is what sdk/schema/report.json says, holds no secret, agrees with what happened, is
there also after a failure, and never in part."""
import json
import os
import signal
import stat
import subprocess
import time

from lib import (ABHOST, BUILD, FAKE, KEY, SRC, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector,
                 environment, need, scratch, wait_until, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")
with open(os.path.join(SRC, "sdk/schema/report.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
         "null": type(None)}


def faults(schema, value, where=""):
    """What of a value is not as the schema says; the few keywords that this schema has."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds):
        return ["%s: %r" % (where, value)]
    found = ["%s: %r" % (where, value)] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", {})
        found += ["%s/%s: missing" % (where, k) for k in schema.get("required", []) if k not in value]
        for key, member in value.items():
            if key not in known and more is False:
                found.append("%s/%s: unknown" % (where, key))
            else:
                found += faults(known.get(key, more), member, where + "/" + key)
    for i, item in enumerate(value if isinstance(value, list) else []):
        found += faults(schema["items"], item, "%s/%d" % (where, i))
    return found


def run_it(folder, *words, name="r.json", **more):
    run = abhost("run", *words, "--report", name, cwd=folder, **more)
    return run, look(folder, name)


def look(folder, name="r.json"):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        text = file.read()
    report = json.loads(text)
    wrong = faults(SCHEMA, report)
    tap.ok(not wrong and KEY not in text and not os.path.exists(os.path.join(folder, name + ".tmp")),
           "as its schema says, %s" % report["outcome"], wrong, text)
    return report


with FakeApi(users=30, events=500, seed=6) as api:
    home = scratch()
    write_config(home, api, page_size=100)
    run, got = run_it(home, API, "config.json", "--to", "x.db", "--verify", "--wait=1")
    tap.same((run.code, got["exit_code"], got["outcome"], got["error"], got["failure_type"]), (0, 0, "succeeded", None, None),
             "a sync that ended well")
    streams = {s["name"]: s for s in got["streams"]}
    tap.same([(streams[n]["records"], streams[n]["rows"], streams[n]["where"], streams[n]["outcome"]) for n in
              ("users", "events")], [(30, 30, "users", "succeeded"), (500, 500, "events", "succeeded")], "its streams")
    tap.same((got["records"], got["rows"], got["verified"], got["bytes"]),
             (530, 530, 530, sum(s["bytes"] for s in streams.values())), "its sums")
    times = got["times"]
    tap.ok(0 < times["start"] < got["seconds"] and 0 < times["fetch"] < got["seconds"] and times["scan"] > 0 and
           times["write"] > 0 and times["commit"] > 0 and times["verify"] > 0 and got["checkpoints"] >= 1, "its times", times)
    tap.ok(abs(sum(s["times"]["write"] for s in streams.values()) - times["write"]) < 0.001 and
           all(s["times"]["fetch"] <= times["fetch"] for s in streams.values()), "of its streams", got)
    api.faults("status=404,path=events,after=2")
    run, got = run_it(home, API, "config.json", "--to", "y.db")
    api.faults()
    streams = {s["name"]: s for s in got["streams"]}
    tap.ok(run.code == got["exit_code"] == 4 and got["outcome"] == "partial" and "404" in got["error"] and
           streams["events"]["outcome"] == "failed" and "404" in streams["events"]["error"] and
           streams["users"]["outcome"] == "succeeded", "one stream that failed", got)
    run, got = run_it(home, API, "config.json", "--to", "z.db", "--mode", "users=incremental:append")
    tap.ok(run.code == got["exit_code"] == 3 and got["failure_type"] == "config_error" and got["streams"] == [] and
           "no cursor field" in got["error"], "a plan that cannot be", got)
    run, got = run_it(home, API, "nowhere.json")
    tap.ok(run.code == got["exit_code"] == 3 and got["started_at"] is None and got["connector"] == "my-api" and
           "nowhere.json" in got["error"], "no configuration", got)
    run, got = run_it(home, "nowhere.so", "config.json")
    tap.ok(run.code == 3 and got["connector"] is None, "no connector", got)
    api.faults("hang,path=events,nth=2")
    api.log(clear=True)
    process = abhost_start("run", API, "config.json", "--to", "s.db", "--report", "s.json", cwd=home)
    tap.ok(wait_until(lambda: any(e["path"] == "/v1/events" for e in api.log())), "it runs")
    process.send_signal(signal.SIGTERM)
    run, got = abhost_wait(process), look(home, "s.json")
    api.faults()
    tap.ok(run.code == got["exit_code"] == 143 and got["signal"] == 15 and got["failure_type"] == "manual_cancellation",
           "a signal", got)
    run, got = run_it(home, API, "config.json", "--to", "k.db", "--streams", "users")
    before = json.dumps(got)
    run = abhost("run", API, "config.json", "--to", "k.db", "--report", "no/such/folder.json", cwd=home)
    tap.ok(run.code == 2 and "cannot write the report no/such/folder.json" in run.err and "records" not in run.text,
           "a report that cannot be written, before anything is read", run)
    run = abhost("run", API, "config.json", "--to", "k.db", "--report", ".", cwd=home)
    tap.ok(run.code == 2 and "cannot write the report .: Is a directory" in run.err, "nor a folder", run)
    tap.same(json.dumps(look(home)), before, "and the last one stays")
    os.symlink("/dev/full", os.path.join(home, "full.json"))
    run = abhost("run", API, "config.json", "--to", "k.db", "--report", "full.json", cwd=home)
    tap.ok("cannot write the report full.json: No space left" in run.err and os.path.islink(os.path.join(home, "full.json")),
           "a device is written, not replaced", run)
    run = subprocess.run([ABHOST, "run", API, "config.json", "--to", "k.db", "--report", "/dev/stdout"], cwd=home, check=False,
                         env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         stdout=open(os.path.join(home, "out.txt"), "w", encoding="utf-8"))
    with open(os.path.join(home, "out.txt"), encoding="utf-8") as file:
        got = file.read()
    tap.ok(run.returncode == 0 and os.path.islink("/dev/stdout") and not os.path.exists("/dev/stdout.tmp") and
           not faults(SCHEMA, json.loads(got[got.index("\n{") + 1:] if not got.startswith("{") else got)),
           "standard output that is a file gets it, too, and keeps its name", run, got)
    os.mkfifo(os.path.join(home, "pipe.json"))
    pipe = os.open(os.path.join(home, "pipe.json"), os.O_RDONLY | os.O_NONBLOCK)
    run = abhost("run", API, "config.json", "--to", "k.db", "--report", "pipe.json", cwd=home)
    got = json.loads(os.read(pipe, 65536))
    os.close(pipe)
    tap.ok(run.code == 0 and not faults(SCHEMA, got) and stat.S_ISFIFO(os.stat(os.path.join(home, "pipe.json")).st_mode),
           "and so is a pipe", run)
    steps = os.path.join(BUILD, "tests/whole/steps.so")
    if os.path.exists(steps):
        began = time.monotonic()
        run, got = run_it(home, API, "config.json", "--to", "c.db", "--verify", env={"LD_PRELOAD": os.path.abspath(steps)})
        took = time.monotonic() - began
        tap.ok(run.code == 0 and 0 < got["seconds"] < took and all(0 < s["seconds"] < took for s in got["streams"]) and
               got["started_at"] < got["ended_at"], "a clock that goes back changes no duration", got, took)
        past = json.loads(abhost("history", "c.db", "--json", cwd=home).out)
        tap.ok(0 < past["seconds"] < took, "nor the history's", past)
        run, got = run_it(home, API, "config.json", "--to", "c.db", "--verify", env={"LD_PRELOAD": os.path.abspath(steps)})
        tap.ok(run.code == 0 and got["outcome"] == "succeeded", "and a second run goes on from there", run)
        check_table(tap, os.path.join(home, "c.db"), "events", api.truth("events"), "with the right rows")
    else:
        tap.skip("a clock that goes back", "a sanitizer lets nothing be loaded before it")
tap.done()

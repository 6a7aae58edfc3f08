#!/usr/bin/env python3
"""A connector as an Airbyte source: the protocol's messages, their order, states to and fro, exit codes, and a program
made by `abhost wrap`."""
import json
import os
import signal
import subprocess
import time

from lib import (ABHOST, FAKE, KEY, TIMEOUT, FakeApi, Run, Tap, abhost, abhost_start, abhost_wait, connector, environment, need,
                 newcomers, scratch, secrets_in, sort_key, wait_until, worker_pids, write_config)
from pages import GIVEN, Source, stream

need(ABHOST, FAKE, connector("my-api"), connector("examples/cookbook/shop"), GIVEN)
tap = Tap()
MY_API = connector("my-api")


class Messages:
    """What a run printed; every line of it must be a message."""

    def __init__(self, run):
        self.run, self.lines = run, run.out.splitlines()
        self.all = [json.loads(line) for line in self.lines]

    def kind(self, kind, key):
        return [m[key] for m in self.all if m["type"] == kind]

    def records(self, name, namespace=None):
        return [r["data"] for r in self.kind("RECORD", "record")
                if r["stream"] == name and r.get("namespace") == namespace]

    def statuses(self, name):
        found = [t["stream_status"] for t in self.kind("TRACE", "trace") if t["type"] == "STREAM_STATUS"]
        return [s["status"] for s in found if s["stream_descriptor"]["name"] == name]

    def errors(self):
        return [t["error"] for t in self.kind("TRACE", "trace") if t["type"] == "ERROR"]

    def states(self):
        """The last one of each stream, as a client keeps them."""
        kept = {json.dumps(s["stream"]["stream_descriptor"]): s for s in self.kind("STATE", "state")}
        return list(kept.values())

    def counts(self, name):
        return sum(s["sourceStats"]["recordCount"] for s in self.kind("STATE", "state")
                   if s["stream"]["stream_descriptor"]["name"] == name)


def put(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


def airbyte(source, *args, **more):
    return Messages(abhost("airbyte", source, *args, **more))


def discovered(source, config):
    return airbyte(source, "discover", "--config", config).kind("CATALOG", "catalog")[0]["streams"]


def configured(folder, streams, **more):
    """As PyAirbyte writes it: incremental always, keys of its own, nulls."""
    return put(folder, "catalog.json", {"zz": None, "streams": [
        {"stream": s, "sync_mode": "incremental", "destination_sync_mode": "overwrite", "cursor_field": None,
         "primary_key": s.get("source_defined_primary_key"), "generation_id": 1, "minimum_generation_id": 1,
         "sync_id": 1, "include_files": None, **more} for s in streams]})


def read(source, config, catalog, state=None, **more):
    args = ["--config", config, "--catalog", catalog] + (["--state", state] if state else [])
    return airbyte(source, "read", *args, **more)


def same(got, wanted, name):
    return tap.same(sorted(map(sort_key, got)), sorted(map(sort_key, wanted)), name)


def exchange():
    """spec, check, discover, and their failures."""
    folder = scratch()
    got = airbyte(MY_API, "spec")
    spec = got.kind("SPEC", "spec")[0]
    tap.same((len(got.all), got.run.code, got.run.err), (1, 0, ""), "spec: one message")
    tap.same((spec["supportsIncremental"], spec["connectionSpecification"]["required"],
              spec["supported_destination_sync_modes"]),
             (True, ["api_key"], ["overwrite", "append", "append_dedup"]), "spec: what it says")
    with FakeApi(users=5, events=5) as api:
        config = write_config(folder, api)
        got = airbyte(MY_API, "check", "--config", config)
        tap.same((got.kind("CONNECTION_STATUS", "connectionStatus"), got.run.code), ([{"status": "SUCCEEDED"}], 0),
                 "check: yes")
        streams = discovered(MY_API, config)
        tap.same([s["name"] for s in streams], ["users", "events"], "discover: the streams")
        tap.same(streams[0]["json_schema"]["properties"]["id"], {"type": ["null", "integer"]},
                 "discover: a schema is inferred where there is none")
        for name, text, what in (("wrong key", {"api_key": "not" + KEY, "base_url": api.url}, "401"),
                                 ("invalid", {"base_url": api.url, "page_size": KEY}, "api_key")):
            got = airbyte(MY_API, "check", "--config", put(folder, "bad.json", text))
            status = got.kind("CONNECTION_STATUS", "connectionStatus")
            tap.ok(got.run.code == 0 and status[0]["status"] == "FAILED" and what in status[0]["message"],
                   "check, %s: FAILED with a reason, exit 0" % name, got.run)
            tap.same(secrets_in(got.run), [], "check, %s: no secret" % name)
            got = airbyte(MY_API, "discover", "--config", os.path.join(folder, "bad.json"))
            if name == "invalid":
                tap.ok(got.run.code == 1 and got.errors()[0]["failure_type"] == "config_error",
                       "discover, %s: TRACE ERROR, exit 1" % name, got.run)
        literal = put(folder, "literal.json", {"api_key": "${NOT_SET}", "base_url": api.url})
        got = airbyte(MY_API, "check", "--config", literal)
        tap.ok("401" in got.run.out, "a configuration is taken as it is: no ${NAME}", got.run)
    for args, code in ((["check", "--config", "/nowhere/c.json"], 0), (["discover", "--config", "/nowhere/c.json"], 1),
                       (["read", "--config", config, "--catalog", "/nowhere/k.json"], 1)):
        got = airbyte(MY_API, *args)
        tap.ok(got.run.code == code and "/nowhere/" in got.run.out and got.all, "%s: a file is missing" % args[0],
               got.run)
    for args in ((), ("read",), ("fly",), ("check",), ("spec", "--nonsense")):
        run = abhost("airbyte", MY_API, *args)
        tap.ok(run.code == 2 and run.out == "" and run.err, "wrong command line %r: exit 2, all on stderr" % (args,), run)


def two_reads():
    """A whole read, then what is new; the bytes of records; the order of messages."""
    folder = scratch()
    with FakeApi(users=300, events=1500, seed=7) as api:
        config = write_config(folder, api)
        catalog = configured(folder, discovered(MY_API, config))
        got = read(MY_API, config, catalog, put(folder, "none.json", "[]"))
        tap.ok(got.run.code == 0 and got.run.err == "", "read: exit 0, nothing on stderr", got.run.err)
        before = api.truth("events")
        same(got.records("users"), api.truth("users"), "read: the users")
        same(got.records("events"), before, "read: the events")
        body = api.get("users?limit=1000")[2].decode()
        texts = [l[l.index('"data":') + 7:l.rindex(',"emitted_at":')] for l in got.lines if '"stream":"users"' in l]
        tap.ok(texts and all(text in body for text in texts), "read: records are the API's own bytes")
        tap.ok(all(isinstance(r["emitted_at"], int) and r["emitted_at"] > 10**12
                   for r in got.kind("RECORD", "record")), "read: emitted_at in milliseconds")
        for name, count in (("users", 300), ("events", 1500)):
            tap.same(got.statuses(name), ["STARTED", "RUNNING", "COMPLETE"], "read: statuses of %s" % name)
            tap.same(got.counts(name), float(count), "read: sourceStats of %s" % name)
            at = [i for i, l in enumerate(got.lines) if '"%s"' % name in l]
            kinds = [got.all[i]["type"] for i in at]
            tap.same((kinds[:2], kinds[-2:]), (["TRACE", "TRACE"], ["STATE", "TRACE"]),
                     "read: %s: STARTED, RUNNING, records, STATE, COMPLETE" % name)
        states = put(folder, "state.json", got.states())
        os.chmod(states, 0o444)
        api.add("events", 20, tie=True)
        got = read(MY_API, config, catalog, states)
        same(got.records("events"), newcomers(before, api.truth("events")), "the next read: only what is new")
        same(got.records("users"), api.truth("users"), "the next read: a full refresh is read again")
        tap.same(oct(os.stat(states).st_mode & 0o777), oct(0o444), "the state file is left as it is")
        got = read(MY_API, config, catalog, put(folder, "state2.json", got.states()))
        tap.same(got.records("events"), [], "a third read: nothing")
        full = put(folder, "full.json", json.dumps(json.load(open(catalog))).replace('"incremental", "dest',
                                                                                     '"full_refresh", "dest'))
        got = read(MY_API, config, full, states)
        same(got.records("events"), api.truth("events"), "full_refresh: everything, whatever the state")
        tap.same(got.states()[-1]["stream"]["stream_state"], {"__ab_no_cursor_state_message": True},
                 "full_refresh: its last state")


def state_forms():
    """State files of every form that Airbyte's programs write."""
    folder = scratch()
    with FakeApi(users=10, events=200, seed=9) as api:
        config = write_config(folder, api)
        events = [s for s in discovered(MY_API, config) if s["name"] == "events"]
        catalog = configured(folder, events)
        whole = read(MY_API, config, catalog)
        truth = api.truth("events")
        value = sorted(r["updated_at"] for r in truth)[100]
        rest = [r for r in truth if r["updated_at"] >= value]
        state, one = {"updated_at": value}, {"name": "events", "namespace": None}
        described = {"stream_descriptor": one, "stream_state": state, "extra": 1}
        mixed = dict(whole.states()[0]["stream"]["stream_state"], updated_at=value)
        forms = {
            "per stream": [{"type": "STREAM", "stream": described, "global_": None, "data": None}],
            "without a type": [{"stream": described}],
            "in its envelope": [{"type": "STATE", "state": {"type": "STREAM", "stream": described}}],
            "changed by hand": [{"type": "STREAM", "stream": dict(described, stream_state=mixed)}],
            "LEGACY": [{"type": "LEGACY", "data": {"events": state}}],
            "the form before messages": {"events": state},
            "GLOBAL without shared state": [
                {"type": "GLOBAL", "global": {"shared_state": None, "stream_states": [described]}}],
        }
        for name, form in forms.items():
            got = read(MY_API, config, catalog, put(folder, "s.json", form))
            same(got.records("events"), rest, "state, %s: from there on" % name)
        for name, form in (("empty", ""), ("[]", "[]"), ("{}", "{}"), ("null", [{"type": "STREAM", "stream": {
                "stream_descriptor": one, "stream_state": None}}]), ("of a full refresh", [{"type": "STREAM", "stream": {
                    "stream_descriptor": one, "stream_state": {"__ab_no_cursor_state_message": True}}}])):
            got = read(MY_API, config, catalog, put(folder, "s.json", form))
            tap.same(len(got.records("events")), 200, "state, %s: from the beginning" % name)
        for name, form, what in (
                ("shared state", [{"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}, "stream_states": []}}],
                 "shared_state"),
                ("no JSON", "{\"events\": ", "state file"), ("a number", "7", "state file"),
                ("no message", [7], "each stream"), ("no stream", [{"stream": {}}], "whose it is")):
            got = read(MY_API, config, catalog, put(folder, "s.json", form))
            error = (got.errors() or [{}])[0]
            tap.ok(got.run.code == 1 and error.get("failure_type") == "config_error" and what in error["message"],
                   "state, %s: refused with a sentence" % name, got.run)
        streams = json.load(open(catalog))["streams"]
        camel = [{"stream": s["stream"], "syncMode": "incremental", "destinationSyncMode": "soft_delete"}
                 for s in streams]
        got = read(MY_API, config, put(folder, "camel.json", {"streams": camel}))
        tap.same(len(got.records("events")), 200, "a catalog in the other spelling, with a mode that abhost has not")
        got = read(MY_API, config, put(folder, "no.json", {"streams": []}))
        tap.same((got.run.code, got.all), (0, []), "a catalog without streams: nothing, exit 0")


def failures():
    """One stream fails, one is unknown; a rate limit; an interrupted refresh goes on."""
    folder = scratch()
    with FakeApi(users=300, events=600, seed=3) as api:
        config = write_config(folder, api, page_size=100)
        streams = discovered(MY_API, config)
        api.faults("status=403,path=events")
        got = read(MY_API, config, configured(folder, streams))
        tap.ok(got.run.code == 1 and got.statuses("users")[-1] == "COMPLETE", "one stream fails, the other does not",
               got.run)
        error = got.errors()[0]
        tap.same((got.statuses("events")[-1], error["stream_descriptor"], error["failure_type"]),
                 ("INCOMPLETE", {"name": "events"}, "config_error"), "its error names it, its status is INCOMPLETE")
        tap.same(secrets_in(got.run), [], "no secret told")
        api.faults()
        lost = dict(streams[0], name="gone")
        got = read(MY_API, config, configured(folder, streams + [lost]))
        tap.ok(got.run.code == 1 and got.statuses("gone") == ["INCOMPLETE"] and
               got.errors()[0]["stream_descriptor"] == {"name": "gone"}, "a stream that is not there is told", got.run)
        same(got.records("events"), api.truth("events"), "the others are read")
        api.faults("status=429,retry-after=3,path=users,times=1")
        got = read(MY_API, config, configured(folder, streams[:1]))
        waits = [t["stream_status"]["reasons"][0] for t in got.kind("TRACE", "trace")
                 if t.get("stream_status", {}).get("reasons")]
        tap.ok(waits and waits[0]["type"] == "RATE_LIMITED" and waits[0]["rate_limited"]["quota_reset"] > 10**12,
               "a rate limit is a reason of RUNNING", got.run)
        api.faults("status=400,path=users,after=2")
        got = read(MY_API, config, configured(folder, streams[:1]))
        first, states = got.records("users"), put(folder, "s.json", got.states())
        api.faults()
        got = read(MY_API, config, configured(folder, streams[:1]), states)
        same(first + got.records("users"), api.truth("users"), "a refresh that broke off goes on where it was")
        tap.same(len(first), 200, "that is, behind the second page")


def partitions():
    """Streams that are read in parts: children of a parent, windows with one state for all."""
    folder, shop = scratch(), connector("examples/cookbook/shop")
    with FakeApi(users=8, events=300, seed=13) as api:
        config = write_config(folder, api)
        catalog = configured(folder, discovered(shop, config))
        got = read(shop, config, catalog)
        before = api.truth("events")
        tap.ok(got.run.code == 0, "parts: a whole read", got.run.out[-600:])
        same(got.records("events"), before, "parts: all of the windows")
        tap.ok(len(got.records("orders")) > 8, "parts: the children", len(got.records("orders")))
        tap.same(len(got.records("orders")), len(set(map(sort_key, got.records("orders")))), "parts: each once")
        states = put(folder, "s.json", got.states())
        api.add("events", 15)
        again = read(shop, config, catalog, states)
        came = set(map(sort_key, again.records("events")))
        tap.ok(all(sort_key(r) in came for r in newcomers(before, api.truth("events"))), "parts: what is new comes")
        tap.ok(again.run.code == 0, "parts: the states are taken", again.run.out[-600:])


def broken_off():
    """SIGTERM in the middle: what was printed and what the next read prints are all records, each once."""
    folder = scratch()
    with FakeApi(users=10, events=6000, seed=17) as api:
        config = write_config(folder, api, page_size=100)
        catalog = configured(folder, [s for s in discovered(MY_API, config) if s["name"] == "events"])
        args = ("airbyte", MY_API, "read", "--config", config, "--catalog", catalog)
        api.faults("drip=5,path=events")
        lines = []
        process = abhost_start(*args)
        while len(lines) < 1500:
            lines.append(process.stdout.readline())
        process.terminate()
        lines.append(process.stdout.read())
        got = Messages(Run(args, abhost_wait(process).code, "".join(lines), ""))
        first = got.records("events")
        tap.ok(1400 < len(first) < 6000, "broken off: in the middle", len(first))
        api.faults()
        rest = read(MY_API, config, catalog, put(folder, "s.json", got.states()))
        same(first + rest.records("events"), api.truth("events"), "broken off: the next read gets what was missing")


def namespaces():
    """Two streams of one name; a total; constants and line ends; records of any form."""
    one, other = stream("t", namespace="a"), stream("t", namespace="b")
    source = Source(one, other, stream("u"))
    source.give("t", 'about: {"constants":{"org":"x"},"total":3}\n[{"id":1,"big":123456789012345678901234567890},\n{}]',
                '[{\n"id":\r\n3.0e+1}]')
    source.give("u", [])
    config = os.path.join(source.folder, "config.json")
    got = read(GIVEN, config, configured(source.folder, [one]))
    tap.same((len(got.records("t", "a")), got.records("t", "b")), (3, []), "the namespace counts")
    tap.ok('"data":{"org":"x","id":1,"big":123456789012345678901234567890},' in got.run.out,
           "numbers are not printed again", got.run)
    tap.ok('"data":{"org":"x"},' in got.run.out and '{ "id":  3.0e+1}' in got.run.out,
           "an empty record, and one with line ends", got.run)
    total = [t["estimate"] for t in got.kind("TRACE", "trace") if t["type"] == "ESTIMATE"]
    tap.same(total, [{"name": "t", "type": "STREAM", "row_estimate": 3, "namespace": "a"}], "a total is an ESTIMATE")
    tap.same(got.states()[0]["stream"]["stream_descriptor"], {"name": "t", "namespace": "a"}, "the state has it too")
    got = read(GIVEN, config, configured(source.folder, [one, other, stream("u")]))
    tap.same((len(got.records("t", "a")), len(got.records("t", "b"))), (3, 3), "both can be read at once")
    tap.same(got.statuses("u"), ["STARTED", "COMPLETE"], "a stream without records is never RUNNING")


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def early_ends():
    """The client has enough: it closes the pipe, or says SIGTERM and reads no more."""
    folder = scratch()
    with FakeApi(users=10, events=100000) as api:
        config = write_config(folder, api, page_size=1000)
        catalog = configured(folder, discovered(MY_API, config))
        args = ("airbyte", MY_API, "read", "--config", config, "--catalog", catalog)
        process = abhost_start(*args)
        process.stdout.readline()
        workers = worker_pids(process.pid)
        time.sleep(0.5)  # the pipe is full, and nobody reads
        began = time.monotonic()
        process.terminate()
        process.wait(60)
        tap.ok(time.monotonic() - began < 8, "SIGTERM while nobody reads: it ends soon")
        tap.same(process.returncode, -signal.SIGTERM, "killed by SIGTERM, as clients expect")
        tap.ok(wait_until(lambda: all(map(gone, workers)), 10), "no process is left")
        process.communicate()
        process = abhost_start(*args)
        process.stdout.readline()
        workers = worker_pids(process.pid)
        process.stdout.close()
        process.wait(60)
        tap.ok(process.returncode == 1, "a closed pipe ends it with 1", process.returncode)
        tap.ok(wait_until(lambda: all(map(gone, workers)), 10), "and no process is left")
        process.stderr.close()
        api.faults("drip=100,path=events")
        process = abhost_start(*args)
        line = process.stdout.readline()
        while "RUNNING" not in line or "events" not in line:
            line = process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()
        run = abhost_wait(process)
        got = Messages(Run(args, run.code, rest, run.err))
        tap.ok(run.code == -signal.SIGTERM and got.statuses("events")[-1:] == ["INCOMPLETE"] and
               got.all[-1]["type"] != "RECORD", "SIGTERM with a reader: the last messages are still told", rest[-500:])


def wrapped():
    folder = scratch()
    program = os.path.join(folder, "source-my-api")
    run = abhost("wrap", MY_API, "-o", program)
    tap.ok(run.code == 0 and os.access(program, os.X_OK), "wrap: it makes a program", run)
    before = open(program, "rb").read()
    run = abhost("wrap", MY_API, "--output", program)
    tap.ok(run.code == 3 and "--force" in run.err and open(program, "rb").read() == before,
           "wrap: never over a file that is there", run)
    tap.same(sorted(os.listdir(folder)), ["source-my-api"], "wrap: nothing else is left")
    tap.same(abhost("wrap", MY_API, "-o", program, "--force").code, 0, "wrap: but with --force")
    run = abhost("wrap", MY_API)
    tap.ok(run.code == 2 and "--output" in run.err, "wrap: where to is a must", run)
    moved = os.path.join(scratch(), "it's elsewhere")
    os.rename(program, moved)

    def call(*args, cwd=None, path=moved):
        done = subprocess.run([path, *args], cwd=cwd, env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
        return done.returncode, done.stdout

    tap.same(call("spec"), (0, airbyte(MY_API, "spec").run.out), "wrapped: spec")
    with FakeApi(users=10, events=20) as api:
        config = write_config(folder, api)
        tap.ok("SUCCEEDED" in call("check", "--config", config)[1], "wrapped: check")
        tap.ok("SUCCEEDED" in call("check", "--config", config, cwd=os.path.dirname(moved), path="./it's elsewhere")[1],
               "wrapped: by a relative path")
        catalog = configured(folder, discovered(moved, config))
        code, out = call("read", "--config", config, "--catalog", catalog, "--state", put(folder, "s.json", "[]"))
        tap.ok(code == 0 and out.count('"RECORD"') == 30, "wrapped: read", out[-500:])
        run = abhost("run", moved, config, "--to", os.path.join(folder, "x.db"))
        tap.ok(run.code == 0, "a wrapped file is still a connector", run)
    tap.same(call("read")[0], 2, "wrapped: a wrong command line")
    with open(moved, "r+b") as file:
        file.truncate(len(before) - 1)
    code, out = call("spec")
    tap.ok(code == 1 and "not whole" in out, "wrapped: a file that is cut off is told", out)


for test in (exchange, two_reads, state_forms, failures, partitions, broken_off, namespaces, early_ends, wrapped):
    test()
tap.done()

#!/usr/bin/env python3
"""my-api on the kit and my-api on the bare vtable, in C, C++ and Rust, are one connector: the same requests, records
and state."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."), "tests", "whole"))
import lib

FLAVOURS = ["my-api", "my-api-low"]
lib.need(lib.ABHOST, lib.FAKE, *map(lib.connector, FLAVOURS))
tap = lib.Tap()
for language, compiler in (("cpp", "a C++ compiler"), ("rust", "rustc")):
    if os.path.exists(lib.connector("my-api-" + language)):
        FLAVOURS.append("my-api-" + language)
    else:
        tap.skip("my-api-%s is the same" % language, "%s was not there when abhost was configured" % compiler)
folder = lib.scratch()


def asked(api):
    """The requests since the last look, without what differs from run to run: the streams are read side by side."""
    return sorted(((r["method"], r["path"], r["query"]) for r in api.log(clear=True)), key=lambda r: r[1])


def state(db):
    return json.loads(lib.abhost("state", db).out)


def all_of_them(api, what):
    """Runs each flavour over what it left before: requests, tables and state must be equal."""
    seen = []
    for name in FLAVOURS:
        db = os.path.join(folder, what + name + ".db")
        run = lib.abhost("run", lib.connector(name), config, "--to", "sqlite:" + db)
        if not tap.ok(run.code == 0, "%s: %s runs" % (what, name), run):
            tap.done()
        requests = asked(api)
        tables = [sorted(map(lib.sort_key, lib.read_table(db, stream))) for stream in ("users", "events")]
        seen.append((requests, tables, state(db)))
    for name, other in zip(FLAVOURS[1:], seen[1:]):
        for i, thing in enumerate(("requests", "records", "state")):
            tap.same(other[i], seen[0][i], "%s: %s has the same %s" % (what, name, thing))
    for stream in ("users", "events"):
        lib.check_table(tap, db, stream, lib.latest(api.truth(stream)), "%s: %s is what the API has" % (what, stream))
    return seen[0]


with lib.FakeApi(users=450, events=1234) as api:
    config = lib.write_config(folder, api)
    found = [lib.abhost("discover", lib.connector(name), config) for name in FLAVOURS]
    tap.ok(found[0].code == 0, "discover works", found[0])
    for name, other in zip(FLAVOURS[1:], found[1:]):
        tap.same(json.loads(other.out or "null"), json.loads(found[0].out or "null"), name + ": the same catalog")
    asked(api)

    requests, _, _ = all_of_them(api, "plain")
    first = [q for _, path, q in requests if path.endswith("/events")][0]
    tap.same(first, {"limit": "200", "updated_after": "2024-01-01"}, "200 a page, from 2024-01-01 on")
    tap.same(len(requests), 3 + 7, "as many requests as pages")
    api.add("events", 37)
    api.change("events", 5)
    requests, _, _ = all_of_them(api, "plain")
    events = [q for _, path, q in requests if path.endswith("/events")]
    tap.ok(len(events) == 1 and events[0]["updated_after"] > "2024-01-01", "only what is new is asked for", events)
    all_of_them(api, "plain")

    config = lib.write_config(folder, api, page_size=77, start_date="2023-12-01")
    requests, _, _ = all_of_them(api, "configured")
    first = [q for _, path, q in requests if path.endswith("/events")][0]
    tap.same(first, {"limit": "77", "updated_after": "2023-12-01"}, "page_size and start_date are taken")

    api.key = "wrong-key"
    config = lib.write_config(folder, api)
    for name in FLAVOURS:
        run = lib.abhost("check", lib.connector(name), config)
        body = api.get("health")[2].decode().strip()
        tap.ok(run.code == 3 and "401" in run.err and body in run.err,
               "%s: check tells the API's status and text" % name, run, body)

with lib.FakeApi(users=25, events=40) as api:
    config = lib.write_config(folder, api, page_size=10)
    for name in FLAVOURS:
        test = lib.abhost("test", lib.connector(name), "--config", config, "--record", os.path.join(folder, name))
        tap.ok(test.code == 0 and "\nnot ok" not in test.out, name + " passes abhost test", test)
        for line in test.out.splitlines():
            if "# SKIP" in line:
                tap.note(line)
tap.done()

#!/usr/bin/env python3
"""What an API may do wrong: each fault ends in the right exit code, with a sentence that says what, where and
what to do; the key is never seen; and once the API is well again, a second run ends with exactly the right rows."""
import os
import re

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, connector, latest, match_rows, need, parallel, read_table,
                 scratch, secrets_in, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()
FAST = ",retry-after=0"  # so that trying again costs the test no time

# faults, exit code, what the sentence must say, and whether the second run should be compared
CASES = [
    # mended by trying again
    (["status=500,path=events,nth=2" + FAST], 0, None),
    (["status=503,path=events,nth=3,retry-after=1"], 0, None),
    (["status=429,path=users,nth=1,retry-after=date:1"], 0, None),
    (["status=408,path=events,nth=1"], 0, None),
    (["reset=1000,path=events,nth=2"], 0, None),
    (["reset=0,path=events,nth=2"], 0, None),
    (["truncate=1000,path=events,nth=2"], 0, None),
    (["close,path=events,nth=4"], 0, None),
    # not faults at all
    (["drip=3,path=events,every=2"], 0, None),
    (["chunked"], 0, None),
    (["empty,path=events,nth=2"], 0, None),
    (["duplicates,path=events"], 0, None),
    (["redirect=/v1/moved,path=/v1/events,times=1"], 0, None),
    # for ever
    (["status=401"], 3, r"401.*The API key is not valid"),
    (["status=403,path=events"], (3, 4), r"events.*403.*may not read"),
    (["status=401,path=events,after=3"], (3, 4), r"events.*401.*The API key is not valid"),
    (["status=404,path=events"], 4, r"events.*404.*There is no such thing"),
    (["status=500,path=events" + FAST], 4, r"events.*500.*on our side"),
    (["status=500" + FAST], 1, r"500.*on our side"),
    (["reset=1000,path=events,after=2"], 4, r"events"),
    (["truncate=1000,path=events,after=2"], 4, r"events"),
    (["close"], 1, r""),
    (["html,path=events"], 4, r"events.*(DOCTYPE|HTML|html)"),
    (["html"], 1, r"(DOCTYPE|HTML|html)"),
    (["text=[1, 2"], 1, r""),
    (["json-cut,path=events,after=1"], 4, r"events"),
    (["gzip-cut,path=events,after=1"], 4, r"events"),
    (["text={}"], 1, r'nothing at "data"$|nothing at "data" '),
    (["text={\"error\": 1, \"items\": []}"], 1, r'users: the answer has nothing at "data", but: error, items'),
    (["text={\"data\": [1, 2]}"], 1, r""),
    (["text={\"data\": 7}"], 1, r""),
    (["text=null"], 1, r""),
    (["text="], 1, r""),
    (["repeat-cursor,path=events"], 4, r"events.*(token|cursor|page)"),
    (["redirect=/v1/moved,path=events"], 4, r"events.*redirect"),
    (["huge=80000000,path=events"], 4, r"events"),
]


def run_case(case):
    faults, code, says = case
    folder = scratch()
    db = os.path.join(folder, "my-api.db")
    with FakeApi(users=30, events=1000, seed=31) as api:
        write_config(folder, api, page_size=100)
        api.faults(*faults)
        hit = abhost("run", connector("my-api"), "config.json", cwd=folder)
        api.faults()
        again = abhost("run", connector("my-api"), "config.json", cwd=folder)
        try:
            wrong = match_rows(read_table(db, "events"), latest(api.truth("events"))) or \
                match_rows(read_table(db, "users"), api.truth("users"))
        except LookupError as error:
            wrong = str(error)
        return hit, again, wrong, secrets_in(hit, db)


for (faults, code, says), (hit, again, wrong, secrets) in zip(CASES, parallel(run_case, CASES)):
    name = " ".join(faults)
    codes = code if isinstance(code, tuple) else (code,)
    fine = hit.code in codes and (says is None or re.search(says, hit.err.replace("\n", " ")))
    tap.ok(fine, "%s: exit %s%s" % (name, code, ", /%s/" % says if says else ""), hit)
    tap.same(secrets, [], "%s: the key is nowhere" % name)
    tap.ok(again.code == 0 and wrong is None, "%s: then exactly the right rows" % name, wrong, again)


def wrong_types():
    """Values that do not fit their column are kept or told of, never dropped in silence."""
    folder = scratch()
    with FakeApi(users=0, events=300, seed=32) as api:
        write_config(folder, api, page_size=100)
        api.faults("wrong-types,path=events,nth=2")
        run = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(run.code == 0, "wrong types: the run goes on", run)
        rows = {row["id"]: row for row in read_table(os.path.join(folder, "my-api.db"), "events")}
        truth = api.truth("events")
        tap.same(sorted(rows), [r["id"] for r in truth], "wrong types: no record is lost")
        tap.same({rows[i]["active"] for i in range(101, 201) if i in rows}, {"yes"}, "wrong types: kept, as text")
        tap.ok(all(str(rows[r["id"]]["ref"]) == str(r["ref"]) for r in truth[:100] if r["id"] in rows),
               "wrong types: the integers before them are still exact")


def stale_cursor():
    """A page token that the API no longer accepts begins the stream again, from its state."""
    folder = scratch()
    db = os.path.join(folder, "my-api.db")
    with FakeApi(users=500, events=1000, seed=33) as api:
        write_config(folder, api, page_size=100)
        api.faults("status=404,path=users,nth=4", "status=404,path=events,nth=4")
        hit = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(hit.code == 1, "stale cursor: interrupted first", hit)
        api.faults("stale,times=1,path=users", "stale,times=1,path=events")
        again = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(again.code == 0, "stale cursor: the next run ends well", again)
        for name in ("users", "events"):
            why = match_rows(read_table(db, name), latest(api.truth(name)) if name == "events" else api.truth(name))
            tap.ok(why is None, "stale cursor: exactly the right %s" % name, why)


def other_origin():
    """The key does not follow a redirect to another origin."""
    folder = scratch()
    with FakeApi(users=10, events=10) as api, FakeApi(users=10, events=10, key="another") as other:
        write_config(folder, api)
        api.faults("redirect=%s" % other.url.rstrip("/"))
        run = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(run.code != 0, "redirect to another origin: no records", run)
        seen = [entry["headers"].get("Authorization") for entry in other.log()]
        tap.same([header for header in seen if header], [], "redirect to another origin: the key stayed behind")


def no_server():
    folder = scratch()
    with FakeApi(users=1, events=1) as api:
        write_config(folder, api)
        port = api.root.rsplit(":", 1)[1]
    run = abhost("run", connector("my-api"), "config.json", cwd=folder)
    tap.ok(run.code == 1 and port in run.err, "nobody listens: told with the address", run)


for law in (wrong_types, stale_cursor, other_origin, no_server):
    law()
tap.done()

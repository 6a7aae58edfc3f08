#!/usr/bin/env python3
"""The fake API is a truth that the other tests may build on: same seed, same bytes; every style of paging
gives each record once; a fault does to the wire what it says."""
import http.client
import json
import os
import subprocess
import urllib.parse

from lib import FAKE, ISO, KEY, TIMEOUT, FakeApi, Tap, need, parse_lines

need(FAKE)
tap = Tap()


def walk(api, style, name, limit, **params):
    """All records, as a client of that style would read them; and the number of pages."""
    records, pages, url, count = [], 0, None, 0
    query = dict(params, limit=limit)
    while True:
        status, headers, body = api.get(url or "by-%s/%s?%s" % (style, name, urllib.parse.urlencode(query)))
        assert status == 200, body
        page = json.loads(body)
        data = page if style == "link" else page["data"]
        records += data
        pages += 1
        count += len(data)
        if style == "cursor":
            query["cursor"] = page["nextCursor"]
            more = page["nextCursor"] is not None
        elif style == "page":
            more = page["page"] < page["total_pages"]
            query["page"] = page["page"] + 1
        elif style == "offset":
            query["offset"] = count
            more = count < page["total"]
        elif style == "link":
            nexts = [p for p in (headers["Link"] or "").split(",") if 'rel="next"' in p]
            more = bool(nexts)
            url = "/" + nexts[0].split("<")[1].split(">")[0].split("/", 3)[3] if more else None
        elif style == "next":
            more = page["next_url"] is not None
            url = "/" + page["next_url"].split("/", 3)[3] if more else None
        else:
            more = page["has_more"]
            query["starting_after"] = data[-1]["id"] if data else None
        if not more:
            return records, pages


for shape, fields in (("flat", 9), ("nested", 29), ("wide", 60)):
    with FakeApi(events=503, shape=shape, seed=7) as api:
        truth = api.truth("events")
        dump = subprocess.run([FAKE, "--events", "503", "--shape", shape, "--seed", "7", "--dump", "events"],
                              stdout=subprocess.PIPE, check=True).stdout
        tap.same(parse_lines(dump), truth, "%s: --dump is what is served" % shape)
        tap.ok(len(truth) == 503 and all(len(r) == fields for r in truth), "%s: %d fields" % (shape, fields))
        for style in "cursor page offset link next last".split():
            got, pages = walk(api, style, "events", 100)
            tap.ok(got == truth and pages == 6, "%s: paging by %s gives each record once" % (shape, style),
                   len(got), pages)

with FakeApi(events=1000, users=30, seed=3) as api:
    truth = api.truth("events")
    times = [r["updated_at"] for r in truth]
    tap.ok(times == sorted(times) and len(set(times)) < len(times), "events ascend, with ties")
    tap.ok(any(r["ref"] and r["ref"] > 2**53 for r in truth) and any(r["ref"] is None for r in truth),
           "integers beyond 2^53, and nulls")
    since = times[600]
    got, _ = walk(api, "cursor", "events", 7, updated_after=since)
    tap.same(got, [r for r in truth if r["updated_at"] >= since], "updated_after is inclusive")
    tap.same(len(api.json("users?limit=7")["data"]), 7, "limit is honoured")
    tap.same(api.get("users", key=False)[0], 401, "no key, no records")
    tap.same(api.get("users", key=False, headers={"Authorization": "Bearer wrong"})[0], 401, "wrong key")
    tap.same(api.get("users", key=False, headers={"X-Api-Key": KEY})[0], 200, "key in a header of its own")
    tap.same(api.get("users?cursor=nonsense")[0], 400, "a cursor that is none")
    foreign = api.json("users?limit=1")["nextCursor"]
    tap.same(api.get("events?cursor=" + foreign)[0], 400, "a cursor of another list")

    first = api.json("events?limit=400")
    api.add("events", 3, tie=True)
    api.change("events", 5)
    now = api.truth("events")
    tap.same(now[-8]["updated_at"], times[-1], "a record may come with the last one's updated_at")
    tap.same(len({r["id"] for r in now}), 1003, "a change is not a new record")
    old = {r["id"]: r for r in truth}
    changed = [r for r in now if r["id"] in old and old[r["id"]] != r]
    tap.ok(len(changed) == 5 and all(r["updated_at"] > times[-1] for r in changed), "changed records move to the end",
           changed)
    rest, query = [], first["nextCursor"]
    while query:
        page = api.json("events?limit=400&cursor=" + query)
        rest, query = rest + page["data"], page["nextCursor"]
    tap.same({r["id"]: r for r in first["data"] + rest}, {r["id"]: r for r in now},
             "a cursor stays true while records change")
    api.log(clear=True)
    api.get("health")
    api.get("events?limit=2&updated_after=2024-01-01")
    log = api.log()
    tap.same([(e["path"], e["query"]) for e in log],
             [("/v1/health", {}), ("/v1/events", {"limit": "2", "updated_after": "2024-01-01"})],
             "the log has the order")
    tap.same(log[0]["headers"]["Authorization"], "Bearer " + KEY, "and the headers")

with FakeApi("--unsorted", events=500, duplicates=20, seed=5) as api:
    truth = api.truth("events")
    times = [r["updated_at"] for r in truth]
    tap.ok(times != sorted(times) and len(truth) > 500 and len({r["id"] for r in truth}) == 500,
           "unsorted, with duplicates")
    tap.same(walk(api, "cursor", "events", 33)[0], truth, "and each page in its place")
    since = sorted(times)[300]
    tap.same(walk(api, "offset", "events", 33, updated_after=since)[0],
             [r for r in truth if r["updated_at"] >= since], "and filtered")


def outcome(api, path, timeout=TIMEOUT):
    """What a plain client sees: (status, body), or the name of the error."""
    try:
        status, _, body = api.get(path, timeout=timeout)
        return status, body
    except (http.client.HTTPException, OSError, EOFError) as error:
        return type(error).__name__


def is_json(body):
    try:
        json.loads(body)
        return True
    except ValueError:
        return False


with FakeApi(events=100) as api:
    whole = api.get("events")[2]
    for spec, fits in (
            ("status=503", lambda o: o[0] == 503),
            ("reset=500", lambda o: o in ("ConnectionResetError", "IncompleteRead")),
            ("truncate=500", lambda o: o == "IncompleteRead"),
            ("close", lambda o: o in ("RemoteDisconnected", "ConnectionResetError")),
            ("hang", lambda o: o == "TimeoutError"),
            ("hang=100", lambda o: o == "TimeoutError"),
            ("drip=1", lambda o: o == (200, whole)),
            ("chunked", lambda o: o == (200, whole)),
            ("gzip-cut", lambda o: o == "EOFError"),
            ("json-cut", lambda o: o[0] == 200 and not is_json(o[1])),
            ("html", lambda o: o[0] == 200 and o[1].startswith(b"<!DOCTYPE html>")),
            ("text=[1, 2", lambda o: o == (200, b"[1, 2")),
            ("wrong-types", lambda o: json.loads(o[1])["data"][0]["active"] == "yes"),
            ("empty", lambda o: json.loads(o[1])["data"] == [] and json.loads(o[1])["nextCursor"]),
            ("huge=1000000", lambda o: len(json.loads(o[1])["data"][0]["name"]) >= 1000000),
            ("duplicates", lambda o: len(json.loads(o[1])["data"]) == 200),
            ("redirect=/v1/moved", lambda o: o[0] == 302),
            ("status=500,nth=2", lambda o: o == (200, whole)),
            ("status=500,after=1", lambda o: o == (200, whole)),
            ("status=500,path=users", lambda o: o == (200, whole)),
            ("stale", lambda o: o == (200, whole))):
        api.faults(spec)
        got = outcome(api, "events", 1 if spec.startswith("hang") else TIMEOUT)
        tap.ok(fits(got), "fault %s" % spec, repr(got)[:300])
    api.faults("status=429,retry-after=3,times=1", "status=503,retry-after=date:3,nth=1")
    tap.same(api.get("events")[1]["Retry-After"], "3", "Retry-After in seconds")
    tap.ok(api.get("events")[1]["Retry-After"].endswith(" GMT"), "Retry-After as a date")
    tap.same(api.get("events")[0], 200, "a fault ends when its times are over")
    api.faults("stale")
    cursor = api.json("events?limit=10")["nextCursor"]
    tap.same(api.get("events?limit=10&cursor=" + cursor)[0], 410, "a stale cursor")
    api.faults("repeat-cursor")
    tap.same(api.json("events?limit=10&cursor=" + cursor)["nextCursor"], cursor, "a repeated cursor")
    try:
        api.faults("nonsense=1")
        tap.ok(False, "an unknown fault is refused")
    except RuntimeError as error:
        tap.ok("nonsense" in str(error), "an unknown fault is refused", error)

with FakeApi("--gzip", events=1000) as api:
    status, headers, body = api.get("events?limit=1000", headers={"Accept-Encoding": "gzip"})
    tap.ok(headers["Content-Encoding"] == "gzip" and len(json.loads(body)["data"]) == 1000, "gzip on request")
    tap.same(api.get("events?limit=1000")[1]["Content-Encoding"], None, "and only on request")

with FakeApi(events=100, storm=50, seed=11) as api:
    fails, row, worst = 0, 0, 0
    for _ in range(200):
        good = outcome(api, "events?limit=5")
        good = good[0] == 200 if isinstance(good, tuple) else False
        fails += not good
        row = 0 if good else row + 1
        worst = max(worst, row)
    tap.ok(30 < fails < 150 and worst <= 2, "a storm hits often, but never three times in a row", fails, worst)

if os.path.isdir(ISO):
    with FakeApi("--lists", ISO, events=0, users=0) as api:
        for entry in api.json("lists")["data"]:
            with open("%s/%s.json" % (ISO, entry["name"]), encoding="utf-8") as file:
                wanted = next(iter(json.load(file).values()))
            tap.same(walk(api, "cursor", "lists/" + entry["name"], 1000)[0], wanted, "list %s" % entry["name"])
else:
    tap.skip("lists", "the package iso-codes is not installed")
tap.done()

#!/usr/bin/env python3
"""`abhost airbyte CONNECTOR read` with several streams and partitions at once (tests/zoo/many.c, lanes.c): a client that stops
behind any STATE has all records that the STATE covers; what it is told of counts and of a crash is right."""
import json
import os
import random

from lib import ABHOST, BUILD, Tap, abhost, connector, need, scratch, seed
from manylib import MANY, configure, truth

LANES = connector("tests/zoo/lanes")
OFTEN = os.path.join(BUILD, "tests/kill/abhost-often")  # makes a checkpoint every few hundred records
need(ABHOST, OFTEN, MANY, LANES)
tap = Tap()
chance = random.Random(seed())
BASE = {"streams": 3, "records": 200, "page": 20}
# which kinds of state there are: none has more than one of the reasons to be cut early
KINDS = ({}, {"sorted": 1}, {"resumable": 1}, {"own": 1}, {"parts": 7}, {"parts": 7, "sorted": 1},
         {"parts": 7, "resumable": 1, "own": 1}, {"parts": 7, "shared": 1})


def put(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path


def catalog_of(folder, count, mode="incremental"):
    streams = [{"name": "s%d" % i, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
               for i in range(count)]
    return put(folder, "catalog.json", {"streams": [
        {"stream": s, "sync_mode": mode, "destination_sync_mode": "append"} for s in streams]})


def read(folder, catalog, *args, source=MANY, env=None):
    return abhost("airbyte", source, "read", "--config", "c.json", "--catalog", catalog, *args, cwd=folder, program=OFTEN,
                  env={"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker"), **(env or {})})


def messages(run):
    return [json.loads(line) for line in run.out.splitlines()]


def name_of(message):
    return message["state"]["stream"]["stream_descriptor"]["name"]


def rows(found, name):
    return [(r["record"]["data"]["id"], r["record"]["data"]["at"]) for r in found
            if r["type"] == "RECORD" and r["record"]["stream"] == name]


def counts_are_right(found):
    """sourceStats: of each STATE, the records of its stream since the one before."""
    since = {}
    for m in found:
        if m["type"] == "RECORD":
            since[m["record"]["stream"]] = since.get(m["record"]["stream"], 0) + 1
        elif m["type"] == "STATE":
            if m["state"]["sourceStats"]["recordCount"] != since.pop(name_of(m), 0):
                return m
    return None if not any(since.values()) else since


def cut_anywhere(kind, mode):
    """Each STATE covers only what stands before it."""
    settings, folder = {**BASE, **kind}, scratch()
    configure(folder, **settings)
    catalog = catalog_of(folder, settings["streams"], mode)
    whole = read(folder, catalog)
    found = messages(whole)
    wanted, what = truth(settings), "%s, %s" % (mode, " ".join(kind) or "plain")
    tap.ok(whole.code == 0 and all(sorted(rows(found, "s%d" % i)) == sorted(wanted) for i in range(3)),
           "%s: every record once" % what, whole.out[-300:])
    tap.same(counts_are_right(found), None, "%s: sourceStats" % what)
    at = [i for i, m in enumerate(found) if m["type"] == "STATE"]
    for i in sorted(chance.sample(at, min(4, len(at)))):
        kept = {name_of(m): m["state"] for m in found[:i + 1] if m["type"] == "STATE"}
        again = read(folder, catalog, "--state", put(folder, "s.json", list(kept.values())))
        lost = [name for name in ("s0", "s1", "s2")
                if set(rows(found[:i + 1], name)) | set(rows(messages(again), name)) != wanted]
        if not tap.ok(again.code == 0 and not lost, "%s: stopped behind message %d of %d, then read again" %
                      (what, i, len(found)), "lost of: %s" % lost, again.out[-300:]):
            break


def at_once():
    folder = scratch()
    configure(folder, **BASE, wait=2)
    catalog = catalog_of(folder, 3)

    def mixed(*args, **more):
        order = [m["record"]["stream"] for m in messages(read(folder, catalog, *args, **more)) if m["type"] == "RECORD"]
        return sum(a != b for a, b in zip(order, order[1:])) > 2

    tap.ok(mixed(), "streams are read at once, unasked")
    tap.ok(not mixed("--concurrency", "1"), "--concurrency 1: one after the other")
    tap.ok(not mixed(env={"ABHOST_CONCURRENCY": "1"}), "ABHOST_CONCURRENCY=1 as well")
    tap.ok(mixed("--concurrency", "3", env={"ABHOST_CONCURRENCY": "1"}), "the option wins")
    for wrong in ({"args": ("--concurrency", "0")}, {"args": ("--concurrency", "x")}, {"env": {"ABHOST_CONCURRENCY": "65"}}):
        run = read(folder, catalog, *wrong.get("args", ()), env=wrong.get("env"))
        tap.ok(run.code == 2 and run.out == "" and "from 1 to 64" in run.err, "%s is refused" % wrong, run)


def crash():
    """A stream that crashes takes a full refresh with it that cannot go on: nothing of that comes twice."""
    folder = scratch()
    put(folder, "c.json", {"parts": 2, "pages": 6, "others_ms": 150, "bad": "crash", "bad_part": 0, "bad_page": 2,
                           "delay_ms": 350})
    for mode in ("full_refresh", "incremental"):
        run = read(folder, catalog_of(folder, 2, mode), source=LANES)
        found = messages(run)
        records = [json.dumps([m["record"]["data"]["p"], m["record"]["data"]["page"]]) for m in found
                   if m["type"] == "RECORD" and m["record"]["stream"] == "s1"]
        ends = [t["trace"]["stream_status"] for t in found if t["type"] == "TRACE" and "stream_status" in t["trace"]]
        ended = {s["stream_descriptor"]["name"]: s["status"] for s in ends if s["status"] in ("COMPLETE", "INCOMPLETE")}
        tap.ok(run.code == 1 and ended.get("s0") == "INCOMPLETE", "%s, a crash: its stream fails" % mode, run)
        if ended.get("s1") == "INCOMPLETE":
            tap.same(len(records), len(set(records)), "%s, a crash: what cannot go on ends, and nothing came twice" % mode)
        else:
            tap.ok(len(set(records)) == 12 and (mode == "incremental" or len(records) == 12),
                   "%s, a crash: what can go on is whole" % mode, records)


for each in KINDS:
    for sync in ("incremental", "full_refresh"):
        cut_anywhere(each, sync)
at_once()
crash()
tap.done()

#!/usr/bin/env python3
"""Records out of all proportion: each is kept whole, or refused with a sentence that says which page and why; the
other streams go on.  What it took is told, in time and memory, and tested by nobody."""
import json
import os
import resource
import shutil
import time

from lib import ABHOST, SRC, Tap, abhost, connector, need, open_db, scratch
from pages import GIVEN, Source, stream

GEN = connector("tests/zoo/gen")
need(ABHOST, GIVEN, GEN)
tap = Tap()
MIB = 1 << 20


def one(source, sql):
    with open_db(source.db) as db:
        return db.execute(sql).fetchone()


def sync(page, *args, name="t"):
    """A sync of one page, beside a stream that is well."""
    source = Source(stream(name), stream("well"))
    source.give(name, page)
    source.give("well", [{"id": 1}])
    begin = time.monotonic()
    run = source.run("--streams", name + ",well", *args)
    took = time.monotonic() - begin
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    tap.note("%.2f s; so far at most %.0f MiB in one process" % (took, most))
    return source, run


def kept(name, page, sql, wanted, *args):
    source, run = sync(page, *args)
    if tap.ok(run.code == 0, name, run):
        tap.same(list(one(source, sql)), wanted, name + ": as it should be")


def refused(name, page, *sentences):
    source, run = sync(page)
    tap.ok(run.code == 4 and all(text in run.err for text in ("stream t, page 1: ",) + sentences) and len(run.err) < 4000,
           name + ": refused, with a sentence", run.code, run.err[:2000])
    tap.same(one(source, "SELECT count(*) FROM well"), (1,), name + ": the other stream is well")
    tap.same(one(source, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), (0,), name + ": nothing of it is there")


def fields(n):
    return json.dumps({"f%d" % i: i for i in range(n)})


def nested(depth):
    return '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


for n in (10000, 20000, 40000, 65535):
    kept("fields: %d of one record" % n, fields(n), "SELECT f0, _abhost_more->>'f%d' FROM t" % (n - 1), [0, n - 1])
refused("fields: 100,000 of one record", fields(100000), "at most 65535 fields in a record")
kept("fields: different ones in each of 2,000 records",
     "".join(json.dumps({"r%d" % i: i, "id": i}) for i in range(2000)),
     "SELECT count(*), sum(id), max(r7) FROM t", [2000, 1999000, 7])
names = ["".join(c.upper() if i >> b & 1 else c for b, c in enumerate("abcdefghijk")) for i in range(1900)]
kept("names: 1,900 that differ by case alone", json.dumps({name: i for i, name in enumerate(names)}),
     "SELECT count(*), max(cid) FROM pragma_table_info('t') WHERE name LIKE 'abcdefghijk%'", [1900, 1899])
kept("keys: 65,535 bytes", json.dumps({"k" * 65535: 1}), "SELECT length(name) FROM pragma_table_info('t')", [1000])
refused("keys: 65,536 bytes", json.dumps({"k" * 65536: 1}), "a key of at most 65535 bytes")
kept("depth: 512", nested(512), "SELECT length(a) FROM t", [1022])
refused("depth: 513", nested(513), "at most 512 levels of nesting")
refused("depth: 10,000", nested(10000), "at most 512 levels of nesting")
refused("depth: 10,000 that never end", nested(10000)[:10000], "")
kept("long texts: 60 MiB", '{"id":1,"a":"' + "x" * (60 * MIB) + '"}', "SELECT length(a) FROM t", [60 * MIB])
kept("long texts: 30 MiB of escapes", '{"id":1,"a":"' + "\\u00e9" * (5 * MIB) + '"}', "SELECT length(a) FROM t", [5 * MIB])
kept("long texts: 64 MiB, in a page that may be larger", '{"id":1,"a":"' + "x" * (64 * MIB) + '"}',
     "SELECT length(a) FROM t", [64 * MIB], "--page-cap", "100M")
source, run = sync('{"id":1,"a":"' + "x" * (64 * MIB) + '"}')
tap.ok(run.code == 4 and "--page-cap" in run.err, "long texts: 64 MiB are more than a page may be", run.err[:1000])
kept("many: 400,000 records in a page", '{"a":1}' * 400000, "SELECT count(*), sum(a) FROM t", [400000, 400000])
kept("many: 1,000,000 keys that repeat in a record", '{"a":1' + ',"a":2' * 65000 + "}", "SELECT a FROM t", [2])


def older_file():
    """What an earlier abhost began, this one goes on with: 20 of 30 records are there."""
    folder = scratch()
    shutil.copy(os.path.join(SRC, "tests/format-1.db"), os.path.join(folder, "gen.db"))
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"records": 30, "page_size": 10}, file)
    history = abhost("history", "gen.db", cwd=folder)
    tap.ok(history.code == 0 and "failed" in history.out, "an older file can be looked at", history)
    run = abhost("run", GEN, "config.json", "--to", "gen.db", cwd=folder)
    tap.ok(run.code == 0 and "is of format 1 and becomes " in run.err, "and be gone on with", run)
    with open_db(os.path.join(folder, "gen.db")) as db:
        tap.same(db.execute("SELECT count(*), count(DISTINCT id), max(seq) FROM s0").fetchone(), (30, 30, 29),
                 "from where it was")


older_file()
tap.done()

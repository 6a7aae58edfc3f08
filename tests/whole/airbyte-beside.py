#!/usr/bin/env python3
"""What an Airbyte destination is told beside records' data, emitted_at and meta.changes, stands in their rows; and what must be
taken back is found whenever it was emitted."""
import json
import os
import random
import sqlite3
import subprocess
import time

from lib import ABHOST, TIMEOUT, Run, Tap, environment, need, open_db, scratch, seed

need(ABHOST)
tap = Tap()
chance = random.Random(seed())
AT = "_airbyte_extracted_at"


def told(stream, data, *beside):
    """A RECORD: what stands beside its data is JSON."""
    return '{"type":"RECORD","record":{"stream":"%s","data":%s%s}}\n' % (stream, json.dumps(data), "".join("," + b for b in beside))


def state(stream, value):
    return json.dumps({"type": "STATE", "state": {"type": "STREAM", "stream": {
        "stream_descriptor": {"name": stream}, "stream_state": value}}}) + "\n"


def entry(stream, mode, key=None):
    return {"stream": {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}, "sync_mode": "incremental",
            "destination_sync_mode": mode, "primary_key": [[key]] if key else None}


class Place:
    def __init__(self, *entries):
        self.folder = scratch()
        self.path = os.path.join(self.folder, "d.db")
        for name, value in (("c.json", {"destination_path": self.path}), ("catalog.json", {"streams": entries})):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                json.dump(value, file)

    def start(self):
        return subprocess.Popen([ABHOST, "airbyte-destination", "sqlite", "write", "--config", "c.json", "--catalog", "catalog.json"],
                                cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment())

    def write(self, *lines):
        process = self.start()
        out, err = process.communicate("".join(lines), timeout=TIMEOUT)
        return Run(process.args, process.returncode, out, err)

    def rows(self, what):
        with open_db(self.path) as db:
            return db.execute("SELECT " + what).fetchall()

    def grow_old(self):
        """The tables are as an earlier abhost has left them."""
        with sqlite3.connect(self.path) as db:
            for stream, columns in db.execute("SELECT stream, columns FROM _abhost_streams").fetchall():
                for rowid, us in db.execute("SELECT rowid, _abhost_received_us FROM %s" % stream).fetchall():
                    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) + ".%06dZ" % (us % 1000000)
                    db.execute("UPDATE %s SET %s = ? WHERE rowid = ?" % (stream, AT), (at, rowid))
                db.execute("ALTER TABLE %s DROP COLUMN _abhost_received_us" % stream)
                columns = [c for c in json.loads(columns) if c["column"] != "_abhost_received_us"]
                db.execute("UPDATE _abhost_streams SET columns = ? WHERE stream = ?", (json.dumps(columns), stream))
        db.close()


def ids(*numbers):
    return [(n,) for n in numbers]


def each():
    place = Place(entry("a", "append"), entry("d", "append_dedup", "id"))
    change = '{"field": "a", "change": "NULLED", "reason": "SOURCE_RETRIEVAL_ERROR"}'
    mixed = [told(s, {"id": i, "n": n}, '"emitted_at":%d' % (n * 1000 + i), '"meta":{"changes":[%s]}' % (change if i % 2 else ""))
             for n in range(1, 4) for i in chance.sample(range(50), 50) for s in ("a", "d")]
    run = place.write(*mixed, state("a", {}), state("d", {}))
    tap.ok(run.code == 0, "what is said beside records", run)
    wanted = [("1970-01-01T00:00:0%d.%03d000Z" % (n, i), '{"changes":[%s]}' % change if i % 2 else "{}")
              for n in range(1, 4) for i in range(50)]
    tap.same(place.rows(AT + ", _airbyte_meta FROM a ORDER BY n, id"), wanted, "append: is its row's")
    tap.same(place.rows(AT + ", _airbyte_meta FROM d ORDER BY id"), wanted[100:], "append_dedup: too, the last one's")


def taken_back():
    for old in (False, True):
        place, text = Place(entry("t", "append"), entry("k", "append_dedup", "k")), "x" * 300000
        place.write(told("t", {"id": 1}, '"emitted_at":253402300799999'), told("k", {"id": 1, "k": None}), state("t", {"n": 1}),
                    state("k", {"n": 1}))
        process = place.start()
        process.stdin.write(told("t", {"id": 2, "x": text}, '"emitted_at":0') + state("t", {"n": 2}) +
                            told("t", {"id": 3, "x": text}, '"emitted_at":0') + told("t", {"id": 4, "x": text}, '"emitted_at":9e13') +
                            told("k", {"id": 2, "k": None, "x": text}, '"emitted_at":5') + state("k", {}) +
                            told("k", {"id": 3, "k": None, "x": text}, '"emitted_at":5'))
        process.stdin.flush()
        tap.same([json.loads(process.stdout.readline())["type"] for _ in "tk"], ["STATE", "STATE"], "a commit")
        process.kill()
        process.communicate()
        tap.same((place.rows("id FROM t"), place.rows("id FROM k")), (ids(1, 2, 3, 4), ids(1, 2, 3)), "with rows that no state covers")
        if old:
            place.grow_old()
        run = place.write(told("t", {"id": 5}, '"emitted_at":9'), told("k", {"id": 6, "k": None}), state("t", {}), state("k", {}))
        tap.same((run.code, place.rows("id FROM t"), place.rows("id FROM k")), (0, ids(1, 2, 5), ids(1, 2, 6)),
                 "the next write takes them back%s, whenever they were emitted" % (" from a table of an earlier abhost" if old else ""))
        tap.same(place.rows(AT + " FROM t WHERE id = 5"), [("1970-01-01T00:00:00.009000Z",)], "and says when it was emitted")


def full():
    place = Place(entry("t", "append"))
    run = place.write(told("t", {"c%d" % i: i for i in range(2500)}, '"emitted_at":9'))
    tap.same((run.code, place.rows(AT + " FROM t")), (0, [("1970-01-01T00:00:00.009000Z",)]), "more fields than columns")
    place.grow_old()
    with sqlite3.connect(place.path) as db:
        tap.same(len(db.execute("PRAGMA table_info(t)").fetchall()), 1999, "leave room for one of ours")
        db.execute("ALTER TABLE t ADD COLUMN mine")
    db.close()
    run = place.write(told("t", {"c0": 7}, '"emitted_at":9'))
    tap.ok(run.code == 0 and place.rows(AT + " FROM t WHERE c0 = 7")[0][0] > "2025", "a table that is full: when it was received", run)


for test in (each, taken_back, full):
    test()
tap.done()

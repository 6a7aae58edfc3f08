#!/usr/bin/env python3
"""datasette over a database of iso-codes, read by examples/datasette.c.  The two databases are compared by sqlite3."""
import json
import os
import sqlite3

import real
import servers
from real import lib


def make_source(path):
    """The lists as tables; every second one with a key, as real databases have it."""
    db = sqlite3.connect(path)
    for i, file in enumerate(sorted(f for f in os.listdir(lib.ISO) if f.startswith("iso_"))):
        with open(os.path.join(lib.ISO, file), encoding="utf-8") as source:
            records = next(iter(json.load(source).values()))
        columns = sorted({key for record in records for key in record})
        key = [c for c in ("alpha_3", "code", "alpha_4") if all(c in r for r in records)
               and len({r[c] for r in records}) == len(records)][:1] if i % 2 else []
        db.execute("CREATE TABLE %s (%s)" % (lib.quote(file[:-5]), ", ".join(
            lib.quote(c) + (" TEXT PRIMARY KEY" if [c] == key else " TEXT") for c in columns)))
        db.executemany("INSERT INTO %s VALUES (%s)" % (lib.quote(file[:-5]), ", ".join("?" * len(columns))),
                       [[record.get(c) for c in columns] for record in records])
    db.commit()
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    db.close()
    return names


def change_source(path, tables):
    """A row more, a row less and two that differ, in every table."""
    db = sqlite3.connect(path)
    for table in map(lib.quote, tables):
        rows = "(SELECT rowid FROM %s ORDER BY rowid LIMIT %s)"
        db.execute("DELETE FROM %s WHERE rowid IN %s" % (table, rows % (table, "1 OFFSET 20")))
        db.execute("UPDATE %s SET name = name || ? WHERE rowid IN %s" % (table, rows % (table, "2 OFFSET 5")),
                   [" \u00e4\U0001f600'\""])
        db.execute("INSERT INTO %s (name) VALUES ('Utopia')" % table)
    db.commit()
    db.close()


def compare(sync, source, tables, name):
    total = 0
    for table in tables:
        with lib.open_db(source) as db:
            keyed = any(column[5] for column in db.execute("PRAGMA table_info(%s)" % lib.quote(table)))
            cursor = db.execute("SELECT %s FROM %s" % ("*" if keyed else "rowid, *", lib.quote(table)))
            names = [column[0] for column in cursor.description]
            records = [dict(zip(names, row)) for row in cursor]
        total += len(records)
        sync.same(table, records, "%s: %s" % (name, table))
    return total


if not os.path.isdir(lib.ISO):
    lib.skip_all("the package iso-codes is not installed")
tap = lib.Tap()
source = os.path.join(lib.scratch(), "source.db")
tables = make_source(source)
with servers.Datasette(file=source) as api:
    sync = real.Sync(tap, "datasette", {"base_url": api.url, "database": "source"}, key="name")
    sync.check()
    sync.run("the first run")
    total = compare(sync, source, tables, "first")
    tap.ok(len(tables) == 8 and total > 13000, "eight tables, %d rows" % total)
    change_source(source, tables)
    sync.run("the second run")
    compare(sync, source, tables, "second")
real.finish(tap, api)

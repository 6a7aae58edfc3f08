#!/usr/bin/env python3
"""Contracts, selections and deleted records as a user meets them: options, catalog file, summary, events, exit codes."""
import json
import sqlite3

from pages import GIVEN, Source, stream
from lib import ABHOST, Tap, abhost, need, open_db, parse_lines

need(ABHOST, GIVEN)
tap = Tap()

SCHEMA = {"id": {"type": "integer"}, "at": {"type": "integer"}, "v": {"type": "integer"}, "w": {"type": "string"}}
ODD = [{"id": 1, "at": 1, "v": 1}, {"id": 2, "at": 2, "v": "x"}, {"id": 3, "at": 3, "v": 3, "new": 1}]


def table(source, sql):
    with open_db(source.db) as db:
        return [list(row) for row in db.execute(sql)]


def ends(run):
    return [event for event in parse_lines(run.out.encode()) if event["event"] == "stream_end"]


def contracts():
    wanted = {"evolve": ([["1", None], ["x", None], ["3", 1]], {"columns_widened": 1}),
              "discard_row": ([[1], ], {"rows_discarded": 2}),
              "discard_value": ([[1], [None], [3]], {"values_nulled": 1, "values_discarded": 1})}
    for mode, (rows, counts) in wanted.items():
        for how in ("option for one", "option for all", "catalog"):
            source = Source(stream(schema=SCHEMA, key="id", cursor="at"))
            source.give("t", ODD[:1], ODD[1:])
            if how == "catalog":
                entry = {"stream": {"name": "t"}, "sync_mode": "incremental",
                         "destination_sync_mode": "append_dedup", "schema_contract": mode}
                args = ["--catalog", source.catalog(entry)]
            else:
                args = ["--contract", mode if how == "option for all" else "t=" + mode]
            run = source.run("--json", *args)
            name = "%s by %s" % (mode, how)
            tap.ok(run.code == 0, name, run)
            columns = "v, new" if mode == "evolve" else "v"
            tap.same(table(source, "SELECT %s FROM t ORDER BY id" % columns), rows, name + ": the rows")
            end = ends(run)[0]
            told = {key: n for key, n in end.items() if key.startswith(("rows_", "values_", "columns_"))}
            tap.same(told, counts, name + ": the counts")
            tap.same(end["written"], len(rows), name + ": rows written")

    source = Source(stream(schema=SCHEMA), stream("u"))
    source.give("t", [{"id": 1}], ODD)
    source.give("u", [{"id": 1}])
    run = source.run("--contract", "freeze", "--contract", "u=evolve")
    tap.ok(run.code == 4 and 'stream t, page 2: its contract is freeze, and the field "v" holds a string, but its column '
           "is INTEGER" in run.err, "freeze fails its stream only, and says why", run)
    tap.same(table(source, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), [[0]], "and nothing of it is there")
    source.describe(stream(schema=SCHEMA))  # alone: the end of u, committed between two pages of t, would keep the first
    run = source.run("--json", "--contract", "freeze")
    tap.same([(end["stream"], end["records"], end["written"]) for end in ends(run)], [("t", 4, 0)], "nor told as written")
    source.describe(stream(schema=SCHEMA), stream("u"))
    run = source.run("--contract", "t=discard_value")
    tap.ok("t: 1 values did not fit and are NULL (see _airbyte_meta); 1 values had no column" in run.out,
           "the summary counts", run)

    run = source.run("--contract", "t=frieze")
    tap.ok(run.code == 3 and '"frieze" is not a contract' in run.err, "a contract that is none", run)
    run = source.run("--contract", "x=freeze")
    tap.ok(run.code == 3 and 'names the stream "x"' in run.err, "a contract for no stream", run)


def columns():
    source = Source(stream(schema=SCHEMA, key="id", cursor="at"))
    source.give("t", [{"id": 1, "at": 1, "v": 1, "w": "x"}])
    run = source.run("--columns", "t=w")
    tap.ok(run.code == 0, "one column", run)
    tap.same(table(source, "SELECT name FROM pragma_table_info('t') WHERE name NOT LIKE '\\_%' ESCAPE '\\'"),
             [["id"], ["at"], ["w"]], "and key and cursor")
    run = source.run("--columns", "t=w,nope")
    tap.ok(run.code == 3 and 'stream "t" has no field "nope" to select; it has: id, at, v, w' in run.err,
           "an unknown field is named, with those there are", run)
    run = source.run("--columns", "w")
    tap.ok(run.code == 3 and "expected STREAM=NAMES" in run.err, "a selection for no stream", run)
    for entry in ({"columns": ["v"]}, {"config": {"fieldSelectionEnabled": True, "selectedFields": [{"fieldPath": ["v"]}]}}):
        source = Source(stream(schema=SCHEMA))
        source.give("t", [{"id": 1, "at": 1, "v": 1, "w": "x"}])
        run = source.run("--catalog", source.catalog({"stream": {"name": "t"}, **entry}))
        tap.ok(run.code == 0, "a selection in a catalog", run)
        tap.same(table(source, "SELECT name FROM pragma_table_info('t') WHERE cid = 0"), [["v"]], "is kept to")
    run = source.run("--catalog", source.catalog({"stream": {"name": "t"}, "columns": [["a", "b"]]}))
    tap.ok(run.code == 3 and "columns must be names of top-level fields" in run.err, "a nested selection", run)


def deleted():
    gone = [{"id": 1, "at": 1, "gone": True}, {"id": 2, "at": 1}]
    for args, rows in (((), [[1, 1], [2, 0]]), (("--deleted", "remove"), [[2, 0]]),
                       (("--deleted", "t=keep"), [[1], [2]])):
        source = Source(stream(key="id", cursor="at", deleted_field="gone"))
        source.give("t", gone)
        run = source.run(*args)
        tap.ok(run.code == 0, "deleted_field with %r" % (args,), run)
        sql = "SELECT id, _ab_cdc_deleted_at IS NOT NULL FROM t ORDER BY id"
        tap.same(table(source, "SELECT id FROM t" if "t=keep" in args else sql), rows, "its rows")
    source = Source(stream(key="id", cursor="at"), stream("u"))
    source.give("t", gone)
    run = source.run("--deleted", "t=remove:gone")
    tap.ok(run.code == 0 and table(source, "SELECT id FROM t") == [[2]], "a field named by the user", run)
    tap.ok("t: 1 records were marked as deleted" in run.out, "deletions are counted", run)
    run = source.run("--deleted", "t=remove")
    tap.ok(run.code == 3 and "does not say which field" in run.err, "a field that nobody names", run)
    run = source.run("--deleted", "u=remove:gone")
    tap.ok(run.code == 3 and "use append_dedup" in run.err, "a mode in which no row goes", run)
    entry = {"stream": {"name": "t"}, "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
             "deleted": "remove", "deleted_field": "gone"}
    run = source.run("--catalog", source.catalog(entry))
    tap.ok(run.code == 0 and table(source, "SELECT id FROM t") == [[2]], "a field named by the catalog", run)


def verified():
    source = Source(stream(schema=SCHEMA, key="id", cursor="at"), stream("u"))
    source.give("t", ODD, [{"id": 1, "at": 2, "v": "later"}])
    source.give("u", [{"a": 1.50, "b": [1]}], [{"a": "x"}])
    run = source.run("--verify")
    tap.ok(run.code == 0 and "Verified: 5 rows hold what the source gave" in run.out, "--verify says what it did", run)
    run = source.run("--verify", "--json")
    tap.same(parse_lines(run.out.encode())[-1].get("verified"), 5, "also as an event")
    # somebody else's hand, in the same transaction
    with sqlite3.connect(source.db) as db:
        db.execute("CREATE TRIGGER hand AFTER INSERT ON t BEGIN UPDATE t SET w = 'hand' WHERE id = new.id; END")
        db.execute("CREATE TRIGGER hand2 AFTER UPDATE OF v ON t BEGIN UPDATE t SET w = 'hand' WHERE id = new.id; END")
    run = source.run("--verify")
    tap.ok(run.code == 1 and 'stream t: table t in out.db does not hold what the source gave: of 3 keys 3 differ, the '
           'first one in column "w"' in run.err, "a difference fails, with stream, column and counts", run)
    past = parse_lines(abhost("history", source.db, "--json").out.encode())
    tap.ok(past[0]["outcome"] == "failed" and "does not hold" in past[0]["error"], "and is in the history", past[0])
    tap.same(source.run().code, 0, "without --verify nobody looks")
    run = source.run("--verify", to="jsonl:out")
    tap.ok(run.code == 0 and "Verified: 6 rows hold" in run.out, "a folder of lines", run)
    run = source.run("--verify", "--columns", "t=v", to="jsonl:log.jsonl")
    tap.ok(run.code == 0 and "Verified: 6 rows hold" in run.out, "a log, of chosen fields", run)
    for pipe in ("jsonl:-", "jsonl:/dev/null"):
        run = source.run("--verify", to=pipe)
        tap.ok(run.code == 2 and "--verify needs a destination that can be read back" in run.err and not run.out,
               "a pipe is refused before anything is read: " + pipe, run)


contracts()
columns()
deleted()
verified()
tap.done()

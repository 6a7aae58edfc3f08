#!/usr/bin/env python3
"""SQLite and JSON Lines as Airbyte destinations: messages in, rows and states out; every mode and generation; what is broken
off, and what is wrong with the input."""
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

from lib import ABHOST, BUILD, TIMEOUT, Run, Tap, abhost, environment, need, open_db, scratch, seed, wait_until

need(ABHOST)
tap = Tap()
chance = random.Random(seed())
SYSTEM = "_airbyte_"
SHIM = os.path.join(BUILD, "tests/kill/shim.so")


def put(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


def record(stream, data, namespace=None):
    more = {} if namespace is None else {"namespace": namespace}
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1700000000000, **more}}


def state(stream, value, namespace=None, **more):
    return {"type": "STATE", "state": {"type": "STREAM", "stream": {
        "stream_descriptor": {"name": stream, "namespace": namespace}, "stream_state": value}, **more}}


def status(stream, word, namespace=None):
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.5, "stream_status": {
        "stream_descriptor": {"name": stream, "namespace": namespace}, "status": word}}}


def entry(stream="t", mode="append", namespace=None, key=None, gen=None, low=None, sync=1, **more):
    described = {"name": stream, "json_schema": {"properties": {"id": {}}}, "supported_sync_modes": ["full_refresh"]}
    if namespace is not None:
        described["namespace"] = namespace
    return {"stream": described, "sync_mode": "incremental", "destination_sync_mode": mode, "cursor_field": None,
            "primary_key": [[key]] if key else None, "generation_id": gen, "minimum_generation_id": low,
            "sync_id": sync, "include_files": None, **more}


class Place:
    """A folder with a destination."""

    def __init__(self, kind="sqlite"):
        self.kind, self.folder = kind, scratch()
        self.path = os.path.join(self.folder, "d.db" if kind == "sqlite" else "d/")
        self.config = put(self.folder, "c.json", {"destination_path": self.path, "extra": 1})

    def start(self, entries, *args, shim=None):
        catalog = put(self.folder, "catalog.json", {"streams": list(entries), "zz": None})
        return subprocess.Popen([ABHOST, "airbyte-destination", self.kind, "write", "--config", self.config, "--catalog",
                                 catalog, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=environment({"LD_PRELOAD": SHIM, **shim} if shim else None))

    def write(self, entries, messages, *args, shim=None):
        lines = "".join(m if isinstance(m, str) else json.dumps(m) + "\n" for m in messages)
        process = self.start(entries, *args, shim=shim)
        out, err = process.communicate(lines, timeout=TIMEOUT)
        return Written(Run(process.args, process.returncode, out, err))

    def rows(self, table, *columns):
        """Without the system's columns, or some of them, in the order in which they lie."""
        if self.kind == "jsonl":
            with open(os.path.join(self.path, table + ".jsonl"), encoding="utf-8") as file:
                return [tuple(json.loads(line).get(c) for c in columns or ("id",)) for line in file]
        with open_db(self.path) as db:
            return db.execute('SELECT %s FROM "%s"' % (", ".join(columns or ("id",)), table)).fetchall()

    def stored(self):
        """The states that are stored with the rows."""
        if not os.path.exists(self.path):
            return {}
        run = abhost("state", "export", "%s:%s" % (self.kind, self.path))
        return {m["stream"]["stream_descriptor"]["name"]: m["stream"].get("stream_state") for m in json.loads(run.out or "[]")}

    def tables(self):
        with open_db(self.path) as db:
            return sorted(n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                          if not n.startswith("_abhost"))


class Written:
    def __init__(self, run):
        self.run, self.code = run, run.code
        self.all = [json.loads(line) for line in run.out.splitlines() if line.endswith("}")]  # the last one may be cut off

    def states(self):
        return [m["state"] for m in self.all if m["type"] == "STATE"]

    def counts(self):
        return [s["destinationStats"]["recordCount"] for s in self.states()]

    def errors(self):
        return [m["trace"]["error"] for m in self.all if m["type"] == "TRACE" and m["trace"]["type"] == "ERROR"]


def ids(*numbers):
    return [(n,) for n in numbers]


def exchange():
    folder = scratch()
    for kind in ("sqlite", "jsonl"):
        run = abhost("airbyte-destination", kind, "spec")
        spec = json.loads(run.out)["spec"]
        tap.same((run.code, run.err, spec["connectionSpecification"]["required"],
                  spec["supported_destination_sync_modes"]),
                 (0, "", ["destination_path"], ["overwrite", "append", "append_dedup"]), "%s: spec" % kind)
        for config, word, part in (({"destination_path": os.path.join(folder, "x.db")}, "SUCCEEDED", ""),
                                   ({"destination_path": "/nowhere/at/all/x.db"}, "FAILED", "/nowhere/at/all"),
                                   ({"destination_path": "/proc/x.db"}, "FAILED", "/proc/x.db cannot be made"),
                                   ({}, "FAILED", "destination_path"), ({"destination_path": 5}, "FAILED", "destination_path"),
                                   ({"destination_path": "-"}, "FAILED", "standard output"), ("nonsense", "FAILED", "c.json")):
            run = abhost("airbyte-destination", kind, "check", "--config", put(folder, "c.json", config))
            got = json.loads(run.out.splitlines()[-1])["connectionStatus"]
            tap.ok(run.code == 0 and got["status"] == word and part in got.get("message", ""),
                   "%s: check %s: %s" % (kind, config, word), run)
    with open(os.path.join(folder, "empty.json"), "w", encoding="ascii"):
        pass
    run = abhost("airbyte-destination", "sqlite", "check", "--config", "empty.json", cwd=folder)
    tap.ok(run.out.count("empty.json") == 1, "a file is named once", run)
    tap.same(sorted(os.listdir(folder)), ["c.json", "empty.json"], "a check makes nothing")
    for args in ((), ("sqlite",), ("sqlite", "fly"), ("oracle", "spec"), ("sqlite", "check"), ("sqlite", "write", "--config", "c"),
                 ("sqlite", "spec", "--nonsense"), ("sqlite", "spec", "--max-line", "7")):
        run = abhost("airbyte-destination", *args)
        tap.ok(run.code == 2 and run.out == "" and run.err, "wrong command line %r: exit 2, on stderr" % (args,), run)


def rows_and_states():
    for kind in ("sqlite", "jsonl"):
        place = Place(kind)
        messages = [status("a", "STARTED"), status("b", "STARTED"), status("a", "RUNNING")]
        messages += [record("a", {"id": i}) for i in range(3)] + [record("b", {"id": 10}), "\n", "prose\n"]
        messages += [state("a", {"at": 1}, id=7, sourceStats={"recordCount": 3.0}, destinationStats=None),
                     {"type": "LOG", "log": {"level": "INFO", "message": "x"}}, {"type": "NEW", "new": {}},
                     record("a", {"id": 3}), state("a", {"at": 2}), status("a", "COMPLETE"), state("a", {"at": 3}),
                     state("b", {"__ab_no_cursor_state_message": True}), status("b", "COMPLETE")]
        got = place.write([entry("a"), entry("b", "overwrite")], messages)
        tap.ok(got.code == 0 and got.run.err == "", "%s: a whole write" % kind, got.run)
        tap.same([s["stream"]["stream_state"] for s in got.states()],
                 [{"at": 1}, {"at": 2}, {"at": 3}, {"__ab_no_cursor_state_message": True}], "%s: each STATE comes back" % kind)
        tap.same(got.counts(), [3.0, 1.0, 0.0, 1.0], "%s: with what was written since the one before" % kind)
        tap.same((got.states()[0]["id"], got.states()[0]["sourceStats"]), (7, {"recordCount": 3.0}),
                 "%s: and all else as it was" % kind)
        tap.same((place.rows("a"), place.rows("b")), (ids(0, 1, 2, 3), ids(10)), "%s: the rows" % kind)
    place = Place()
    place.write([entry()], ['{"type":"RECORD","record":{"stream":"t","emitted_at":1.5,"data":{"big":'
                            '123456789012345678901234567890,"nested":{"x": [1.50]}}}}\n'])
    tap.same(place.rows("t", "big", "nested"), [("123456789012345678901234567890", '{"x": [1.50]}')],
             "values come as their bytes")


def modes():
    for kind in ("sqlite", "jsonl"):
        place = Place(kind)
        place.write([entry("o", "overwrite"), entry("a", "append"), entry("d", "append_dedup", key="id")],
                    [record(s, {"id": i, "v": 1}) for s in "oad" for i in (1, 2)])
        place.write([entry("o", "overwrite"), entry("a", "append"), entry("d", "append_dedup", key="id")],
                    [record(s, {"id": i, "v": 2}) for s in "oad" for i in (2, 3)])
        tap.same(sorted(place.rows("o", "id", "v")), [(2, 2), (3, 2)], "%s: overwrite" % kind)
        tap.same(sorted(place.rows("a", "id", "v")), [(1, 1), (2, 1), (2, 2), (3, 2)], "%s: append" % kind)
        if kind == "sqlite":
            tap.same(sorted(place.rows("d", "id", "v")), [(1, 1), (2, 2), (3, 2)], "append_dedup")
    place = Place()
    got = place.write([{"stream": {"name": "t", "jsonSchema": {"type": "object", "properties": {"n": {"type": "string"}}},
                                   "sourceDefinedPrimaryKey": [["id"]], "json_schema": None},
                        "syncMode": "full_refresh", "destinationSyncMode": "append_dedup", "generationId": 0,
                        "minimumGenerationId": 0, "syncId": 4}],
                      [record("t", {"id": 1, "n": "x"}), record("t", {"id": 1, "n": "y"})])
    tap.same((got.code, place.rows("t", "id", "n")), (0, [(1, "y")]), "the other spelling, and the source's key")
    place = Place()
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    got = place.write([{"stream": {"name": "t", "json_schema": schema}}], [record("t", {"id": "1"})])
    tap.same((got.code, place.rows("t")), (0, [("1",)]), "no mode at all is append; types by the schema")


def generations():
    place = Place()

    def write(mode, gen, low, *numbers, **more):
        sync = more.pop("sync", 1)
        return place.write([entry("t", mode, key="id" if mode == "append_dedup" else None, gen=gen, low=low, sync=sync)],
                           more.get("before", []) + [record("t", {"id": n}) for n in numbers] +
                           more.get("after", [state("t", {"at": gen}), status("t", "COMPLETE")]))

    for mode in ("append", "append_dedup", "overwrite"):
        place = Place()
        write(mode, 1, 1, 1, 2)
        write(mode, 1, 1, 3)
        wanted = ids(3) if mode == "overwrite" else ids(1, 2, 3)
        tap.same(sorted(place.rows("t")), wanted, "%s: the same generation again" % mode)
        write(mode, 2, 0, 4)
        tap.same(sorted(place.rows("t")), wanted + ids(4), "%s: a new one without a minimum merges" % mode)
        write(mode, 3, 3, 5)
        tap.same(place.rows("t", "id", "_airbyte_generation_id"), [(5, 3)], "%s: a minimum truncates" % mode)
        got = write(mode, 2, 0, 6)
        tap.ok(got.code == 1 and got.errors()[0]["failure_type"] == "config_error" and "go back" in got.errors()[0]["message"],
               "%s: one that goes back is refused" % mode, got.run)
        got = write(mode, 5, 4, 6)
        tap.ok(got.code == 1 and got.errors()[0]["failure_type"] == "config_error", "%s: a minimum between is refused" % mode,
               got.run)
        tap.same(place.rows("t"), ids(5), "%s: and nothing changed" % mode)
        # a truncating refresh that breaks off, and goes on
        got = write(mode, 4, 4, 7, 8, after=[state("t", {"page": 2}), record("t", {"id": 9}), status("t", "INCOMPLETE")])
        tap.same((got.code, len(got.states())), (1, 1), "%s: a refresh breaks off" % mode)
        if mode != "append_dedup":
            tap.same(place.rows("t"), ids(5), "%s: the old rows are still there" % mode)
        write(mode, 4, 4, 9, 10)
        tap.same(sorted(place.rows("t")), ids(7, 8, 9, 10), "%s: it goes on behind its last state" % mode)
        # one that cannot go on begins again
        write(mode, 5, 5, 11, after=[state("t", {"__ab_no_cursor_state_message": True}), status("t", "INCOMPLETE")])
        write(mode, 5, 5, 12)
        tap.same(sorted(place.rows("t")), ids(11, 12) if mode == "append_dedup" else ids(12),
                 "%s: one without a place to go on at begins again" % mode)
    place = Place()
    write("overwrite", 1, 1, 1, sync=7)
    write("overwrite", 1, 1, sync=7)
    tap.same(place.rows("t"), ids(1), "the same sync again, with nothing to add: what is there stays")
    write("overwrite", 1, 1)
    tap.same(place.rows("t"), [], "a client that always sends the same numbers overwrites")


def tried_again():
    """An overwrite of the same generation and sync, by a source that goes on where it was."""
    done, parts = {"__ab_full_refresh_sync_complete": True}, {"states": [{"cursor": {"__ab_full_refresh_sync_complete": True}}]}
    for kind in ("sqlite", "jsonl"):
        for what, told, first, second, wanted in (
                ("all was told, nothing is added", done, "INCOMPLETE", (), ids(1, 2)),
                ("all was told, all comes again", done, "INCOMPLETE", (1, 2, 3), ids(1, 2, 3)),
                ("one partition was told to be done", parts, "INCOMPLETE", (3,), ids(1, 2, 3)),
                ("it was whole, and more comes", {"n": 2}, "COMPLETE", (3,), ids(1, 2, 3)),
                ("it was whole, and all comes again", done, "COMPLETE", (1, 3), ids(1, 3))):
            place, entries = Place(kind), [entry("t", "overwrite", gen=2, low=2, sync=7)]
            place.write([entry("t", "overwrite", gen=1, low=1)], [record("t", {"id": 0})])
            place.write(entries, [record("t", {"id": 1}), record("t", {"id": 2}), state("t", told), status("t", first)])
            got = place.write(entries, [record("t", {"id": n}) for n in second] + [status("t", "COMPLETE")])
            tap.same((got.code, sorted(place.rows("t"))), (0, wanted), "%s: %s" % (kind, what))
        place = Place(kind)
        process = place.start(entries)
        process.stdin.write("".join(json.dumps(m) + "\n" for m in (record("t", {"id": 1}), state("t", {"n": 1}))))
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.communicate(json.dumps(record("t", {"id": 2})) + "\n" + json.dumps(state("t", {"n": 2})) + "\n")
        place.write(entries, [record("t", {"id": 2}), state("t", {"n": 2}), status("t", "COMPLETE")])
        tap.same((process.returncode, set(place.rows("t"))), (1, set(ids(1, 2))), "%s: a STATE cannot be told, and nothing is lost" % kind)


def broken_off():
    """Whatever happens, a source that goes on behind the last STATE that was durable has every row once."""
    for kind in ("sqlite", "jsonl"):
        place = Place(kind)
        got = place.write([entry("a"), entry("b")], [
            status("a", "STARTED"), status("b", "STARTED"), record("a", {"id": 1}), record("b", {"id": 1}), state("a", {"n": 1}),
            record("a", {"id": 2}), record("b", {"id": 2}), state("b", {"n": 2}), record("b", {"id": 3}),
            status("b", "COMPLETE"), status("a", "INCOMPLETE")])
        error = got.errors()[0]
        tap.ok(got.code == 1 and error["stream_descriptor"] == {"name": "a"} and error["failure_type"] == "transient_error",
               "%s: a stream that is INCOMPLETE is told" % kind, got.run)
        told = {s["stream"]["stream_descriptor"]["name"]: s["stream"]["stream_state"]["n"] for s in got.states()}
        tap.same(told, {"a": 1, "b": 2}, "%s: what the states cover is kept" % kind)
        tap.same((place.rows("a"), place.rows("b")), (ids(1), ids(1, 2, 3)), "%s: what is COMPLETE, too, and nothing else" % kind)
        place.write([entry("a"), entry("b")], [record("a", {"id": n}) for n in (2, 3)])
        tap.same((place.rows("a"), place.rows("b")), (ids(1, 2, 3), ids(1, 2, 3)), "%s: then each row once" % kind)
    place, text = Place(), "x" * 300000
    both = [entry("a"), entry("b"), entry("c"), entry("d", "append_dedup", key="k")]
    process = place.start(both)
    for message in (record("a", {"id": 1, "t": text}), state("a", {"n": 1}), record("a", {"id": 2, "t": text}),
                    record("b", {"id": 1, "t": text}), record("d", {"id": 1, "k": None, "t": text}), state("c", {"n": 1})):
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    told = ""  # where a second has passed, the first STATE is a commit of its own
    while told != "c":
        told = json.loads(process.stdout.readline())["state"]["stream"]["stream_descriptor"]["name"]
    tap.same(told, "c", "a commit, with rows in it that no state covers")
    process.kill()
    process.communicate()
    tap.same((place.rows("a"), place.rows("b")), (ids(1, 2), ids(1)), "killed: they are there")
    place.write(both, [state("a", {"n": 1}), record("a", {"id": 2}), record("b", {"id": 1}), state("d", {}),
                       record("d", {"id": 1, "k": None})])
    tap.same((place.rows("a"), place.rows("b"), place.rows("d")), (ids(1, 2), ids(1), ids(1)),
             "the next write takes them back first, also those without a key in append_dedup")
    for _ in range(6):
        place, total = Place(chance.choice(["sqlite", "sqlite", "jsonl"])), 400
        entries = [entry("a"), entry("b", "append_dedup", key="id"), entry("c")]
        at = dict.fromkeys("abc", 0)
        text = "x" * chance.choice([1, 15000, 15000])  # large ones are written before a state covers them
        kills = 0
        while min(at.values()) < total:
            last = kills >= 4
            process = place.start(entries)
            sent = dict(at)
            lines = []
            while min(sent.values()) < total:
                name = chance.choice([n for n in "abc" if sent[n] < total])
                many = min(chance.randrange(1, 40), total - sent[name])
                lines += [record(name, {"id": sent[name] + k, "text": text}) for k in range(many)]
                sent[name] += many
                if chance.random() < 0.6:
                    lines.append(state(name, {"n": sent[name]}))
            lines += [state(n, {"n": total}) for n in "abc"]
            stop = len(lines) if last else chance.randrange(1, len(lines))
            try:
                process.stdin.write("".join(json.dumps(m) + "\n" for m in lines[:stop]))
                process.stdin.flush()
                if not last:
                    # a moment of silence commits; some are killed before it
                    time.sleep(chance.choice([0, 0.02, 1.1]))
                    process.kill()
                process.stdin.close()
            except BrokenPipeError:
                pass
            told = dict(at)
            for line in process.stdout:
                message = json.loads(line)
                if message["type"] == "STATE":
                    found = message["state"]["stream"]
                    told[found["stream_descriptor"]["name"]] = found["stream_state"]["n"]
            process.stdout.close()
            process.stderr.close()
            process.wait()
            # a commit may have become durable that could not be told any more
            at.update({n: max(at[n], (s or {}).get("n", 0)) for n, s in place.stored().items()})
            if any(told[n] > at[n] for n in "abc"):
                tap.ok(False, "what was told is durable", told, at)
            kills += 1
        held = {n: sorted(set(place.rows(n)) if n == "b" else place.rows(n)) for n in "abc"}
        if not tap.ok(all(held[n] == ids(*range(total)) for n in "abc"), "killed %d times, %s: each row once" %
                      (kills - 1, place.kind), {n: len(rows) for n, rows in held.items()}):
            break


def killed_at_the_end():
    """An overwrite that was whole when the program died; a client that has not heard so goes on behind what it was told."""
    if not os.path.exists(SHIM):
        tap.skip("killed at the end", "no tests/kill/shim.so: a sanitizer has the memory to itself")
        return
    big = "x" * (1 << 20)  # so much that waits to be told is a reason to commit

    def rest(gen, told, late):
        last = [status("t", "COMPLETE"), state("t", {"n": 2})]
        return ([record("t", {"id": 10 * gen + 1}), state("t", {"n": 1, "big": big})] if told < 1 else []) + (
            [record("t", {"id": 10 * gen + 2})] if told < 2 else []) + (last if late else last[::-1])

    for kind, late in (("sqlite", False), ("sqlite", True), ("jsonl", False)):
        place, bad, at, code = Place(kind), [], 0, -1
        place.write([entry("t", "overwrite", gen=1, low=1)], [record("t", {"id": 0})])
        while code != 0:
            at += 1
            gen = at + 1
            entries = [entry("t", "overwrite", gen=gen, low=gen, sync=7)]
            got = place.write(entries, rest(gen, 0, late), shim={"SHIM_UNDER": place.folder, "SHIM_FAULT": "kill@%d" % at})
            told = max([s["stream"]["stream_state"]["n"] for s in got.states()] + [0])
            if (code := got.code) != 0:
                place.write(entries, rest(gen, told, late))
            if set(place.rows("t")) != set(ids(10 * gen + 1, 10 * gen + 2)):
                bad.append((at, told, place.rows("t")))
        tap.same((bad, at > 20), ([], True), "%s, killed before any of %d changes, the last STATE %s COMPLETE: nothing is lost" %
                 (kind, at - 1, "behind" if late else "before"))


def without_words():
    """No status at all, and no message at all."""
    place = Place()
    place.write([entry("o", "overwrite"), entry("p", "overwrite")], [record("o", {"id": 1}), record("p", {"id": 1})])
    got = place.write([entry("o", "overwrite"), entry("p", "overwrite")], [])
    tap.same((got.code, place.rows("o")), (0, ids(1)), "an empty input overwrites nothing")
    tap.ok("nothing came" in got.run.out, "and that is said", got.run)
    got = place.write([entry("o", "overwrite"), entry("p", "overwrite")], [state("o", {}), record("p", {"id": 2})])
    tap.same((got.code, place.rows("o"), place.rows("p")), (0, [], ids(2)), "a stream that has only a state is empty")
    got = place.write([entry("o", "overwrite")], [status("o", "STARTED"), status("o", "COMPLETE")])
    tap.same((got.code, place.rows("o")), (0, []), "so is one that is COMPLETE")
    got = place.write([entry("o", "overwrite"), entry("p", "overwrite")], [
        status("o", "STARTED"), record("o", {"id": 5}), status("o", "COMPLETE"), record("p", {"id": 9})])
    tap.same((got.code, place.rows("o"), place.rows("p")), (1, ids(5), ids(2)), "where there are statuses, each stream needs one")


def kinds_of_state():
    place = Place()
    entries = [entry("a", namespace="n"), entry("b")]
    shared = {"type": "STATE", "state": {"type": "GLOBAL", "global": {"shared_state": {"lsn": 5}, "stream_states": [
        {"stream_descriptor": {"name": "a", "namespace": "n"}, "stream_state": {"x": 1}}]}}}
    legacy = {"type": "STATE", "state": {"data": {"b": {"at": 1}}}}
    got = place.write(entries, [record("a", {"id": 1}, "n"), record("b", {"id": 1}), shared, record("b", {"id": 2}), legacy,
                                record("a", {"id": 2})])
    tap.same((got.code, got.counts()), (0, [2.0, 1.0]), "GLOBAL and LEGACY states")
    tap.same(got.states()[0]["global"], shared["state"]["global"], "come back as they were")
    tap.same((place.rows("n_a"), place.rows("b")), (ids(1, 2), ids(1, 2)), "a client may leave the namespace out")
    with open_db(place.path) as db:
        kept = dict(db.execute("SELECT stream, state FROM _abhost_state"))
    tap.same(json.loads(kept["a"]), {"x": 1}, "a stream's own state is stored with its rows")


def namespaces():
    place = Place()
    both = [entry("t", namespace="a"), entry("t", namespace="b")]
    got = place.write(both, [record("t", {"id": 1}, "a"), record("t", {"id": 2}, "b"), state("t", {}, "a"), state("t", {}, "b")])
    tap.same((got.code, place.rows("a_t"), place.rows("b_t")), (0, ids(1), ids(2)), "two streams of one name")
    got = place.write(both, [record("t", {"id": 1})])
    tap.ok(got.code == 1 and "catalog does not have" in got.errors()[0]["message"], "one of which must be said", got.run)
    got = place.write([entry("t"), entry("t", "overwrite", namespace="x")],
                      [record("t", {"id": 1}), record("t", {"id": 2}, "x")])
    got = place.write([entry("t", "overwrite", namespace="x"), entry("t")],
                      [record("t", {"id": 3}), record("t", {"id": 4}, "x")])
    tap.same((place.rows("t"), place.rows("x_t")), (ids(1, 3), ids(4)), "a stream within and one without, each with its mode")


def bad_input():
    good, t = record("t", {"id": 1}), [entry()]
    long_line = json.dumps(record("t", {"id": 1, "x": "y" * 5000}))
    for name, entries, messages, part, args in (
            ("an unknown stream", t, [good, record("u", {})], '"u"', ()),
            ("a state of an unknown one", t, [good, state("u", {})], '"u"', ()),
            ("a line that is cut off", t, [good, '{"type":"RECORD","record":{"stream":"t","data":{"id":2}'], "cut off", ()),
            ("a broken line between", t, ['{"type":"RECORD","record":{"stream":"t","data":{"id":2]}}\n', good], "line 1", ()),
            ("invalid UTF-8", t, [good, '{"type":"RECORD","record":{"stream":"t","data":{"id":"\udcff"}}}\n'], "line 2", ()),
            ("a record without data", t, [good, {"type": "RECORD", "record": {"stream": "t", "emitted_at": 1}}], '"data"', ()),
            ("a record without a stream", t, [good, {"type": "RECORD", "record": {"data": {}, "emitted_at": 1}}], '"stream"', ()),
            ("a state of nothing", t, [good, {"type": "STATE", "state": {"type": "STREAM"}}], "STATE of nothing", ()),
            ("a line that is too long", t, [good, long_line + "\n", good], "longer than 4096", ("--max-line", "4K")),
            ("a record after COMPLETE", t, [good, status("t", "COMPLETE"), record("t", {"id": 2})], "COMPLETE", ()),
            ("dedup without a key", [entry("t", "append_dedup")], [good], "no primary key", ()),
            ("a mode that is not known", [entry("t", "soft_delete")], [good], "soft_delete", ()),
            ("a stream twice", [entry(), entry()], [good], "twice", ()),
            ("a stream without a name", [{"stream": {"json_schema": {}}}], [good], "name", ()),
            ("an entry that is none", [7], [good], "name", ())):
        place = Place()
        lines = "".join(m if isinstance(m, str) else json.dumps(m) + "\n" for m in messages)
        process = place.start(entries, *args)
        out, err = raw(process, lines)
        got = Written(Run(process.args, process.returncode, out, err))
        error = (got.errors() or [{"message": ""}])[-1]
        tap.ok(got.code == 1 and len(got.errors()) == 1 and part in error["message"] and not got.states() and err == "",
               "%s: TRACE ERROR, exit 1" % name, got.run)
        if name != "a record after COMPLETE":
            tap.ok(not os.path.exists(place.path) or place.tables() == [], "%s: nothing was written" % name, got.run)
    place = Place()
    for name, text in (("no JSON", "{"), ("a list", "[]"), ("no streams", "{}"), ("streams that are none", '{"streams": 7}')):
        catalog = put(place.folder, "k.json", text)
        run = abhost("airbyte-destination", "sqlite", "write", "--config", place.config, "--catalog", catalog)
        got = Written(run)
        tap.ok(run.code == 1 and got.errors()[0]["failure_type"] == "config_error", "a catalog, %s: refused" % name, run)
    got = place.write([], [])
    tap.same((got.code, got.all), (0, []), "a catalog without streams: nothing, exit 0")
    with open_db_to_write(place.path) as db:
        db.execute("CREATE TABLE t (x)")
    got = place.write([entry(), entry("u")], [record("u", {"id": 1}), state("u", {}), good])
    tap.ok(got.code == 1 and got.errors()[0]["stream_descriptor"] == {"name": "t"}, "a table of somebody else: its stream says so",
           got.run)


def raw(process, lines):
    """The bytes as they are."""
    process.stdin.buffer.write(lines.encode("utf-8", "surrogateescape"))
    process.stdin.close()
    out, err = process.stdout.read(), process.stderr.read()
    process.wait()
    return out, err


class open_db_to_write:
    def __init__(self, path):
        self.db = sqlite3.connect(path)

    def __enter__(self):
        return self.db

    def __exit__(self, *why):
        self.db.commit()
        self.db.close()


def others():
    """The place is somebody else's; two at once; a client that goes away; silence commits."""
    place = Place()
    first = place.start([entry()])
    first.stdin.write(json.dumps(record("t", {"id": 1})) + "\n" + json.dumps(state("t", {"n": 1})) + "\n")
    first.stdin.flush()
    line = json.loads(first.stdout.readline())
    tap.same((line["type"], place.rows("t")), ("STATE", ids(1)), "a STATE is told while the input waits, and its row is there")
    got = place.write([entry()], [record("t", {"id": 2})])
    tap.ok(got.code == 1 and "in use by another run" in got.errors()[0]["message"] and
           got.errors()[0]["failure_type"] == "transient_error", "a second one at once is refused", got.run)
    tap.ok("--" not in got.errors()[0]["message"], "with no option that there is not", got.run)
    first.stdin.close()
    first.wait()
    tap.same(first.returncode, 0, "the first one ends well")
    with sqlite3.connect(place.path) as db:
        db.execute("UPDATE _abhost_meta SET value = 'somebody' WHERE name = 'connector'")
    got = place.write([entry()], [])
    tap.ok("of the connector somebody" in got.errors()[0]["message"] and "destination_path" in got.errors()[0]["message"] and
           "--" not in got.errors()[0]["message"], "a file of another connector's", got.run)
    place = Place()
    gone = place.start([entry()])
    gone.stdout.close()
    try:
        for i in range(200):
            gone.stdin.write(json.dumps(record("t", {"id": 3})) + "\n" + json.dumps(state("t", {"n": 1})) + "\n")
            gone.stdin.flush()
            time.sleep(0.02)
    except BrokenPipeError:
        pass
    gone.wait()
    tap.same(gone.returncode, 1, "nobody takes what it has to tell: exit 1")
    term = place.start([entry()])
    term.stdin.write(json.dumps(record("t", {"id": 4})) + "\n")
    term.stdin.flush()
    term.send_signal(signal.SIGTERM)
    term.wait()
    tap.same(term.returncode, -signal.SIGTERM, "SIGTERM ends it as it ends others")
    tap.ok((4,) not in place.rows("t"), "and what no state covers is not there")


def wrapped():
    folder = scratch()
    program = os.path.join(folder, "destination-it's-sqlite")
    run = abhost("wrap", "--destination", "sqlite", "-o", program)
    tap.ok(run.code == 0 and "spec, check, write" in run.out, "wrap --destination", run)
    config = put(folder, "c.json", {"destination_path": os.path.join(folder, "x.db")})
    catalog = put(folder, "k.json", {"streams": [entry()]})
    done = subprocess.run([program, "write", "--config", config, "--catalog", catalog], text=True, stdout=subprocess.PIPE,
                          input=json.dumps(record("t", {"id": 1})) + "\n" + json.dumps(state("t", {})) + "\n", timeout=TIMEOUT)
    tap.ok(done.returncode == 0 and '"STATE"' in done.stdout, "the program writes", done.stdout)
    tap.same(json.loads(subprocess.run([program, "spec"], stdout=subprocess.PIPE, timeout=TIMEOUT).stdout)["type"], "SPEC",
             "and says what it wants")
    for args in (("-o", "x"), ("a.so", "--destination", "sqlite", "-o", "x"), ("--destination", "oracle", "-o", "x")):
        tap.same(abhost("wrap", *args, cwd=folder).code, 2, "wrap %s: refused" % " ".join(args))


def resident(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        return max(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def memory():
    """Many streams in turn, none of which has a state: what is collected of them is bounded."""
    place = Place()
    process = place.start([entry("s%d" % i) for i in range(300)])
    text = "x" * 1000
    for i in range(60000):
        process.stdin.write(json.dumps(record("s%d" % (i % 300), {"id": i, "text": text})) + "\n")
    process.stdin.flush()
    most = resident(process.pid)
    process.stdin.close()
    process.stdout.read()
    process.wait()
    with open_db(place.path) as db:
        count = sum(db.execute('SELECT count(*) FROM "s%d"' % i).fetchone()[0] for i in range(300))
    tap.same((process.returncode, count), (0, 60000), "300 streams in turn")
    with open(ABHOST, "rb") as program:
        if b"__asan_init" not in program.read():
            tap.ok(most < 48 << 10, "60 MB of them take few", "%d KiB" % most)


def short_of_memory():
    """Any allocation fails: it says so, and does not crash, and leaves out no STATE."""
    if not os.path.exists(SHIM):
        tap.skip("short of memory", "no tests/kill/shim.so: a sanitizer has the memory to itself")
        return
    d = Place("jsonl")
    words = [ABHOST, "airbyte-destination", "jsonl", "write", "--config", d.config, "--catalog",
             put(d.folder, "catalog.json", {"streams": [entry()]})]
    lines = "".join(json.dumps(m) + "\n" for m in (record("t", {"id": 1}), state("t", {"n": 1})))
    for kind, step in (("malloc", 1), ("nomem", 10)):  # one, or twenty in a row
        crashed, mute, untold, fine = [], [], [], 0
        for at in range(1, 3000, step):
            shutil.rmtree(d.path, ignore_errors=True)
            run = subprocess.run(words, input=lines, text=True, capture_output=True, timeout=TIMEOUT, check=False, env={
                **environment(), "LD_PRELOAD": SHIM, "SHIM_UNDER": d.folder, "SHIM_FAULT": "%s@%d" % (kind, at)})
            fine = fine + 1 if run.returncode == 0 else 0
            if run.returncode < 0:
                crashed.append((at, run.returncode))
            if run.returncode > 0 and '"ERROR"' not in run.stdout and not run.stderr:
                mute.append(at)
            if run.returncode == 0 and '"STATE"' not in run.stdout:
                untold.append(at)
            if fine * step >= 60:  # most likely none was left to fail
                break
        tap.same(crashed, [], "%s at any of %d allocations: it does not crash" % (kind, at - fine * step))
        tap.same(mute, [], "%s: it says why it ends" % kind)
        tap.same(untold, [], "%s: where it ends well, every STATE was told" % kind)


for test in (exchange, rows_and_states, modes, generations, tried_again, broken_off, killed_at_the_end, without_words, kinds_of_state, namespaces, bad_input,
             others, wrapped, memory, short_of_memory):
    test()
tap.done()

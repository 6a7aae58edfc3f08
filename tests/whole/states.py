#!/usr/bin/env python3
"""abhost state: what is shown, taken out and put in is one and the same; what is changed decides what the next run reads, and
neither loses nor doubles a row; what makes no sense is refused, with a sentence, and changes nothing."""
import json
import os
import sqlite3
import subprocess

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, environment,
                 need, parse_lines, read_table, scratch, wait_until, write_catalog, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")
PLACES = ("x.db", "jsonl:x")
PARTS = {"states": [{"partition": {"b": 1, "a": "x"}, "cursor": {"at": 12345678901234567890}},
                    {"partition": {"a": "y", "b": 1}, "cursor": {"at": 1}}]}


def message(name, state, namespace=None):
    descriptor = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"type": "STREAM", "stream": {"stream_descriptor": descriptor, "stream_state": state}}


def by_partition(state):
    return sorted((json.dumps(s["partition"], sort_keys=True), s["cursor"]["at"]) for s in state["states"])


def export(place, folder):
    run = abhost("state", "export", place, cwd=folder)
    return {m["stream"]["stream_descriptor"]["name"]: m["stream"]["stream_state"] for m in json.loads(run.out)}


def put(folder, value, name="state.json"):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return name


def content(path):
    """Of a place, to see that nothing has changed."""
    if os.path.isdir(path):
        return {name: content(os.path.join(path, name)) for name in os.listdir(path)}
    if path.endswith(".db"):
        db = sqlite3.connect(path)
        dump = list(db.iterdump())
        db.close()
        return dump
    with open(path, "rb") as file:
        return file.read()


def sync(folder, place, *words):
    return abhost("run", API, "config.json", "--to", place, "--catalog", "catalog.json", *words, cwd=folder)


def begin(api, place, mode="append"):
    folder = scratch()
    write_config(folder, api)
    write_catalog(folder, {"users": "overwrite", "events": mode})
    run = sync(folder, place)
    tap.ok(run.code == 0, "%s, %s: a sync" % (place, mode), run)
    return folder


def read_again(run):
    """Records of events that a run has read."""
    return [json.loads(line)["records"] for line in run.out.splitlines()
            if '"stream_end"' in line and '"events"' in line][0]


def shown(api, place):
    folder = begin(api, place)
    newest = max(e["updated_at"] for e in api.truth("events"))
    tap.same(export(place, folder), {"users": {}, "events": {"updated_at": newest}}, place + ": export")
    tap.same(abhost("state", place, cwd=folder).out, abhost("state", "export", place, cwd=folder).out,
             place + ": without a verb it is export")
    lines = [line.split("\t") for line in abhost("state", "show", place, cwd=folder).out.splitlines()]
    tap.same([(l[0], l[3], l[4], l[5]) for l in lines[1:]],
             [("events", '{"updated_at":"%s"}' % newest, "1", "\\N"), ("users", "{}", "1", "\\N")], place + ": show")


def set_back(api, place):
    folder = begin(api, place)
    events = api.truth("events")
    middle = sorted(e["updated_at"] for e in events)[150]
    before = export(place, folder)["events"]
    run = abhost("state", "set", place, "events", json.dumps({"updated_at": middle}), cwd=folder)
    tap.ok(run.code == 0 and json.dumps(before).replace(": ", ":") in run.out and middle in run.out and "->" in run.out,
           place + ": set says what was there", run)
    run = sync(folder, place, "--json")
    again = sum(e["updated_at"] >= middle for e in events)
    tap.ok(run.code == 0 and again <= read_again(run) < again + 100, place + ": the next run begins there", again, run)
    tap.same(export(place, folder)["events"], before, place + ": and ends where it had ended")
    run = abhost("state", "set", place, "events", json.dumps(before), cwd=folder)
    run = sync(folder, place)
    rows = read_table(os.path.join(folder, "x.db"), "events") if place == "x.db" else None
    tap.ok(rows is None or len(rows) == len(events) + again, place + ": the same state keeps what is known of its edge",
           rows and len(rows))


def reset(api, place):
    for mode in ("append", "dedup", "refresh-append", "overwrite"):
        folder = begin(api, place, mode)
        run = abhost("state", "reset", place, "events", cwd=folder)
        tap.ok(run.code == 0 and "events: " in run.out and "users" not in run.out, "%s, %s: reset" % (place, mode), run)
        tap.same(export(place, folder), {"users": {}, "events": {}}, "%s, %s: it is gone" % (place, mode))
        run = sync(folder, place, "--json")
        events = api.truth("events")
        tap.ok(run.code == 0 and read_again(run) == len(events), "%s, %s: all is read again" % (place, mode), run)
        if place == "x.db":
            check_table(tap, os.path.join(folder, "x.db"), "events", events * (2 if mode == "refresh-append" else 1),
                        "%s: and nothing is doubled that the mode does not double" % mode)
        elif mode == "append":
            with open(os.path.join(folder, "x/events.jsonl"), "rb") as file:
                tap.same(parse_lines(file.read()), events, "jsonl: and nothing is doubled")
    folder = begin(api, place)
    run = abhost("state", "reset", place, cwd=folder)
    tap.ok(run.code == 0 and "users: " in run.out and "events: " in run.out, place + ": reset of all", run)


def unfinished(api, mode):
    """What a read has left that did not end: set refuses, reset gets rid of it."""
    folder = scratch()
    write_config(folder, api, page_size=50)
    write_catalog(folder, {"events": mode})
    api.faults("status=404,path=events,after=3")
    run = sync(folder, "x.db")
    api.faults()
    tap.ok(run.code != 0, mode + ": a sync that fails", run)
    run = abhost("state", "show", "x.db", cwd=folder)
    has_rest = "full_refresh\t" in run.out
    tap.ok(has_rest == (mode in ("overwrite", "refresh-append")) or mode in ("append", "dedup"), mode + ": shown", run)
    if has_rest:
        run = abhost("state", "set", "x.db", "events", "{}", cwd=folder)
        tap.ok(run.code == 1 and "its last read has not ended" in run.err, mode + ": set refuses", run)
    run = abhost("state", "reset", "x.db", "events", cwd=folder)
    tap.ok(run.code == 0, mode + ": reset does not", run)
    run = sync(folder, "x.db")
    tap.ok(run.code == 0, mode + ": the next run", run)
    check_table(tap, os.path.join(folder, "x.db"), "events", api.truth("events"), mode + ": has all of it, once")


def imports(api, place):
    folder = begin(api, place)
    before = export(place, folder)["events"]
    new = {"updated_at": "2024-01-01T00:00:00.000Z"}
    forms = {"a list": [message("events", new)], "lines": "\n".join(map(json.dumps, [message("events", new)] * 2)),
             "messages": {"type": "STATE", "state": message("events", new), "extra": None},
             "nulls and extra keys": [{**message("events", new), "global": None, "data": None, "sourceStats": {"recordCount": 1.0}}],
             "the API's answer": {"stateType": "stream", "connectionId": "x", "globalState": None, "streamState": [
                 {"streamDescriptor": {"name": "events", "namespace": None}, "streamState": new}]},
             "LEGACY": [{"type": "LEGACY", "data": {"events": new}}],
             "LEGACY of the API": {"stateType": "legacy", "connectionId": "x", "state": {"events": new}},
             "LEGACY, the map alone": {"events": new},
             "GLOBAL without a shared part": [{"type": "GLOBAL", "global": {"shared_state": {}, "stream_states": [
                 message("events", new)["stream"]]}}]}
    for name, value in forms.items():
        run = abhost("state", "import", place, put(folder, value), cwd=folder)
        tap.ok(run.code == 0 and export(place, folder)["events"] == new, "%s: import of %s" % (place, name), run)
        abhost("state", "set", place, "events", json.dumps(before), cwd=folder)
    run = abhost("state", "import", place, put(folder, [message("events", {"__ab_no_cursor_state_message": True})]), cwd=folder)
    tap.ok(run.code == 0 and export(place, folder)["events"] == {}, place + ": Airbyte's word for none", run)
    wrong = {"a shared part": ({"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}, "stream_states": []}}, "shared_state"),
             "LEGACY of one stream": ([{"type": "LEGACY", "data": new}], "does not say which stream"),
             "LEGACY, mixed": ({"events": new, "cursor": 5}, "does not say which stream"),
             "LEGACY of nothing": ({"type": "LEGACY", "data": {}}, "does not say which stream"),
             "LEGACY of a stream that is not there": ({"evnets": new}, '"evnets", which is no stream'),
             "no JSON": ("{", "is not JSON"), "nothing": ("", "no state in it"), "no name": ([message("", new)], "whose it is"),
             "a number": ([message("events", 5)], "must be an object"),
             "a good and a bad one": ([message("events", new), message("events", [])], "must be an object"),
             "notes of a newer one": ([message("events", {**new, "_abhost": {"v": 2}})], "a newer abhost wrote it"),
             "such notes of a partition": ([message("others", {"states": [{"partition": {"a": 1}, "cursor": {}, "_abhost": {"v": 2}}]})],
                                           "a newer abhost wrote it"),
             "one cursor for all": ([message("events", {"use_global_cursor": True, "states": []})], "use_global_cursor"),
             "partitions twice": ([message("others", {"states": [{"partition": {"a": 1, "b": 2}}, {"partition": {"b": 2, "a": 1}}]})],
                                  "there twice")}
    still = content(os.path.join(folder, place.split(":")[-1]))
    for name, (value, said) in wrong.items():
        run = abhost("state", "import", place, put(folder, value), cwd=folder)
        tap.ok(run.code == 1 and said in run.err and "state.json" in run.err, "%s: no import of %s" % (place, name), run)
    tap.ok(content(os.path.join(folder, place.split(":")[-1])) == still, place + ": and nothing has changed")
    run = abhost("state", "import", place, put(folder, [message("evnets", new)]), cwd=folder)
    tap.ok(run.code == 0 and '"evnets" has had no state here' in run.err, place + ": a name that is new here is told", run)


def partitions(place):
    """A new place for state that comes from elsewhere; its numbers and partitions come out as they went in."""
    folder = scratch()
    put(folder, json.dumps([message("things", PARTS, "ns"), message("users", None)]))
    run = abhost("state", "import", place, "state.json", cwd=folder)
    tap.ok(run.code == 1 and os.listdir(folder) == ["state.json"], place + ": no place is made by mistake", run)
    run = abhost("state", "import", place, "state.json", "--connector", "many", cwd=folder)
    tap.ok(run.code == 0, place + ": but by --connector", run)
    got = export(place, folder)["things"]
    tap.ok("12345678901234567890" in abhost("state", place, cwd=folder).out and
           by_partition(got) == by_partition(PARTS), place + ": partitions", got)
    with open(os.path.join(folder, "again.json"), "w", encoding="utf-8") as file:
        file.write(abhost("state", place, cwd=folder).out)
    run = abhost("state", "import", place, "again.json", cwd=folder)
    tap.ok(run.code == 0 and export(place, folder)["things"] == got, place + ": out and in again", run)
    lines = abhost("state", "show", place, "things", cwd=folder).out.splitlines()
    tap.ok(len(lines) == 3 and '{"a":"x","b":1}' in lines[1], place + ": shown one by one", lines)


def wrong_sets(api, place):
    folder = begin(api, place)
    still = content(os.path.join(folder, place.split(":")[-1]))
    for state, said in (("5", "must be an object"), ("{", "not JSON"), ('{"a": 1} {}', "more than one JSON value"),
                        ('{"updatedAt": "2024-01-01T00:00:00Z"}', '{"updated_at": ...}'),
                        ('{"updated_at": "yesterday"}', "a time as in"), ('{"updated_at": 17}', "a time as in"),
                        ('{"updated_at": null}', "not null"), ('{"updated_at": [1]}', "not [1]")):
        run = abhost("state", "set", place, "events", state, cwd=folder)
        tap.ok(run.code == 1 and said in run.err and 'stream "events"' in run.err, "%s: set %s" % (place, state), run)
    run = abhost("state", "set", place, "evnets", "{}", cwd=folder)
    tap.ok(run.code == 1 and "it has: events, users" in run.err, place + ": no such stream", run)
    for words in (["set", place], ["rset", place], ["import", place], ["show", place, "a", "b"]):
        run = abhost("state", *words, cwd=folder)
        tap.ok(run.code == 2, " ".join(words), run)
    tap.ok(content(os.path.join(folder, place.split(":")[-1])) == still, place + ": nothing has changed")


def by_hand(api):
    """Somebody edits _abhost_state, or drops a table."""
    for state, said in (('{"updated_at": 5}', "a time as in"), ('{"at": "x"}', "must name its cursor field"),
                        ("{", "cannot be understood"), ("[]", "is not a JSON object")):
        folder = begin(api, "x.db")
        with sqlite3.connect(os.path.join(folder, "x.db")) as db:
            db.execute("UPDATE _abhost_state SET state = ? WHERE stream = 'events'", (state,))
        db.close()
        still = content(os.path.join(folder, "x.db"))[:]
        run = sync(folder, "x.db")
        tap.ok(run.code in (3, 4) and said in run.err + run.out and "events" in run.text, "edited to %s: told" % state, run)
        rows = [line for line in content(os.path.join(folder, "x.db")) if 'INTO "events"' in line]
        tap.same(rows, [line for line in still if 'INTO "events"' in line], "and no row is touched")
    for mode in ("append", "dedup", "overwrite", "refresh-append"):
        folder = begin(api, "x.db", mode)
        with sqlite3.connect(os.path.join(folder, "x.db")) as db:
            db.execute("DELETE FROM _abhost_state WHERE stream = 'events'")
        db.close()
        run = sync(folder, "x.db", "--json")
        tap.ok(run.code == 0 and read_again(run) == 300, mode + ": a state that was deleted: all is read again", run)
        check_table(tap, os.path.join(folder, "x.db"), "events",
                    api.truth("events") * (2 if mode == "refresh-append" else 1), mode + ": and nothing is doubled")
        with sqlite3.connect(os.path.join(folder, "x.db")) as db:
            db.execute("DROP TABLE events")
        db.close()
        run = sync(folder, "x.db")
        tap.ok(run.code == 0 and 'stream "events": its table is no longer in x.db' in run.err and
               '"users": its table' not in run.err, mode + ": a dropped table is told", run)
        check_table(tap, os.path.join(folder, "x.db"), "events", api.truth("events"), mode + ": and filled anew")


def dedup_becomes_append(api):
    """Of records with a key append_dedup keeps no hashes: what stands at the newest cursor value comes once more."""
    folder = begin(api, "x.db", "dedup")
    events = api.truth("events")
    newest = max(e["updated_at"] for e in events)
    for again in range(2):
        write_catalog(folder, {"users": "overwrite", "events": "append"})
        run = sync(folder, "x.db")
        tap.ok(run.code == 0, "from append_dedup to append", run)
        check_table(tap, os.path.join(folder, "x.db"), "events", events + [e for e in events if e["updated_at"] == newest],
                    "append after append_dedup, run %d: only what is newest is there twice" % (again + 1))


def lock(api, place):
    folder = begin(api, place)
    api.log(clear=True)
    api.faults("hang,path=events")
    process = abhost_start("run", API, "config.json", "--to", place, "--streams", "events", cwd=folder)
    wait_until(lambda: any(e["path"] == "/v1/events" for e in api.log()))
    run = abhost("state", "reset", place, cwd=folder)
    tap.ok(run.code == 1 and "is in use by another run (process %d" % process.pid in run.err, place + ": not while a run has it",
           run)
    tap.ok(abhost("state", "show", place, cwd=folder).code == 0, place + ": but it can be looked at")
    api.faults()
    process.terminate()
    abhost_wait(process)


with FakeApi(users=20, events=300, seed=5) as server:
    for where in PLACES:
        shown(server, where)
        set_back(server, where)
        reset(server, where)
        imports(server, where)
        wrong_sets(server, where)
        lock(server, where)
        partitions(where)
    for how in ("append", "dedup", "overwrite", "refresh-append"):
        unfinished(server, how)
    by_hand(server)
    dedup_becomes_append(server)
    home = begin(server, "x.db")
    got = subprocess.run([ABHOST, "state", "import", "x.db", "-"], cwd=home, capture_output=True, env=environment(),
                         check=False, input=json.dumps([message("events", {"updated_at": "2024-01-01T00:00:00Z"})]).encode())
    tap.ok(got.returncode == 0, "import from standard input", got)
tap.done()

#!/usr/bin/env python3
"""abhost run SYNC.json: a sync in one file, from whatever folder; options win over it; a mistake in it is told with its
JSON pointer, before anything is read; what it says is what the same words on a command line say."""
import json
import os

from lib import (ABHOST, FAKE, KEY, SRC, FakeApi, Tap, abhost, check_table, connector, need, parse_lines, read_table,
                 scratch, secrets_in, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")


def put(folder, value, name="sync.json"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return os.path.join(folder, name)


def whole(api):
    home = scratch()
    base = os.path.join(home, "jobs")
    os.makedirs(base)
    os.symlink(API, os.path.join(base, "the-api.so"))
    doc = {"$schema": "../schema/sync.json", "connector": "./the-api.so", "destination": "sqlite:out.db",
           "config": {"api_key": "${THE_KEY}", "base_url": api.url, "page_size": 50},
           "schema_contract": "discard_value",
           "streams": ["users", {"name": "events", "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
                                 "primary_key": "id", "cursor_field": "updated_at", "columns": ["actor"], "generation_id": 4}],
           "verify": True, "wait": 5, "full_refresh": False, "page_cap": "4M",
           "concurrency": 2, "memory": "64M"}
    path = put(base, doc)
    run = abhost("run", path, cwd=home, env={"THE_KEY": KEY})
    tap.ok(run.code == 0 and "Verified" in run.out, "a sync from another folder", run)
    tap.same(secrets_in(run, path), [], "no secret told, none written")
    rows = read_table(os.path.join(base, "out.db"), "events", system=True)
    tap.same(sorted(rows[0])[-3:], ["actor", "id", "updated_at"], "columns are those of the file")
    tap.same({row["_airbyte_generation_id"] for row in rows}, {4}, "and its generation")
    tap.same(sorted(os.listdir(home)), ["jobs"], "nothing beside")
    check_table(tap, os.path.join(base, "out.db"), "users", api.truth("users"), "the table is the truth")
    run = abhost("check", path, cwd=home, env={"THE_KEY": KEY})
    tap.ok(run.code == 0 and run.out.startswith("ok: my-api"), "check", run)
    run = abhost("run", path, "--to", "jsonl:-", "--streams", "users", cwd=home, env={"THE_KEY": KEY})
    tap.ok(run.code == 2 and "--verify needs a destination" in run.err, "what does not fit is told", run)
    del doc["verify"]
    path = put(base, doc)
    run = abhost("run", path, "--to", "jsonl:here", "--streams", "users", cwd=home, env={"THE_KEY": KEY})
    with open(os.path.join(home, "here/users.jsonl"), "rb") as file:
        tap.ok(run.code == 0 and parse_lines(file.read()) == api.truth("users"), "options win, their paths are from here", run)
    tap.ok(not os.path.exists(os.path.join(home, "here/events.jsonl")), "--streams selects among the file's")
    doc["streams"].append("nobody")
    path = put(base, doc)
    for command in ("run", "check"):
        run = abhost(command, path, cwd=home, env={"THE_KEY": KEY})
        tap.ok(run.code == 3 and path + ", /streams/2" in run.err and "catalog file" not in run.err,
               command + ": a stream that is not there is told with file and key", run)
    doc["streams"].pop()
    path = put(base, doc)
    run = abhost("run", path, "--streams", "nobody", cwd=home, env={"THE_KEY": KEY})
    tap.ok(run.code == 3 and '"nobody"' in run.err, "and no others", run)


def beside(api):
    """The configuration in a file of its own, which is shared with other commands; all streams; a folder; full_refresh."""
    home = scratch()
    base = os.path.join(home, "jobs")
    os.makedirs(base)
    write_config(base, api, api_key="${THE_KEY}")
    path = put(base, {"connector": API, "config": "config.json", "destination": "jsonl:${PLACE}", "schema_contract": "freeze"})
    run = abhost("run", path, cwd=home, env={"THE_KEY": KEY, "PLACE": "out"})
    tap.ok(run.code == 0 and sorted(os.listdir(os.path.join(base, "out"))) ==
           ["_abhost_state.json", "events.jsonl", "users.jsonl"], "${NAME} in the destination, all streams", run)
    for names, said in ((["events"], 200), (True, 200), (False, 5)):
        path = put(base, {"connector": API, "config": "config.json", "destination": "jsonl:out", "full_refresh": names})
        run = abhost("run", path, "--json", cwd=home, env={"THE_KEY": KEY})
        read = [e["records"] for e in map(json.loads, run.out.splitlines())
                if e["event"] == "stream_end" and e["stream"] == "events"]
        tap.ok(run.code == 0 and (read[0] == 200) == (said == 200), "full_refresh: %s" % names, run)
    run = abhost("run", path, cwd=home)
    tap.ok(run.code == 3 and "config.json: not set in the environment: THE_KEY" in run.err, "a name that is not set", run)


def mistakes(api):
    home = scratch()
    good = {"connector": API, "config": {"api_key": KEY, "base_url": api.url}}
    api.log(clear=True)
    for change, said in (({"connector": None}, "/connector: must be a string"), ({"extra": 1}, "/extra"),
                         ({"streams": []}, "/streams"), ({"streams": [{}]}, "/streams/0"), ({"streams": "users"}, "/streams"),
                         ({"streams": [{"name": "users", "sync_mode": "all"}]}, '/streams/0/sync_mode: must be one of "full_refresh"'),
                         ({"streams": [{"name": "users", "modes": "all"}]}, "/streams/0/modes"), ({"streams": [7]}, "/streams/0: must be a string or an object, but is an integer"),
                         ({"wait": "long"}, "/wait: must be a boolean or an integer"), ({"wait": 0}, "/wait: must be at least 1"), ({"verify": 1}, "/verify"), ({"config": [1]}, "/config"),
                         ({"schema_contract": "strict"}, "/schema_contract"), ({"destination": ""}, "/destination"),
                         ({"config": {"api_key": 5}}, "sync.json, its config: "), ({"config": {"base_url": "x"}}, "/api_key"),
                         ({"destination": "${NO_SUCH}"}, "not set in the environment: NO_SUCH (wanted by /destination)"),
                         ({"streams": ["nobody"]}, '/streams/0 names the stream "nobody"'),
                         ({"streams": [{"name": "users", "sync_mode": "incremental"}]}, "no cursor field"),
                         ({"streams": ["events", {"name": "events", "columns": ["id"]}]},
                          'sync.json, /streams/1 names the stream "events" again, with other words than before it'),
                         ({"config": "nowhere.json"}, "nowhere.json")):
        for command in ("run", "check"):
            run = abhost(command, put(home, {**good, **change}), cwd=home)
            tap.ok(run.code == 3 and said in run.err and KEY not in run.text, "%s of %s" % (command, json.dumps(change)[:60]), run)
    for text, said in (("{", "sync.json:1:"), ("[]", "must be an object"), ("{}", "/connector: is required")):
        run = abhost("run", put(home, text), cwd=home)
        tap.ok(run.code == 3 and said in run.err, "run of %s" % text, run)
    run = abhost("run", "nowhere.json", cwd=home)
    tap.ok(run.code == 3 and "cannot read nowhere.json" in run.err, "no such file", run)
    for change, said in (({"page_cap": 5}, "sync.json, /page_cap: must be a number of bytes from 4K"),
                         ({"memory": "much"}, "sync.json, /memory: must be a number of bytes from 24M"),
                         ({"concurrency": 65}, "sync.json, /concurrency: must be a number from 1 to 64")):
        run = abhost("run", put(home, {**good, **change}), cwd=home)
        tap.ok(run.code == 3 and said in run.err, "a value that an option would not take", run)
    run = abhost("run", put(home, good), "--memory", "much", cwd=home)
    tap.ok(run.code == 2 and "--memory must be" in run.err, "of an option", run)
    tap.ok(all(e["path"] == "/v1/health" for e in api.log()), "and no record was asked for", api.log())


def schema():
    """Each key of the schema is an option of run, or one of the file's own."""
    with open(os.path.join(SRC, "sdk/schema/sync.json"), encoding="utf-8") as file:
        keys = set(json.load(file)["properties"])
    told = abhost("run", "--help").out
    own = {"$schema", "connector", "config", "destination", "schema_contract"}
    tap.same([k for k in sorted(keys - own) if "--" + k.replace("_", "-") not in told], [],
             "every key is known to run")


with FakeApi(users=20, events=200, seed=9) as server:
    whole(server)
    beside(server)
    mistakes(server)
    schema()
tap.done()

#!/usr/bin/env python3
"""What a sync says, to whom and in which form; and what the other commands print of the same data.  A pipe never
gets an escape code, standard output never gets both records and words, and no form shows a secret."""
import json
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import (ABHOST, FAKE, KEY, FakeApi, Tap, abhost, connector, environment, match_rows, need,  # noqa: E402
                 parse_lines, read_table, scratch, write_config)

need(ABHOST, FAKE)
tap = Tap()
folder = scratch()
API = connector("my-api")


def clean(run, name):
    tap.ok(KEY not in run.text and "\x1b" not in run.text, name + ": no secret, no escape code", run)


with FakeApi(users=120, events=1000) as api:
    config = write_config(folder, api)

    # a pipe gets plain lines
    run = abhost("run", API, config, cwd=folder)
    clean(run, "plain lines")
    tap.ok(run.code == 0 and run.err == "", "plain lines: all on standard output", run)
    tap.ok(re.search(r"^my-api 1\.0\.0 -> my-api\.db$", run.out, re.M), "plain lines: what goes where", run)
    for stream, count in (("users", "120"), ("events", "1,000")):
        tap.ok(re.search(r"^%s +%s records .* done$" % (stream, count), run.out, re.M), stream + " is told", run)
    tap.ok(re.search(r"^events +incremental, append_dedup +1,000 +1,000 +events$", run.out, re.M), "the table", run)
    following = re.search(r"^Next: (.*)$", run.out, re.M)
    if tap.ok(following, "the next command is told", run):
        words = shlex.split(following.group(1))
        got = subprocess.run([ABHOST, *words[1:], "--json"], cwd=folder, capture_output=True, check=False)
        tap.ok(words[0] == "abhost" and got.returncode == 0 and len(got.stdout.splitlines()) == 5, "and it works", got)

    # again: only what is new
    api.add("events", 10)
    run = abhost("run", API, config, "--json", cwd=folder)
    clean(run, "--json")
    events = [json.loads(line) for line in run.out.splitlines()]
    names = [e["event"] for e in events]
    tap.ok(run.code == 0 and run.err == "", "--json: nothing else is printed", run)
    tap.same((names[0], names[-1], names.count("stream_begin"), names.count("stream_end")), ("begin", "end", 2, 2),
             "--json: begin, the streams, end")
    tap.ok(all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", e["time"]) for e in events), "all have a time")
    ends = {e["stream"]: e for e in events if e["event"] == "stream_end"}
    tap.same((ends["users"]["records"], ends["events"]["outcome"], ends["events"]["where"]),
             (120, "succeeded", "events"), "--json: how a stream ended")
    tap.ok(10 <= ends["events"]["records"] < 30, "only what is new is read", ends)
    tap.same((events[-1]["outcome"], events[-1]["records"]),
             ("succeeded", sum(e["records"] for e in ends.values())), "--json: how it ended")
    tap.same(match_rows(read_table(os.path.join(folder, "my-api.db"), "events"), api.truth("events")), None,
             "the table is the truth")

    # silence
    run = abhost("run", API, config, "--quiet", cwd=folder)
    tap.ok(run.code == 0 and run.text == "", "--quiet says nothing", run)

    # the destination is standard output: records there, words elsewhere
    state = os.path.join(folder, "pipe.state")
    run = abhost("run", API, config, "--to", "jsonl:-", "--streams", "users", "--state", state, cwd=folder)
    clean(run, "jsonl:-")
    lines = parse_lines(run.out.encode())
    tap.ok(run.code == 0 and len(lines) == 120, "jsonl:-: a line per record", run.code, run.err)
    tap.ok("users" in run.err and "120" in run.err, "jsonl:-: the words go to standard error", run.err)
    run = abhost("run", API, config, "--to", "jsonl:-", "--streams", "users", "--state", state, "--json", cwd=folder)
    tap.ok(json.loads(run.err.splitlines()[0])["event"] == "begin" and len(parse_lines(run.out.encode())) == 120,
           "jsonl:- with --json: the events go to standard error", run)

    # a look
    run = abhost("check", API, config, cwd=folder)
    tap.ok(run.code == 0 and run.out.startswith("ok: my-api 1.0.0") and run.err == "", "check", run)
    run = abhost("read", API, config, "--stream", "events", "--limit", "7")
    tap.same((run.code, parse_lines(run.out.encode())), (0, api.truth("events")[:7]), "read: the first records")
    process = subprocess.run("'%s' read '%s' '%s' --stream events --limit 900 | head -1" % (ABHOST, API, config),
                             shell=True, capture_output=True, env=environment(), check=False)
    tap.ok(process.returncode == 0 and process.stderr == b"", "read | head: no complaint", process)
    run = abhost("discover", API, config)
    streams = json.loads(run.out)["streams"]
    tap.same([s["name"] for s in streams], ["users", "events"], "discover: a catalog")
    run = abhost("discover", API, config, "--configured")
    configured = json.loads(run.out)
    tap.same([(s["stream"]["name"], s["sync_mode"], s["destination_sync_mode"]) for s in configured["streams"]],
             [("users", "full_refresh", "overwrite"), ("events", "incremental", "append_dedup")],
             "discover --configured: the modes of a run")
    configured["streams"] = configured["streams"][:1]
    catalog = os.path.join(folder, "catalog.json")
    with open(catalog, "w", encoding="utf-8") as file:
        json.dump(configured, file)
    run = abhost("run", API, config, "--catalog", catalog, "--to", "catalog.db", "--json", cwd=folder)
    names = [json.loads(line).get("stream") for line in run.out.splitlines()]
    tap.ok(run.code == 0 and "users" in names and "events" not in names, "run --catalog takes what it prints", run)

    # the same in one process and in one thread
    for option in ("--in-process", "--one-thread"):
        target = "x%s.db" % option
        run = abhost("run", API, config, option, "--to", target, cwd=folder)
        tap.ok(run.code == 0 and match_rows(read_table(os.path.join(folder, target), "events"),
                                            api.truth("events")) is None, option + ": the same table", run)
    for words in (["check", API, config], ["read", API, config, "--stream", "users"], ["discover", API, config]):
        one, other = abhost(*words), abhost(*words, "--in-process")
        tap.ok(one.code == 0 and one.text == other.text, words[0] + " --in-process: the same words", one, other)

    # what failed is told on standard error, by all forms
    api.faults("status=500,path=events")
    bad = write_config(folder, api, "bad.json", api_key="wrong-key-123456")
    run = abhost("run", API, bad, "--to", "bad.db", cwd=folder)
    tap.ok(run.code == 3 and "401" in run.err and "wrong-key" not in run.text, "a wrong key: 3, told, not shown", run)

db = os.path.join(folder, "my-api.db")

# state, history, query
run = abhost("state", db)
newest = max(e["updated_at"] for e in api_truth) if (api_truth := read_table(db, "events")) else None
tap.same({m["stream"]["stream_descriptor"]["name"]: m["stream"]["stream_state"] for m in json.loads(run.out)},
         {"events": {"updated_at": newest}, "users": {}}, "state: Airbyte's list")
run = abhost("history", db, "--json")
rows = parse_lines(run.out.encode())
tap.same([(r["connector"], r["outcome"]) for r in rows], [("my-api", "succeeded")] * 3, "history: the runs")
tap.ok(rows[0]["run"] > rows[-1]["run"], "history: newest first", rows)
run = abhost("query", db, "SELECT 1 AS a, 'x\ty\\' AS b, NULL AS c, 0.1 AS d, x'00ff' AS e; SELECT 2 AS f")
tap.same(run.out, "a\tb\tc\td\te\n1\tx\\ty\\\\\t\\N\t0.1\tx'00ff'\n\nf\n2\n", "query: tabs in a pipe")
run = abhost("query", db, "SELECT 9007199254740993 AS a, 'é\n' AS b, NULL AS c, 1e300 AS d, 2.0 AS e", "--json")
tap.same(json.loads(run.out), {"a": 9007199254740993, "b": "é\n", "c": None, "d": 1e300, "e": 2.0}, "query: JSON")
before = open(db, "rb").read()
for wrong in ("DELETE FROM users", "DROP TABLE users", "PRAGMA query_only = 0; DELETE FROM users", "VACUUM",
              "VACUUM INTO 'copy.db'", "ATTACH 'new.db' AS n; CREATE TABLE n.t (a)", "CREATE TEMP TABLE t (a)",
              "SELECT nothing FROM users", "SELEC 1", "", "/* nothing */"):
    run = abhost("query", db, wrong, cwd=folder)
    tap.ok(run.code == 1 and run.out == "" and run.err.startswith("abhost: "), "query refuses: " + wrong, run)
tap.ok(open(db, "rb").read() == before and not os.path.exists(os.path.join(folder, "copy.db")) and
       not os.path.exists(os.path.join(folder, "new.db")), "and nothing has changed")

# connectors without running them
run = abhost("spec", API)
tap.same(json.loads(run.out)["required"], ["api_key"], "spec")
run = abhost("inspect", API)
for words in ("id:        my-api", "version:   1.0.0", "functions: open close check streams read_page", "libc.so.6",
              "no executable stack"):
    tap.ok(words in run.out, "inspect tells " + words, run)
tap.ok(re.search(r"^api_key +string +required +secret", run.out, re.M), "inspect tells required and secret keys", run)
run = abhost("inspect", connector("tests/zoo/bad-null"))
tap.ok(run.code == 3 and "(MISSING)" in run.out and "is NULL" in run.err, "inspect of a bad one: what, and why", run)
place = os.path.join(folder, "connectors")
os.mkdir(place, 0o755)
for name in ("my-api", "my-api-low"):
    os.symlink(connector(name), os.path.join(place, name + ".so"))
os.symlink(connector("tests/zoo/bad-magic"), os.path.join(place, "bad-magic.so"))
run = abhost("list", env={"ABHOST_CONNECTOR_PATH": place, "XDG_DATA_HOME": "/nowhere"})
listed = {line.split("\t")[4]: line.split("\t") for line in run.out.splitlines()[1:]}
tap.ok(listed.get(os.path.join(place, "my-api.so"), [""])[:3] == ["my-api", "1.0.0", "1.0"], "list: id, version", run)
tap.ok("its magic is" in listed.get(os.path.join(place, "bad-magic.so"), [""] * 7)[6], "list: why not", run)
run = abhost("spec", "my-api", env={"ABHOST_CONNECTOR_PATH": place})
tap.same(json.loads(run.out)["required"], ["api_key"], "a connector by its id")
tap.done()

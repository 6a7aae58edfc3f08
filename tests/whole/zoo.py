#!/usr/bin/env python3
"""A connector that misbehaves, as a user meets it: one sentence with its place on standard error, the right exit code,
the run in the history; no secret; the good streams beside it, and what was committed, are kept."""
import json
import os

from lib import ABHOST, Tap, abhost, connector, need, parse_lines, read_table, scratch, secrets_in

ZOO, PARTS, GEN = (connector("tests/zoo/" + name) for name in ("zoo", "zoo-parts", "gen"))
need(ABHOST, ZOO, PARTS, GEN)
tap = Tap()

READ = "zoo 1.0.0, read_page of stream s, page 1: "
SAFE = "; what was committed before is safe"

# connector, behaviour, where, exit code, the sentence
CASES = [
    (PARTS, "crash", "open", 1, "zoo 1.0.0 died of SIGSEGV in open" + SAFE),
    (PARTS, "crash", "streams", 1, "zoo 1.0.0 died of SIGSEGV in streams" + SAFE),
    (PARTS, "crash", "partitions", 1, "zoo 1.0.0 died of SIGSEGV in partitions of stream s, page 1" + SAFE),
    (PARTS, "crash", "page 2", 1, "zoo 1.0.0 died of SIGSEGV in read_page of stream s, page 2" + SAFE),
    (PARTS, "crash", "update_state", 1, "zoo 1.0.0 died of SIGSEGV in update_state of stream s, page 1" + SAFE),
    (PARTS, "crash", "close", 0, ""),
    (ZOO, "exit", "read_page", 1, "zoo 1.0.0 called exit(0) in read_page of stream s, page 1" + SAFE),
    (ZOO, "hang", "page 2", 1, "did not return within 1 s (ABHOST_CALL_TIMEOUT)" + SAFE),
    (ZOO, "print", "read_page", 0, "zoo 1.0.0 printed: hello\n"),
    (ZOO, "number", "", 1, READ + "emit got an integer where an object or an array of objects should be"),
    (ZOO, "broken", "", 1, READ + "emit_text's text is not valid JSON"),
    (ZOO, "much", "", 1, READ + "a page of "),
    (ZOO, "same_token", "", 1, "page 2: the page named itself as the next one (token \"again\")"),
    (ZOO, "unknown_key", "", 1, "/is_resumeable is no known key; did you mean \"is_resumable\"?, at: {\"name\": \"s\", "),
    (ZOO, "broken_stream", "", 1, "streams: the stream: unexpected token near '}' at byte 24: {\"name\": \"s\", "),
    (ZOO, "secret", "open", 3, "zoo 1.0.0, open: secret ****, and what it really is: ****"),
    (ZOO, "fail", "read_page", 3, READ + "the first reason"),
]


def run_zoo(folder, path, what, where, command="run"):
    config = os.path.join(folder, "config.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"do": what, "in": where, "secret": "topsecret-topsecret"}, file)
    return abhost(command, path, config, cwd=folder, env={"ABHOST_CALL_TIMEOUT": "1" if what == "hang" else "60"})


for path, what, where, code, sentence in CASES:
    folder = scratch()
    db = os.path.join(folder, "zoo.db")
    name = "%s%s%s" % (what, " in " if where else "", where)
    run = run_zoo(folder, path, what, where)
    tap.ok(run.code == code and sentence in run.err, "%s: exit %d and a sentence" % (name, code), sentence, run)
    tap.same(secrets_in(run, db, key="topsecret-topsecret"), [], name + ": no secret")
    past = parse_lines(abhost("history", db, "--json").out.encode())
    outcome = "succeeded" if code == 0 else "failed"
    tap.ok(len(past) == 1 and past[0]["outcome"] == outcome and (code == 0 or past[0]["error"] in run.err),
           name + ": in the history", past)

run = run_zoo(scratch(), PARTS, "crash", "check", "check")
tap.ok(run.code == 1 and "zoo 1.0.0 died of SIGSEGV in check" in run.err, "crash in check", run)

# one stream's death leaves the others
folder = scratch()
with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
    json.dump({"streams": 3, "die_page": 5}, file)
run = abhost("run", GEN, "config.json", cwd=folder)
tap.ok(run.code == 1 and [run.err.count("abhost: gen 1.0.0 died of SIGABRT in read_page of stream s%d, page" % i)
                          for i in range(3)] == [1] * 3, "each stream's death is told, not only the first one's", run)
tap.ok("3 of 3 streams failed; what was committed is kept" in run.err, "and counted", run)
tap.same(len(read_table(os.path.join(folder, "gen.db"), "s2")), 400, "what the last one had read before is kept")
with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
    json.dump({"streams": 3}, file)
run = abhost("run", GEN, "config.json", cwd=folder)
tap.ok(run.code == 0 and [len(read_table(os.path.join(folder, "gen.db"), "s%d" % i)) for i in range(3)] == [1000] * 3,
       "and the next run has all", run)
tap.done()

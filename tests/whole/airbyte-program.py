#!/usr/bin/env python3
"""A program that speaks Airbyte's protocol as its config says: {"do": NAME, ...}.  Of tests/whole/airbyte-in.py."""
import json
import os
import shutil
import signal
import sys
import tempfile
import time

SPEC = {"type": "object", "properties": {
    "do": {"type": "string"}, "saw": {"type": "string"}, "key": {"type": "string", "airbyte_secret": True},
    "token": {"type": "string", "airbyte_secret": True}}}
words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
out = sys.stdout
counts = {}  # records of a stream since its last state


def say(kind, value, **more):
    key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
    out.write(json.dumps({"type": kind, key: value}, **more) + "\n")


def load(option):
    with open(words[option], encoding="utf-8") as file:
        return json.load(file)


def record(stream="users", space=None, emitted=1700000000000, **data):
    m = {"stream": stream, "data": data, "emitted_at": emitted}
    if space:
        m["namespace"] = space
    say("RECORD", m)
    counted(stream, space)


def counted(stream="users", space=None, n=1):
    counts[stream, space] = counts.get((stream, space), 0) + n


def state(value, stream="users", space=None, off=0):
    d = {"name": stream, **({"namespace": space} if space else {})}
    say("STATE", {"type": "STREAM", "stream": {"stream_descriptor": d, "stream_state": value},
                  "sourceStats": {"recordCount": float(counts.pop((stream, space), 0) + off)}})


def status(word, stream="users", space=None):
    d = {"name": stream, **({"namespace": space} if space else {})}
    say("TRACE", {"type": "STREAM_STATUS", "emitted_at": time.time() * 1000,
                  "stream_status": {"stream_descriptor": d, "status": word}})


def fail(message, failure="system_error", stream=None, **more):
    e = {"message": message, "failure_type": failure, **more}
    if stream:
        e["stream_descriptor"] = {"name": stream}
    say("TRACE", {"type": "ERROR", "emitted_at": 1.5, "error": e})


def stream(name="users", space=None, incremental=True, key=False, **more):
    s = {"name": name, "json_schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
         "supported_sync_modes": ["full_refresh"] + (["incremental"] if incremental else [])}
    if space:
        s["namespace"] = space
    if incremental:
        s.update(source_defined_cursor=True, default_cursor_field=["id"])
    if key:
        s["source_defined_primary_key"] = [["id"]]
    return {**s, **more}


def position(states, name="users"):
    for m in states if isinstance(states, list) else []:
        if m.get("type") == "STREAM" and m["stream"]["stream_descriptor"]["name"] == name:
            return m["stream"]["stream_state"].get("id", 0)
    return 0


# what a read does; each is told config, catalog, state

def count(c, k, s):
    """`n` records, a state behind every `every`; dies behind `die` of this run with `exit`; slow: waits at each state."""
    at = position(s)
    status("STARTED")
    for i in range(at + 1, c.get("n", 1000) + 1):
        record(id=i, name="name %d" % i)
        if i % c.get("every", 10) == 0:
            state({"id": i})
            if c.get("slow"):
                out.flush()
                time.sleep(c["slow"])
        if c.get("die") and i - at == c["die"]:
            out.flush()
            if c.get("signal"):
                os.kill(os.getpid(), c["signal"])
            sys.stderr.write("Traceback: it is %s that broke\n" % c.get("key"))
            sys.stderr.write("x" * 502 + c.get("key") + "\n")
            sys.exit(c.get("exit", 1))
    status("COMPLETE")


def every(c, k, s):
    """All that a reader must bear, and is not in the way of the rows."""
    print("prose, and not JSON")
    print("{'a': 1}")
    say("NEWS", {"a": 1})
    say("DEBUG", "text")
    say("LOG", {"level": "WARN", "message": "mind the key %s" % c["key"]})
    say("LOG", {"level": "WARN", "message": json.dumps({"key": c["key"]})})
    say("LOG", {"level": "WARN", "message": "x" * 1490 + c["key"]})  # so much of a line is shown
    print("x" * 1490 + c["key"])
    say("TRACE", {"type": "ESTIMATE", "emitted_at": 1.25, "estimate": {"name": "users", "type": "STREAM", "row_estimate": 3}})
    say("TRACE", {"type": "ANALYTICS", "emitted_at": 1, "analytics": {"type": "a", "value": "b"}})
    state({"id": 0})  # before any record
    status("STARTED")
    record(stream="strangers", id=7)
    record(stream="strangers", id=8)
    record(stream="users\0" + "x" * 5000, id=9)
    record(id=1, emitted=1795358172846.479)
    out.write('{"type": "RECORD", "record": {"data": {"id": 2, "big": 123456789012345678901234567890, '
              '"exact": 0.10000000000000000555}, "stream": "users", "emitted_at": 1}}\n\n')
    counted()
    say("TRACE", {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {
        "stream_descriptor": {"name": "users"}, "status": "RUNNING", "reasons": [
            {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": 1700000000000}}]}})
    status("COMPLETE")
    record(id=3)  # after its end
    state({"id": 3})


def long_line(c, k, s):
    status("STARTED")
    record(id=1)
    state({"id": 1})
    out.write('{"type": "RECORD", "record": {"stream": "users", "emitted_at": 1, "data": {"id": 2, "text": "')
    for _ in range(100):
        out.write("x" * 1000000)
    out.write('"}}}\n')
    status("COMPLETE")


def half_line(c, k, s):
    status("STARTED")
    record(id=1)
    state({"id": 1})
    record(id=2)
    status("COMPLETE")
    out.write('{"type": "RECORD", "record": {"stream": "users", "data": {"id": 3')


def bad_utf8(c, k, s):
    status("STARTED")
    record(id=1)
    state({"id": 1})
    out.flush()
    out.buffer.write(b'{"type": "RECORD", "record": {"stream": "users", "data": {"id": 2, "a": "\xff"}, "emitted_at": 1}}\n')
    status("COMPLETE")


def deep(c, k, s):
    status("STARTED")
    out.write('{"type": "RECORD", "record": {"stream": "users", "data": {"a": %s%s}, "emitted_at": 1}}\n' % ("[" * 9999, "]" * 9999))
    status("COMPLETE")


def spaces(c, k, s):
    for space in ("north", "south"):
        status("STARTED", space=space)
    for i in range(1, 51):
        record(space="north", id=i)
        record(space="south", id=i, far=i * 2)
    for space in ("north", "south"):
        state({"id": 50}, space=space)
        status("COMPLETE", space=space)


def shared(c, k, s):
    """GLOBAL: one state for two streams."""
    at = 0
    names = [x["stream"]["name"] for x in k["streams"]]
    if s:
        assert s[0]["type"] == "GLOBAL" and len(s) == 1, s
        at = s[0]["global"]["shared_state"]["lsn"]
        assert [x["stream_descriptor"]["name"] for x in s[0]["global"]["stream_states"]] == names, s
    for i in range(at + 1, at + c.get("n", 100) + 1):
        record(id=i, **({"odd": True} if i == c.get("odder") else {}))
        if "orders" in names:
            record("orders", id=i * 10, **({"odd": True} if i == c.get("odd") else {}))
        if i == c.get("pause"):
            out.flush()
            time.sleep(2)
        if i % 10 == 0:
            say("STATE", {"type": "GLOBAL", "global": {"shared_state": {"lsn": i, "big": 12345678901234567890}, "stream_states": [
                {"stream_descriptor": {"name": n}, "stream_state": {"at": i}} for n in names]},
                "sourceStats": {"recordCount": sum(counts.values()) + c.get("off", 0)}})
            counts.clear()
            if c.get("slow"):
                out.flush()
                time.sleep(c["slow"])
    if c.get("incomplete"):
        status("COMPLETE")
        status("INCOMPLETE", "orders")
    if c.get("exit"):
        record(id=-1)
        out.flush()
        sys.exit(c["exit"])


def legacy(c, k, s):
    assert s == [] or isinstance(s, dict), s
    at = s["users"] if s else 0
    for i in range(at + 1, at + 11):
        record(id=i)
    say("STATE", {"data": {"users": at + 10}})


def lopsided(c, k, s):
    """One state for two streams, of which only one has records."""
    at = s["users"] if s else 0
    for i in range(at + 1, at + 11):
        record(id=i)
    say("STATE", {"data": {"users": at + 10}})
    if c.get("exit"):
        out.flush()
        sys.exit(c["exit"])


def control(c, k, s):
    status("STARTED")
    record(id=int(c["token"]))
    say("CONTROL", {"type": "CONNECTOR_CONFIG", "emitted_at": 1.5, "connectorConfig": {
        "config": {**c, "token": str(int(c["token"]) + 1)}}})
    say("LOG", {"level": "INFO", "message": "the new one is %d" % (int(c["token"]) + 1)})
    state({"id": 1})
    status("COMPLETE")


def miscounts(c, k, s):
    """States that tell a wrong number of records, twice; and one that tells none."""
    at = position(s)
    status("STARTED")
    for i in range(at + 1, at + 4):
        record(id=i)
        state({"id": i}, off=5 if i > at + 1 else 0)
    say("STATE", {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"id": at + 3}}})
    status("COMPLETE")


def told(c, k, s):
    """Each of the file's lines is the data of a record, a tab, and members of the RECORD beside them; then a state."""
    status("STARTED")
    with open(c["lines"], encoding="utf-8") as file:
        for line in file:
            data, beside = line.rstrip("\n").split("\t")
            out.write('{"type":"RECORD","record":{"stream":"users","data":%s%s}}\n' % (data, beside))
            counted()
    state({"id": 1})
    status("COMPLETE")


def stubborn(c, k, s):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status("STARTED")
    record(id=1)
    state({"id": 1})
    out.flush()
    with open(c["saw"] + ".up", "w", encoding="utf-8"):
        pass
    while True:
        time.sleep(60)


def deserter(c, k, s):
    """Goes over to the process group of a child's, where a signal for its own group does not reach it."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        time.sleep(3)
        os._exit(0)
    while os.getpgid(child) != child:
        time.sleep(0.01)
    os.setpgid(0, child)
    stubborn(c, k, s)


def refuse(c, k, s):
    fail("the key %s is not good" % c["key"], c.get("failure", "config_error"), internal_message="401")
    sys.exit(1)


def one_fails(c, k, s):
    status("STARTED")
    status("STARTED", "orders")
    record(id=1)
    record("orders", id=1)
    fail("no orders today", "transient_error", "orders")
    status("INCOMPLETE", "orders")
    state({"id": 1})
    status("COMPLETE")
    fail("During the sync, the following streams did not sync successfully: orders", "config_error")
    sys.exit(1)


def passes_over(c, k, s):
    status("STARTED")
    record(id=1)
    status("COMPLETE")


def many(c, k, s):
    """Interleaved, and a state behind every record."""
    names = [x["stream"]["name"] for x in k["streams"]]
    for n in names:
        status("STARTED", n)
    for i in range(1, c["n"] + 1):
        for n in names:
            record(n, id=i)
            state({"id": i}, n)
    for n in names:
        status("COMPLETE", n)


def flood(c, k, s):
    """Many records in 64 streams, mixed, and few states."""
    names = [x["stream"]["name"] for x in k["streams"]]
    for i in range(c["n"]):
        out.write("".join('{"type":"RECORD","record":{"stream":"%s","data":{"id":%d,"text":"%s"},"emitted_at":1}}\n' % (n, i, "x" * 100)
                          for n in names))
        for n in names:
            counted(n)
    for n in names:
        state({"id": 1}, n)


def mute(c, k, s):
    say("LOG", {"level": "INFO", "message": "nothing to see here"})


def silent_end(c, k, s):
    status("STARTED")
    record(id=1)


TWO = ("shared", "lopsided", "one_fails", "passes_over")
command = sys.argv[1]
if "AIRBYTE_LITTER" in os.environ:  # as the CDK: a temporary folder in every command, with the config in it
    litter = tempfile.mkdtemp()
    if "--config" in words:
        shutil.copy(words["--config"], litter)
if command == "spec":
    say("LOG", {"level": "INFO", "message": "hello"})
    say("SPEC", {"connectionSpecification": SPEC, "documentationUrl": "https://example.com"})
    sys.exit()
config = load("--config")
do = config.get("do", "count")
if command == "check":
    if do == "refuse":
        say("CONNECTION_STATUS", {"status": "FAILED", "message": "the key %s is not good" % config["key"]})
    else:
        say("CONNECTION_STATUS", {"status": "SUCCEEDED"})
elif command == "discover":
    if do == "spaces":
        streams = [stream(space="north"), stream(space="south")]
    elif do in ("many", "flood"):
        streams = [stream("s%d" % i) for i in range(70)]
    else:
        streams = [stream(incremental=config.get("incremental", True), key=config.get("keyed", False))]
        streams += [stream("orders")] if do in TWO else []
    say("CATALOG", {"streams": streams})
elif command == "read":
    states = load("--state")
    if "saw" in config:
        with open(config["saw"], "w", encoding="utf-8") as file:
            json.dump({"state": states, "catalog": load("--catalog"), "argv": sys.argv,
                       "env": dict(os.environ), "mode": oct(os.stat(words["--config"]).st_mode & 0o777)}, file)
    globals()[do](config, load("--catalog"), states)

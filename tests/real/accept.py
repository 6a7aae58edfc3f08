#!/usr/bin/env python3
"""abhost test against connectors to servers that nobody here wrote.  Their fixtures are recorded from the server, as an
author does it; then the server is ended, and all is asked again of the recording.  Those that are tables have at most
60 lines, as the documents promise."""
import glob
import json
import os
import shutil
import sqlite3
import sys

import real
import servers
from real import lib

LINES = 60
PAGES = 2000  # to see whether memory grows
PASSWORD = "pass:word " + lib.KEY
NO_UPDATE_STATE = {"read-update-io", "read-update-same", "read-update-monotone"}
CLIENT = "/_matrix/client/v3"


def json_server():
    data = {"authors": [{"id": i, "name": "Author %d" % i} for i in range(1, 10)],
            "posts": [{"id": i, "title": "Post %d" % i, "updated": "2026-03-01T00:00:%02dZ" % (i // 2)} for i in range(1, 20)]}
    api = servers.JsonServer(data=data)
    return api, {"base_url": api.url}, None


def kinto():
    api, who = servers.Kinto(), real.basic("us er", PASSWORD)
    bucket = api.url + "/v1/buckets/b"
    records = bucket + "/collections/c/records"
    real.must(bucket, {}, "PUT", who)
    for name in ("c", "other"):
        real.must("%s/collections/%s" % (bucket, name), {"data": {"of": name}}, "PUT", who)
    ids = [real.must(records, {"data": {"n": i}}, headers=who)["data"]["id"] for i in range(15)]
    real.must("%s/%s" % (records, ids[4]), method="DELETE", headers=who)
    return api, {"base_url": api.url + "/v1", "user": "us er", "password": PASSWORD, "bucket": "b", "collection": "c",
                 "page_size": 7}, PASSWORD


def synapse():
    """Two rooms with messages in a space."""
    api = servers.Synapse()
    login = {"type": "m.login.password", "user": "adm", "password": "pw"}
    token = real.must(api.url + CLIENT + "/login", login)["access_token"]

    def call(path, body, method=None):
        return real.must(api.url + CLIENT + path, body, method, real.bearer(token))
    space = call("/createRoom", {"creation_content": {"type": "m.space"}})["room_id"]
    for name in ("one", "two"):
        room = call("/createRoom", {"name": name})["room_id"]
        call("/rooms/%s/state/m.space.child/%s" % (space, room), {"via": ["localhost"]}, "PUT")
        for i in range(3):
            call("/rooms/%s/send/m.room.message/%d" % (room, i), {"msgtype": "m.text", "body": "Message %d" % i}, "PUT")
    return api, {"base_url": api.url + "/_matrix", "space": space, "token": token}, token


def datasette():
    path = os.path.join(lib.scratch(), "source.db")
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE keyed (name TEXT PRIMARY KEY, n INTEGER)")
        db.execute("CREATE TABLE plain (text TEXT)")
        db.executemany("INSERT INTO keyed VALUES (?, ?)", [("row %03d" % i, i) for i in range(250)])
        db.executemany("INSERT INTO plain VALUES (?)", [("text %d" % i,) for i in range(30)])
    db.close()
    api = servers.Datasette(file=path)
    return api, {"base_url": api.url, "database": "source"}, None


def judge(tap, run, name, may_skip):
    """Every check is ok, or skipped for a reason that we know; which checks there were."""
    said = {check["name"]: check for check in map(json.loads, run.out.splitlines())}
    wrong = [check for check in said.values() if check["result"] == "failed" or
             check["result"] == "skipped" and check["name"] not in may_skip]
    tap.ok(run.code == 0 and said and not wrong, "%s: %d checks" % (name, len(said)), wrong or run)
    return set(said)


def accept(tap, name, seed):
    api, config, secret = seed()
    folder = lib.scratch()
    so, path, fixtures = (os.path.join(folder, n) for n in (name + ".so", "config.json", "fixtures"))
    shutil.copy(real.connector(name), so)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    may_skip = NO_UPDATE_STATE | (set() if secret else {"faults-secrets"})
    words = ["test", so, "--json", "--pages", PAGES]
    run = lib.abhost(*words, "--config", path, "--record", fixtures, timeout=900)
    checks = judge(tap, run, name + " records from the server, and passes", may_skip)
    api.close()
    tap.ok(api.is_gone(), name + ": the server is gone")
    again = lib.abhost(*words, timeout=900)
    tap.same(judge(tap, again, name + " passes without the server", may_skip), checks, name + ": the same checks")
    if secret:
        tap.same(lib.secrets_in(run, *glob.glob(fixtures + "/*"), key=secret), [], name + ": the credential is nowhere")
    if tap.failed:
        api.keep_log()


def count(tap, name):
    with open(os.path.join(lib.SRC, "tests", "real", name + ".c"), encoding="utf-8") as file:
        lines = len(file.readlines())
    tap.ok(lines <= LINES, "%s.c: %d lines, spec and all" % (name, lines), lines)


tap = lib.Tap()
for name, seed in (("json-server", json_server), ("kinto", kinto), ("synapse", synapse), ("datasette", datasette)):
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    if servers.place(name) is None and os.environ.get("CI") != "true":
        tap.skip(name, "not installed: tests/real/install " + name)
        continue
    accept(tap, name, seed)
    if name != "datasette":
        count(tap, name)
tap.done()

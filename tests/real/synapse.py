#!/usr/bin/env python3
"""Synapse: Bearer, from and end tokens, and a limit on requests that is its own and genuine."""
import re
import urllib.parse

import real
import servers
from real import lib

ROOMS = 25  # one a page, of which ten pass at once, then five a second
AGES = ("age", "unsigned", "redacted_because", "last_seen_ts")  # differ with every request


class Matrix:
    """A user of the server, through Python's client."""

    def __init__(self, api):
        self.url = api.url
        login = {"type": "m.login.password", "user": "adm", "password": "pw"}
        self.token = real.must(api.url + "/_matrix/client/v3/login", login)["access_token"]
        self.count = 0

    def call(self, path, body=None, method=None):
        """Waits, where it is told to."""
        while True:
            status, headers, value = real.request(self.url + path, body, method, real.bearer(self.token))
            if status != 429:
                break
            lib.time.sleep(value["retry_after_ms"] / 1000)
        if status not in (200, 201):
            raise RuntimeError("%s: %d %s" % (path, status, value))
        return value

    def send(self, room, kind, content, key=None):
        self.count += 1
        place = "send/%s/t%d" % (kind, self.count) if key is None else "state/%s/%s" % (kind, quote(key))
        return self.call("/_matrix/client/v3/rooms/%s/%s" % (quote(room), place), content, "PUT")["event_id"]

    def walk(self, path, records, token):
        found, more = [], ""
        while True:
            page = self.call(path + more)
            found += page[records]
            if not page.get(token):
                return found
            more = "&from=" + quote(page[token])

    def truth(self, room, space):
        return {"messages": self.walk("/_matrix/client/v3/rooms/%s/messages?dir=f&limit=50" % quote(room), "chunk",
                                      "end"),
                "rooms": self.walk("/_matrix/client/v1/rooms/%s/hierarchy?limit=50" % quote(space), "rooms",
                                   "next_batch"),
                "users": self.walk("/_synapse/admin/v2/users?limit=50", "users", "next_token")}


def quote(text):
    return urllib.parse.quote(text, safe="")


def compare(sync, truth, name):
    for stream, key in (("messages", "event_id"), ("rooms", "room_id"), ("users", "name")):
        sync.same(stream, truth[stream], "%s: %s" % (name, stream), key, AGES)


tap = lib.Tap()
with servers.Synapse() as api:
    matrix = Matrix(api)
    room = matrix.call("/_matrix/client/v3/createRoom", {"name": "A room"})["room_id"]
    space = matrix.call("/_matrix/client/v3/createRoom", {"creation_content": {"type": "m.space"}})["room_id"]
    children = [matrix.call("/_matrix/client/v3/createRoom", {"name": "Child %d" % i})["room_id"] for i in range(ROOMS)]
    for child in children:
        matrix.send(space, "m.space.child", {"via": ["localhost"]}, child)
    sent = [matrix.send(room, "m.room.message", {"msgtype": "m.text", "body": "Message %d \u2603" % i})
            for i in range(30)]
    for name in ("anna", "bert", "caesar"):
        matrix.call("/_synapse/admin/v2/users/" + quote("@%s:localhost" % name),
                    {"password": "x" * 12, "displayname": name + " \u00e4"}, "PUT")
    sync = real.Sync(tap, "synapse", {"base_url": api.url + "/_matrix", "token": matrix.token, "room": room,
                                      "space": space})
    sync.check()
    first = sync.run("the first run")
    truth = matrix.truth(room, space)
    tap.ok(len(truth["rooms"]) == ROOMS + 1 and len(truth["messages"]) > 30 and len(truth["users"]) == 4, "seeded")
    compare(sync, truth, "first")
    waits = re.findall(r"429 [^\"]*?again in ([0-9.]+) s", first.text)
    tap.ok(len(waits) >= 2, "Synapse said 429, and was waited for", first)
    tap.ok(all(float(wait) <= 0.5 for wait in waits), "for the milliseconds of its own field", waits)

    matrix.send(room, "m.room.message", {"msgtype": "m.text", "body": "One more"})
    matrix.call("/_matrix/client/v3/rooms/%s/redact/%s/r1" % (quote(room), quote(sent[3])), {}, "PUT")
    matrix.send(space, "m.space.child", {}, children[0])
    matrix.send(children[1], "m.room.name", {"name": "Renamed"}, "")
    matrix.call("/_synapse/admin/v2/users/%40new:localhost", {"password": "y" * 12}, "PUT")
    second = sync.run("the second run")
    after = matrix.truth(room, space)
    tap.same([len(after[s]) - len(truth[s]) for s in ("messages", "rooms", "users")], [2, -1, 1], "changed")
    compare(sync, after, "second")
    tap.same(lib.secrets_in(second, sync.db, key=matrix.token), [], "the token is nowhere")

    matrix.call("/_matrix/client/v3/logout", {})
    run = lib.abhost("check", sync.connector, "config.json", cwd=sync.folder)
    tap.ok(run.code == 3 and "401" in run.err, "a token that is no longer good is the config's fault", run)
real.finish(tap, api)

#!/usr/bin/env python3
"""Synapse: Bearer, and a session from a login; from and end tokens; the messages of each room as partitions; and a
limit on requests that is its own and genuine."""
import re
import urllib.parse

import gate
import real
import servers
from real import lib

ROOMS = 25  # of the space, one a page, of which ten pass at once, then five a second
AGES = ("age", "unsigned", "redacted_because", "last_seen_ts")  # differ with every request
CLIENT = "/_matrix/client/v3"


class Matrix:
    """A user of the server, through Python's client."""

    def __init__(self, api):
        self.url = api.url
        self.login()
        self.count = 0

    def login(self):
        login = {"type": "m.login.password", "user": "adm", "password": "pw"}
        self.token = real.must(self.url + CLIENT + "/login", login)["access_token"]

    def log_all_out(self):
        self.call(CLIENT + "/logout/all", {})
        self.login()

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
            more = "&from=" + quote(str(page[token]))

    def truth(self, space):
        """What each stream should have."""
        rooms = self.walk("/_synapse/admin/v1/rooms?limit=50", "rooms", "next_batch")
        messages = []
        for room in rooms:
            path = "%s/rooms/%s/messages?dir=f&limit=50" % (CLIENT, quote(room["room_id"]))
            messages += [{**message, "room": room["room_id"]} for message in self.walk(path, "chunk", "end")]
        path = "/_matrix/client/v1/rooms/%s/hierarchy?limit=50" % quote(space)
        return {"rooms": rooms, "messages": messages, "space": self.walk(path, "rooms", "next_batch"),
                "users": self.walk("/_synapse/admin/v2/users?limit=50", "users", "next_token")}


def quote(text):
    return urllib.parse.quote(text, safe="")


def compare(sync, truth, name):
    for stream, key in (("rooms", "room_id"), ("messages", "event_id"), ("space", "room_id"), ("users", "name")):
        sync.same(stream, truth[stream], "%s: %s" % (name, stream), key, AGES)


def make_world(matrix):
    """A room with messages, a space of rooms, users."""
    room = matrix.call(CLIENT + "/createRoom", {"name": "A room"})["room_id"]
    space = matrix.call(CLIENT + "/createRoom", {"creation_content": {"type": "m.space"}})["room_id"]
    children = [matrix.call(CLIENT + "/createRoom", {"name": "Child %d" % i})["room_id"] for i in range(ROOMS)]
    for child in children:
        matrix.send(space, "m.space.child", {"via": ["localhost"]}, child)
    sent = [matrix.send(room, "m.room.message", {"msgtype": "m.text", "body": "Message %d \u2603" % i})
            for i in range(30)]
    for name in ("anna", "bert", "caesar"):
        matrix.call("/_synapse/admin/v2/users/" + quote("@%s:localhost" % name),
                    {"password": "x" * 12, "displayname": name + " \u00e4"}, "PUT")
    return room, space, children, sent


def change_world(matrix, room, space, children, sent):
    """A message more, one without its text; a room out of the space, one renamed, one new, one gone; a user more."""
    matrix.send(room, "m.room.message", {"msgtype": "m.text", "body": "One more"})
    matrix.call("%s/rooms/%s/redact/%s/r1" % (CLIENT, quote(room), quote(sent[3])), {}, "PUT")
    matrix.send(space, "m.space.child", {}, children[0])
    matrix.send(children[1], "m.room.name", {"name": "Renamed"}, "")
    matrix.call(CLIENT + "/createRoom", {"name": "New"})
    matrix.call("/_synapse/admin/v1/rooms/" + quote(children[2]), {"purge": True}, "DELETE")
    matrix.call("/_synapse/admin/v2/users/%40new:localhost", {"password": "y" * 12}, "PUT")


def ends_sessions(matrix):
    """A gate's judge: passes all on, and has every session ended at the sixth page of the space."""
    pages = []

    def judge(handler, _):
        if "/hierarchy" in handler.path:
            pages.append(handler.path)
            if len(pages) == 6:
                matrix.log_all_out()
    return judge


tap = lib.Tap()
with servers.Synapse() as api:
    matrix = Matrix(api)
    room, space, children, sent = make_world(matrix)
    config = {"base_url": api.url + "/_matrix", "space": space}
    sync = real.Sync(tap, "synapse", {**config, "token": matrix.token})
    sync.check()
    first = sync.run("the first run")
    truth = matrix.truth(space)
    tap.ok(len(truth["rooms"]) == ROOMS + 2 and len(truth["messages"]) > 200 and len(truth["users"]) == 4, "seeded")
    compare(sync, truth, "first")
    waits = re.findall(r"429 [^\"]*?again in ([0-9.]+) s", first.text)
    tap.ok(len(waits) >= 2, "Synapse said 429, and was waited for", first)
    tap.ok(all(float(wait) <= 0.5 for wait in waits), "for the milliseconds of its own field", waits)

    change_world(matrix, room, space, children, sent)
    sync.configure({**config, "login": "password", "user": "adm", "password": "pw"})
    second = sync.run("the second run, with a login")
    after = matrix.truth(space)
    compare(sync, after, "second")
    tap.ok(any("redacted_because" in message for message in after["messages"]) and
           children[2] not in {r["room_id"] for r in after["rooms"]}, "changed")
    tap.same(lib.secrets_in(first, sync.db, key=matrix.token), [], "the token is nowhere")

    door = gate.Gate(api, ends_sessions(matrix))
    sync.configure({**config, "base_url": door.url + "/_matrix", "login": "password", "user": "adm", "password": "pw"})
    third = sync.run("all sessions are ended in the midst of a run", "--streams", "space", "--trace")
    door.close()
    statuses = [(event["method"], event["status"]) for event in third.of("request")]
    tap.ok(("GET", 401) in statuses and statuses.count(("POST", 200)) == 2, "a request was refused, and a new login made",
           third)
    sync.same("space", after["space"], "third: space", "room_id", AGES)
    sync.configure({**config, "token": "syt_rubbish"})
    run = lib.abhost("check", sync.connector, "config.json", cwd=sync.folder)
    tap.ok(run.code == 3 and "401" in run.err, "a token that is not good is the config's fault", run)
    sync.configure({**config, "login": "password", "user": "adm", "password": "wrong"})
    run = lib.abhost("check", sync.connector, "config.json", cwd=sync.folder)
    tap.ok(run.code == 3 and "403" in run.err, "and so is a password that is not", run)
real.finish(tap, api)

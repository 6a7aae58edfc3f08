"""What the tests against real servers share: syncing one connector, and comparing what came with what is there.

The truth comes from the server through Python's own HTTP client, or is what the test put there; the copy is read by
sqlite3.  Nothing of abhost takes part in the comparison.
"""
import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "whole"))
import lib  # noqa: E402

ANSWER = 60  # seconds that a server may take for one answer of the truth


def request(url, body=None, method=None, headers=None, form=False):
    """(status, headers, JSON or text) of one request; any status is an answer."""
    headers = dict(headers or {})
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        body = (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
    asked = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=ANSWER) as answer:
            status, came, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, came, text = error.code, error.headers, error.read().decode()
    try:
        return status, came, json.loads(text)
    except ValueError:
        return status, came, text


def must(url, *words, **more):
    """The JSON of an answer that has to be good."""
    status, _, value = request(url, *words, **more)
    if not 200 <= status < 300:
        raise RuntimeError("%s answered %d: %.300s" % (url, status, value))
    return value


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()}


def bearer(token):
    return {"Authorization": "Bearer " + token}


class Outcome(lib.Run):
    """A run, and what it said of each stream."""

    def __init__(self, run):
        super().__init__(run.argv, run.code, run.out, run.err)
        self.events = [json.loads(line) for line in run.out.splitlines() if line.startswith("{")]
        self.read = {event["stream"]: event["records"] for event in self.of("stream_end")}

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]


def connector(name):
    """A connector of this folder, else of the examples, by its file."""
    path = os.path.join(lib.BUILD, "tests", "real", name + ".so")
    return path if os.path.exists(path) else lib.connector(name)


class Sync:
    """A connector of this folder, its config, and the database that it fills."""

    def __init__(self, tap, name, config, env=None, key="id"):
        self.tap, self.env, self.key = tap, env, key
        self.connector = connector(name)
        self.folder = lib.scratch()
        self.db = os.path.join(self.folder, "copy.db")
        self.configure(config)

    def configure(self, config):
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)

    def check(self, name="check"):
        run = lib.abhost("check", self.connector, "config.json", cwd=self.folder, env=self.env)
        return self.tap.ok(run.code == 0, name, run)

    def run(self, name, *words, code=0):
        outcome = Outcome(lib.abhost("run", self.connector, "config.json", "--to", "sqlite:" + self.db, "--json",
                                     *words, cwd=self.folder, env=self.env))
        self.tap.ok(outcome.code == code, name, outcome)
        return outcome

    def same(self, stream, records, name, key=None, ignore=()):
        """Does the table hold these records, cell by cell? ignore: fields that differ with the hour."""
        def strip(rows):
            return [{k: v for k, v in row.items() if k not in ignore} for row in rows]
        try:
            why = lib.match_rows(strip(lib.read_table(self.db, stream)), strip(records), key or self.key)
        except (LookupError, lib.sqlite3.Error) as error:
            why = "%s: %s" % (type(error).__name__, error)
        return self.tap.ok(why is None, "%s: %d rows" % (name, len(records)), why)


def finish(tap, *servers):
    """The plan, and after a failure what the servers said."""
    for server in servers:
        server.close()
        tap.ok(server.is_gone(), server.name + " is gone to the last child")
        if tap.failed:
            server.keep_log()
    tap.done()

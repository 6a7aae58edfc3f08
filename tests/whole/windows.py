#!/usr/bin/env python3
"""Windows of time with one state for all (the kit's, examples/cookbook/windows.c), of which one or another fails, while
records come to the newest, and the state may be taken out and put back: whatever has failed, and however long, two runs that are left alone hold the truth.

usage: windows.py [ROUNDS]     (default: 12; TEST_SEED=N repeats a series)
"""
import collections
import http.server
import json
import os
import random
import sqlite3
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import ABHOST, BUILD, Tap, abhost, connector, need, scratch, seed  # noqa: E402

need(ABHOST, connector("examples/cookbook/windows"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 12
TO = ("sqlite:w.db", "sqlite:w.db", "jsonl:out")


class Server(http.server.ThreadingHTTPServer):
    """GET /window/events?from=&to=&offset=: records in that interval; what holds a moment of `bad` fails, after a while."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows, self.bad = [], set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a run that has failed hangs up

    def between(self, first, last):
        rows = [row for row in self.rows if first <= row["updated_at"] <= last]
        return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        first, last, at = query["from"], query["to"], int(query.get("offset", 0))
        fails = any(first <= bad <= last for bad in self.server.bad)
        if fails:  # the others are through by then
            time.sleep(0.15)
        rows = self.server.between(first, last)
        body = json.dumps({"data": rows[at:at + 10], "total": len(rows)}).encode()
        self.send_response(404 if fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def moment(second):
    return "2024-01-01T00:%02d:%02d.000Z" % divmod(second, 60)


class Round:
    def __init__(self, chance):
        self.chance, self.server, self.folder = chance, Server(), scratch()
        self.to = chance.choice(TO)
        self.mode = "append" if self.to != "sqlite:w.db" else chance.choice(["append", "append", "append_dedup"])
        self.lanes = chance.choice([1, 2, 8])
        self.now, self.story = chance.randrange(100, 300), []
        os.mkdir(os.path.join(self.folder, "out"))
        self.add(0, self.now + 1)

    def __str__(self):
        return "%s, %s, %d lanes: %s" % (self.to, self.mode, self.lanes, " ".join(self.story))

    def add(self, first, last):
        for second in range(first, last):
            for _ in range(self.chance.choice([0, 0, 1, 2])):
                self.server.rows.append({"id": len(self.server.rows), "updated_at": moment(second)})

    def run(self, *words):
        with open(os.path.join(self.folder, "c.json"), "w", encoding="ascii") as file:
            json.dump({"base_url": "http://127.0.0.1:%d/" % self.server.server_port, "api_key": "x",
                       "start_date": "2024-01-01T00:00:00Z", "end_date": moment(self.now)}, file)
        return abhost("run", connector("examples/cookbook/windows"), "c.json", "--to", self.to, "--mode",
                      "events=incremental:" + self.mode, "--concurrency", self.lanes, *words, cwd=self.folder,
                      env={"ABHOST_WORKER": os.path.join(BUILD, "abhost-worker")})

    def put_back(self):
        """What a person may do; refused where rows are there that no state covers."""
        text = abhost("state", "export", self.to, cwd=self.folder).out
        with open(os.path.join(self.folder, "s.json"), "w", encoding="utf-8") as file:
            file.write(text)
        put = abhost("state", "import", self.to, "s.json", cwd=self.folder)
        self.story.append("put back" if put.code == 0 else "not put back")

    def play(self):
        """What is wrong, or None."""
        for n in range(self.chance.randrange(1, 6)):
            is_good = n == 0 and self.chance.random() < 0.4
            self.server.bad = set() if is_good else {moment(self.chance.randrange(self.now))}
            words = ["--full-refresh"] if n > 0 and self.chance.random() < 0.1 else []
            run = self.run(*words)
            if run.code not in (0, 1):
                return str(run)
            self.story.append("%s%s at %s" % ("failed" if run.code else "done", " ".join([""] + words), moment(self.now)[14:19]))
            if self.chance.random() < 0.4:
                self.put_back()
            last, self.now = self.now, self.now + self.chance.randrange(1, 90)
            self.add(last + 1, self.now)
        self.server.bad = set()
        for _ in range(2):
            run = self.run()
            if run.code != 0:
                return str(run)
        return self.wrong() or self.leftovers()

    def wrong(self):
        if self.to == "jsonl:out":
            with open(os.path.join(self.folder, "out/events.jsonl"), encoding="utf-8") as file:
                held = collections.Counter(json.loads(line)["id"] for line in file)
        else:
            db = sqlite3.connect(os.path.join(self.folder, "w.db"))
            held = collections.Counter(row[0] for row in db.execute("SELECT id FROM events"))
            db.close()
        lost = {row["id"] for row in self.server.between("", moment(self.now))} - set(held)
        twice = [number for number, count in held.items() if count > 1]
        return "%d lost, %d twice" % (len(lost), len(twice)) if lost or twice else None

    def leftovers(self):
        """The state is one again."""
        where = "out" if self.to == "jsonl:out" else "w.db"
        shown = abhost("state", "export", self.to, cwd=self.folder)
        return None if '"states"' not in shown.out else "%s: partitions are left: %s" % (where, shown.out[:500])


def put_back(tap, chance):
    """After a run that failed, one of its windows has a state of its own, the others have the stream's."""
    this = Round(chance)
    this.to, this.mode, this.lanes, this.now = "sqlite:w.db", "append", 8, 130
    this.run()
    this.add(131, 330)
    this.now, this.server.bad = 330, {moment(200)}
    this.run()
    this.put_back()
    this.server.bad = set()
    runs = [this.run(), this.run()]
    why = this.wrong()
    tap.ok(this.story == ["put back"] and why is None, "a state that is put back says all that was taken out", why, this, *runs)
    this.server.shutdown()
    this.server.server_close()


def main():
    tap, chance = Tap(), random.Random(seed())
    put_back(tap, random.Random(1))
    for number in range(1, ROUNDS + 1):
        this = Round(random.Random(chance.randrange(1 << 60)))
        why = this.play()
        tap.ok(why is None, "round %d: %s" % (number, this), why)
        this.server.shutdown()
        this.server.server_close()
    tap.done()


main()

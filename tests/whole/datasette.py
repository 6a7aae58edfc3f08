#!/usr/bin/env python3
"""A real server that nobody here wrote: datasette over a database of iso-codes, read by examples/datasette.c.
The two databases are compared by sqlite3."""
import json
import os
import socket
import sqlite3
import subprocess
import sys
import urllib.request

from lib import (ABHOST, ISO, Tap, abhost, check_table, connector, environment, need, open_db, quote, scratch,
                 skip_all, wait_until)

need(ABHOST, connector("datasette"))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "abhost-tests")
SERVER = os.path.join(CACHE, "datasette-0.65", "bin", "datasette")


def install():
    """datasette in a venv that outlives the test."""
    if os.path.exists(SERVER):
        return
    venv = os.path.dirname(os.path.dirname(SERVER))
    for command in ([sys.executable, "-m", "venv", venv],
                    [os.path.join(venv, "bin", "pip"), "install", "-q", "datasette==0.65.*"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            lines = done.stdout.strip().splitlines()
            skip_all("datasette cannot be installed: %s" % (lines[-1] if lines else command[0]))


def make_source(path):
    """The lists as tables; every second one with a key, as real databases have it."""
    db = sqlite3.connect(path)
    for i, file in enumerate(sorted(f for f in os.listdir(ISO) if f.startswith("iso_"))):
        with open(os.path.join(ISO, file), encoding="utf-8") as source:
            records = next(iter(json.load(source).values()))
        columns = sorted({key for record in records for key in record})
        key = [c for c in ("alpha_3", "code", "alpha_4") if all(c in r for r in records)
               and len({r[c] for r in records}) == len(records)][:1] if i % 2 else []
        db.execute("CREATE TABLE %s (%s)" % (quote(file[:-5]), ", ".join(
            quote(c) + (" TEXT PRIMARY KEY" if [c] == key else " TEXT") for c in columns)))
        db.executemany("INSERT INTO %s VALUES (%s)" % (quote(file[:-5]), ", ".join("?" * len(columns))),
                       [[record.get(c) for c in columns] for record in records])
    db.commit()
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    db.close()
    return names


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(path, port):
    return subprocess.Popen([SERVER, path, "-h", "127.0.0.1", "-p", str(port)], env=environment(),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


if not os.path.isdir(ISO):
    skip_all("the package iso-codes is not installed")
install()
tap = Tap()
folder = scratch()
source = os.path.join(folder, "source.db")
tables = make_source(source)
port = free_port()
server = serve(source, port)
try:
    url = "http://127.0.0.1:%d/" % port
    if not tap.ok(wait_until(lambda: answers(url + "-/versions.json"), 60, 0.1), "datasette answers"):
        tap.done()
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"base_url": url, "database": "source"}, file)
    check = abhost("check", connector("datasette"), "config.json", cwd=folder)
    tap.ok(check.code == 0, "check", check)
    for attempt in ("first", "second"):
        run = abhost("run", connector("datasette"), "config.json", "--to", "sqlite:copy.db", cwd=folder)
        tap.ok(run.code == 0, "the %s run" % attempt, run)
        total = 0
        for table in tables:
            with open_db(source) as db:
                keyed = any(column[5] for column in db.execute("PRAGMA table_info(%s)" % quote(table)))
                cursor = db.execute("SELECT %s FROM %s" % ("*" if keyed else "rowid, *", quote(table)))
                names = [column[0] for column in cursor.description]
                records = [dict(zip(names, row)) for row in cursor]
            total += len(records)
            check_table(tap, os.path.join(folder, "copy.db"), table, records, "%s: %d rows" % (table, len(records)),
                        "name")
    tap.ok(len(tables) == 8 and total > 13000, "eight tables, %d rows" % total)
finally:
    server.terminate()
    server.wait()
tap.done()

#!/usr/bin/env python3
"""Destinations that will not do: each is a clear error with the right exit code, and harms nothing."""
import os
import shutil
import sqlite3
import subprocess

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, need,
                 scratch, wait_until, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()
MOUNT = ["unshare", "--mount", "--map-root-user"]


def can_mount():
    return shutil.which("unshare") is not None and subprocess.run(
        [*MOUNT, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def run_on_tmpfs(folder, options, *args):
    """abhost with the folder `there` on a file system of its own, which ends with it."""
    script = 'mount -t tmpfs -o "$1" tmpfs there && shift && exec "$@"'
    return abhost(*args, cwd=folder, before=[*MOUNT, "sh", "-c", script, "sh", options])


def explained(name, run, code, *words):
    missing = [word for word in words if word.lower() not in run.err.lower()]
    return tap.ok(run.code == code and not missing, "%s: exit %d, says %s" % (name, code, ", ".join(words)),
                  "missing: %s" % missing, run)


def read_only(api):
    folder = scratch()
    os.mkdir(os.path.join(folder, "there"))
    write_config(folder, api)
    for to in ("sqlite:there/x.db", "jsonl:there/x.jsonl"):
        explained("read-only folder, %s" % to,
                  run_on_tmpfs(folder, "ro", "run", connector("my-api"), "config.json", "--to", to), 3, "there/x")


def full_disk(api):
    folder = scratch()
    os.mkdir(os.path.join(folder, "there"))
    write_config(folder, api)
    for to in ("sqlite:there/x.db", "jsonl:there/x.jsonl"):
        explained("full disk, %s" % to, run_on_tmpfs(folder, "size=1m", "run", connector("my-api"), "config.json",
                                                     "--to", to), 1, "there/x", "space")
    explained("full device", abhost("run", connector("my-api"), "config.json", "--to", "jsonl:/dev/full",
                                    cwd=folder), 1, "/dev/full")


def grow_back(api):
    """A disk that was full, and then is not: the second run ends with the right rows."""
    folder = scratch()
    os.mkdir(os.path.join(folder, "there"))
    config = write_config(folder, api)
    script = """mount -t tmpfs -o size=1m tmpfs there &&
        ! "$@" && mount -o remount,size=100m there && "$@"; code=$?; cp there/x.db . ; exit $code"""
    run = abhost("run", connector("my-api"), config, "--to", "sqlite:there/x.db", cwd=folder,
                 before=[*MOUNT, "sh", "-c", script, "sh"])
    tap.ok(run.code == 0, "a disk that was full: the next run ends well", run)
    check_table(tap, os.path.join(folder, "x.db"), "events", api.truth("events"), "a disk that was full: all there")


def not_a_database(api):
    folder = scratch()
    write_config(folder, api)
    path = os.path.join(folder, "my-api.db")
    for name, content in (("text", b"These are my notes, not a database.\n" * 100), ("a short file", b"abc")):
        with open(path, "wb") as file:
            file.write(content)
        explained("%s is not a database" % name, abhost("run", connector("my-api"), "config.json", cwd=folder), 3,
                  "my-api.db", "not an SQLite database")
        with open(path, "rb") as file:
            tap.same(file.read(), content, "%s is left as it was" % name)
    explained("no such folder", abhost("run", connector("my-api"), "config.json", "--to", "sqlite:no/where.db",
                                       cwd=folder), 3, "no/where.db")
    explained("a folder is not a file", abhost("run", connector("my-api"), "config.json", "--to", "sqlite:.",
                                               cwd=folder), 3)
    explained("what is in memory only", abhost("run", connector("my-api"), "config.json", "--to", "sqlite::memory:",
                                               cwd=folder), 3, ":memory:", "lost")
    explained("an unknown option", abhost("run", connector("my-api"), "config.json", "--to", "sqlite:x.db?pagesize=8192",
                                          cwd=folder), 3, "x.db?pagesize=8192", "?page_size=")
    explained("--state beside a database", abhost("run", connector("my-api"), "config.json", "--state", "s.json",
                                                  cwd=folder), 3, "--state is for JSON Lines")
    tap.same(sorted(os.listdir(folder)), ["config.json", "my-api.db"], "and nothing was made")
    explained("an unknown kind", abhost("run", connector("my-api"), "config.json", "--to", "oracle:x",
                                        cwd=folder), 3, "oracle", "sqlite", "jsonl")


def named_like_an_address(api):
    """A file whose name begins with "file:" is a file, for each command."""
    folder = scratch()
    write_config(folder, api)
    run = abhost("run", connector("my-api"), "config.json", "--to", "sqlite:file::memory:", "--verify", cwd=folder)
    tap.ok(run.code == 0, "a name that SQLite would take for an address", run)
    check_table(tap, os.path.join(folder, "file::memory:"), "users", api.truth("users"), "is the file's")
    for name in ("sqlite:file::memory:", "file::memory:", "sqlite:file::memory:?journal=wal"):
        run = abhost("query", name, "SELECT count(*) AS n FROM users", cwd=folder)
        tap.ok(run.code == 0 and run.out == "n\n50\n", "query %s" % name, run)
    run = abhost("history", "sqlite:file::memory:", cwd=folder)
    tap.ok(run.code == 0 and "succeeded" in run.out, "history", run)


def a_folder(api):
    folder = scratch()
    write_config(folder, api)
    abhost("run", connector("my-api"), "config.json", "--to", "jsonl:there", cwd=folder)
    explained("history of a folder that is not said to be one", abhost("history", "there", cwd=folder), 1,
              "there is a folder: one of JSON Lines is jsonl:there")


def foreign_table(api):
    """A table with the name of a stream that abhost did not make is not touched."""
    folder = scratch()
    write_config(folder, api)
    path = os.path.join(folder, "my-api.db")
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE events (mine TEXT)")
    db.execute("INSERT INTO events VALUES ('precious')")
    db.commit()
    run = abhost("run", connector("my-api"), "config.json", cwd=folder)
    tap.ok(run.code in (3, 4) and "events" in run.err, "a foreign table is told of", run)
    tap.same(db.execute("SELECT * FROM events").fetchall(), [("precious",)], "and not touched")
    db.close()


def lost_table(api):
    """A table that was dropped by hand is not silently begun in the middle."""
    folder = scratch()
    write_config(folder, api)
    path = os.path.join(folder, "my-api.db")
    first = abhost("run", connector("my-api"), "config.json", cwd=folder)
    tap.ok(first.code == 0, "a table of ours", first)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE events")
        db.execute("DROP TABLE users")
    db.close()
    explained("is gone", abhost("run", connector("my-api"), "config.json", cwd=folder), 0, 'stream "events"',
              "all of it is read again")
    check_table(tap, path, "users", api.truth("users"), "which is no matter where all is read anyway")
    check_table(tap, path, "events", api.truth("events"), "and everything is back")


def other_connector(api):
    folder = scratch()
    config = write_config(folder, api)
    first = abhost("run", connector("my-api"), config, "--to", "sqlite:x.db", cwd=folder)
    tap.ok(first.code == 0, "a database of one connector", first)
    explained("is not one of another", abhost("run", connector("my-api-low"), config, "--to", "sqlite:x.db",
                                              cwd=folder), 3, "my-api")


def locked(api):
    """Two runs into one database: the second one says so, the first one ends well."""
    folder = scratch()
    write_config(folder, api)
    api.faults("drip=60,path=events")
    api.log(clear=True)
    first = abhost_start("run", connector("my-api"), "config.json", cwd=folder)
    tap.ok(wait_until(lambda: any(e["path"] == "/v1/events" for e in api.log()), 30), "a first run is under way")
    second = abhost("run", connector("my-api"), "config.json", cwd=folder)
    tap.ok(second.code in (1, 3) and "my-api.db" in second.err and "run" in second.err, "a second one is refused",
           second)
    api.faults()
    first = abhost_wait(first)
    tap.ok(first.code == 0, "the first one ends well", first)
    check_table(tap, os.path.join(folder, "my-api.db"), "events", api.truth("events"), "with all its events")


with FakeApi(users=50, events=9000, seed=51) as server:
    if can_mount():
        read_only(server)
        full_disk(server)
        grow_back(server)
    else:
        tap.skip("read-only folder, full disk", "no file system may be mounted here")
    not_a_database(server)
    named_like_an_address(server)
    a_folder(server)
    foreign_table(server)
    lost_table(server)
    other_connector(server)
    locked(server)
tap.done()

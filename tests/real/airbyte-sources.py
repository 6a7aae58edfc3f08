#!/usr/bin/env python3
"""Airbyte's own sources, from Python's index, as sources of abhost: what they print when they are run by hand is the truth,
and what SQLite holds after `abhost run` is compared with it, cell by cell."""
import json
import os
import re
import subprocess

import servers
from real import lib

lib.need(lib.ABHOST)
tap = lib.Tap()
FIRST = ("faker", "hardcoded-records", "smoke-test", "file")


def program(name):
    """Its path; None where it is not installed, which is told."""
    with open(os.path.join(servers.HERE, "install"), encoding="utf-8") as file:
        version = re.search(r"^source-%s +\w+ +(\S+) " % name, file.read(), re.MULTILINE).group(1)
    home = os.path.join(servers.CACHE, "source-%s-%s" % (name, version))
    if os.path.exists(os.path.join(home, ".done")):
        return os.path.join(home, "bin", "source-" + name)
    if os.environ.get("CI") == "true":
        tap.ok(False, "source-%s is installed" % name)
    else:
        tap.skip("source-" + name, "not installed: tests/real/install source-%s" % name)
    return None


class Source:
    def __init__(self, path, config):
        self.path, self.folder = path, lib.scratch()
        self.put("config.json", config)

    def put(self, name, value):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file)

    def abhost(self, command, *args):
        return lib.abhost(command, "airbyte:" + self.path, "config.json", *args, cwd=self.folder, timeout=900)

    def ask(self, *args):
        """Messages of the program itself."""
        run = subprocess.run([self.path, *args], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             timeout=900, check=False)
        found = []
        for line in run.stdout.decode().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [m for m in found if isinstance(m, dict)]

    def truth(self):
        """Records by stream, of a read by hand."""
        catalog = next(m["catalog"] for m in self.ask("discover", "--config", "config.json") if m["type"] == "CATALOG")
        self.put("catalog.json", {"streams": [
            {"stream": s, "sync_mode": s["supported_sync_modes"][0], "destination_sync_mode": "append"} for s in catalog["streams"]]})
        self.put("state.json", [])
        records = {s["name"]: [] for s in catalog["streams"]}
        for m in self.ask("read", "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"):
            if m["type"] == "RECORD":
                records[m["record"]["stream"]].append(m["record"]["data"])
        return records

    def rows(self, stream, without):
        rows = lib.read_table(os.path.join(self.folder, "out.db"), stream)
        return [{k: v for k, v in row.items() if k not in without} for row in rows]

    def compare(self, what, key, truth, without=()):
        wrong = []
        for stream, records in truth.items():
            records = [{k: v for k, v in r.items() if k not in without} for r in records]
            why = lib.match_rows(self.rows(stream, without), records, key.get(stream, "id"))
            wrong += ["%s: %s" % (stream, why)] if why else []
        tap.ok(not wrong, "%s: %d records of %d streams, cell by cell" % (what, sum(map(len, truth.values())), len(truth)), *wrong)


def fine(run, name):
    return tap.ok(run.code == 0, name, run.code, (run.out + run.err)[-3000:])


def faker(path):
    s = Source(path, {"count": 300, "seed": 7, "parallelism": 1, "records_per_slice": 100})
    fine(s.abhost("check"), "faker: check")
    fine(s.abhost("run", "--to", "out.db", "--mode", "users=incremental:append"), "faker: run")
    with open(os.path.join(s.folder, "config.json"), encoding="utf-8") as file:
        count = json.load(file)["count"]
    truth = s.truth()
    tap.same((len(truth["users"]), len(s.rows("users", ()))), (count, count), "faker: all users")
    s.compare("faker", {}, truth, without=("updated_at", "created_at", "returned_at", "added_to_cart_at", "purchased_at"))
    run = s.abhost("run", "--to", "out.db", "--mode", "users=incremental:append")
    fine(run, "faker: run again")
    tap.same(len({r["id"] for r in s.rows("users", ())}), count, "faker: no new users")


def hardcoded_records(path):
    s = Source(path, {"count": 20000})
    fine(s.abhost("run", "--to", "out.db"), "hardcoded-records: run")
    s.compare("hardcoded-records", {"products": "id"}, s.truth())


def smoke_test(path):
    s = Source(path, {"all_fast_streams": True, "all_slow_streams": True})
    fine(s.abhost("run", "--to", "out.db"), "smoke-test: run")
    s.compare("smoke-test", {}, s.truth())


def file(path):
    folder = lib.scratch()
    with open(os.path.join(folder, "people.csv"), "w", encoding="utf-8") as out:
        out.write("id,name\n" + "".join('%d,"name, %d"\n' % (i, i) for i in range(1, 501)))
    s = Source(path, {"dataset_name": "people", "format": "csv", "url": os.path.join(folder, "people.csv"),
                      "provider": {"storage": "local"}})
    fine(s.abhost("run", "--to", "out.db"), "file: run")
    s.compare("file", {}, s.truth())


for one in FIRST:
    where = program(one)
    if where:
        globals()[one.replace("-", "_")](where)
tap.done()

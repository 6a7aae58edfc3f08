#!/usr/bin/env python3
"""PyAirbyte as a client: a wrapped connector checked, selected, read into its DuckDB cache, read again, left early, failing.

It runs itself again with the Python in which PyAirbyte is installed."""
import os
import sys

import servers

servers.under("pyairbyte", AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1", NO_COLOR="1", PYTHONWARNINGS="ignore")

import json  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402

from real import lib  # noqa: E402

lib.need(lib.ABHOST, lib.FAKE, lib.connector("my-api"))
folder = lib.scratch()
os.environ.update(AIRBYTE_TEMP_DIR=folder, AIRBYTE_LOGGING_ROOT=os.path.join(folder, "logs"))
os.chdir(folder)  # where its default cache is made

import airbyte as ab  # noqa: E402
from airbyte import exceptions  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402

tap = lib.Tap()
PROGRAM = os.path.join(folder, "source-my-api")
lib.abhost("wrap", lib.connector("my-api"), "-o", PROGRAM)


def source(api, streams=("users", "events"), **config):
    made = ab.get_source("source-my-api", local_executable=PROGRAM,
                         config={"api_key": api.key, "base_url": api.url, **config})
    if streams:
        made.select_streams(list(streams))
    return made


def fails(call, *kinds):
    try:
        call()
    except kinds as error:
        return str(error) or type(error).__name__
    return None


def ids(rows):
    return sorted(row["id"] for row in rows)


def children(api):
    return [pid for pid in lib.worker_pids(os.getpid()) if pid != api.process.pid]


def reads(api):
    cache = DuckDBCache(db_path=os.path.join(folder, "cache.duckdb"))
    one = source(api)
    one.check()
    tap.same(one.get_available_streams(), ["users", "events"], "check, and the streams that there are")
    result = one.read(cache=cache)
    tap.same(result.processed_records, 1800, "read: every record")
    for name in ("users", "events"):
        tap.same(ids(result.streams[name]), ids(api.truth(name)), "read: %s, each once" % name)
    frame = result.streams["users"].to_pandas()
    truth = {u["id"]: u for u in api.truth("users")}
    tap.ok(all(truth[r["id"]]["email"] == r["email"] and truth[r["id"]]["logins"] == r["logins"]
               for _, r in frame.iterrows()), "to_pandas: the cells are right")
    tap.same(result.streams["events"].to_arrow().count_rows(), 1500, "to_arrow: all rows")
    with cache.get_sql_engine().connect() as connection:
        got = connection.exec_driver_sql("SELECT count(*), sum(logins) FROM main.users").fetchone()
    tap.same(tuple(got), (300, sum(u["logins"] for u in truth.values())), "SQL: count and sum")
    api.add("events", 40, tie=True)
    result = source(api, ["events"]).read(cache=cache)
    tap.same(result.processed_records, 40, "a second read gets only what is new")
    tap.same(ids(result.streams["events"]), ids(api.truth("events")), "and what was there stays")
    tap.same(source(api, ["events"]).read(cache=cache).processed_records, 0, "a third one gets nothing")
    result = source(api, ["events"]).read(cache=cache, force_full_refresh=True)
    tap.same(result.processed_records, 1540, "force_full_refresh: everything")
    tap.same(ids(result.streams["events"]), ids(api.truth("events")), "and nothing twice")


def early(api):
    one = source(api, ["events"], page_size=1000)
    began = time.monotonic()
    records = one.get_records("events")
    first = next(iter(records))
    tap.ok("updated_at" in first, "get_records: the first record", first)
    before = children(api)
    tap.same(len(before), 1, "its program runs")
    del records
    tap.ok(time.monotonic() - began < 30, "an iterator that is dropped ends the program soon")
    tap.ok(lib.wait_until(lambda: not children(api), 10), "and leaves no process", before)
    tap.same(ids(source(api).get_records("users")), ids(api.truth("users")), "get_records to its end")


def failures(api):
    kinds = (exceptions.AirbyteConnectorFailedError, exceptions.AirbyteConnectorCheckFailedError,
             exceptions.AirbyteConnectorValidationFailedError, exceptions.AirbyteError)
    why = fails(lambda: ab.get_source("source-my-api", local_executable=PROGRAM, config={
        "api_key": "wrong", "base_url": api.url}).check(), *kinds)
    tap.ok(why is not None and "401" in why, "a wrong key: the check fails, and says why", why)
    why = fails(lambda: ab.get_source("source-my-api", local_executable=PROGRAM, config={
        "base_url": api.url}).check(), *kinds)
    tap.ok(why is not None and "api_key" in why, "a config that the spec refuses: the check fails", why)
    cache = DuckDBCache(db_path=os.path.join(folder, "failing.duckdb"))
    api.faults("status=403,path=events,after=1")
    why = fails(lambda: source(api).read(cache=cache), Exception)
    tap.ok(why is not None, "a stream that fails is an error of read()", why)
    tap.ok(lib.wait_until(lambda: not children(api), 10), "and leaves no process")
    api.faults()
    tap.same(source(api).read(cache=cache).processed_records, 1840, "the next read gets all of it")


def programs(api):
    done = subprocess.run(["pyab", "validate", "--connector", PROGRAM, "--config",
                           json.dumps({"api_key": api.key, "base_url": api.url})],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    tap.ok(done.returncode == 0, "pyab validate has no complaint", done.stdout[-2000:])
    config = lib.write_config(folder, api)
    done = subprocess.run([sys.executable, os.path.join(lib.SRC, "examples/pyairbyte/read.py"), PROGRAM, config, "users"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    tap.ok(done.returncode == 0 and "SQL: users has 300 rows" in done.stdout, "the example runs", done.stdout[-2000:])


with lib.FakeApi(users=300, events=1500, seed=5) as server:
    for test in (reads, early, failures, programs):
        test(server)
        server.faults()
tap.done()

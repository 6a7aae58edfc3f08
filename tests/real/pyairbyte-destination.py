#!/usr/bin/env python3
"""PyAirbyte with our SQLite destination: its smoke test with every scenario, a source of ours written through and without a
cache, twice; a failing one.  And `pyab validate` on every connector that can be wrapped.

It runs itself again with the Python in which PyAirbyte is installed."""
import os
import sys

import servers

HOME = servers.under("pyairbyte", AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1", NO_COLOR="1", PYTHONWARNINGS="ignore")

import glob  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402

from real import lib  # noqa: E402

lib.need(lib.ABHOST, lib.FAKE, lib.connector("my-api"))
folder = lib.scratch()
os.environ.update(AIRBYTE_TEMP_DIR=folder, AIRBYTE_LOGGING_ROOT=os.path.join(folder, "logs"))
os.chdir(folder)  # where its default cache is made

import airbyte as ab  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402
from airbyte.cli.smoke_test_source._scenarios import PREDEFINED_SCENARIOS, get_scenario_records  # noqa: E402

tap = lib.Tap()
SOURCE, DESTINATION = os.path.join(folder, "source-my-api"), os.path.join(folder, "destination-abhost-sqlite")
lib.abhost("wrap", lib.connector("my-api"), "-o", SOURCE)
lib.abhost("wrap", "--destination", "sqlite", "-o", DESTINATION)


def pyab(*args):
    return subprocess.run(["pyab", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)


def smoke():
    """Every record of every scenario, cell by cell."""
    path = os.path.join(folder, "smoke.db")
    done = pyab("destination-smoke-test", "--destination", DESTINATION, "--config", json.dumps({"destination_path": path}),
                "--scenarios", "all")
    tap.ok(done.returncode == 0 and '"success": true' in done.stdout, "pyab destination-smoke-test, all scenarios",
           done.stdout[-3000:])
    with lib.open_db(path) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for scenario in PREDEFINED_SCENARIOS:
        name = scenario["name"]
        found = [t for t in tables if t.endswith("_smoke_test_" + name)]
        records = get_scenario_records(scenario)
        if not tap.same(len(found), 1, "smoke test: %s has a table" % name):
            continue
        rows = lib.read_table(path, found[0])
        # append_dedup keeps the last record of a key, whatever the scenario calls it
        key = scenario.get("primary_key")
        if key:
            kept = {}
            for record in records:
                kept[tuple(str(record.get(path[0])) for path in key)] = record
            if any(record.get(path[0]) is None for record in records for path in key):
                kept = dict(enumerate(records))
            if len(rows) == len(kept):
                records = list(kept.values())
        why = lib.match_rows(rows, records, key[0][0] if key else "id")
        tap.ok(why is None, "smoke test: %s, %d rows, cell by cell" % (name, len(rows)), why)


def source(api, streams):
    made = ab.get_source("source-my-api", local_executable=SOURCE, config={"api_key": api.key, "base_url": api.url})
    made.select_streams(list(streams))
    return made


def destination(path):
    return ab.get_destination("destination-abhost-sqlite", local_executable=DESTINATION,
                              config={"destination_path": path})


def writes(api):
    """Destination.write: straight from the source, then through a cache."""
    for name, cache in (("straight", False), ("through a cache", DuckDBCache(db_path=os.path.join(folder, "c.duckdb")))):
        path = os.path.join(folder, name.replace(" ", "-") + ".db")
        states = DuckDBCache(db_path=os.path.join(folder, name.replace(" ", "-") + ".states"))
        more = {"state_cache": states} if cache is False else {}
        place = destination(path)
        place.check()
        result = place.write(source(api, ("users", "events")), cache=cache, **more)
        tap.same(result.processed_records, 300 + len(api.truth("events")), "%s: PyAirbyte counts every record" % name)
        for stream in ("users", "events"):
            rows = [{k: v for k, v in row.items() if not k.startswith("_airbyte")} for row in lib.read_table(path, stream)]
            tap.same(sorted(r["id"] for r in rows), sorted(r["id"] for r in api.truth(stream)), "%s: %s, each once" %
                     (name, stream))
        api.add("events", 20)
        place.write(source(api, ("events",)), cache=cache, **more)
        rows = lib.read_table(path, "events")
        tap.same(sorted({r["id"] for r in rows}), sorted(r["id"] for r in api.truth("events")), "%s: what is new comes" % name)


def failing(api):
    path = os.path.join(folder, "failing.db")
    try:
        destination("/nowhere/x.db").check()
        why = None
    except Exception as error:
        why = str(error)
    tap.ok(why is not None and "/nowhere" in why, "check of a place that cannot be: PyAirbyte says why", why)
    other = os.path.join(folder, "other.db")
    config = lib.write_config(folder, api)
    lib.abhost("run", lib.connector("my-api"), config, "--to", other)
    try:
        destination(other).write(source(api, ("users",)), cache=False, state_cache=False)
        why = None
    except Exception as error:
        why = str(error)
    tap.ok(why is not None, "a file of somebody else is an error of write()", why)
    api.faults("status=403,path=events,after=1")
    try:
        destination(path).write(source(api, ("users", "events")), cache=False, state_cache=False)
        why = None
    except Exception as error:
        why = str(error)
    api.faults()
    tap.ok(why is not None, "a source that fails is an error of write()", why)


def validated(api):
    """Every connector of the tree whose configuration is that of My API."""
    config = json.dumps({"api_key": api.key, "base_url": api.url})
    for path in sorted(glob.glob(os.path.join(lib.BUILD, "examples", "my-api*.so")) +
                       glob.glob(os.path.join(lib.BUILD, "examples/cookbook", "*.so"))):
        program = os.path.join(folder, "source-" + os.path.basename(path)[:-3])
        lib.abhost("wrap", path, "-o", program)
        checked = lib.abhost("airbyte", path, "check", "--config", lib.write_config(folder, api))
        if "SUCCEEDED" not in checked.out:
            tap.note("%s wants another configuration: %.200s" % (os.path.basename(path), checked.out.splitlines()[-1:]))
            continue
        done = pyab("validate", "--connector", program, "--config", config)
        tap.ok(done.returncode == 0, "pyab validate: %s" % os.path.basename(path), done.stdout[-1500:])


with lib.FakeApi(users=300, events=1500, seed=5) as server:
    for test in (writes, failing, validated):
        test(server)
smoke()
tap.done()

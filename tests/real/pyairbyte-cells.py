#!/usr/bin/env python3
"""Airbyte's smoke-test source, every scenario, read into SQLite by us and into DuckDB by PyAirbyte: cell by cell the same, but
for what docs/differences.md lists.

It runs itself again with the Python in which PyAirbyte is installed."""
import os
import sys

import servers

HOME = servers.under("pyairbyte", AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1", NO_COLOR="1", PYTHONWARNINGS="ignore")

import datetime  # noqa: E402
import decimal  # noqa: E402
import glob  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402

from real import lib  # noqa: E402

lib.need(lib.ABHOST)
folder = lib.scratch()
os.environ.update(AIRBYTE_TEMP_DIR=folder, AIRBYTE_LOGGING_ROOT=os.path.join(folder, "logs"))
os.chdir(folder)

import airbyte as ab  # noqa: E402
import duckdb  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402
from airbyte.cli.smoke_test_source._scenarios import PREDEFINED_SCENARIOS, get_scenario_records  # noqa: E402

tap = lib.Tap()
CONFIG = {"all_fast_streams": True, "all_slow_streams": True}
REFUSED = "special_number_values"  # DuckDB's DECIMAL(38,9) cannot hold 1.8e308, and PyAirbyte's whole read fails


def norm(name):
    return re.sub(r"[^a-z0-9_]", "_", name.lower())


def as_time(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.astimezone(datetime.timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def same(ours, theirs):
    if isinstance(theirs, bool):
        return ours == int(theirs)
    if ours is None or theirs is None:
        return ours is theirs
    try:
        if isinstance(theirs, decimal.Decimal):
            return decimal.Decimal(str(ours)) == theirs
        if isinstance(theirs, datetime.datetime):
            return as_time(ours) == theirs.replace(tzinfo=None)
        if isinstance(theirs, (datetime.date, datetime.time)):
            return ours == str(theirs)
        if isinstance(theirs, str) and ours != theirs:
            return json.loads(ours) == json.loads(theirs)
    except (ValueError, TypeError, AttributeError, decimal.InvalidOperation):
        return False
    return ours == theirs


def argued(ours, theirs):
    """Which line of docs/differences.md it is; None: none."""
    if isinstance(theirs, decimal.Decimal) and isinstance(ours, (int, float)) and \
            abs(decimal.Decimal(ours) - theirs) < decimal.Decimal("2e-9"):
        return "nine digits"
    if isinstance(theirs, datetime.time) and str(theirs) == re.sub(r"(Z|[+-]\d\d:\d\d)$", "", ours):
        return "offset of a time"
    if isinstance(theirs, str) and isinstance(ours, (int, float)) and float(theirs) == ours:
        return "number as text"
    return None


def table(query, sql):
    cursor = query(sql)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    return sorted(rows, key=lambda r: str(r.get("id"))), [n for n in names if not n.startswith(("_airbyte", "_abhost"))]


def compare(db, duck, name, found):
    ours, columns = table(db.execute, "SELECT * FROM %s" % lib.quote(name))
    theirs, others = table(duck.execute, 'SELECT * FROM main."%s"' % norm(name))
    tap.same((len(ours), sorted(map(norm, columns))), (len(theirs), sorted(others)), "%s: rows and columns" % name)
    wrong = []
    for one, other in zip(ours, theirs):
        for column in columns:
            a, b = one[column], other.get(norm(column))
            if same(a, b):
                continue
            why = argued(a, b)
            if why is None:
                wrong.append("%s: ours %.100r, theirs %.100r" % (column, a, b))
            else:
                found[why] = found.get(why, 0) + 1
    tap.ok(not wrong, "%s: %d rows, cell by cell" % (name, len(ours)), *wrong)


with open("config.json", "w", encoding="utf-8") as file:
    json.dump(CONFIG, file)
run = lib.abhost("run", "airbyte:" + os.path.join(HOME, "bin", "source-smoke-test"), "config.json", "--to", "ours.db",
                 timeout=900)
tap.ok(run.code == 0, "abhost run airbyte:source-smoke-test", run)
source = ab.get_source("source-smoke-test", local_executable="source-smoke-test", config=CONFIG)
names = source.get_available_streams()
source.select_streams([name for name in names if name != REFUSED])
source.read(cache=DuckDBCache(db_path=os.path.join(folder, "theirs.duckdb")))
differences = {}
for part in glob.glob("theirs.duckdb*"):  # PyAirbyte has it open
    shutil.copy(part, part.replace("theirs", "copy"))
with lib.open_db("ours.db") as mine:
    with duckdb.connect("copy.duckdb") as cache:
        for stream in names:
            if stream != REFUSED:
                compare(mine, cache, stream, differences)
scenario = [s for s in PREDEFINED_SCENARIOS if s["name"] == REFUSED][0]
why = lib.match_rows(lib.read_table("ours.db", REFUSED), get_scenario_records(scenario))
tap.ok(why is None, "%s, which PyAirbyte cannot read: against the source" % REFUSED, why)
tap.same(sorted(differences), ["nine digits", "number as text", "offset of a time"], "the differences are those that the docs list")
tap.note(differences)
tap.done()

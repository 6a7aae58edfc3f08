#!/usr/bin/env python3
"""Real data that nobody here wrote: Debian's iso-codes, eight lists, some 14,000 records in many scripts, through
cursor paging; every cell is compared with the source."""
import json
import os

from lib import (ABHOST, FAKE, ISO, FakeApi, Tap, abhost, check_table, connector, need, scratch, skip_all,
                 write_config)

need(ABHOST, FAKE, connector("tests/whole/paged"))
if not os.path.isdir(ISO):
    skip_all("the package iso-codes is not installed")
tap = Tap()
folder = scratch()
with FakeApi("--lists", ISO, users=0, events=0) as api:
    write_config(folder, api, lists=True, page_size=250)
    names = [entry["name"] for entry in api.json("lists")["data"]]
    for attempt in ("first", "second"):
        run = abhost("run", connector("tests/whole/paged"), "config.json", "--to", "sqlite:iso.db", cwd=folder)
        tap.ok(run.code == 0, "the %s run" % attempt, run)
        total = 0
        for name in names:
            with open("%s/%s.json" % (ISO, name), encoding="utf-8") as file:
                records = next(iter(json.load(file).values()))
            total += len(records)
            check_table(tap, os.path.join(folder, "iso.db"), name, records, "%s: %d records" % (name, len(records)),
                        "name")
tap.ok(len(names) == 8 and total > 13000, "eight lists, %d records" % total)
tap.done()

#!/usr/bin/env python3
"""A storm: many requests fail in a way that trying again mends, and every sync ends well, with exactly the right rows.

A hundred storms of 5 % and some of 20 %, each with its own seed, paging, sizes and compression.  By hand, as many as there
are, or as there is time for:

    TEST_STORMS=5000 TEST_SECONDS=900 top_srcdir=$PWD python3 tests/whole/storm.py
"""
import os
import random
import time

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, connector, latest, match_rows, need, parallel, read_table,
                 scratch, secrets_in, seed, write_config)

STORMS = int(os.environ.get("TEST_STORMS") or 100)
SECONDS = int(os.environ.get("TEST_SECONDS") or 3600)
BEGUN = time.monotonic()
PAGED = "tests/whole/paged"
need(ABHOST, FAKE, connector("my-api"), connector(PAGED))
tap = Tap()


def streams(chance):
    """Two lists, each read in one of the kit's ways; None: my-api's own."""
    if chance.random() < 0.3:
        return None
    found = []
    for name in ("users", "events"):
        paging = chance.choice(("cursor", "page", "offset", "link", "next"))
        url = name if paging == "cursor" else "by-%s/%s" % (paging, name)
        found.append({"name": name, "url": url, "paging": paging, "key": "id"})
    return found


def storm(number, percent):
    """(what went wrong, or None; faults that were met; requests)"""
    chance = random.Random(number)
    folder = scratch()
    kinds = streams(chance)
    name = PAGED if kinds else "my-api"
    flags = ["--gzip"] if chance.random() < 0.5 else []
    more = {"streams": kinds} if kinds else {}
    db = os.path.join(folder, ("paged" if kinds else "my-api") + ".db")
    with FakeApi(*flags, users=chance.randrange(200), events=chance.randrange(600), storm=percent, seed=number) as api:
        write_config(folder, api, page_size=chance.choice((7, 25, 100)), **more)
        for step in range(2):
            run = abhost("run", connector(name), "config.json", cwd=folder)
            # no three requests in a row are broken, but of two streams' one may still be six times: that is told, and the
            # same command goes on
            if run.code != 0 and "(tried 6 times in " in run.err:
                run = abhost("run", connector(name), "config.json", cwd=folder)
            wrong = None if run.code == 0 else str(run)
            secrets = secrets_in(run, db)
            for stream in ("users", "events"):
                # a full refresh of its own key holds each record once, my-api's events are deduplicated
                truth = api.truth(stream)
                wrong = wrong or match_rows(read_table(db, stream), truth if kinds else latest(truth))
            wrong = wrong or (secrets and "the key is in %s" % secrets)
            if wrong:
                return "seed %d, %d %%, step %d, %s: %s" % (number, percent, step, kinds, wrong), 0, 0
            api.add("events", chance.randrange(100))
            api.change("events", chance.randrange(50))
        log = api.log()
        return None, sum(1 for entry in log if entry["fault"] != "none"), len(log)


def weather(name, percent, count, chance):
    found, begun = [], time.monotonic()
    while len(found) < count and time.monotonic() - BEGUN < SECONDS and not any(why for why, *_ in found):
        numbers = [chance.randrange(1 << 30) for _ in range(min(100, count - len(found)))]
        found += parallel(lambda number: storm(number, percent), numbers, 6)
        if len(found) % 500 == 0:
            tap.note("%d storms so far, %.0f s" % (len(found), time.monotonic() - begun))
    if not found:
        tap.skip("storms of " + name, "no time is left")
        return
    wrong = [why for why, *_ in found if why]
    tap.note("%d storms, %d requests, %d of them broken, %.0f s" % (
        len(found), sum(asked for *_, asked in found), sum(met for _, met, _ in found), time.monotonic() - begun))
    tap.ok(not wrong, "%d storms of %s: exactly the right rows, and no secret told" % (len(found), name), *wrong[:3])
    tap.ok(len(found) < 20 or any(met for _, met, _ in found), "and it did storm")


dice = random.Random(seed())
weather("5 %", 5, STORMS, dice)
weather("a fifth of all requests", 20, max(6, STORMS // 20), dice)
tap.done()

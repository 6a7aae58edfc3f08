#!/usr/bin/env python3
"""Airbyte's generations in real destinations: rows carry the catalog's number, and older ones go where its minimum says so,
when the stream has ended well."""
import json
import os

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, check_table, connector, latest, need, parse_lines,
                 read_table, scratch, write_catalog, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")


def configure(folder, mode, generation, minimum, camel=False):
    path = write_catalog(folder, {"events": mode})
    with open(path, encoding="utf-8") as file:
        catalog = json.load(file)
    names = ("generationId", "minimumGenerationId", "syncId") if camel else ("generation_id", "minimum_generation_id", "sync_id")
    catalog["streams"][0].update(zip(names, (generation, minimum, 12)))
    with open(path, "w", encoding="utf-8") as file:
        json.dump(catalog, file)


def sync(folder, place):
    return abhost("run", API, "config.json", "--to", place, "--catalog", "catalog.json", "--verify" if place == "x.db" else
                  "--quiet", cwd=folder)


def generations(folder):
    return sorted({row["_airbyte_generation_id"] for row in read_table(os.path.join(folder, "x.db"), "events", system=True)})


def by_id(record):
    return record["id"]


def lines(folder):
    with open(os.path.join(folder, "x/events.jsonl"), "rb") as file:
        return parse_lines(file.read())


for how in ("overwrite", "append", "dedup", "refresh-append"):
    with FakeApi(users=1, events=200, seed=3) as api:
        home = scratch()
        write_config(home, api)
        configure(home, how, 5, 5)
        for where in ("x.db", "jsonl:x"):
            run = sync(home, where)
            tap.ok(run.code == 0, "%s into %s: a sync" % (how, where), run)
        tap.same(generations(home), [5], how + ": rows carry the catalog's generation")
        old = api.truth("events")
    with FakeApi(users=1, events=120, seed=4) as api:
        write_config(home, api, page_size=50)
        configure(home, how, 6, 6, camel=True)
        api.faults("status=404,path=events,after=1")
        run = sync(home, "x.db")
        api.faults()
        tap.ok(run.code != 0 and len(read_table(os.path.join(home, "x.db"), "events")) >= 200,
               how + ": old rows stay while the refresh has not ended", run)
        for where in ("x.db", "jsonl:x"):
            run = sync(home, where)
            tap.ok(run.code == 0, "%s into %s: a refresh" % (how, where), run)
        check_table(tap, os.path.join(home, "x.db"), "events", api.truth("events"), how + ": then they go")
        tap.same(generations(home), [6], how + ": all of them")
        tap.same(sorted(lines(home), key=by_id), sorted(api.truth("events"), key=by_id), how + ": in JSON Lines too")
        configure(home, how, 7, 0)
        for where in ("x.db", "jsonl:x"):
            run = sync(home, where)
            tap.ok(run.code == 0, "%s into %s: without a minimum" % (how, where), run)
        copies = 1 if how == "dedup" else 2
        check_table(tap, os.path.join(home, "x.db"), "events", api.truth("events") * copies, how + ": older rows stay")
        tap.same(latest(lines(home)), api.truth("events"), how + ": and in JSON Lines")
        configure(home, how, 6, 6)
        run = sync(home, "x.db")
        tap.ok(run.code in (3, 4) and "must never go back" in run.err, how + ": generations do not go back", run)
tap.done()

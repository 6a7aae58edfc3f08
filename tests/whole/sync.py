#!/usr/bin/env python3
"""The main job: a first sync brings everything, the next one only what is new, and asks for no more."""
import json
import os

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, check_table, connector, latest, need, newcomers, read_table,
                 scratch, secrets_in, write_catalog, write_config)

need(ABHOST, FAKE, connector("my-api"), connector("my-api-low"))
tap = Tap()


def requests(api, path):
    return [entry["query"] for entry in api.log() if entry["path"] == "/v1/" + path]


def follows_cursors(queries):
    """No cursor is asked for twice, and only the first request has none."""
    cursors = [query.get("cursor") for query in queries]
    return cursors[:1] == [None] and None not in cursors[1:] and len(set(cursors)) == len(cursors)


def run(api, folder, *args, name="my-api"):
    api.log(clear=True)
    return abhost("run", connector(name), "config.json", *args, cwd=folder)


def full_then_incremental(name):
    folder = scratch()
    db = os.path.join(folder, name + ".db")
    with FakeApi(users=450, events=1210, seed=21) as api:
        write_config(folder, api)
        first = run(api, folder, name=name)
        tap.ok(first.code == 0, "%s: first run" % name, first)
        check_table(tap, db, "users", api.truth("users"), "%s: all users" % name)
        check_table(tap, db, "events", api.truth("events"), "%s: all events" % name)
        tap.same(secrets_in(first, db), [], "%s: the key is nowhere" % name)
        users, events = requests(api, "users"), requests(api, "events")
        tap.ok(len(users) == 3 and follows_cursors(users), "%s: three pages of users" % name, users)
        tap.ok(len(events) == 7 and follows_cursors(events), "%s: seven pages of events" % name, events)
        tap.same([query.get("updated_after") for query in events[:1]], ["2024-01-01"], "%s: from the start" % name)
        tap.ok(all(query.get("limit") == "200" for query in users + events), "%s: 200 a page" % name)

        newest = api.truth("events")[-1]["updated_at"]
        again = run(api, folder, name=name)
        tap.ok(again.code == 0, "%s: nothing new" % name, again)
        tap.same([(q.get("updated_after"), q.get("cursor")) for q in requests(api, "events")], [(newest, None)],
                 "%s: one request, from the newest" % name)
        check_table(tap, db, "events", api.truth("events"), "%s: still the same events" % name)
        check_table(tap, db, "users", api.truth("users"), "%s: still the same users" % name)

        api.add("events", 30, tie=True)
        api.change("events", 300)
        api.add("users", 5)
        third = run(api, folder, name=name)
        tap.ok(third.code == 0, "%s: something new" % name, third)
        events = requests(api, "events")
        tap.ok(len(events) == 2 and follows_cursors(events) and events[0].get("updated_after") == newest,
               "%s: only what is new was asked for" % name, events)
        check_table(tap, db, "events", latest(api.truth("events")), "%s: new, tied and changed events" % name)
        check_table(tap, db, "users", api.truth("users"), "%s: users replaced" % name)
        state = abhost("state", db)
        tap.ok(state.code == 0 and api.truth("events")[-1]["updated_at"] in state.out,
               "%s: state has the newest" % name, state)
        tap.same(secrets_in(third, db), [], "%s: the key is still nowhere" % name)


def system_columns():
    folder = scratch()
    with FakeApi(users=3, events=0) as api:
        write_config(folder, api)
        tap.same(run(api, folder).code, 0, "an API without events")
        tap.same(read_table(os.path.join(folder, "my-api.db"), "users")[0].get("id"), 1, "a table called users")
        query = abhost("query", os.path.join(folder, "my-api.db"),
                       "SELECT _airbyte_extracted_at, _airbyte_meta, _airbyte_generation_id FROM users")
        tap.ok(query.code == 0, "the system columns are there", query)


def modes():
    """Every pair of modes, twice, with changes between."""
    for mode in ("overwrite", "refresh-append", "append", "dedup"):
        folder = scratch()
        db = os.path.join(folder, "my-api.db")
        with FakeApi(users=0, events=777, seed=22) as api:
            write_config(folder, api, page_size=50)
            catalog = write_catalog(folder, {"events": mode})
            one = run(api, folder, "--catalog", catalog)
            before = api.truth("events")
            check_table(tap, db, "events", before, "%s: first run" % mode) or tap.note(one)
            api.add("events", 10, tie=True)
            api.change("events", 60)
            two = run(api, folder, "--catalog", catalog)
            now = api.truth("events")
            wanted = {"overwrite": now, "refresh-append": before + now, "dedup": latest(now),
                      "append": before + newcomers(before, now)}[mode]
            check_table(tap, db, "events", wanted, "%s: second run" % mode) or tap.note(two)


def choices():
    folder = scratch()
    with FakeApi(users=20, events=500, seed=23) as api:
        write_config(folder, api, start_date="2024-01-01", page_size=77)
        only = run(api, folder, "--streams", "events", "--to", "sqlite:there.db")
        tap.ok(only.code == 0, "one stream, a named file", only)
        tap.same(requests(api, "users"), [], "the other stream was left alone")
        tap.same({q.get("limit") for q in requests(api, "events")}, {"77"}, "page_size is asked for")
        check_table(tap, os.path.join(folder, "there.db"), "events", api.truth("events"), "in that file")
        tap.ok(not os.path.exists(os.path.join(folder, "my-api.db")), "and no other file was made")
        unknown = run(api, folder, "--streams", "evnets")
        tap.ok(unknown.code in (2, 3) and "evnets" in unknown.err and "events" in unknown.err,
               "an unknown stream is named, with those there are", unknown)
        tap.same(requests(api, "events"), [], "and nothing was read")


def shapes():
    for shape in ("nested", "wide"):
        folder = scratch()
        with FakeApi("--gzip", users=0, events=900, shape=shape, seed=24) as api:
            write_config(folder, api, page_size=333)
            done = run(api, folder)
            tap.ok(done.code == 0, "%s records, compressed" % shape, done)
            check_table(tap, os.path.join(folder, "my-api.db"), "events", api.truth("events"),
                        "%s records arrive" % shape)


def pagings():
    """The kit's other kinds of paging, through a connector whose streams stand in the config."""
    for paging in ("page", "offset", "link", "next"):
        folder = scratch()
        with FakeApi(users=0, events=1001, seed=25) as api:
            stream = {"name": "events", "url": "by-%s/events" % paging, "paging": paging, "key": "id"}
            write_config(folder, api, streams=[stream], page_size=100)
            done = run(api, folder, name="tests/whole/paged")
            tap.ok(done.code == 0, "paging by %s" % paging, done)
            check_table(tap, os.path.join(folder, "paged.db"), "events", api.truth("events"),
                        "paging by %s brings each record once" % paging)


def environment():
    folder = scratch()
    with FakeApi(users=10, events=10) as api:
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump({"api_key": "${ABHOST_TEST_KEY}", "base_url": api.url}, file)
        missing = run(api, folder)
        tap.ok(missing.code == 3 and "ABHOST_TEST_KEY" in missing.err, "a missing variable is named", missing)
        done = abhost("run", connector("my-api"), "config.json", cwd=folder, env={"ABHOST_TEST_KEY": api.key})
        tap.ok(done.code == 0, "a key from the environment", done)
        tap.same(secrets_in(done, os.path.join(folder, "my-api.db")), [], "is nowhere either")


full_then_incremental("my-api")
full_then_incremental("my-api-low")
system_columns()
modes()
choices()
shapes()
pagings()
environment()
tap.done()

#!/usr/bin/env python3
"""Each recipe of examples/cookbook, against a server of its kind: what arrives is what the API has, twice."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."), "tests", "whole"))
import lib

PLAIN = ("page-number", "offset", "link-header", "next-url", "last-record", "cursor-header", "json-lines")
INCREMENTAL = ("search-json", "form", "feed", "windows")
ALL = (*PLAIN, *INCREMENTAL, "graphql", "map", "lists", "shop", "sign-in")


def recipe(name):
    return lib.connector("examples/cookbook/" + name)


lib.need(lib.ABHOST, lib.FAKE, *map(recipe, ALL))
tap = lib.Tap()
folder = lib.scratch()
found = sorted(name[:-2] for name in os.listdir(os.path.join(lib.SRC, "examples/cookbook")) if name.endswith(".c"))
tap.same(found, sorted(ALL), "every recipe has its test here")


def run(name, api, more=None):
    """One sync into the recipe's own database."""
    config = lib.write_config(folder, api, name + ".json", **(more or {}))
    db = os.path.join(folder, name + ".db")
    result = lib.abhost("run", recipe(name), config, "--to", "sqlite:" + db)
    tap.ok(result.code == 0, "%s: runs" % name, result)
    tap.same(lib.secrets_in(result, db, key=api.key), [], "%s: no secret anywhere" % name)
    return db


def orders_of(user):
    return [{"id": 10 * user + i, "n": i, "user_id": user} for i in range(1, user % 4 + 1)]


with lib.FakeApi(users=23, events=1010) as api:
    for name in PLAIN:
        lib.check_table(tap, run(name, api), "events", api.truth("events"), name + ": all events")

    api.admin("oauth?rotate=1&uses=5", b"", "POST")
    for way in ({"auth_type": "app", "client_id": "me", "client_secret": api.key},
                {"auth_type": "user", "refresh_token": api.key},
                {"auth_type": "session", "user": "me", "password": api.key}):
        db = run("sign-in", api, {"api_key": None, **way})
        lib.check_table(tap, db, "events", api.truth("events"), "sign-in, %s: all events" % way["auth_type"])

    wanted = [{key: event[key] for key in ("id", "updated_at", "name")} | {"_": 0} for event in api.truth("events")]
    rows = lib.read_table(run("graphql", api), "events")
    tap.ok(len(rows) == len(wanted) and {row["id"] for row in rows} == {event["id"] for event in wanted},
           "graphql: all events", len(rows))

    wanted = []
    for user in api.truth("users"):
        city = user["address"]["city"]
        user = {"key": "k%d" % user["id"], "city": city, **{k: v for k, v in user.items() if k != "email"}}
        wanted.append(user)
    lib.check_table(tap, run("map", api), "users", wanted, "map: members are records, their names a field", "key")

    wanted = [{"list": name, **record} for name in ("users", "events") for record in api.truth(name)]
    lib.check_table(tap, run("lists", api), "all", wanted, "lists: a partition for each value, and a column")

    db = run("shop", api)
    orders = [order for user in api.truth("users") for order in orders_of(user["id"])]
    lines = [{"id": 10 * order["id"] + i, "n": i, "user_id": order["user_id"], "orders_id": order["id"]}
             for order in orders for i in (1, 2)]
    lib.check_table(tap, db, "users", api.truth("users"), "shop: users")
    lib.check_table(tap, db, "orders", orders, "shop: orders, each with its user")
    lib.check_table(tap, db, "order_lines", lines, "shop: lines, each with order and user")
    lib.check_table(tap, db, "events", api.truth("events"), "shop: events by window")

    window = {"end_date": "2024-01-01T00:10:00Z"}
    for name in INCREMENTAL:
        db = run(name, api, window if name == "windows" else None)
        lib.check_table(tap, db, "events", lib.latest(api.truth("events")), name + ": all events")
    api.add("events", 60)
    api.change("events", 7)
    for name in INCREMENTAL:
        api.log(clear=True)
        db = run(name, api, window if name == "windows" else None)
        asked = api.log()
        lib.check_table(tap, db, "events", lib.latest(api.truth("events")), name + ": what is new arrives")
        if name == "windows" and "start_time" in lib.abhost("state", db).out:
            tap.skip("windows: and little else is asked for", "the state is not shared yet")
            continue
        tap.ok(0 < len(asked) < 10, "%s: and little else is asked for" % name, len(asked), asked[:5])

    api.log(clear=True)
    result = lib.abhost("check", recipe("shop"), os.path.join(folder, "shop.json"))
    tap.ok(result.code == 0, "shop: check", result)
    text = lib.abhost("discover", recipe("shop"), os.path.join(folder, "shop.json")).out
    streams = {s["name"]: s for s in json.loads(text)["streams"]}
    tap.ok("partition_state" not in streams["orders"] and streams["events"].get("partition_state", "shared") == "shared",
           "shop: the windows have one state", text)
    api.log(clear=True)
    result = lib.abhost("check", recipe("lists"), os.path.join(folder, "lists.json"))
    tap.ok(result.code == 0 and [r["path"] for r in api.log()] == ["/v1/users"],
           "lists: check asks for the first partition", result)

with lib.FakeApi(events=60000) as api:  # 12 MB
    rows = lib.read_table(run("json-lines", api), "events")
    tap.same(sorted(row["id"] for row in rows), list(range(1, 60001)), "json-lines: a long body fills many pages")
tap.done()

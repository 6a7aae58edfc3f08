#!/usr/bin/env python3
"""A fifth of all requests fail in a way that trying again mends: every sync ends well, with the right rows."""
import os
import random

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, connector, latest, match_rows, need, parallel, read_table,
                 scratch, secrets_in, seed, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()
chance = random.Random(seed())


def weather(number):
    folder = scratch()
    db = os.path.join(folder, "my-api.db")
    with FakeApi(users=100, events=2000, storm=20, seed=number) as api:
        write_config(folder, api, page_size=100)
        first = abhost("run", connector("my-api"), "config.json", cwd=folder)
        api.add("events", 500)
        api.change("events", 100)
        second = abhost("run", connector("my-api"), "config.json", cwd=folder)
        why = match_rows(read_table(db, "events"), latest(api.truth("events"))) or \
            match_rows(read_table(db, "users"), api.truth("users"))
        return first, second, why, secrets_in(first, db) + secrets_in(second)


for first, second, why, secrets in parallel(weather, [chance.randrange(1 << 30) for _ in range(6)], 6):
    tap.ok(first.code == 0, "a sync in a storm", first)
    tap.ok(second.code == 0, "and another", second)
    tap.ok(why is None, "exactly the right rows", why)
    tap.same(secrets, [], "and no secret told")
tap.done()

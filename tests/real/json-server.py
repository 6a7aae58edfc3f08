#!/usr/bin/env python3
"""json-server: Link headers, and a cursor that the server itself filters by."""
import random

import real
import servers
from real import lib


def post(i, when):
    return {"id": i, "title": "Post %d \u2603" % i, "updated": "2026-03-01T00:00:%02dZ" % when, "tags": ["a", {"n": i}],
            "score": i / 3, "author": None if i % 5 else {"name": "x\ty"}, "big": 2**60 + i, "draft": i % 2 == 0}


tap = lib.Tap()
data = {"authors": [{"id": i, "name": "Author %d" % i} for i in range(1, 30)],
        "posts": [post(i, random.randrange(20)) for i in range(1, 101)]}
with servers.JsonServer(data=data) as api:
    sync = real.Sync(tap, "json-server", {"base_url": api.url})
    sync.check()
    sync.run("the first run")
    for name in data:
        sync.same(name, real.must(api.url + "/" + name), name)

    real.must(api.url + "/posts", post(101, 30))
    real.must(api.url + "/posts/7", post(7, 31), "PUT")
    real.must(api.url + "/authors/3", method="DELETE")
    real.must(api.url + "/authors/4", {"name": "Somebody"}, "PATCH")
    real.must(api.url + "/authors", {"id": 500, "name": "New"})
    outcome = sync.run("the second run")
    newest = sum(p["updated"] == max(q["updated"] for q in data["posts"]) for p in data["posts"] if p["id"] != 7)
    for name in data:
        sync.same(name, real.must(api.url + "/" + name), name + " after insert, update, delete")
    tap.same(outcome.read["posts"], 2 + newest, "of the posts only what is new, and the ties of the edge")
real.finish(tap, api)

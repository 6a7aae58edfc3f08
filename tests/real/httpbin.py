#!/usr/bin/env python3
"""go-httpbin: ways in, encodings, redirects and statuses, as a server sees and serves them that is not ours."""
import json

import real
import servers
from real import lib

SECRET = "p\u00e4ss:w\u00f6rd"
GOOD = ("private", "echo", "gzip", "deflate", "slow", "chunked", "relative", "absolute", "tagged", "uuid", "slides", "lines",
        "marked", "elsewhere", "nothing")
BAD = {"teapot": "418: I'm a teapot!", "unauthorized": 'check "user" and "secret" in the config',
       "forbidden": "403 Forbidden - check", "not-implemented": "501 Not Implemented",
       "page": 'is not JSON: it begins with "<!DOCTYPE html>', "stars": 'is not JSON: it begins with "****',
       "refused": "400 Bad Request", "digest": "401 Unauthorized", "circle": "more than 10 redirects",
       "unstable": "is empty, where JSON was expected"}


def only_row(sync, stream):
    rows = lib.read_table(sync.db, stream)
    if len(rows) != 1:
        raise LookupError("%s has %d rows" % (stream, len(rows)))
    return {name: json.loads(cell) if isinstance(cell, str) and cell[:1] in ("[", "{") else cell
            for name, cell in rows[0].items()}


def seen_headers(tap, sync, stream, **wanted):
    """What the server says that it was sent."""
    row = only_row(sync, stream)
    got = {name: row["headers"].get(name.replace("_", "-"), [None])[0] for name in wanted}
    return tap.same(got, wanted, "%s: %s as they should be" % (stream, ", ".join(wanted)))


def basic(tap, api, elsewhere):
    sync = real.Sync(tap, "httpbin", {"base_url": api.url, "user": "user name", "secret": SECRET,
                                      "elsewhere": elsewhere.url + "/anything?a=b%20c"}, key="title")
    sync.check("check: basic")
    first = sync.run("what can be had", "--streams", ",".join(GOOD))
    tap.same(only_row(sync, "private"), {"authenticated": 1, "authorized": 1, "user": "user name"}, "let in")
    authorization = real.basic("user name", SECRET)["Authorization"]
    for stream in ("echo", "gzip", "deflate", "slow", "chunked", "relative", "absolute", "tagged"):
        seen_headers(tap, sync, stream, Authorization=authorization)
    tap.same(only_row(sync, "echo")["args"], {"x": ["1", "2"], "y": ["& +"]}, "the query went over as it stands")
    tap.ok(only_row(sync, "echo")["url"].endswith("/anything/a%2Fb?x=1&y=%26%20%2B&x=2"), "and the path")
    tap.same([only_row(sync, s)[f] for s, f in (("gzip", "gzipped"), ("deflate", "deflated"))], [1, 1], "unpacked")
    tap.ok(1 <= sum(e["duration_us"] for e in first.of("end")) / 1e6 < 60, "the slow answer was waited for", first)
    sync.same("slides", real.must(api.url + "/json")["slideshow"]["slides"], "slides")
    tap.same([row["id"] for row in lib.read_table(sync.db, "lines")], list(range(10)), "JSON Lines")
    tap.same(only_row(sync, "marked"), {"a": 1}, "a byte order mark is no part of the JSON")
    tap.same(lib.read_table(sync.db, "nothing"), [], "204 is no record")
    other = only_row(sync, "elsewhere")
    tap.same([other["url"], other["headers"].get("Authorization")], [elsewhere.url + "/anything?a=b%20c", None],
             "the credential does not follow to another origin")
    before = only_row(sync, "uuid")
    sync.run("the second run", "--streams", ",".join(GOOD))
    tap.ok(only_row(sync, "uuid") != before, "what changed is replaced")
    sync.same("slides", real.must(api.url + "/json")["slideshow"]["slides"], "slides, again")
    return sync


def refusals(tap, sync):
    run = sync.run("what cannot be had", "--streams", ",".join(BAD), code=3)  # unauthorized, whoever else fails before it
    for stream, sentence in BAD.items():
        lines = [line for line in run.err.splitlines() if "stream %s," % stream in line]
        tap.ok(len(lines) == 1 and sentence in lines[0], "%s: %s" % (stream, sentence), *(lines or [run]))
    tap.same(lib.secrets_in(run, sync.db, key=SECRET), [], "the password is nowhere")


def others(tap, api):
    for name, user in (("httpbin-bearer", None), ("httpbin-key", None)):
        sync = real.Sync(tap, name, {"base_url": api.url, "secret": SECRET if name != "httpbin-bearer" else lib.KEY})
        sync.check("check: " + name)
        run = sync.run("run: " + name, "--streams", "private,echo,relative")
        if name == "httpbin-bearer":
            tap.same(only_row(sync, "private"), {"authenticated": 1, "token": lib.KEY}, "the token that was sent")
        else:
            for stream in ("private", "echo"):
                tap.same(only_row(sync, stream)["args"].get("api key"), [SECRET], stream + ": the key in the query")
        tap.same(lib.secrets_in(run, key=SECRET) + lib.secrets_in(run), [], "the secret is not told")


def wrong(tap, api):
    sync = real.Sync(tap, "httpbin", {"base_url": api.url, "user": "user name", "secret": "wrong"})
    run = lib.abhost("check", sync.connector, "config.json", cwd=sync.folder)
    tap.ok(run.code == 3 and "401" in run.err, "a wrong password is the config's fault", run)


tap = lib.Tap()
with servers.HttpBin() as api, servers.HttpBin() as elsewhere:
    refusals(tap, basic(tap, api, elsewhere))
    others(tap, api)
    wrong(tap, api)
real.finish(tap, api, elsewhere)

#!/usr/bin/env python3
"""toxiproxy before json-server: TCP that is slow, cut short, reset, silent or in pieces.  Whatever a run says, the
table never holds a wrong row, and once the line is good again the next run makes it right."""
import random
import threading

import real
import servers
from real import lib

POSTS = 300
# the toxic, and the seconds after which it is gone; 0: it stays
MENDED = {
    "latency": ({"type": "latency", "attributes": {"latency": 60, "jitter": 40}}, 0),
    "slicer": ({"type": "slicer", "attributes": {"average_size": 40, "size_variation": 20, "delay": 300}}, 0),
    "bandwidth": ({"type": "bandwidth", "attributes": {"rate": 40}}, 0),
    "slow_close": ({"type": "slow_close", "attributes": {"delay": 300}}, 0),
    "limit_data": ({"type": "limit_data", "attributes": {"bytes": 20000}}, 0),
    "reset_peer": ({"type": "reset_peer", "attributes": {"timeout": 80}}, 1),
    "timeout": ({"type": "timeout", "attributes": {"timeout": 150}}, 1),
}
AGAIN = ("limit_data", "reset_peer", "timeout")  # cannot do without another attempt
HOPELESS = {
    "cut in the first answer": {"type": "limit_data", "attributes": {"bytes": 300}},
    "reset at once": {"type": "reset_peer", "attributes": {"timeout": 0}},
    "nothing there": None,
}


def post(i, when):
    return {"id": i, "text": "Post %d " % i + "\u2603" * (i % 90), "updated": "2026-03-01T00:%02d:00Z" % when}


class Quiet(lib.Tap):
    """Results of a thread, told later in order."""

    def __init__(self):
        super().__init__()
        self.told = []

    def ok(self, fine, name, *why):
        self.told.append((fine, name, why))
        self.failed += not fine
        return fine

    def tell(self, tap):
        for fine, name, why in self.told:
            tap.ok(fine, name, *why)
        self.told = []


class Line:
    """A way through the proxy, with a toxic on what the server says."""

    def __init__(self, proxy, api, name):
        self.admin = "%s/proxies/%s" % (proxy.url, name.replace(" ", "-"))
        self.port = servers.free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        real.must(proxy.url + "/proxies", {"name": name.replace(" ", "-"), "listen": "127.0.0.1:%d" % self.port,
                                           "upstream": "127.0.0.1:%d" % api.port})

    def spoil(self, toxic):
        if toxic is None:
            real.must(self.admin, {"enabled": False})
        else:
            real.must(self.admin + "/toxics", {"name": "toxic", "stream": "downstream", **toxic})

    def mend(self, toxic):
        if toxic is None:
            real.must(self.admin, {"enabled": True})
        else:
            real.must(self.admin + "/toxics/toxic", method="DELETE")


def mended(case):
    """Two runs through a bad line that retries get over."""
    proxy, api, name = case
    quiet = Quiet()
    line = Line(proxy, api, name)
    toxic, seconds = MENDED[name]
    line.spoil(toxic)
    if seconds:
        threading.Timer(seconds, line.mend, [toxic]).start()
    sync = real.Sync(quiet, "json-server", {"base_url": line.url})
    outcome = sync.run(name + ": a run")
    sync.same("posts", real.must(api.url + "/posts"), name + ": posts")
    if name in AGAIN:
        quiet.ok("again in" in outcome.text, name + ": some requests were made again", outcome)
    return quiet, sync


def hopeless(tap, proxy, api, name):
    """A line on which no request can succeed; what is committed stays, and then the line is mended."""
    line = Line(proxy, api, name)
    sync = real.Sync(tap, "json-server", {"base_url": line.url})
    sync.run(name + ": a good run before")
    before = real.must(api.url + "/posts")
    line.spoil(HOPELESS[name])
    real.must("%s/posts/%d" % (api.url, random.randrange(1, POSTS)), {"updated": "2026-03-01T01:00:00Z"}, "PATCH")
    outcome = sync.run(name + ": the run fails", code=1)
    tap.ok(line.url in outcome.err, "and names the URL", outcome)
    sync.same("posts", before, name + ": what was committed is still there")
    line.mend(HOPELESS[name])
    sync.run(name + ": the line is good again")
    sync.same("posts", real.must(api.url + "/posts"), name + ": posts")


tap = lib.Tap()
data = {"authors": [{"id": 1}], "posts": [post(i, random.randrange(50)) for i in range(1, POSTS + 1)]}
with servers.JsonServer(data=data) as api, servers.Toxiproxy() as proxy:
    done = lib.parallel(mended, [(proxy, api, name) for name in MENDED], 4)
    real.must(api.url + "/posts", post(POSTS + 1, 55))
    real.must(api.url + "/posts/9", post(9, 56), "PUT")
    for quiet, sync in done:
        sync.run("and the next")
        sync.same("posts", real.must(api.url + "/posts"), "posts after insert and update")
        quiet.tell(tap)
    for name in HOPELESS:
        hopeless(tap, proxy, api, name)
real.finish(tap, api, proxy)

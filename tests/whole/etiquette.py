#!/usr/bin/env python3
"""How an API is treated that says no, and what its user sees: waits, the end of patience, bad input, and --trace."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import time

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, need, parallel,
                 scratch, secrets_in, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()
SOON = ",retry-after=0"


def sync(api, *args, folder=None, **config):
    folder = folder or scratch()
    write_config(folder, api, **config)
    return abhost("run", connector("my-api"), "config.json", *args, cwd=folder), folder


def never_mends(case):
    """(what goes wrong, exit code, the sentence) and no endless sync."""
    faults, code, says = case
    with FakeApi(users=5, events=5) as api:
        api.faults(*faults)
        hit, _ = sync(api, "--streams", "users")
        return hit, len(api.log())


FOR_EVER = [
    (["status=429" + SOON], 1, r"429 Too Many Requests: .*\(tried 6 times in [0-9.]+ s\)"),
    (["status=503" + SOON], 1, r"503 Service Unavailable: .*\(tried 6 times in [0-9.]+ s\)"),
    (["redirect=/v1,path=users"], 1, r"/v1/users\S*: more than 10 redirects"),
    (["redirect=file:///etc/passwd,path=users"], 1,
     r"redirected, but the new URL has a scheme other than https and http"),
    (["redirect=http://somebody:secret@127.0.0.1,path=users"], 1,
     r"redirected, but the new URL holds a user name or a password"),
    (["redirect=https://127.0.0.1:1,path=users"], 1, r"https://127.0.0.1:1/users\?limit: .*\(tried 6 times"),
]

for (faults, code, says), (hit, asked) in zip(FOR_EVER, parallel(never_mends, FOR_EVER, 6)):
    tap.ok(hit.code == code and re.search(says, hit.err), "%s: /%s/" % (faults[0], says), hit)
    tap.ok(asked <= 12, "%s: asked %d times" % (faults[0], asked))
    tap.same(secrets_in(hit) + (["password"] if "secret" in hit.text else []), [],
             "%s: nothing secret is told" % faults[0])


def bad_config():
    """What cannot be a URL or a header is the user's to mend, before anything is sent."""
    with FakeApi(users=5, events=5) as api:
        port = api.root.rsplit(":", 1)[1]
        for config, says in (
                ({"base_url": "http://somebody:pa55word@127.0.0.1:%s/v1/" % port},
                 r'"base_url" in the config holds a user name or a password'),
                ({"base_url": "file:///etc/passwd"}, r'"base_url" in the config .*scheme'),
                ({"base_url": "http://127.0.0.1:%s/v1/\r\nX-Evil: 1" % port}, r"base_url.*(line break|a URL like)"),
                ({"api_key": "abcdef\r\nX-Evil: 1"}, r'"api_key" in the config holds a line break'),
                ({"api_key": ""}, r'"api_key" in the config is empty')):
            hit, _ = sync(api, **config)
            tap.ok(hit.code == 3 and re.search(says, hit.err), "/%s/ exits 3" % says, hit)
            tap.ok("pa55word" not in hit.text and "abcdef" not in hit.text, "and it is not shown", hit)
        tap.same(api.log(), [], "nothing was sent")


def until(read, says, seconds=60):
    """Whether read() brings a text that fits, sooner or later."""
    text, end = "", time.monotonic() + seconds
    while time.monotonic() < end and not re.search(says, text):
        more = read()
        if not more:
            break
        text += more
    return re.search(says, text), text


def one_year():
    """A wait of a year is cut to an hour, and said on terminal, pipe, as JSON, and by check; a signal ends it at once."""
    says = r"rate limited by 127\.0\.0\.1:\d+ until \d\d:\d\d:\d\d, \d+ requests? done: 429 Too Many Requests, " \
        r"Retry-After of 365 days, cut to 60 min"
    event = r'"event":"wait".*"host":"127\.0\.0\.1:\d+","reason":"429 [^"]*cut to 60 min","requests":[34],"rate_limited":true'
    for form, args, wanted in (("pipe", ["run"], says), ("terminal", ["run"], says), ("JSON", ["run", "--json"], event),
                               ("check", ["check"], says)):
        folder = scratch()
        with FakeApi(users=500, events=5) as api:
            write_config(folder, api, page_size=100)
            api.faults("status=429,path=%s,retry-after=31536000" % ("health" if form == "check" else "users,nth=3"))
            command = [args[0], connector("my-api"), "config.json", *args[1:], "--streams", "users"]
            screen, end = pty.openpty() if form == "terminal" else (None, None)
            process = abhost_start(*command[:3 if form == "check" else None], cwd=folder, stdout_to=end,
                                   env={"TERM": "xterm"})
            if screen is not None:
                os.close(end)
                fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 240, 0, 0))
                found, text = until(lambda: os.read(screen, 65536).decode(errors="replace"), wanted)
            else:
                stream = process.stderr if form == "check" else process.stdout
                found, text = until(stream.readline, wanted)
            tap.ok(found, "%s: whom it waits for, until when, after how many requests" % form, text)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            hit = abhost_wait(process)
            tap.ok(hit.code == 130 and time.monotonic() - begun < 10, "%s: a signal ends the wait" % form, hit)
            if screen is not None:
                os.close(screen)


def slow_down():
    """What the server has left is heeded: nobody asks before it is time."""
    folder = scratch()
    with FakeApi(users=300, events=300, seed=81) as api:
        write_config(folder, api, page_size=100)
        api.faults("status=429,path=users,nth=2,retry-after=2", "status=503,path=events,nth=2,retry-after=date:2")
        done = abhost("run", connector("my-api"), "config.json", "--concurrency", "1", cwd=folder)
        tap.ok(done.code == 0, "waits that the server asks for", done)
        log = api.log()
        for status, least in ((429, 1.9), (503, 0.9)):  # of a date, a part of its first second is over
            at = next(i for i, entry in enumerate(log) if entry["status"] == status)
            gap = (log[at + 1]["at"] - log[at]["at"]) / 1e6
            tap.ok(gap >= least, "%d: asked again after %.2f s" % (status, gap))
        for name in ("users", "events"):
            check_table(tap, os.path.join(folder, "my-api.db"), name, api.truth(name), "and all %s arrive" % name)


LINE = re.compile(r"(?m)^GET (http://[^ ]+) (\d+|no answer), (\d+) bytes, (\d+) ms, attempt (\d+)(?:: (.+))?$")


def traces():
    """--trace shows every request that the server saw, without a secret; with --json, as events."""
    with FakeApi(users=300, events=300, seed=82) as api:
        api.faults("status=503,path=users,nth=2,retry-after=0", "reset=100,path=events,nth=1")
        plain, folder = sync(api, "--trace", "--concurrency", "1", page_size=100)
        asked = [e["path"] for e in api.log()]
        shown = LINE.findall(plain.err)
        tap.ok(plain.code == 0 and len(shown) == len(asked), "a line for each request", plain, *api.log())
        tap.ok(all(path in url for (url, *_), path in zip(shown, asked)), "with its URL", shown)
        tap.ok(any(status == "503" for _, status, *_ in shown), "its status", shown)
        tap.ok(any(status == "no answer" and why for _, status, _, _, _, why in shown), "or what broke", shown)
        tap.ok(any(attempt == "2" for *_, attempt, _ in shown), "and which attempt it was", shown)
        tap.ok(not re.search("cursor=|limit=", plain.err), "no value of a query")
        tap.same(secrets_in(plain), [], "and no key")
        api.log(clear=True)
        events, _ = sync(api, "--trace", "--json", folder=folder, page_size=100)
        found = [e for e in map(json.loads, events.out.splitlines()) if e["event"] == "request"]
        tap.ok(len(found) == len(api.log()) and {"method", "url", "status", "bytes", "ms", "attempt", "stream"}
               <= set(found[0]), "as events", events)
        tap.ok(not LINE.search(events.err), "and then not as lines", events)
        for command, more in (("check", ()), ("read", ("--stream", "users")), ("discover", ())):
            api.log(clear=True)
            look = abhost(command, connector("my-api"), "config.json", "--trace", *more, cwd=folder)
            tap.ok(look.code == 0 and len(LINE.findall(look.err)) == len(api.log()), "%s --trace" % command, look)
        quiet = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(not LINE.search(quiet.text), "nothing is traced unasked", quiet)


for law in (bad_config, one_year, slow_down, traces):
    law()
tap.done()

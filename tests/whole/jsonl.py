#!/usr/bin/env python3
"""JSON Lines: the records' own bytes, each once; a file is cut back to what is committed, a pipe carries nothing
else than lines."""
import json
import os
import signal

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, connector, need, scratch, secrets_in,
                 wait_until, write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()


APPEND = ["--mode", "events=incremental:append"]  # each record once; append_dedup would repeat those of the edge


def run(folder, to, *more):
    return abhost("run", connector("my-api"), "config.json", "--to", to, *APPEND, *more, cwd=folder)


def truth_lines(api, name):
    return api.admin("truth?list=" + name).decode().splitlines()


def log_lines(text, name):
    """The records of a stream in a log, as the bytes that they are."""
    begin = '{"stream":"%s","data":' % name
    return [line[len(begin):-1] for line in text.splitlines() if line.startswith(begin)]


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="\n") as file:
        return file.read()


def pipe():
    folder = scratch()
    with FakeApi(users=20, events=900, seed=61) as api:
        write_config(folder, api)
        with open(os.path.join(folder, "state.json"), "w", encoding="utf-8") as file:
            file.write("[]")  # as Airbyte's programs say that there is none
        first = run(folder, "jsonl:-", "--state", "state.json")
        tap.ok(first.code == 0, "a pipe", first.err)
        tap.ok(all(set(json.loads(line)) == {"stream", "data"} for line in first.out.splitlines()),
               "a pipe: nothing but lines on standard output")
        for name in ("users", "events"):
            tap.same(log_lines(first.out, name), truth_lines(api, name), "a pipe: the bytes of the %s" % name)
        tap.same(secrets_in(first, os.path.join(folder, "state.json")), [], "a pipe: no secret told")
        before = truth_lines(api, "events")
        api.add("events", 7, tie=True)
        second = run(folder, "jsonl:-", "--state", "state.json")
        tap.same(log_lines(second.out, "events"), truth_lines(api, "events")[len(before):],
                 "a pipe: then what is new")
        bad = run(folder, "jsonl:-", "--state", "nowhere/state.json")
        tap.ok(bad.code == 3 and "nowhere/state.json" in bad.err and "--state" in bad.err and "--to" not in bad.err,
               "a place for the state that cannot be written", bad)
        for more in ([], ["--state", "state.json"]):
            api.faults("status=403,path=events")
            bad = run(folder, "jsonl:-", "--streams", "events", *more)
            api.faults()
            tap.ok(bad.code == 3 and ("begins again" in bad.err) == (not more) and
                   ("goes on from there" in bad.err) == bool(more), "what the next run will do, with %s" % more, bad)
        closed = abhost_start("run", connector("my-api"), "config.json", "--to", "jsonl:-", *APPEND, cwd=folder)
        closed.stdout.close()
        closed.stdout = None
        closed = abhost_wait(closed)
        tap.ok(closed.code not in (0, -signal.SIGPIPE) and closed.err, "a pipe that nobody reads is an error", closed)



def state_files():
    """What stands in the file of --state, if it is not what a run wrote there."""
    folder = scratch()
    with FakeApi(users=20, events=30) as api:
        write_config(folder, api)
        path = os.path.join(folder, "state.json")
        messages = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "events"}, "stream_state": {"a": 1}}}]
        for text, code, part in (("", 0, ""), (" [ ]\n", 0, ""), (json.dumps(messages), 3, "abhost state import"),
                                 ("{", 3, "not a state file"), ("7", 3, "not a state file")):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = run(folder, "jsonl:-", "--state", "state.json")
            tap.ok(done.code == code and part in done.err and len(done.out.splitlines()) == (50 if code == 0 else 0),
                   "a state file that holds %.20r: exit %d" % (text, code), done)
            tap.ok(code == 0 or open(path, encoding="utf-8").read() == text, "and one that is refused stays as it is")


def folder_of_files():
    folder = scratch()
    with FakeApi(users=20, events=900, seed=62) as api:
        write_config(folder, api)
        os.mkdir(os.path.join(folder, "out"))
        first = run(folder, "jsonl:out")
        tap.ok(first.code == 0, "a folder", first)
        api.add("users", 3)
        api.add("events", 11, tie=True)
        second = run(folder, "jsonl:out")
        tap.ok(second.code == 0, "a folder, again", second)
        for name in ("users", "events"):
            tap.same(read(folder, "out/%s.jsonl" % name).splitlines(), truth_lines(api, name),
                     "a folder: %s are there once" % name)
        state = abhost("state", "jsonl:out", cwd=folder)
        tap.ok(state.code == 0 and api.truth("events")[-1]["updated_at"] in state.out, "a folder: its state", state)
        os.truncate(os.path.join(folder, "out/events.jsonl"), 100)
        cut = run(folder, "jsonl:out")
        tap.ok(cut.code in (3, 4) and "events.jsonl" in cut.err, "a file that somebody cut is told of", cut)


def changed_records():
    """append_dedup in a file that only grows: a changed record is a new line, and the last one counts."""
    folder = scratch()
    os.mkdir(os.path.join(folder, "out"))
    with FakeApi(users=0, events=500, seed=65) as api:
        write_config(folder, api)
        for change in (0, 50):
            api.change("events", change)
            done = abhost("run", connector("my-api"), "config.json", "--to", "jsonl:out", cwd=folder)
            tap.ok(done.code == 0, "append_dedup into a folder", done)
        kept = {record["id"]: record for record in map(json.loads, read(folder, "out/events.jsonl").splitlines())}
        tap.same(kept, {record["id"]: record for record in api.truth("events")},
                 "the last line of each key is the truth")


def log_file():
    folder = scratch()
    path = os.path.join(folder, "log.jsonl")
    with FakeApi(users=0, events=900, seed=63) as api:
        write_config(folder, api)
        first = run(folder, "jsonl:log.jsonl")
        tap.ok(first.code == 0, "a log", first)
        with open(path, "ab") as file:
            file.write(b'{"stream":"events","data":{"id":1,"half a li')
        api.add("events", 300)
        second = run(folder, "jsonl:log.jsonl")
        tap.ok(second.code == 0, "a log with half a line that was never committed", second)
        tap.same(log_lines(read(folder, "log.jsonl"), "events"), truth_lines(api, "events"), "a log: cut, then right")
        tap.same(len(read(folder, "log.jsonl").splitlines()), 1200, "a log: and nothing else")
        with open(os.path.join(folder, "mine.jsonl"), "w", encoding="ascii") as file:
            file.write('{"precious": true}\n')
        foreign = run(folder, "jsonl:mine.jsonl")
        tap.ok(foreign.code == 3 and "mine.jsonl" in foreign.err, "a file of somebody else is told of", foreign)
        tap.same(read(folder, "mine.jsonl"), '{"precious": true}\n', "and not touched")


def interrupted():
    """SIGTERM in the middle, then a run that is left alone."""
    for to, name in (("jsonl:out", "out/events.jsonl"), ("jsonl:log.jsonl", "log.jsonl")):
        folder = scratch()
        with FakeApi(users=0, events=3000, seed=64) as api:
            write_config(folder, api, page_size=100)
            if to == "jsonl:out":
                os.mkdir(os.path.join(folder, "out"))
            api.faults("drip=5")
            process = abhost_start("run", connector("my-api"), "config.json", "--to", to, *APPEND, cwd=folder)
            wait_until(lambda: len(api.log()) > 8, 60)
            process.send_signal(signal.SIGTERM)
            tap.same(abhost_wait(process).code, 143, "%s: interrupted" % to)
            api.faults()
            done = run(folder, to)
            tap.ok(done.code == 0, "%s: the next run ends well" % to, done)
            text = read(folder, name)
            lines = log_lines(text, "events") if name == "log.jsonl" else text.splitlines()
            tap.same(lines, truth_lines(api, "events"), "%s: each record once" % to)


def killed_early():
    """SIGKILL with bytes in a new file and nothing committed: the next run knows the file as its own."""
    for to, name in (("jsonl:out", "out/events.jsonl"), ("jsonl:log.jsonl", "log.jsonl")):
        folder = scratch()
        path = os.path.join(folder, name)
        with FakeApi(users=0, events=5000, seed=66) as api:
            write_config(folder, api, page_size=1000)
            os.mkdir(os.path.join(folder, "out"))
            api.faults("hang,path=events,nth=4")
            process = abhost_start("run", connector("my-api"), "config.json", "--to", to, *APPEND, "--streams",
                                   "events", cwd=folder)
            tap.ok(wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 0, 60), "%s: bytes arrive" % to)
            process.kill()
            abhost_wait(process)
            api.faults()
            done = run(folder, to)
            tap.ok(done.code == 0, "%s: the run after a SIGKILL ends well" % to, done)
            text = read(folder, name)
            tap.same(log_lines(text, "events") if name == "log.jsonl" else text.splitlines(),
                     truth_lines(api, "events"), "%s: each record once, after a SIGKILL" % to)


for law in (pipe, state_files, folder_of_files, changed_records, log_file, interrupted, killed_early):
    law()
tap.done()

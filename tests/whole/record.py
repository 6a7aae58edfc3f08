#!/usr/bin/env python3
"""--record and --replay as people use them: the same tables without a network, no secret in any file, whichever of the
threads asks first, and a sentence that says what differs where a request was not recorded."""
import base64
import glob
import json
import os
import shutil
import subprocess
import urllib.parse

from lib import (ABHOST, FAKE, KEY, SRC, FakeApi, Tap, abhost, check_table, connector, latest, need, read_table, scratch,
                 write_config)

need(ABHOST, FAKE, connector("my-api"))
tap = Tap()
EXAMPLE = os.path.join(SRC, "examples", "recordings", "my-api")
SCHEMA = json.load(open(os.path.join(SRC, "sdk", "schema", "exchange.json"), encoding="utf-8"))


def run(folder, *more, cwd=None, **options):
    return abhost("run", connector("my-api"), os.path.join(folder, "config.json"), *more, cwd=cwd or folder, **options)


def exchanges(recording):
    return [json.load(open(path, encoding="utf-8")) for path in sorted(glob.glob(recording + "/0*.json"))]


def secrets_below(folder):
    """Files that hold the key in any form that it may take."""
    forms = [KEY, urllib.parse.quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), json.dumps(KEY)[1:-1],
             json.dumps(KEY)[1:-1].replace("/", "\\/"), base64.b64encode(("x:" + KEY).encode()).decode()[4:-4]]
    found = []
    for path in glob.glob(folder + "/**", recursive=True):
        if os.path.isfile(path):
            data = open(path, "rb").read()
            found += [path for form in forms if form.encode() in data]
    return found


def allowed(schema, value, where=""):
    """What of a recorded exchange the schema does not know: keys, and members that must be there."""
    wrong = [where + "/" + key for key in schema.get("required", []) if key not in value]
    for key, inner in value.items():
        if key not in schema["properties"]:
            wrong.append(where + "/" + key)
        elif "properties" in schema["properties"][key]:
            wrong += allowed(schema["properties"][key], inner, where + "/" + key)
    return wrong


def offline():
    """A command that runs another one where there is no network at all, not even loopback; [] where that cannot be."""
    for words in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if shutil.which("unshare") and subprocess.run([*words, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return words
    return []


def record_and_replay():
    folder = scratch()
    recording = os.path.join(folder, "recording")
    with FakeApi(users=230, events=1500, seed=11, gzip=True) as api:
        write_config(folder, api, page_size=100)
        api.faults("status=503,path=events,nth=3,retry-after=1", "reset=100,path=users,nth=2",
                   "redirect=/v1/moved,path=/v1/users,times=1")
        first = run(folder, "--to", "sqlite:first.db", "--record", "recording")
        tap.ok(first.code == 0, "a run is recorded", first)
        users, events = api.truth("users"), latest(api.truth("events"))
    made = exchanges(recording)
    tap.same(sorted({e["response"]["status"] if "response" in e else 0 for e in made}), [0, 200, 302, 503],
             "retries and redirects are in it, and what broke")
    tap.same([allowed(SCHEMA, e) for e in made if allowed(SCHEMA, e)], [], "each file is as its schema says")
    tap.same(secrets_below(recording), [], "no file of it holds the key")
    tap.same({oct(os.stat(p).st_mode & 0o777) for p in glob.glob(recording + "/*")}, {"0o600"}, "its files are private")
    tap.same(oct(os.stat(recording).st_mode & 0o777), "0o700", "so is the folder")
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    config["api_key"] = "another-key"
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    words = offline()
    for number in range(3):
        again = run(folder, "--to", "sqlite:%d.db" % number, "--replay", "recording", before=words)
        db = os.path.join(folder, "%d.db" % number)
        tap.ok(again.code == 0, "it is replayed%s" % (" without any network" if words else ""), again)
        check_table(tap, db, "users", users, "the same users")
        check_table(tap, db, "events", events, "the same events")
    if not words:
        tap.skip("no network at all", "unshare cannot make a network namespace here")
    return folder


def what_is_missing(folder):
    config = os.path.join(folder, "config.json")
    asked = json.load(open(config, encoding="utf-8"))
    asked["page_size"] = 50
    with open(os.path.join(folder, "other.json"), "w", encoding="utf-8") as file:
        json.dump(asked, file)
    other = abhost("run", connector("my-api"), "other.json", "--to", "sqlite:other.db", "--replay", "recording", "--streams",
                   "users", cwd=folder)
    tap.ok(other.code == 3 and "users?limit=50; the nearest one (" in other.err and
           'has "limit=100" in place of "limit=50"' in other.err, "what was not recorded is told with what differs", other)
    check = abhost("check", connector("my-api"), config, "--replay", "recording", cwd=folder)
    tap.ok(check.code == 3 and "/v1/health; the nearest one (" in check.err, "check, too, asks the recording alone", check)


def nothing_to_record(folder):
    os.mkdir(os.path.join(folder, "theirs"))
    for name in ("ours", "theirs"):
        none = abhost("discover", connector("my-api"), "config.json", "--record", name, cwd=folder)
        tap.ok(none.code == 0 and "no request was made, so that there is nothing to record: " + os.path.join(folder, name) in none.err,
               "that nothing was recorded is said", none)
    tap.same((os.path.exists(os.path.join(folder, "ours")), os.listdir(os.path.join(folder, "theirs"))), (False, []),
             "no empty recording is left, and a folder only where there was one")
    slip = abhost("run", connector("my-api"), "config.json", "--to", "nowhere:x", "--record", "ours", cwd=folder)
    tap.ok(slip.code != 0 and not os.path.exists(os.path.join(folder, "ours")), "nor is one where the run did not begin", slip)


def looks():
    """check, discover and read record and replay, too."""
    folder = scratch()
    commands = (["check"], ["read", "--stream", "events", "--limit", "3"])
    said = []
    with FakeApi(users=3, events=30, seed=12) as api:
        write_config(folder, api)
        for words in commands:
            said.append(abhost(words[0], connector("my-api"), "config.json", *words[1:], "--record", words[0], cwd=folder))
        nothing_to_record(folder)
    for words, live in zip(commands, said):
        again = abhost(words[0], connector("my-api"), "config.json", *words[1:], "--replay", words[0], cwd=folder)
        tap.ok(live.code == 0 and again.code == 0 and again.out == live.out, "%s is replayed" % words[0], live, again)
        tap.same(secrets_below(os.path.join(folder, words[0])), [], "%s: no secret" % words[0])


def misuse(folder):
    full = run(folder, "--record", "recording")
    tap.ok(full.code == 3 and "recording: holds something; a recording needs an empty folder" in full.err,
           "a folder that holds something is not recorded into", full)
    both = run(folder, "--record", "new", "--replay", "recording")
    tap.ok(both.code == 2 and "--record and --replay exclude each other" in both.err and not os.path.exists(os.path.join(folder, "new")),
           "not both", both)
    none = run(folder, "--replay", "nowhere")
    tap.ok(none.code == 3 and "cannot replay nowhere: No such file" in none.err, "a recording that is not there", none)
    file = run(folder, "--replay", "config.json")
    tap.ok(file.code == 3 and "cannot replay config.json: Not a directory" in file.err, "a file is no recording", file)
    file = run(folder, "--record", "config.json")
    tap.ok(file.code == 3 and "cannot record into config.json: Not a directory" in file.err, "nothing is recorded into a file",
           file)
    os.mkdir(os.path.join(folder, "empty"))
    empty = run(folder, "--replay", "empty")
    tap.ok(empty.code == 3 and "recording.json" in empty.err, "a folder that is no recording", empty)


def example():
    """What examples/README.md shows."""
    folder = scratch()
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"api_key": "any", "page_size": 4}, file)
    for flavour in ("my-api", "my-api-low"):
        done = abhost("run", connector(flavour), "config.json", "--to", "sqlite:%s.db" % flavour, "--replay", EXAMPLE,
                      cwd=folder, before=offline())
        tap.ok(done.code == 0, "the example's recording: %s" % flavour, done)
        rows = [[r["id"] for r in read_table(os.path.join(folder, flavour + ".db"), s)] for s in ("users", "events")]
        tap.same(rows, [list(range(1, 6)), list(range(1, 9))], "the example's recording: %s's rows" % flavour)
    tap.same([allowed(SCHEMA, e) for e in exchanges(EXAMPLE) if allowed(SCHEMA, e)], [], "the example is as the schema says")


kept = record_and_replay()
what_is_missing(kept)
misuse(kept)
looks()
example()
tap.done()

#!/usr/bin/env python3
"""What a command finds around it: closed or full standard descriptors, no HOME, another folder, another locale, a user
who owns nothing.  None of it changes what is written, and nothing goes where it does not belong."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import (ABHOST, FAKE, KEY, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector,  # noqa: E402
                 environment, need, parse_lines, scratch, wait_until, worker_pids, write_config)

need(ABHOST, FAKE)
tap = Tap()
API = connector("my-api")


def shell(line, folder, **env):
    """A command line: $A is abhost, $M the connector."""
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, check=False, text=True,
                          env=environment({"A": ABHOST, "M": API, **env}))


def told(got):
    return "%s\nexit %d\n%s%s" % (got.args[-1], got.returncode, got.stdout[-3000:], got.stderr[-3000:])


def closed(api):
    """A closed descriptor is not taken by another file, in any command."""
    for close in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        for mode in ("", " --in-process"):
            folder = scratch()
            write_config(folder, api)
            shell("$A run $M config.json --to x.db%s %s" % (mode, close), folder)
            check_table(tap, os.path.join(folder, "x.db"), "events", api.truth("events"), "%s%s: a table" % (close, mode))
        folder = scratch()
        write_config(folder, api)
        shell("$A run $M config.json --to jsonl:x " + close, folder)
        with open(os.path.join(folder, "x/events.jsonl"), "rb") as file:
            tap.ok(parse_lines(file.read()) == api.truth("events"), close + ": lines")
    got = shell("$A check $M - <&-", folder)
    tap.ok(got.returncode == 3 and "cannot read standard input" in got.stderr, "a closed standard input is empty",
           told(got))
    got = shell("$A run $M config.json --to jsonl:- >&-", folder)
    tap.ok(got.returncode == 1 and "cannot write standard output" in got.stderr, "nor can a closed output be written",
           told(got))


def surroundings(api):
    folder = scratch()
    write_config(folder, api)
    got = shell("$A run $M - --quiet --to x.db < config.json", folder)
    tap.ok(got.returncode == 0, "a configuration from standard input", told(got))
    got = shell("head -c 17000000 /dev/zero | $A check $M -", folder)
    tap.ok(got.returncode == 3 and "larger than 16 MiB" in got.stderr, "but not one without an end", told(got))
    for name, line in (("no environment", 'env -i "$A" run "$M" config.json --quiet --to x.db'),
                       ("no HOME", 'env -u HOME "$A" run "$M" config.json --quiet --to x.db'),
                       ("a locale of another script", "LC_ALL=tr_TR.ISO-8859-9 $A run $M config.json --quiet --to x.db"),
                       ("another folder", 'cd / && "$A" run "$M" "$F/config.json" --quiet --to "$F/x.db"')):
        got = shell(line, folder, F=folder)
        tap.ok(got.returncode == 0 and got.stdout + got.stderr == "", name, told(got))
        check_table(tap, os.path.join(folder, "x.db"), "users", api.truth("users"), name + ": the same table")
        os.unlink(os.path.join(folder, "x.db"))


def other_user(api):
    """Permissions hold for others than root: a folder that may be read only is told, and the worker needs no more."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        tap.skip("another user", "only root can be one")
        return
    folder = scratch()
    write_config(folder, api)
    os.chmod(folder, 0o755)
    os.chmod(os.path.join(folder, "config.json"), 0o644)
    be = "setpriv --reuid 65534 --regid 65534 --clear-groups "
    if shell(be + 'sh -c \'test -r "$A" && test -r "$M" && test -r config.json\'', folder).returncode != 0:
        tap.skip("another user", "who cannot reach what is built here")
        return
    for name, place in (("x.db", "x.db"), ("jsonl:x", "x"), ("jsonl:x.jsonl", "x.jsonl")):
        got = shell(be + '"$A" run "$M" config.json --to ' + name, folder)
        tap.ok(got.returncode == 3 and place in got.stderr and "permissions" in got.stderr, "may not write " + name,
               told(got))
    tap.same(os.listdir(folder), ["config.json"], "nothing was left")


def worker_has_no_secret(api):
    """What others can see of the processes: their command lines and environments, and no core files."""
    folder = scratch()
    write_config(folder, api, api_key="${THE_KEY}")
    api.faults("hang,path=events,nth=1")
    api.log(clear=True)
    process = abhost_start("run", API, "config.json", cwd=folder, env={"THE_KEY": KEY, "AWS_SECRET_ACCESS_KEY": "x"})
    tap.ok(wait_until(lambda: any(e["path"] == "/v1/events" for e in api.log())), "a run is under way")
    (worker,) = worker_pids(process.pid)
    for pid in (process.pid, worker):
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            tap.ok(KEY.encode() not in file.read(), "no key in a command line")
    with open("/proc/%d/environ" % worker, "rb") as file:
        text = file.read()
    tap.ok(KEY.encode() not in text and b"AWS_" not in text and b"HOME=" not in text, "nor in the worker's environment")
    for pid, name in ((process.pid, "engine"), (worker, "worker")):
        with open("/proc/%d/limits" % pid, encoding="ascii") as file:
            cores = [line.split()[4:6] for line in file if line.startswith("Max core file size")]
        tap.same(cores, [["0", "0"]], "the %s leaves no core" % name)
    process.terminate()
    run = abhost_wait(process)
    tap.ok(run.code == 143 and KEY not in run.text, "it ends", run)
    api.faults()


def names(api):
    """The next command works whatever the file is called."""
    folder = scratch()
    write_config(folder, api)
    for place in ("a b.db", "-x.db", "sqlite:q'u\"ote$HOME", "jsonl:-y"):
        run = abhost("run", API, "config.json", "--to", place, cwd=folder)
        following = run.out.rsplit("Next: ", 1)[-1].replace("abhost ", '"$A" ', 1)
        got = shell(following, folder)
        tap.ok(run.code == 0 and got.returncode == 0 and len(got.stdout.splitlines()) in (5, 6), "next, for " + place,
               run, told(got))


def limits(api):
    """A file that may not grow is told like a full disk, and what was committed is kept."""
    folder = scratch()
    write_config(folder, api, page_size=20)
    for place in ("x.db", "jsonl:x"):
        got = shell("ulimit -f 60; exec $A run $M config.json --page-cap 8K --concurrency 1 --to " + place, folder)
        tap.ok(got.returncode == 1 and "again" in got.stderr and place[-1] in got.stderr, place + " may not grow: told",
               told(got))
        run = abhost("run", API, "config.json", "--to", place, cwd=folder)
        tap.ok(run.code == 0, place + " may grow: goes on", run)
    check_table(tap, os.path.join(folder, "x.db"), "events", api.truth("events"), "and all is there")
    with open(os.path.join(folder, "x/events.jsonl"), "rb") as file:
        tap.ok(parse_lines(file.read()) == api.truth("events"), "once")


def pipes(api):
    """Standard output as a destination says what it cannot keep, and so does the summary of what to do next."""
    folder = scratch()
    write_config(folder, api)
    run = abhost("run", API, "config.json", "--to", "jsonl:-", cwd=folder)
    tap.ok(run.code == 0 and "keeps no state: every run reads everything; --state FILE" in run.err, "no state: told", run)
    run = abhost("run", API, "config.json", "--to", "jsonl:-", "--state", "s.json", cwd=folder)
    tap.ok(run.code == 0 and "records may come twice (at least once)" in run.err, "with a state: at least once", run)
    tap.ok("Next:" not in run.text, "lines that are gone have no next command", run)
    run = abhost("run", API, "config.json", "--to", "jsonl:a b", cwd=folder)
    following = run.out.rsplit("Next: ", 1)[-1]
    got = shell(following, folder)
    tap.ok(run.code == 0 and following.startswith("head -n 5 ") and
           parse_lines(got.stdout.encode()) == api.truth("events")[:5], "of a file they do, and it works", run, told(got))


def catalogs(api):
    """What is asked of a connector that it does not have: refused with what there is, before anything is read."""
    folder = scratch()
    write_config(folder, api)
    api.log(clear=True)
    for words, said in ((["--streams", "evnets"], '"evnets"'), (["--mode", "nonsense"], "expected STREAM=SYNC_MODE"),
                        (["--mode", "users=overwrite"], "use full_refresh or incremental"),
                        (["--mode", "users=full_refresh:insert"], "use overwrite, append or append_dedup"),
                        (["--mode", "users=incremental:append"], "no cursor field"),
                        (["--mode", "evnets=full_refresh:append"], "it has: users, events")):
        run = abhost("run", API, "config.json", *words, cwd=folder)
        tap.ok(run.code == 3 and said in run.err, " ".join(words), run)
    for text, said in (('{"streams": [', "catalog.json:1:"), ("{}", "no ConfiguredAirbyteCatalog"),
                       ('{"streams": []}', "no stream to read"),
                       ('{"streams": [{"stream": {"name": "evnets"}}]}', "/streams/0 names the stream"),
                       ('{"streams": [{"stream": {"name": "users"}, "sync_mode": "all"}]}', '"all" is not a sync mode')):
        with open(os.path.join(folder, "catalog.json"), "w", encoding="utf-8") as file:
            file.write(text)
        run = abhost("run", API, "config.json", "--catalog", "catalog.json", cwd=folder)
        tap.ok(run.code == 3 and said in run.err, "--catalog of " + text, run)
    tap.same(api.log(), [], "and nothing was asked of the API")
    with open(os.path.join(folder, "catalog.json"), "w", encoding="utf-8") as file:
        json.dump(json.loads(abhost("discover", API, "config.json", cwd=folder).out), file)
    run = abhost("run", API, "config.json", "--catalog", "catalog.json", cwd=folder)
    tap.ok(run.code == 3 and "/streams/0: /stream/name is missing" in run.err and "discover --configured" in run.err,
           "a catalog that is not configured", run)


with FakeApi(users=30, events=500) as server:
    for law in (closed, surroundings, other_user, worker_has_no_secret, names, limits, pipes, catalogs):
        law(server)
tap.done()

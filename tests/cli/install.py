#!/usr/bin/env python3
"""abhost install, list, remove: a connector that was installed is the one that is loaded, byte for byte, or none is."""
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, Tap, abhost, connector, environment, need, scratch  # noqa: E402

API, LOW, OTHER = connector("my-api"), connector("my-api-low"), connector("datasette")
need(ABHOST, API, LOW, OTHER)
tap = Tap()


class Place:
    """A user with a data folder of its own."""

    def __init__(self):
        self.folder = scratch()
        self.home = os.path.join(self.folder, "data", "abhost", "connectors")
        self.file = os.path.join(self.home, "my-api.so")
        self.env = {"XDG_DATA_HOME": os.path.join(self.folder, "data")}

    def __call__(self, *words, **env):
        return abhost(*words, cwd=self.folder, env={**self.env, **env})

    def listed(self, **env):
        """{file: what list --json says of it}, of the user's connectors."""
        rows = [json.loads(line) for line in self("list", "--json", **env).out.splitlines()]
        return {row["file"]: row for row in rows if row["file"].startswith(self.folder)}

    def version(self, version, name="next.so"):
        """my-api as of another version, which is as long."""
        path = os.path.join(self.folder, name)
        with open(API, "rb") as file:
            data = file.read()
        tap.ok(data.count(b"\x001.0.0\x00") >= 1, "the test finds the version in the file")
        write_file(path, data.replace(b"\x001.0.0\x00", b"\x00" + version.encode() + b"\x00"))
        return path


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def append(path, data=b"x"):
    with open(path, "ab") as file:
        file.write(data)


def first_time():
    here = Place()
    run = here("install", API)
    tap.ok(run.code == 0 and sha256(API) in run.out and here.file in run.out and run.err == "", "installed, with its SHA-256", run)
    tap.same(sha256(here.file), sha256(API), "it is the file")
    modes = [stat.S_IMODE(os.stat(p).st_mode) for p in (here.file, here.file + ".pin", here.home)]
    tap.same(modes, [0o644, 0o644, 0o755], "nobody else may change it")
    row = here.listed()[here.file]
    told = {k: v for k, v in row.items() if k != "installed"}
    tap.same(told, {"id": "my-api", "version": "1.0.0", "abi": "1.0", "file": here.file, "pin": "held",
                    "sha256": sha256(API), "source": os.path.realpath(API)}, "list --json")
    tap.ok(row["installed"].startswith("20"), "list --json: when", row)
    run = here("list")
    tap.ok("\t%s\t%s\t%s\t-" % (sha256(API)[:12], here.file, os.path.realpath(API)) in run.out, "list", run)
    tap.same(here("spec", "my-api").out, here("spec", API).out, "its id is enough")
    before = os.stat(here.file).st_ino
    run = here("install", API)
    tap.ok(run.code == 0 and "nothing changed" in run.out and os.stat(here.file).st_ino == before, "a second time: nothing", run)
    os.unlink(here.file + ".pin")
    tap.same(here.listed()[here.file]["pin"], "none", "one without a pin is told")
    run = here("install", API)
    tap.ok(run.code == 0 and "pinned" in run.out and here.listed()[here.file]["pin"] == "held", "and gets one", run)
    run = here("remove", "my-api")
    tap.ok(run.code == 0 and os.listdir(here.home) == [], "removed, nothing is left", run)


def changed():
    """One byte more, and no command has it run, by id or by path; nor is another one of its name taken."""
    here = Place()
    ran = os.path.join(here.folder, "ran")
    worker = os.path.join(here.folder, "worker")
    write_file(worker, "#!/bin/sh\n: >'%s'\n" % ran)
    os.chmod(worker, 0o755)
    config = os.path.join(here.folder, "config.json")
    write_file(config, '{"api_key": "any"}')
    here("install", API)
    append(here.file)
    behind = Place()
    behind("install", API)
    path = here.home + ":" + behind.home
    for name in ("my-api", here.file):
        for words in (["discover", name, config], ["check", name, config], ["run", name, config], ["spec", name],
                      ["wrap", name, "-o", "x"], ["airbyte", name, "spec"]):
            run = behind(*words, ABHOST_WORKER=worker, ABHOST_CONNECTOR_PATH=path)
            told = all(t in run.text for t in ("changed since it was installed (pin " + sha256(API)[:12], "now " + sha256(here.file)[:12],
                                               "install --force", here.file))
            tap.ok(run.code == (1 if words[0] == "airbyte" else 3) and told and not os.path.exists(ran),
                   "%s %s: refused" % (words[0], os.path.basename(name)), run)
    row = here.listed()[here.file]
    tap.ok(row["pin"] == "changed" and "changed since" in row["problem"], "list tells it", row)
    run = here("install", here.version("1.0.1"))
    tap.ok(run.code == 3 and "changed since" in run.err and "--force replaces it" in run.err, "a newer version does not hide it", run)
    run = here("install", API)
    tap.ok(run.code == 0 and here("spec", "my-api").code == 0, "what was pinned may come back", run)
    for name, pin in (("empty", ""), ("rubbish", "sha256"), ("no object", "[]"), ("no digest", '{"format": 1}'),
                      ("short", '{"format": 1, "sha256": "ab"}'), ("of the future", '{"format": 2, "sha256": "%s"}' % sha256(API))):
        write_file(here.file + ".pin", pin)
        run = here("spec", "my-api")
        tap.ok(run.code == 3 and "its pin" in run.err and here.file in run.err, "a pin that is %s: refused" % name, run)
    run = here("remove", "my-api")
    tap.ok(run.code == 0 and not os.path.exists(here.file), "removed all the same", run)


def meanwhile():
    """The file changes behind the comparison, before the worker loads it: what was compared is what is loaded."""
    here = Place()
    real = os.path.join(os.path.dirname(ABHOST), "abhost-worker")
    worker = os.path.join(here.folder, "worker")
    config = os.path.join(here.folder, "config.json")
    write_file(config, '{"api_key": "any"}')
    here("install", API)
    # written into, not replaced: an open descriptor of the file would see it
    write_file(worker, "#!/bin/sh\ncat '%s' >'%s'\nexec '%s' \"$@\"\n" % (OTHER, here.file, real))
    os.chmod(worker, 0o755)
    run = here("discover", "my-api", config, ABHOST_WORKER=worker)
    tap.same(sha256(here.file), sha256(OTHER), "the file is another one")
    tap.ok(run.code == 0 and '"users"' in run.out, "the one that was compared ran", run)
    write_file(worker, "#!/bin/sh\n: >'%s'\nexec '%s' \"$@\"\n" % (here.file, real))
    here("install", "--force", API)
    run = here("discover", "my-api", config, ABHOST_WORKER=worker)
    tap.ok(run.code == 0 and os.path.getsize(here.file) == 0, "also where nothing is left of the file", run)


def versions():
    here = Place()
    here("install", API)
    run = here("install", here.version("1.1.0"))
    tap.ok(run.code == 0 and "my-api 1.1.0: installed" in run.out and "in place of 1.0.0" in run.out, "a newer one replaces", run)
    run = here("install", API)
    tap.ok(run.code == 3 and "version 1.1.0 is installed, which is newer" in run.err, "an older one does not", run)
    tap.same(here.listed()[here.file]["version"], "1.1.0", "it is still there")
    other = here.version("1.1.0", "other.so")
    append(other)
    run = here("install", other)
    tap.ok(run.code == 3 and "with other bytes" in run.err and "new version" in run.err, "nor the same one, changed", run)
    run = here("install", "--force", other)
    tap.ok(run.code == 0 and "in place of 1.1.0" in run.out and here.listed()[here.file]["pin"] == "held", "--force does", run)
    run = here("install", API, "--force")
    tap.ok(run.code == 0 and here.listed()[here.file]["version"] == "1.0.0", "--force goes back, too", run)
    tap.same(sorted(os.listdir(here.home)), ["my-api.so", "my-api.so.pin"], "nothing else is left in the folder")


def folders():
    here = Place()
    bundle = os.path.join(here.folder, "bundle")
    os.mkdir(bundle)
    run = here("install", bundle)
    tap.ok(run.code == 3 and "no connector (a file NAME.so) is in this folder" in run.err, "an empty folder", run)
    shutil.copy(API, os.path.join(bundle, "any-name.so"))
    shutil.copy(LOW, bundle)
    write_file(os.path.join(bundle, "zlib.so"), "no library")
    run = here("install", bundle)
    tap.ok(run.code == 3 and "zlib.so: not an ELF file" in run.err and not os.path.exists(here.home), "all or none", run)
    os.unlink(os.path.join(bundle, "zlib.so"))
    run = here("install", "bundle")
    tap.ok(run.code == 0 and sorted(here.listed()) == [os.path.join(here.home, n) for n in ("my-api-low.so", "my-api.so")],
           "each under its id", run)
    wrapped = os.path.join(here.folder, "source-my-api")
    here("wrap", API, "-o", wrapped)
    run = here("install", "--force", "source-my-api")
    tap.ok(run.code == 0 and sha256(here.file) == sha256(API), "out of a wrapped one", run)


def failures():
    here = Place()
    for words, code, told in ((["install"], 2, "FILE is missing"), (["remove"], 2, "ID is missing"),
                              (["install", "nowhere.so"], 3, "nowhere.so: there is no such file"),
                              (["install", ABHOST], 3, "not"), (["remove", "../x"], 3, "no connector's id"),
                              (["remove", "my-api"], 3, 'no connector "my-api" is installed by you')):
        run = here(*words)
        tap.ok(run.code == code and told in run.err and run.out == "", " ".join(words[:2]), run)
    run = here("install", API, XDG_DATA_HOME="", HOME="")
    tap.ok(run.code == 3 and "neither XDG_DATA_HOME nor HOME" in run.err, "no home", run)
    here("install", API)
    newer = here.version("1.0.1")
    got = subprocess.run(["bash", "-c", 'ulimit -f 8; exec "$0" install next.so', ABHOST], cwd=here.folder,
                         env=environment(here.env), capture_output=True, text=True, check=False)
    tap.ok(got.returncode == 1 and "cannot be copied" in got.stderr, "a full disk is told", got)
    tap.same(sorted(os.listdir(here.home)), ["my-api.so", "my-api.so.pin"], "it leaves nothing behind")
    tap.same(here.listed()[here.file]["pin"], "held", "and what was there")
    os.chmod(here.home, 0o777)
    run = here("install", newer)
    tap.ok(run.code == 3 and "may be changed by other users" in run.err, "a folder of everybody is not installed into", run)
    os.chmod(here.home, 0o755)
    other = Place()
    other("install", API)
    run = here("remove", "my-api", ABHOST_CONNECTOR_PATH=other.home)
    tap.ok(run.code == 0 and "from now on it is " + other.file in run.out, "remove tells what shows up behind it", run)
    run = here("remove", "my-api", ABHOST_CONNECTOR_PATH=other.home)
    tap.ok(run.code == 3 and other.file + " is not yours to remove here" in run.err, "and leaves that alone", run)
    run = here("install", API, ABHOST_CONNECTOR_PATH=other.home)
    tap.ok(run.code == 0 and other.file + " hides it" in run.err, "one that is hidden is told", run)


def at_once():
    """While one is replaced again and again, whoever reads it finds one of the two, and never a file without its pin."""
    here = Place()
    newer = here.version("1.0.1")
    here("install", API)
    loop = 'i=0; while [ $i -lt 60 ]; do "$0" install --force "$1" >/dev/null || exit 1; "$0" install --force "$2" >/dev/null || exit 1; i=$((i+1)); done'
    writers = [subprocess.Popen(["sh", "-c", loop, ABHOST, *files], cwd=here.folder, env=environment(here.env))
               for files in ((API, newer), (newer, API))]
    bad = []
    rounds = 0
    while any(w.poll() is None for w in writers):
        run = here("spec", "my-api")
        rounds += 1
        if run.code != 0:
            bad.append(run)
    tap.note("%d looks" % rounds)
    tap.ok(not bad, "each look found one", *bad[:2])
    tap.same([w.wait() for w in writers], [0, 0], "each installation came to its end")
    tap.same(here.listed()[here.file]["pin"], "held", "and the last one holds")


def programs():
    """What --python installed is listed and removed like a connector, all versions of it, and nothing else."""
    here = Place()
    home = os.path.join(here.folder, "data", "abhost", "python")
    for key, name, version in (("toy==1.0", "source-toy", "1.0"), ("toy", "source-toy", "1.1"), ("other", "source-other", "3")):
        os.makedirs(os.path.join(home, key, "bin"))
        os.symlink("/", os.path.join(home, key, "root"))
        program = os.path.join(home, key, "bin", name)
        write_file(program, "#!/bin/sh\n")
        os.chmod(program, 0o755)
        write_file(os.path.join(home, key + ".json"), json.dumps({"format": 1, "name": name, "package": "airbyte-" + name,
                                                                  "version": version, "source": key}))
    rows = {row["file"]: (row["id"], row["version"], row["source"]) for row in here.listed().values()}
    tap.same(rows.get(os.path.join(home, "toy/bin/source-toy")), ("airbyte:source-toy", "1.1", "toy"), "a program is listed")
    run = here("remove", "airbyte:source-toy")
    tap.ok(run.code == 0 and len(run.out.splitlines()) == 2 and "airbyte-source-toy 1.0" in run.out, "removed, both versions", run)
    tap.same(sorted(n for n in os.listdir(home) if not n.startswith(".")), ["other", "other.json"], "and not the other one")
    tap.same([row["id"] for row in here.listed().values()], ["airbyte:source-other"], "it is listed no more")
    run = here("remove", "airbyte:source-toy")
    tap.ok(run.code == 3 and "abhost has installed no program source-toy" in run.err, "a second time", run)
    here("install", API)
    run = here("remove", "my-api")
    tap.ok(run.code == 0 and os.path.exists(os.path.join(home, "other.json")), "a connector's removal leaves programs alone", run)


for law in (first_time, changed, meanwhile, versions, folders, failures, at_once, programs):
    law()
tap.done()

#!/usr/bin/env python3
"""A wrong command line ends with 2 and a hint, a wrong configuration with 3 and every fault; nothing is run,
nothing is written, no secret and no value of the configuration is repeated."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, KEY, Tap, abhost, connector, environment, need, scratch  # noqa: E402

need(ABHOST)
tap = Tap()
folder = scratch()
API = connector("my-api")
ZOO = connector("tests/zoo/zoo")


def refused(words, code, *told, **more):
    """The command ends with this code, and says each of these."""
    run = abhost(*words, cwd=folder, **more)
    missing = [t for t in told if t not in run.err]
    name = "abhost " + " ".join(os.path.basename(str(w)) or "''" for w in words)
    tap.ok(run.code == code and not missing and run.out == "" and KEY not in run.text, name[:90], missing, run)


def config(name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))
    return path


# the command line
good = config("good.json", {"api_key": KEY, "base_url": "http://127.0.0.1:1/v1/"})
run = abhost()
tap.ok(run.code == 2 and "usage: abhost COMMAND" in run.err and run.out == "", "abhost alone shows the commands", run)
refused(["rum"], 2, "there is no command rum; is run meant?", "Try `abhost --help`.")
refused(["--json"], 2, "a command comes first")
refused(["help", "spek"], 2, "is spec meant?")
refused(["run"], 2, "CONNECTOR is missing: abhost run CONNECTOR CONFIG", "Try `abhost run --help`.")
refused(["run", API], 2, "CONFIG is missing")
refused(["run", API, good, "more"], 2, '"more" is one word too many')
refused(["run", API, good, "--tto", "x"], 2, "there is no option --tto; is --to meant?")
refused(["run", API, good, "--to"], 2, "--to needs a value")
refused(["run", API, good, "--to", "a.db", "--to", "b.db"], 2, "--to is given twice")
refused(["run", API, good, "--json=yes"], 2, "--json takes no value")
refused(["run", API, good, "--full-refresh="], 2, "--full-refresh= has no value behind it")
refused(["run", API, good, "--wait="], 2, "--wait= has no value behind it")
refused(["run", API, good, "-x"], 2, "there is no option -x")
refused(["query", "--json", "-x.db", "SELECT 1"], 2, "there is no option -x")
refused(["run", API, good, "--json", "--quiet"], 2, "exclude each other")
for words in (["run", API, good], ["check", API, good], ["discover", API, good], ["read", API, good, "--stream", "users"]):
    refused(words + ["--record", "x", "--replay", "y"], 2, "--record and --replay exclude each other")
for size in ("0", "-1", "1K", "1e6", "64G", "2048M", "99999999999999999999", ""):
    refused(["run", API, good, "--page-cap", size], 2, "--page-cap must be a number of bytes from 4K to 1024M")
refused(["read", API, good], 2, "--stream NAME is missing")
refused(["read", API, good, "--stream", "users", "--limit", "0"], 2, "--limit must be a number of records")
refused(["list", "all"], 2, '"all" is one word too many')
refused(["query", "x.db"], 2, "SQL is missing")

# connectors
refused(["inspect", "/nowhere/x.so"], 3, "/nowhere/x.so: there is no such file")
refused(["run", "nowhere.so", good], 3, "nowhere.so: there is no such file")
refused(["run", "my-apy", good], 3, 'no usable connector "my-apy"', "/abhost/connectors/my-apy.so: ")
refused(["spec", good], 3, "not an ELF file")
for name, told in (("no-symbol", "exports no data object ab_connector_v1"), ("magic", 'its magic is "ABC2", that of a connector is "ABC1"'),
                   ("abi", "this abhost has ABI 1.0"), ("min-host", "this one has ABI 1.0"),
                   ("null", "is NULL"), ("size", "its build is broken")):
    refused(["run", connector("tests/zoo/bad-" + name), good], 3, told, "bad-%s.so: " % name)
refused(["spec", connector("tests/zoo/bad-spec")], 1, "not JSON")

# configurations
refused(["run", API, "nowhere.json"], 3, "cannot read nowhere.json")
refused(["run", API, folder], 3, "is a folder")
refused(["run", API, config("empty.json", "")], 3, "is empty")
refused(["run", API, config("empty.json", " \n")], 3, "empty.json is empty: a JSON object is needed")
refused(["run", API, config("wrong.json", '{\n "api_key": "%s",\n "page_size" 7}' % KEY)], 3, "wrong.json:3:", "not JSON")
refused(["run", API, config("cut.json", '{"api_key": "%s' % KEY)], 3, "cut.json:1:")
refused(["run", API, config("list.json", "[1]")], 3, "must be an object")
refused(["run", API, config("twice.json", '{"api_key": "a", "api_key": "%s"}' % KEY)], 3, "duplicate")
refused(["run", API, config("faults.json", {"apikey": KEY, "page_size": KEY, "start_date": KEY, "base_url": KEY})], 3,
        "4 mistakes", '/api_key: is required, but missing (is "apikey" meant for it?)',
        "/page_size: must be an integer, but is a string", "/start_date: must be a date", "/base_url: must be a URL")
names = config("names.json", {"api_key": "${NOT_SET_1}", "base_url": "${NOT_SET_2}"})
refused(["run", API, names], 3, "names.json: not set in the environment: NOT_SET_1 (wanted by /api_key), NOT_SET_2")
refused(["run", API, good], 3, "ABHOST_CALL_TIMEOUT must be a number of seconds", env={"ABHOST_CALL_TIMEOUT": "5 min"})

# what is asked of a good connector
gen = connector("tests/zoo/gen")
none = config("none.json", {})
refused(["read", gen, none, "--stream", "nowhere"], 3, '--stream names the stream "nowhere"')
refused(["run", API, good, "--to", "mysql:x", "--quiet"], 3, '"mysql:x"')
run = abhost("run", API, good, "--to", "postgres://me:s3cret@db/x", cwd=folder)
tap.ok(run.code == 3 and "s3cret" not in run.text, "no line of it shows the password of a destination", run)
refused(["run", API, good, "--to", "jsonl:-", "--state", folder, "--quiet"], 3, "is a folder, not a state file")
refused(["run", API, good, "--to", "postgres://me:s3cret@db/x", "--quiet"], 3, '"postgres://" is')
refused(["query", "nowhere.db", "SELECT 1"], 1, "cannot open nowhere.db")
refused(["query", good, "SELECT 1"], 1, "is not a SQLite database")
refused(["history", good], 1, "is not an SQLite database: name another file\n")
refused(["state", "show", good], 1, "is not an SQLite database: name another file\n")
refused(["state", "nowhere.db"], 1, "nowhere.db")
left = sorted(os.listdir(folder))
tap.ok(all(n.endswith(".json") for n in left), "nothing was written", left)

slip = abhost("check", API, config("slip.json", {"api_key": KEY, "pagesize": 5, "base_url": "http://127.0.0.1:1/v1/"}))
tap.ok('"pagesize" is not in the connector\'s spec; is "page_size" meant?' in slip.err, "a slip is a warning", slip)

# standard input and output
with open(good, "rb") as file:
    got = subprocess.run([ABHOST, "run", API, "-", "--json=1"], stdin=file, capture_output=True, env=environment())
tap.ok(got.returncode == 2, "a wrong option wins over standard input", got)
got = subprocess.run([ABHOST, "check", API, "-"], input=b'{"api_key": 1}', capture_output=True, env=environment())
tap.ok(got.returncode == 3 and b"standard input: 1 mistake" in got.stderr, "- is standard input, and called so", got)
for words in (["help"], ["airbyte", API, "spec"], ["airbyte-destination", "sqlite", "spec"]):
    with open("/dev/full", "w", encoding="ascii") as full:
        got = subprocess.run([ABHOST, *words], stdout=full, stderr=subprocess.PIPE, check=False)
    tap.ok(got.returncode == 1 and b"cannot write to standard output" in got.stderr, "a full disk is not silence: " + words[0], got)
tap.done()

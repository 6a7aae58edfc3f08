#!/usr/bin/env python3
"""Connectors and hosts of different versions meet: each that should work does, each other is refused with a sentence.

Connectors built with every frozen header run on today's host; today's run on a host that is cut to each older version
(cut.c); one from the future, built with a header that this test has grown, runs on today's host or is refused, and a
host from the future takes today's."""
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headers
import lib

CC = shlex.split(os.environ.get("CC") or "cc")
HERE = os.path.join(headers.SRC, "tests", "abi")
EXAMPLES = os.path.join(headers.SRC, "examples")
KIT = os.path.join(lib.BUILD, "libabhost-kit.a")
FLAGS = ["-std=c11", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-fPIC"]
lib.need(lib.ABHOST, lib.FAKE, KIT)
tap = lib.Tap()
folder = lib.scratch()


def include(name, abi, sugar=True):
    """A folder of headers: this abi.h, and today's others or none."""
    path = os.path.join(folder, "include-" + name)
    os.makedirs(os.path.join(path, "abhost"), exist_ok=True)
    with open(os.path.join(path, "abhost", "abi.h"), "w", encoding="utf-8") as file:
        file.write(abi)
    for other in ("connector.h", "rest.h") if sugar else ():
        with open(os.path.join(path, "abhost", other), "w", encoding="utf-8") as file:
            file.write(headers.read(os.path.join(headers.INCLUDE, other)))
    return path


def cc(*argv):
    out = subprocess.run([*CC, *map(str, argv)], capture_output=True, text=True, errors="replace")
    if out.returncode != 0:
        tap.ok(False, "it compiles", " ".join(map(str, argv)), out.stderr)
        tap.done()


def build(name, where, source, *more):
    path = os.path.join(folder, name + ".so")
    cc(*FLAGS, "-shared", "-I" + where, source, *more, "-o", path)
    return path


def run_all(so, what):
    """all.c: it says itself what does not hold; its rows and state show the rest."""
    db = os.path.join(folder, os.path.basename(so) + ".db")
    check = lib.abhost("check", so, config)
    tap.ok(check.code == 0, what + ": check", check)
    for was in (0, 4):
        run = lib.abhost("run", so, config, "--to", "sqlite:" + db)
        if not tap.ok(run.code == 0, "%s: run" % what, run):
            return
        rows = sorted(lib.read_table(db, "parts"), key=lambda row: row["id"])
        wanted = [{"id": 10 * n + k, "at": k, "was": was if k == 1 else None, "page": "last" if k > 2 else None}
                  for n in (1, 2) for k in (1, 2, 3, 4)]
        tap.same(rows, wanted, "%s: its rows, with the state %d" % (what, was))


def run_my_api(so, what):
    db = os.path.join(folder, os.path.basename(so) + ".db")
    for _ in range(2):
        run = lib.abhost("run", so, config, "--to", "sqlite:" + db)
        if not tap.ok(run.code == 0, what + " runs", run):
            return
    for stream in ("users", "events"):
        lib.check_table(tap, db, stream, lib.latest(api.truth(stream)), "%s: %s" % (what, stream))


def refused(so, code, told, what, *command):
    run = lib.abhost(*(command or ("run",)), so, config)
    tap.ok(run.code == code and told in run.err, what, "wanted: " + told, run)


def older_hosts(version, abi):
    """Today's connectors on a host of this version."""
    then = include(version, abi, sugar=False)
    today = headers.INCLUDE[:-len("/abhost")]
    for name, source, more in (("all", os.path.join(HERE, "all.c"), ()),
                               ("my-api-low", os.path.join(EXAMPLES, "my-api-low.c"), ("-DCUT_PARTITIONS=NULL",)),
                               ("my-api", os.path.join(EXAMPLES, "my-api.c"), ("-DCUT_UPDATE=NULL",))):
        inner, outer = (os.path.join(folder, name + part) for part in ("-inner.o", "-outer.o"))
        cc(*FLAGS, "-I" + today, "-Dab_connector_v1=ab_inner", "-c", source, "-o", inner)
        cc(*FLAGS, "-I" + then, "-DINNER=ab_inner", "-Wno-unused-function", *more, "-c", os.path.join(HERE, "cut.c"), "-o", outer)
        so = os.path.join(folder, "cut-%s-%s.so" % (version, name))
        cc("-shared", "-fPIC", outer, inner, KIT, "-o", so)
        what = "today's %s on a host of %s" % (name, version)
        (run_all if name == "all" else run_my_api)(so, what)
    grown = build("too-new-for-" + version, include("next", headers.grown(today_abi)), os.path.join(HERE, "all.c"),
                  "-DALL_LATER", "-DALL_MIN_HOST=AB_ABI")
    refused(grown, 3, "needs an abhost with ABI", "what asks for more than ABI %s is refused" % version)


def reads_too_far():
    """The cut itself works: who reads behind it dies."""
    source = os.path.join(folder, "too-far.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(headers.read(os.path.join(HERE, "all.c")).replace(
            "\tfor (int level", "\tHOLDS(*(volatile char *)(h + 1) >= 0 || all);\n\tfor (int level"))
    inner, outer = (os.path.join(folder, "too-far" + part) for part in ("-inner.o", "-outer.o"))
    cc(*FLAGS, "-Wno-array-bounds", "-I" + headers.INCLUDE[:-len("/abhost")], "-Dab_connector_v1=ab_inner", "-c", source, "-o", inner)
    cc(*FLAGS, "-I" + include("base", frozen[0][1], sugar=False), "-DINNER=ab_inner", "-c", os.path.join(HERE, "cut.c"), "-o", outer)
    so = os.path.join(folder, "too-far.so")
    cc("-shared", "-fPIC", outer, inner, "-o", so)
    run = lib.abhost("check", so, config)
    tap.ok(run.code != 0 and "died of" in run.err, "seen: a connector that reads behind the end of an older host's table", run)


def from_the_future():
    """A connector built with the next minor version of the header."""
    major, minor = headers.version(today_abi)
    now, later = "%d.%d" % (major, minor), "%d.%d" % (major, minor + 1)
    path = include("next", headers.grown(today_abi))
    source = os.path.join(HERE, "all.c")
    run_all(build("next-all", path, source, "-DALL_LATER"), "ABI %s with min_host 1.0 on today's host" % later)
    run_my_api(build("next-low", path, os.path.join(EXAMPLES, "my-api-low.c")), "my-api-low, built with ABI %s" % later)
    so = build("next-used", path, source, "-DALL_LATER", "-DALL_LATER_USED")
    refused(so, 3, "ab_request has ", "a member of a request that this host does not know is refused by its struct's name", "check")
    so = build("next-needed", path, os.path.join(EXAMPLES, "my-api-low.c"), "-DAB_TARGET=AB_ABI")
    told = "needs an abhost with ABI %s, this one has ABI %s" % (later, now)
    refused(so, 3, told, "AB_TARGET %s is refused" % later)
    inspect = lib.abhost("inspect", so)
    tap.ok(told in inspect.text, "and inspect says so", inspect)
    has = os.path.join(folder, "has.c")
    with open(has, "w", encoding="utf-8") as file:
        file.write("#include <abhost/connector.h>\n_Static_assert(AB_TARGET == AB_VERSION(1, 0), \"target\");\n"
                   "int older(struct ab_host *h) { return AB_HAS(h, extension) && !AB_HAS(h, later); }\n"
                   "int main(void) { struct ab_host h = {.size = offsetof(struct ab_host, later)}; return !older(&h); }\n")
    cc(*FLAGS, "-I" + path, has, "-o", os.path.join(folder, "has"))
    tap.same(subprocess.call([os.path.join(folder, "has")]), 0, "AB_HAS tells what a host has")
    out = subprocess.run([*CC, "-fsyntax-only", "-DAB_TARGET=AB_VERSION(1, 99)", "-I" + path, "-x", "c", has],
                         capture_output=True, text=True)
    tap.ok(out.returncode != 0 and "newer than this SDK" in out.stderr, "an AB_TARGET that the SDK does not know does not compile", out)


def tomorrows_host():
    """What takes a connector's table, built with the grown header."""
    with open(os.path.join(lib.BUILD, "Makefile"), encoding="utf-8") as file:
        make = dict(re.findall(r"^(\w+) = (.*)$", file.read(), re.M))
    # Sanitizers, if any, as the libraries were built.
    san = shlex.split(make.get("SAN_FLAGS", ""))
    libs = [os.path.join(lib.BUILD, "host", "lib%s.a" % name) for name in ("source", "worker", "net", "data", "base")]
    program = os.path.join(folder, "tomorrow")
    host = os.path.join(headers.SRC, "host")
    cc("-std=gnu11", "-O1", *san, "-I" + include("next", headers.grown(today_abi)), "-I" + host, "-I" + lib.BUILD,
       os.path.join(HERE, "tomorrow.c"), os.path.join(host, "worker", "load.c"), os.path.join(host, "source", "descriptor.c"),
       *libs, *shlex.split(" ".join(make.get(n, "") for n in ("ELF_LIBS", "JANSSON_LIBS", "CURL_LIBS", "CRYPTO_LIBS"))), "-lm",
       "-o", program)
    files = [lib.connector("my-api"), lib.connector("my-api-low"),
             *(path for path in map(lib.connector, ("my-api-cpp", "my-api-rust")) if os.path.exists(path)),
             build("next-on-next", include("next", headers.grown(today_abi)), os.path.join(HERE, "all.c"), "-DALL_LATER",
                   "-DALL_MIN_HOST=AB_ABI", "-DALL_HAS_LATER")]
    out = subprocess.run([program, *files], capture_output=True, text=True)
    lines = out.stdout.splitlines()
    built = "built with %d.%d: later is NULL" % headers.version(today_abi)
    tap.ok(len(lines) == len(files) and all(line.endswith(built) for line in lines[:-1]),
           "a host of the next version takes today's connectors; what they lack is NULL", out)
    tap.ok(lines[-1:] == ["all built with %d.%d: later is there" % (headers.version(today_abi)[0], headers.version(today_abi)[1] + 1)],
           "and sees what its own have", out)


def before_the_freeze():
    draft = headers.read(headers.frozen()[0][1]).replace("0x31434241u", "0x30434241u")
    so = build("draft", include("draft", draft), os.path.join(EXAMPLES, "my-api-low.c"))
    for command in ("run", "check"):
        refused(so, 3, "built before ABI 1.0 was frozen: build it again", "what was built before the freeze is refused by %s" % command,
                command)


today_abi = headers.read(os.path.join(headers.INCLUDE, "abi.h"))
frozen = [(version, headers.read(path)) for version, path in headers.frozen()]
with lib.FakeApi(users=30, events=40) as api:
    config = lib.write_config(folder, api)
    for version, abi in frozen:
        so = build("all-" + version, include(version, abi, sugar=False), os.path.join(HERE, "all.c"))
        run_all(so, "a connector built with ABI %s" % version)
        older_hosts(version, abi)
    reads_too_far()
    from_the_future()
    tomorrows_host()
    before_the_freeze()
tap.done()

#!/usr/bin/env python3
"""tests/real/install with tools that only pretend: what is half made never counts, what is done is not done again,
and what cannot be done is told; nothing is fetched."""
import os
import subprocess

import real
from real import lib

INSTALL = os.path.join(real.HERE, "install")
TOOL = "#!/bin/sh\n"


class Bench:
    """A cache, and a PATH that begins with tools of the test's own."""

    def __init__(self):
        self.folder = lib.scratch()
        self.tools = os.path.join(self.folder, "bin")
        self.calls = os.path.join(self.folder, "calls")
        self.cache = os.path.join(self.folder, "cache")
        os.mkdir(self.tools)

    def tool(self, name, script):
        path = os.path.join(self.tools, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("%secho %s \"$@\" >>%s\n%s\n" % (TOOL, name, self.calls, script))
        os.chmod(path, 0o755)

    def called(self, what):
        """How often, since the last time that somebody asked."""
        if not os.path.exists(self.calls):
            return 0
        with open(self.calls, encoding="utf-8") as file:
            text = file.read()
        os.unlink(self.calls)
        return text.count(what)

    def install(self, *names, ci="", **more):
        env = {**os.environ, "PATH": self.tools + ":/usr/bin:/bin", "ABHOST_REAL_CACHE": self.cache, "CI": ci, **more}
        done = subprocess.run(["bash", INSTALL, *names], env=env, text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=lib.TIMEOUT)
        return lib.Run(["install", *names], done.returncode, done.stdout, "")


def npm(tap):
    bench = Bench()
    bench.tool("node", "echo v18.20.4")
    bench.tool("npm", "exit 1")
    run = bench.install("json-server")
    tap.ok(run.code == 0 and "json-server: skipped, node v18.20.4 is older than 20" in run.out, "an old node is a skip", run)
    tap.same(bench.called("npm"), 0, "and npm is not asked")
    tap.ok(bench.install("json-server", ci="true").code != 0, "in CI it is a failure")

    bench.tool("node", "echo v20.1.0")
    bench.tool("npm", 'mkdir -p "$3/half"; echo no network; exit 1')
    bench.called("")
    run = bench.install("json-server")
    tap.ok(run.code == 0 and "cannot be installed" in run.out and "no network" in run.out, "a failure is told", run)
    tap.same(bench.called("npm install"), 2, "after a second try")
    tap.ok(bench.install("json-server", ci="true").code != 0, "in CI it is a failure, too")
    tap.ok("is not installed" in wanted(bench, "json-server"), "what is half made is not there")

    bench.tool("npm", '[ ! -e "$3/half" ] && touch "$3/whole"')
    run = bench.install("json-server", ci="true")
    tap.ok(run.code == 0 and "json-server 0.17.4: installed in" in run.out, "then it is made from the beginning", run)
    tap.ok(wanted(bench, "json-server").endswith("/json-server-0.17.4"), "and found")
    bench.called("")
    run = bench.install("json-server", ci="true")
    tap.ok(run.code == 0 and run.out == "" and bench.called("npm") == 0, "what is done is not done again", run)


def others(tap):
    bench = Bench()
    bench.tool("go", "echo go1.19.8")
    run = bench.install("toxiproxy")
    tap.ok(run.code == 0 and "toxiproxy: skipped, go1.19.8 is older than go1.25" in run.out, "Debian's Go is a skip", run)
    run = bench.install("kinto", PYTHON="no-such-python")
    tap.ok(run.code == 0 and "kinto: skipped, no-such-python is not Python 3.11" in run.out, "no Python", run)
    run = bench.install("--where")
    tap.same(run.out.strip(), bench.cache, "--where")
    run = bench.install("kinot")
    tap.ok(run.code != 0 and "kinot" in run.out, "a name that nobody knows is told", run)


def wanted(bench, name):
    """What a test gets that wants this server."""
    script = "import sys; sys.path.insert(0, %r); import servers; print(servers.installed(%r))" % (real.HERE, name)
    return subprocess.run([lib.sys.executable, "-c", script], text=True, stdout=subprocess.PIPE, check=False,
                          env={**os.environ, "ABHOST_REAL_CACHE": bench.cache, "CI": ""}).stdout.strip()


tap = lib.Tap()
npm(tap)
others(tap)
tap.done()

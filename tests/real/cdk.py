#!/usr/bin/env python3
"""The same lists, described to Airbyte's CDK and to the kit: are the same requests made?

The CDK's stand in facts/NAME.txt, as facts/record saw them.  Where ours are others on purpose, they stand in
facts/NAME.ours.txt (--write makes these), and docs/differences.md says why.
"""
import os
import sys

import echo
import real
from real import lib

FOLDER = os.path.join(lib.SRC, "tests", "real", "facts")
sys.path.insert(0, FOLDER)
import manifests  # noqa: E402

CONFIG = {"client": "cli ent", "secret": "s3cr3t-of-thirty-two-bytes-or-more", "refresh": "r3fresh"}
lib.need(lib.ABHOST, os.path.join(lib.BUILD, "tests/real/cdk.so"))


def load(name):
    try:
        with open(os.path.join(FOLDER, name + ".txt"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Compared:
    """Our requests against the facts, by name."""

    def __init__(self, tap):
        self.tap, self.names = tap, set()
        with open(os.path.join(lib.SRC, "docs", "differences.md"), encoding="utf-8") as file:
            self.argued = file.read()

    def compare(self, name, ours):
        self.names.add(name)
        theirs, other = load(name), load(name + ".ours")
        if "--write" in sys.argv and ours != theirs:
            with open(os.path.join(FOLDER, name + ".ours.txt"), "w", encoding="utf-8") as file:
                file.write(ours)
        if other is None:
            return self.tap.same(ours.splitlines(), (theirs or "").splitlines(), name + ": as the CDK asks")
        self.tap.ok(other != theirs and "`%s`" % name in self.argued, name + ": a difference that is argued")
        return self.tap.same(ours.splitlines(), other.splitlines(), name + ": as docs/differences.md says")

    def all_were(self):
        known = {file[:-4] for file in os.listdir(FOLDER) if file.endswith(".txt")}
        self.tap.same(sorted(known - {name + ".ours" for name in self.names} - self.names), [],
                      "no list is left out")


def asked_by(tap, streams, **config):
    """What a run of these streams asks for."""
    with echo.Echo() as api:
        sync = real.Sync(tap, "cdk", {"base_url": api.url, **config})
        sync.run("run: " + config.get("auth", "the lists"), "--streams", ",".join(streams))
        return api


def asked_again(tap):
    with echo.Echo() as api:
        sync = real.Sync(tap, "cdk", {"base_url": api.url})
        sync.run("a run", "--streams", "since")
        api.lists.clear()
        sync.run("and another", "--streams", "since")
        return api


tap = lib.Tap()
compared = Compared(tap)
asked = asked_by(tap, [*manifests.LISTS, "children"])
for name in [*manifests.LISTS, "children", "parents"]:
    compared.compare(name, asked.asked(name))
compared.compare("parents-and-children", asked_by(tap, ["parents", "children"]).asked("parents"))
compared.compare("since-again", asked_again(tap).asked("since"))
for auth in manifests.AUTH:
    asked = asked_by(tap, ["auth-json" if auth == "key-json" else "auth"], auth=auth, **CONFIG)
    compared.compare("auth-" + auth, "\n".join(asked.asked(n) for n in ("token", "login", auth) if n in asked.lists))
compared.all_were()
tap.done()

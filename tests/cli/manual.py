#!/usr/bin/env python3
"""The manual page and --help agree: the same commands, and the same options with the same values for each."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, SRC, Tap, need  # noqa: E402

need(ABHOST)
PAGE = os.path.join(SRC, "docs/abhost.1")
tap = Tap()


def output(*words):
    return subprocess.run([ABHOST, *words], stdout=subprocess.PIPE, check=True, text=True).stdout


def from_page():
    """{command: ({option: value}, words)} of the manual."""
    commands, current = {}, None
    for line in open(PAGE):
        if line.startswith(".Sh"):
            current = None
        heading = re.match(r"\.Ss (\S+) ?(.*)", line)
        if heading:
            words = re.sub(r"Op (\S+)", r"[\1]", heading.group(2))
            current = heading.group(1)
            commands[current] = ({}, words)
        option = re.match(r"\.It Fl -(\S+)(?: Oo Ns = Ns Ar (\S+)| Ar (\S+))?", line)
        if option and current:
            commands[current][0][option.group(1)] = "=" + option.group(2) if option.group(2) else option.group(3)
    return commands


def from_help():
    commands = {}
    for name, words in re.findall(r"^  ([a-z-]+) ((?:[A-Z\[\]]+ ?)*)", output("--help").split("\n\n")[2], re.M):
        text = output(name, "--help")
        options = {o: may or v or None for o, may, v in
                   re.findall(r"^  --([a-z-]+)(?:\[(=[A-Z,]+)\]| ([A-Z][A-Z,=]*))?", text, re.M)}
        del options["help"]
        commands[name] = (options, words.strip())
    return commands


page, told = from_page(), from_help()
tap.same(sorted(page), sorted(told), "the manual has every command")
for name in sorted(told):
    tap.same(page.get(name), told[name], "%s: options and words" % name)
    tap.ok("abhost %s" % name in output(name, "--help"), "%s: --help says how it is called" % name)
    tap.same(output("help", name), output(name, "--help"), "%s: help and --help are the same" % name)
if shutil.which("mandoc"):
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE], stdout=subprocess.PIPE, text=True)
    tap.ok(lint.returncode == 0, "mandoc has no complaint", lint.stdout)
else:
    tap.skip("mandoc has no complaint", "mandoc is not installed")
tap.done()

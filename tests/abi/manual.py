#!/usr/bin/env python3
"""The manual pages of the SDK say what the headers and schemas say: each function, member, constant and key is there,
and nothing else; their examples compile; no reader of manual pages complains."""
import os
import re
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headers
import lib

SRC = headers.SRC
sys.path.insert(0, os.path.join(SRC, "docs", "man"))
import fill  # noqa: E402

CC = shlex.split(os.environ.get("CC") or "cc")
HEADERS = {"abhost-sdk.3": ("abi.h", "connector.h"), "abhost-rest.7": ("rest.h",)}
SCHEMAS = ("stream.json", "endpoint.json", "options.json", "about.json")
tap = lib.Tap()


def plain(text):
    return text.replace("\\(dq", '"').replace("\\-", "-").replace("\\e", "\\").replace("\\&", "")


def sections(page):
    """{heading: [what its lists are of]}"""
    found = {}
    for block in re.split(r"^\.S[hs] ", page, flags=re.M)[1:]:
        heading, _, body = block.partition("\n")
        found[heading] = [plain(i) for i in re.findall(r'^\.It Li "(.*?)"(?: No .*)?$', body, re.M)]
    return found


def name_of(declaration):
    """A constant's, a macro's or a function's."""
    return re.search(r"(\w+)\(", declaration).group(1) if "(" in declaration else re.match(r"\w+", declaration).group()


def compare_headers(name, page):
    found = sections(page)
    for header in HEADERS[name]:
        text = headers.read(os.path.join(headers.INCLUDE, header))
        for struct, members in headers.structs(text).items():
            if members:
                shown = [m for d in found.pop("struct " + struct, []) for m in headers.member_names(d)]
                tap.same(shown, members, "%s: struct %s" % (name, struct))
    wanted = []
    for header in HEADERS[name]:
        text = headers.read(os.path.join(headers.INCLUDE, header))
        wanted += headers.constants(text) + headers.macros(text) + headers.functions(text)
    shown = [name_of(d) for items in found.values() for d in items]
    tap.same(sorted(shown), sorted(wanted), "%s: constants, macros and functions" % name)


def compare_schemas(page):
    """By the words alone, with another reader than fill.py's."""
    found = sections(page)
    for schema in SCHEMAS:
        text = headers.read(os.path.join(SRC, "sdk", "schema", schema))
        wanted = set(re.findall(r'"(\w+)":\s*\{\s*"x-since"', text))
        heading = [h for h in found if any('@schema ' + schema in line for line in source(h))]
        shown = {key.split(".")[-1] for h in heading for key in found[h]}
        tap.same(sorted(wanted - shown - {"config", "default", "template"}), [], "each key of %s is told" % schema)
        tap.same(sorted(shown - wanted), [], "and no other")


def source(heading):
    """The lines of a section of abhost-connector.7.in."""
    text = headers.read(os.path.join(SRC, "docs", "man", "abhost-connector.7.in"))
    body = re.search(r"^\.S[hs] %s\n(.*?)(?=^\.S[hs] |\Z)" % re.escape(heading), text, re.M | re.S)
    return body.group(1).splitlines() if body else []


def examples(page):
    return [plain(b) for b in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", page, re.M | re.S) if "#include" in b]


def complaints(name, *argv):
    """A page read by this program: (what it says, nothing where all is well)."""
    out = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                         env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
    said = out.stderr if argv[0] == "man" else out.stdout + out.stderr
    tap.ok(out.returncode == 0 and not said.strip(), "%s: %s does not complain" % (name, argv[0]), out.returncode, said)


def installed():
    with lib_install() as root:
        found = {f for _, _, files in os.walk(root) for f in files}
        tap.same(sorted(set(PAGES) - found), [], "make install puts all pages down")


class lib_install:
    def __enter__(self):
        self.root = lib.scratch()
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        subprocess.run(["make", "-s", "-C", lib.BUILD, "install-man", "DESTDIR=" + self.root], env=env,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.root

    def __exit__(self, *why):
        pass


PAGES = (*fill.PAGES, "abhost.1")
readme = headers.read(os.path.join(SRC, "README.md"))
for name in PAGES:
    path = os.path.join(SRC, "docs", name)
    text = headers.read(path)
    if name in fill.PAGES:
        tap.ok(text == fill.page(name), "%s is what docs/man/fill.py makes" % name, "run: python3 docs/man/fill.py")
    if name in HEADERS:
        compare_headers(name, text)
        for i, example in enumerate(examples(text)):
            out = subprocess.run([*CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-I",
                                  os.path.dirname(headers.INCLUDE), "-fsyntax-only", "-x", "c", "-"], input=example,
                                 capture_output=True, text=True)
            tap.ok(out.returncode == 0, "%s: example %d compiles" % (name, i + 1), out.stderr)
    if name == "abhost-connector.7":
        compare_schemas(text)
    tap.ok(re.search(r"`%s`" % re.escape(name), readme), "the README lists %s" % name)
    for program, argv in (("mandoc", ("mandoc", "-Tlint", "-Wwarning", path)),
                          ("man", ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path))):
        if shutil.which(program) and (program == "mandoc" or shutil.which("groff")):
            complaints(name, *argv)
        else:
            tap.skip("%s: %s does not complain" % (name, program), "%s is not here" % program)
installed()
tap.done()

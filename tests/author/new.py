#!/usr/bin/env python3
"""abhost new, as a third party has it: from an installed prefix, in an empty folder, with a clean environment.  What it
writes builds with make, passes abhost test, yields rows, and is installed, in either language, of either kind."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prefix  # noqa: E402
from lib import Tap, read_table, scratch  # noqa: E402

prefix.need("make", "pkg-config", "cc")
tap = Tap()
CPP = shutil.which("c++")
FLAVOURS = [(kind, lang) for kind in ("rest", "vtable") for lang in ("c", "c++")]
ITEMS = [(1, 1, "Anvil", 119.0, "2024-01-02T08:00:00Z"), (2, 2, "Bolt", 0.35, "2024-01-02T09:30:00Z"),
         (3, 1, None, None, "2024-01-03T10:00:00Z"), (4, 2, "Drill", 79.9, "2024-01-03T10:00:00Z"),
         (5, 1, "Epoxy", 12.5, "2024-01-05T16:45:00Z")]


ENV = prefix.install(tap)


class Place:
    """An empty folder, and a user who has nothing."""

    def __init__(self):
        self.folder = scratch()
        self.env = {**ENV, "HOME": os.path.join(self.folder, "home")}
        os.mkdir(self.env["HOME"])

    def __call__(self, line, where="", **env):
        done = subprocess.run(["sh", "-c", line], cwd=os.path.join(self.folder, where), env={**self.env, **env},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done

    def files(self, name):
        top = os.path.join(self.folder, name)
        return sorted(os.path.relpath(os.path.join(at, n), top) for at, _, names in os.walk(top) for n in names)


def told(done):
    return "$ %s\nexit %d\n%s%s" % (done.args[-1], done.returncode, done.stdout, done.stderr)


def rows(folder, name):
    """What the tables hold, as the fixtures have it."""
    db = os.path.join(folder, name + ".db")
    items = sorted((r["id"], r["owner_id"], r["name"], r["price"], r["updated_at"]) for r in read_table(db, "items"))
    return items, sorted((r["id"], r["name"], r["country"]) for r in read_table(db, "owners"))


def build(here, name, lang):
    flag = "CXXFLAGS='-O2 -Wall -Wextra -Werror -Wno-missing-field-initializers'" if lang == "c++" else "CFLAGS='-O2 -Wall -Wextra -Werror'"
    done = here("make -s " + flag, name)
    tap.ok(done.returncode == 0 and done.stderr == "", name + ": make, without a warning", told(done))
    done = here("make -s clean && make -s", name)
    tap.ok(done.returncode == 0, name + ": make, as it stands there", told(done))
    done = here("nm -D --defined-only %s.so" % name, name)
    tap.same([line.split()[-1] for line in done.stdout.splitlines()], ["ab_connector_v1"], name + ": one symbol")
    done = here("abhost inspect ./%s.so --json" % name, name)
    seen = json.loads(done.stdout)
    hard = seen["hardening"]
    tap.ok(seen["id"] == name and hard["relro"] == "full" and not (hard["executable_stack"] or hard["text_relocations"]) and
           seen["secrets"] == {"kept": ["api_key"], "shown": []}, name + ": hardened, and sees no secret", seen)
    if lang == "c":
        tap.same(seen["libraries"], ["libc.so.6"], name + ": needs libc only")


def use(here, name):
    top = os.path.join(here.folder, name)
    done = here("abhost test %s.so" % name, name)
    tap.ok(done.returncode == 0 and "\nnot ok" not in done.stdout, name + ": abhost test, without an option", told(done))
    for line in done.stdout.splitlines():
        if "# SKIP" in line:
            tap.note(name + ": " + line)
    for count in ("a first", "a second"):
        done = here("abhost run ./%s.so config.example.json --replay fixtures" % name, name, API_KEY="any")
        tap.ok(done.returncode == 0, name + ": %s run, from the fixtures" % count, told(done))
        tap.same(rows(top, name), (ITEMS, [(1, "Ada", "GB"), (2, "Grace", None)]), name + ": what the fixtures have")
    done = here("make -s install && abhost spec " + name, name)
    tap.ok(done.returncode == 0 and '"api_key"' in done.stdout, name + ": make install, and its id is enough", told(done))


def flavour(kind, lang):
    name = "my.%s-%s" % (kind, lang.replace("+", "p"))
    if lang == "c++" and CPP is None:
        tap.skip(name, "there is no C++ compiler")
        return
    here = Place()
    done = here("abhost new %s --kind %s --lang %s" % (name, kind, lang))
    if not tap.ok(done.returncode == 0 and done.stderr == "", name + ": written", told(done)):
        return
    source = name + (".c" if lang == "c" else ".cpp")
    left = [f for f in here.files(name) if not re.fullmatch(r"fixtures/\d{5}\.json", f)]
    tap.same(left, sorted([".github/workflows/ci.yml", ".gitignore", "LICENSE", "Makefile", "README.md", "config.example.json",
                           "fixtures/recording.json", source]), name + ": its files")
    texts = {f: open(os.path.join(here.folder, name, f), encoding="utf-8").read() for f in here.files(name)}
    tap.same([f for f, text in texts.items() if re.search(r"@[A-Z_]+@", text)], [], name + ": nothing is left open in them")
    tap.ok(len(texts["Makefile"].splitlines()) <= 13, name + ": a short Makefile", texts["Makefile"])
    build(here, name, lang)
    use(here, name)


def what_it_says():
    """The commands that it prints, and those at the top of the README, are run as they stand there."""
    here = Place()
    done = here("mkdir 'a b' && abhost new shop --dir \"a b/it's ü\"")
    lines = re.findall(r"^  ((?:cd|make|abhost|API_KEY).*)$", done.stdout, re.M)
    run = here("set -e\n" + "\n".join(lines))
    tap.ok(len(lines) == 4 and run.returncode == 0, "what abhost new says to do next works", told(done), told(run))
    with open(os.path.join(here.folder, "a b/it's ü", "README.md"), encoding="utf-8") as file:
        lines = [line.strip() for line in file.read().split("## ")[0].splitlines() if line.startswith("    ")]
    run = here("rm -f *.db *.so\nset -e\n" + "\n".join(lines), "a b/it's ü")
    tap.ok(len(lines) == 4 and run.returncode == 0 and "Anvil" in run.stdout, "so does what the README begins with", told(run))


def careful():
    here = Place()
    here("mkdir full empty && echo mine >full/README.md && echo mine >file")
    before = here.files("full")
    for line, code, words in (("abhost new full", 3, "full: holds something already"), ("abhost new x --dir full/", 3, "holds something"),
                              ("abhost new file", 3, "file: is a file"), ("abhost new x --dir no/where", 3, "No such file"),
                              ("cd empty && abhost new x --dir .", 3, "is where you are"),
                              ("abhost new x --dir ''", 2, "--dir is empty"), ("abhost new", 2, "NAME is missing"),
                              ("abhost new 'My API'", 2, "is my-api meant?"), ("abhost new a/b", 2, "is a-b meant?"),
                              ("abhost new -- -x", 2, "is x meant?"), ("abhost new ..", 2, "becomes the connector's id"),
                              ("abhost new x.so", 2, 'no ".so"'), ("abhost new " + "x" * 65, 2, "at most 64"),
                              ("abhost new x --kind soap", 2, "--kind is rest or vtable"), ("abhost new x --lang go", 2, "--lang is c or c++"),
                              ("abhost new x --license GPL", 2, "--license is MIT, Apache-2.0 or none")):
        done = here(line)
        tap.ok(done.returncode == code and words in done.stderr and done.stdout == "", line[:60], told(done))
    tap.same((sorted(os.listdir(here.folder)), here.files("full")), (["empty", "file", "full", "home"], before), "and nothing was written")
    done = here("abhost new " + "x" * 64 + " --dir empty")
    tap.ok(done.returncode == 0 and "x" * 64 + ".c" in here.files("empty"), "a long name, an empty folder", told(done))
    done = here("umask 077 && abhost new tight && umask 022 && abhost new wide && stat -c %a tight wide")
    tap.ok(done.stdout.split()[-2:] == ["700", "755"], "the folder is as the umask says", told(done))
    done = here("bash -c 'ulimit -f 1; exec abhost new late'")
    tap.ok(done.returncode == 1 and not [n for n in os.listdir(here.folder) if n.startswith("late")],
           "a full disk is told, and leaves nothing", told(done))
    done = here("abhost new free --license none && abhost new apache --license Apache-2.0")
    with open(os.path.join(here.folder, "apache", "LICENSE"), encoding="utf-8") as file:
        license_text = file.read()
    tap.ok("LICENSE" not in here.files("free") and "Apache License" in license_text, "licences", told(done))
    for name, words in (("free", None), ("apache", "| `LICENSE` | Apache 2.0 |"), ("wide", "| `LICENSE` | MIT |")):
        with open(os.path.join(here.folder, name, "README.md"), encoding="utf-8") as file:
            text = file.read()
        tap.ok("LICENSE" not in text if words is None else words in text, name + ": the README tells its licence", text)
    with open(os.path.join(here.folder, "wide", "LICENSE"), encoding="utf-8") as file:
        tap.ok(re.search(r"Copyright \(c\) 20\d\d the authors of wide\n", file.read()), "whose it is")
    if shutil.which("git"):
        here("git init -q . && git add -A", "wide")
        here("touch wide.so config.json config-secrets.json wide.db", "wide")
        done = here("git status --porcelain --untracked-files", "wide")
        tap.ok("??" not in done.stdout and "A  fixtures/00001.json" in done.stdout, "what must not be shared is ignored by git", told(done))
    else:
        tap.skip("what must not be shared is ignored by git", "git is not installed")


def documents():
    """What the installed documents refer to is installed beside them."""
    prefix_of = os.path.dirname(os.path.dirname(shutil.which("abhost", path=ENV["PATH"])))
    docs = next((at for at, _, names in os.walk(prefix_of) if "tutorial.md" in names), None)
    if docs is None:
        tap.skip("installed documents", "they are not below the programs' prefix")
        return
    for at, _, names in os.walk(docs):
        for name in (n for n in names if n.endswith(".md")):
            with open(os.path.join(at, name), encoding="utf-8") as file:
                found = set(re.findall(r"(?<![\w/])(?:docs|examples)/[\w./-]*\w", file.read()))
            gone = [f for f in found if not f.endswith(".so") and
                    not os.path.exists(os.path.join(docs, f[5:] if f.startswith("docs/") else f))]
            tap.same(gone, [], name + ": what it refers to is there")


for one in FLAVOURS:
    flavour(*one)
what_it_says()
careful()
documents()
tap.done()

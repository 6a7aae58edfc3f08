#!/usr/bin/env python3
"""Each version of the ABI that was released is frozen, byte for byte, and today's header only appends to it.

Each judge must also refuse what is wrong: two members that changed places, a type that changed, a struct that grew in
the middle."""
import hashlib
import os
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headers
import lib

CC = shlex.split(os.environ.get("CC") or "cc")
TODAY = os.path.join(headers.INCLUDE, "abi.h")
ABIGNORE = os.path.join(headers.FROZEN, "appended.abignore")
PROBE = os.path.join(headers.SRC, "tests", "abi", "probe.c")
tap = lib.Tap()
folder = lib.scratch()


def run(*argv, text=None):
    return subprocess.run(argv, input=text, capture_output=True, text=True, errors="replace")


def preprocessed(path):
    """What a compiler sees of the header itself: its code and its macros, no comments."""
    out = run(*CC, "-E", "-P", "-dD", "-ffreestanding", "-undef", "-x", "c", path)
    if out.returncode != 0:
        raise RuntimeError(out.stderr)
    lines = out.stdout.splitlines()
    return lines[next(i for i, line in enumerate(lines) if line.startswith("#define ABHOST_ABI_H")):]


def appends_only(old, new):
    """None, or what is not as it was: members, constants and macros in their order, the old ones first."""
    for name, members in headers.structs(old).items():
        now = headers.structs(new).get(name)
        if now is None or now[:len(members)] != members:
            return "struct %s was %s, and is %s" % (name, members, now)
        if name not in headers.GROWING and now != members:
            return "struct %s grew" % name
    for kind in (headers.constants, headers.macros):
        gone = [name for name in kind(old) if name not in kind(new)]
        if gone:
            return "%s gone" % ", ".join(gone)
    return None


def library(name, text, bits):
    """The probe, built with this header."""
    include = os.path.join(folder, name, "abhost")
    os.makedirs(include, exist_ok=True)
    with open(os.path.join(include, "abi.h"), "w", encoding="utf-8") as file:
        file.write(text)
    path = os.path.join(folder, name, "probe%d.so" % bits)
    out = run(*CC, "-m%d" % bits, "-ffreestanding", "-nostdlib", "-shared", "-fPIC", "-g", "-O0", "-I",
              os.path.dirname(include), PROBE, "-o", path)
    return path if out.returncode == 0 else None


def compare(old, new, bits):
    """What abidiff finds between two headers, None: nothing but members appended.

    It is asked twice.  The suppression lets members at the end pass, but also two that changed places and types that
    changed, so without it the newer header is compared as far as the older one went."""
    was = library("was", old, bits)
    for text, more in ((new, ("--suppressions", ABIGNORE)), (headers.cut(new, old), ())):
        now = library("now", text, bits)
        if now is None:
            return "it does not compile"
        out = run("abidiff", *more, was, now)
        if out.returncode != 0:
            return "abidiff %s: %d\n%s%s" % (" ".join(more), out.returncode, out.stdout, out.stderr)
    return None


with open(os.path.join(headers.FROZEN, "SHA256SUMS"), encoding="utf-8") as file:
    sums = dict(reversed(line.split()) for line in file)
frozen = headers.frozen()
tap.same(sorted(sums), sorted(os.path.basename(path) for _, path in frozen), "each frozen header has its checksum")
for version, path in frozen:
    with open(path, "rb") as file:
        data = file.read()
    tap.same(hashlib.sha256(data).hexdigest(), sums.get(os.path.basename(path)), "ABI %s is what it was" % version)
    tap.same("%d.%d" % headers.version(data.decode()), version, "and says its version")

today = headers.read(TODAY)
newest, newest_path = frozen[-1]
if "%d.%d" % headers.version(today) == newest:
    tap.same(preprocessed(TODAY), preprocessed(newest_path), "today's abi.h is ABI %s, but for comments" % newest)
else:
    tap.ok(headers.version(today) > headers.version(headers.read(newest_path)), "today's abi.h is newer than ABI %s" % newest)

chain = [(version, headers.read(path)) for version, path in frozen] + [("today", today)]
for (old, a), (new, b) in zip(chain, chain[1:]):
    tap.same(appends_only(a, b), None, "from ABI %s to %s everything keeps its place" % (old, new))

base = chain[0][1]
WRONG = {"two members changed places": headers.swapped(base, "ab_read", "partition", "state"),
         "two functions changed places": headers.swapped(base, "ab_host", "emit_text", "emit"),
         "a member came into the middle": base.replace("\tconst char *token;", "\tconst char *x;\n\tconst char *token;"),
         "a member is gone": base.replace("\tvoid (*http_done)(const struct ab_response *);", "\t"),
         "ab_str grew": base.replace("struct ab_str { const char *ptr; size_t len; };",
                                     "struct ab_str { const char *ptr; size_t len; void *more; };")}
TYPES = {"a type changed": base.replace("int64_t (*json_int)", "int32_t (*json_int)"),
         "a parameter came": base.replace("int (*cancelled)(struct ab_host *);", "int (*cancelled)(struct ab_host *, int);")}
for what, text in WRONG.items():
    tap.ok(text != base and appends_only(base, text) is not None, "seen: " + what)
tap.same(appends_only(base, headers.grown(base)), None, "a member more at the end is fine")

for bits in (64, 32):
    if shutil.which("abidiff") is None:
        tap.skip("abidiff, %d bits" % bits, "abidiff (Debian's abigail-tools) is not here")
        continue
    if library("was", base, bits) is None:
        tap.skip("abidiff, %d bits" % bits, "the compiler has no -m%d here" % bits)
        continue
    for (old, a), (new, b) in zip(chain, chain[1:]):
        tap.same(compare(a, b, bits), None, "abidiff, %d bits: ABI %s to %s only appends" % (bits, old, new))
    tap.same(compare(base, headers.grown(base), bits), None, "abidiff, %d bits: a member more at the end is fine" % bits)
    for what, text in {**WRONG, **TYPES}.items():
        why = compare(base, text, bits)
        tap.ok(why is not None and why.startswith("abidiff"), "abidiff, %d bits, sees: %s" % (bits, what), why)
tap.done()

"""abhost as a third party has it: installed under a prefix, nothing of the sources at hand."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
import lib  # noqa: E402


def need(*tools):
    """Skips the whole test where one is not there, or the kit cannot be linked into a plain connector."""
    lib.need(lib.ABHOST)
    for tool in tools:
        if not shutil.which(tool):
            lib.skip_all(tool + " is not installed")
    with open(os.path.join(lib.BUILD, "libabhost-kit.a"), "rb") as kit:
        if b"__asan_init" in kit.read():
            lib.skip_all("the kit is built with sanitizers")


def install(tap):
    """make install into a folder of its own, whose prefix the SDK is made to say: a clean environment to use it."""
    root = lib.scratch()
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    done = subprocess.run(["make", "-s", "install", "DESTDIR=" + root], cwd=lib.BUILD, env=env, capture_output=True,
                          text=True, check=False)
    found = {name: os.path.join(at, name) for at, _, names in os.walk(root) for name in names
             if name in ("abhost", "abhost-worker", "abhost-sdk.pc") and not os.path.islink(os.path.join(at, name))}
    if not tap.ok(done.returncode == 0 and len(found) == 3, "make install", done.stdout, done.stderr):
        tap.done()
    with open(found["abhost-sdk.pc"], encoding="utf-8") as file:
        text = file.read()
    prefix = re.search(r"^prefix=(.*)$", text, re.M).group(1)
    with open(found["abhost-sdk.pc"], "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)=%s(?=/|$)" % re.escape(prefix), "=" + root + prefix, text))
    clean = {"PATH": os.path.dirname(found["abhost"]) + ":/usr/bin:/bin", "LANG": "C.UTF-8",
             "ABHOST_WORKER": found["abhost-worker"]}
    # Beside the program it is found without a word (sdk/template).
    beside = os.path.normpath(os.path.join(os.path.dirname(found["abhost"]), "..", "lib", "pkgconfig"))
    if os.path.dirname(found["abhost-sdk.pc"]) != beside:
        clean["PKG_CONFIG_PATH"] = os.path.dirname(found["abhost-sdk.pc"])
    return clean

#!/usr/bin/env python3
"""docs/tutorial.md, done as a reader does it: every command, line by line, from an installed prefix, in an empty folder; each
output is the one that is shown.  "..." there stands for anything, on a line of its own for any lines."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
import prefix

TUTORIAL = os.path.join(lib.SRC, "docs", "tutorial.md")
API = re.compile(r"tests/fake-api/fake-api --port (\d+) --key (\S+) --users (\d+) --events (\d+)$")
MARK = "<<<tutorial>>>"
prefix.need("make", "pkg-config", "cc", "curl")
lib.need(lib.FAKE)
tap = lib.Tap()


def steps():
    """[(line number, command, [expected lines])] of the page."""
    found, here = [], None
    with open(TUTORIAL, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    for number, line in enumerate(lines, 1):
        code = line[4:] if line.startswith("    ") else "" if here and not line else None
        if here:  # in a here document
            found[-1][1] += "\n" + (code or "")
            here = None if code == here else here
        elif code is not None and code.startswith("$ "):
            found.append([number, code[2:], []])
            text = re.search(r"<<'(\w+)'$", code)
            here = text.group(1) if text else None
        elif code is not None and found:
            found[-1][2].append(code)
    return found


def fits(shown, real):
    """Is this the output that the page shows?"""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else
                      ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in real)) is not None


class Shell:
    """One shell for the whole page, so that what a line sets the next one has."""

    def __init__(self, folder, env):
        self.process = subprocess.Popen(["sh"], cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        self.process.stdin.write("exec 2>&1\n")

    def __call__(self, command):
        self.process.stdin.write(command + "\nprintf '\\n%s\\n' '" + MARK + "' \n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                break
            lines.append(line.rstrip("\n"))
        if lines and lines[-1] == "":
            lines.pop()
        return lines

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    folder = lib.scratch()
    env = prefix.install(tap)
    env["HOME"] = os.path.join(folder, "home")
    os.mkdir(env["HOME"])
    os.mkdir(os.path.join(folder, "work"))
    shell = Shell(os.path.join(folder, "work"), env)
    api, said, real = None, "", ""
    for number, command, shown in steps():
        started = API.fullmatch(command)
        if started:  # in the reader's second terminal; here at a free port
            api = lib.FakeApi(users=started.group(3), events=started.group(4), key=started.group(2))
            said, real = "127.0.0.1:" + started.group(1), api.root[len("http://"):]
            out = ["listening on " + api.url.replace(real, said)]
        else:
            out = [line.replace(real, said) if said else line for line in shell(command.replace(said, real) if said else command)]
        if not tap.ok(fits(shown, out), "line %d: %s" % (number, command.splitlines()[0]),
                      "shown:", *shown, "in truth:", *out):
            break
    shell.close()
    if api:
        api.close()
    tap.ok(fits(["a", "...", "b...d", "..."], ["a", "x", "b, c, d"]) and not fits(["a", "b"], ["a", "c"]) and not fits([], ["x"]),
           "what does not fit is seen")
    tap.done()


if __name__ == "__main__":
    main()

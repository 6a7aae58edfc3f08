#!/usr/bin/env python3
"""On a terminal a sync draws over its own lines: never wider or higher than the screen, never more than about ten
times a second, and the cursor is back when it ends, however it ends."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, FAKE, KEY, TIMEOUT, FakeApi, Tap, connector, environment, need, scratch, write_config  # noqa: E402

need(ABHOST, FAKE)
tap = Tap()
folder = scratch()


class Screen:
    """A command on a terminal of so many columns and rows, until it ends; `press` is typed once `after` was seen,
    or once `until()` says so."""

    def __init__(self, *words, columns=80, rows=24, press=None, after=b"", until=None, **env):
        ready, go = os.pipe()
        started = time.monotonic()
        self.pid, terminal = pty.fork()
        if self.pid == 0:
            os.read(ready, 1)  # the size is set before the command looks
            os.chdir(folder)
            for key in (signal.SIGINT, signal.SIGQUIT):  # a shell without job control ignores them for what it starts with &
                signal.signal(key, signal.SIG_DFL)
            os.execve(ABHOST, [ABHOST, *words], environment({"TERM": "xterm", **env}))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.write(go, b"x")
        self.bytes = b""
        end = started + TIMEOUT
        while time.monotonic() < end:
            if press and after in self.bytes and (until is None or until()):
                os.write(terminal, press)
                press = None
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(terminal, 65536)
            except OSError:
                break
            if not got:
                break
            self.bytes += got
        if time.monotonic() >= end:
            os.kill(self.pid, signal.SIGKILL)
        for fd in (ready, go, terminal):
            os.close(fd)
        self.seconds = time.monotonic() - started
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.text = self.bytes.decode(errors="replace")

    def frames(self):
        """The blocks of lines that were drawn over each other."""
        return self.text.split("\x1b[J")[1:]

    def final(self):
        """What a person sees in the end."""
        lines, row = [""], 0
        for part in re.findall(r"\x1b\[\d*A|\x1b\[J|\x1b\[[?0-9;]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", self.text):
            if part == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif part.endswith("A") and part[0] == "\x1b":
                row -= int(part[2:-1] or 1)
            elif part == "\x1b[J":
                del lines[row:]
                lines.append("")
            elif part[0] not in "\r\x1b":
                lines[row] += part
        return "\n".join(lines)

    def __str__(self):
        return "exit %d\n%s" % (self.code, self.text.encode("unicode_escape").decode())


def cursor_is_back(screen, name):
    hidden, shown = screen.text.count("\x1b[?25l"), screen.text.count("\x1b[?25h")
    tap.ok(hidden == shown and screen.text.rfind("\x1b[?25h") >= screen.text.rfind("\x1b[?25l"),
           name + ": the cursor is back", screen)


API = connector("my-api")
with FakeApi("--fault", "drip=10", users=600, events=800) as api:
    config = write_config(folder, api)
    screen = Screen("run", API, config, "--to", "a.db", columns=61)
    tap.ok(screen.code == 0 and screen.text.count("\x1b[?25l") > 0, "it is drawn", screen)
    cursor_is_back(screen, "the end")
    tap.ok(len(screen.frames()) <= 10 * screen.seconds + 10, "about ten times a second at most", screen)
    drawn = [line for frame in screen.frames() for line in re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", frame).split("\r\n")[:1]]
    tap.ok(all(len(line) < 61 for line in drawn if "records" in line and "done" not in line), "no wider than the screen",
           drawn)
    final = screen.final()
    tap.same([len(re.findall(r"^%s .*done$" % s, final, re.M)) for s in ("users", "events")], [1, 1],
             "in the end each stream has one line")
    tap.ok("Next: abhost query a.db" in final and KEY not in screen.text, "then the table and the next command", final)
    tap.ok("\x1b[36m" in screen.text, "colors on a terminal", screen)

    screen = Screen("run", API, config, "--to", "b.db", rows=2, NO_COLOR="1")
    tap.ok(screen.code == 0 and not re.search(r"\x1b\[[0-9;]*m", screen.text), "NO_COLOR: none", screen)
    cursor_is_back(screen, "a screen of two rows")
    for name, words, env in (("TERM=dumb", [], {"TERM": "dumb"}), ("--json", ["--json"], {}), ("--quiet", ["--quiet"], {})):
        screen = Screen("run", API, config, "--to", "c.db", *words, **env)
        tap.ok(screen.code == 0 and "\x1b" not in screen.text, name + ": no escape code", screen)

    screen = Screen("run", API, config, "--to", "d.db", press=b"\x03", after=b" 200 records")
    tap.ok(screen.code == 130, "Ctrl-C: 130", screen)
    cursor_is_back(screen, "Ctrl-C")
    final = screen.final()
    tap.ok("stopped by Ctrl-C" in final and "Run the same command again" in final and "failed" not in final,
           "Ctrl-C: what is kept, and how to go on", final)
    screen = Screen("run", API, config, "--to", "q.db", press=b"\x1c", after=b" 200 records")
    tap.ok(screen.code == -signal.SIGQUIT, "Ctrl-\\: it is gone", screen)
    cursor_is_back(screen, "Ctrl-\\")
    screen = Screen("run", API, config, "--to", "d.db")
    tap.ok(screen.code == 0 and "went on where it had stopped" in screen.final(), "and it goes on", screen)

with FakeApi("--fault", "status=429,retry-after=3,path=users,nth=2", users=600, events=1) as api:
    screen = Screen("run", API, write_config(folder, api), "--to", "e.db", "--streams", "users", columns=120)
    tap.ok(screen.code == 0 and re.search(r"rate limited by 127\S+ until \d\d:\d\d:\d\d", screen.text), "a wait is shown",
           screen)
    tap.ok("waiting" not in screen.final(), "and gone when it is over", screen.final())

with FakeApi("--fault", "hang,path=health", "--fault", "drip=200,path=users", users=600, events=1) as api:
    config = write_config(folder, api)
    screen = Screen("check", API, config, press=b"\x03", until=lambda: api.log())
    tap.ok(screen.code == 130 and "abhost:" not in screen.text, "Ctrl-C while check waits: 130", screen)
    screen = Screen("read", API, config, "--stream", "users", press=b"\x03", until=lambda: len(api.log()) > 1)
    tap.ok(screen.code == 130 and "abhost:" not in screen.text, "Ctrl-C while read waits: 130", screen)

columns = "SELECT 'a' AS short, 12 AS number, NULL AS missing, '%s' AS long" % ("x" * 300)
screen = Screen("query", os.path.join(folder, "a.db"), columns)
tap.ok(re.search(r"^short  number  missing  long *\r\n-+", screen.text) and "a          12     NULL  xxx" in screen.text,
       "query: aligned columns on a terminal", screen)
tap.ok(max(map(len, screen.text.split("\r\n"))) < 100 and "x~" in screen.text, "query: long values are cut", screen)
screen = Screen("query", os.path.join(folder, "a.db"), "SELECT char(27) || '[31m' || char(10) AS a, '日本' AS b, 1 AS c")
tap.ok("\x1b" not in screen.text and "?[31m" in screen.text, "query: data cannot draw on the terminal", screen)
tap.done()

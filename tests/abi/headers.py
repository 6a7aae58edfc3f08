"""Reads the SDK's headers: structs with their members, constants, macros, functions.  Enough C for these headers, no more.

Used by the tests that hold the frozen ABI and the manual pages to them.
"""
import os
import re

SRC = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
INCLUDE = os.path.join(SRC, "sdk", "include", "abhost")
FROZEN = os.path.join(SRC, "sdk", "abi")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def bare(text):
    """Without comments, strings and function bodies' insides; lines that end in a backslash are joined."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"\\\n", " ", text)


def macros(text):
    """Names that are #defined, without include guards."""
    found = re.findall(r"^#define\s+(\w+)", bare(text), re.M)
    return [name for name in found if not name.startswith("ABHOST_")]


def code(text):
    return re.sub(r"^#.*$", "", bare(text), flags=re.M)


def outer(text):
    """Code with what stands in braces of functions taken out: `static inline ... { }` ends in a semicolon."""
    out, depth, skip = [], 0, False
    for piece in re.split(r"([{}])", text):
        if piece == "{":
            depth += 1
            if depth == 1:
                skip = bool(re.search(r"\)\s*$", "".join(out)))
            out.append(";" if skip and depth == 1 else "" if skip else "{")
        elif piece == "}":
            depth -= 1
            out.append("" if skip else "}")
            skip = skip and depth > 0
        elif not skip:
            out.append(piece)
    return "".join(out)


def member_names(declaration):
    """`const char *id, *version` gives id and version; `int (*now)(struct ab_host *)` gives now."""
    pointer = re.search(r"\(\*\s*(\w+)\s*\)\s*\(", declaration)
    if pointer:
        return [pointer.group(1)]
    return [re.search(r"(\w+)\s*(?:\[[^]]*\])?\s*$", part).group(1) for part in declaration.split(",")]


def structs(text):
    """{name: [member, ...]} in order of the header; opaque ones have none."""
    found = {}
    for name, body in re.findall(r"\bstruct\s+(\w+)\s*\{([^{}]*)\}\s*;", code(text)):
        found[name] = [m for d in body.split(";") if d.strip() for m in member_names(d.strip())]
    for name in re.findall(r"^\s*struct\s+(\w+)\s*;", code(text), re.M):
        found.setdefault(name, [])
    return found


def constants(text):
    """The names in enums."""
    return [re.match(r"\w+", part.strip()).group() for body in re.findall(r"\benum\b\s*\w*\s*\{([^{}]*)\}", code(text))
            for part in body.split(",") if part.strip()]


def functions(text):
    """Functions that are declared or, as inline ones, defined."""
    flat = re.sub(r"\{[^{}]*\}", "", re.sub(r"__attribute__\(\(.*?\)\)\)?", "", outer(code(text))))
    return [m for m in re.findall(r"\b((?:ab|rest)_\w+)\s*\([^;()]*(?:\([^()]*\)[^;()]*)*\)\s*;", flat)]


def version(text):
    """(major, minor) of AB_ABI."""
    return tuple(map(int, re.search(r"^#define AB_ABI\s+AB_VERSION\((\d+), (\d+)\)", text, re.M).groups()))


def frozen():
    """[(version as text, path)], oldest first."""
    names = [n for n in os.listdir(FROZEN) if re.fullmatch(r"\d+\.\d+\.h", n)]
    names.sort(key=lambda n: tuple(map(int, n[:-2].split("."))))
    return [(n[:-2], os.path.join(FROZEN, n)) for n in names]


GROWING = ("ab_request", "ab_read", "ab_seen", "ab_host", "ab_connector")


def grown(text):
    """A header of the next minor version: a member more at the end of each struct that may grow."""
    major, minor = version(text)
    text = text.replace("AB_VERSION(%d, %d)\n" % (major, minor), "AB_VERSION(%d, %d)\n" % (major, minor + 1))
    for name in GROWING:
        member = "ab_status (*later)(void *);" if name in ("ab_host", "ab_connector") else "const char *later;"
        text, n = re.subn(r"(\nstruct %s \{.*?)\n\};" % name, r"\1\n\t%s\n};" % member, text, count=1, flags=re.S)
        assert n == 1, name
    return text


def cut(new, old):
    """The newer header, each growing struct cut to as many members as the older one had."""
    new = re.sub(r"/\*.*?\*/", " ", new, flags=re.S)
    for name in GROWING:
        left = len(structs(old)[name])
        start = new.index("\nstruct %s {" % name)
        head, body = new[start:new.index("\n};", start)].split("{", 1)
        kept = ""
        for declaration in body.split(";"):
            if left > 0 and declaration.strip():
                kept += declaration + ";"
                left -= len(member_names(declaration.strip()))
        new = new[:start] + head + "{" + kept + new[start + len(head) + 1 + len(body):]
    return new


def swapped(text, name, first, second):
    """A header in which two members of a struct, of one type, have changed places."""
    start = text.index("\nstruct %s {" % name)
    end = text.index("\n};", start)
    body = text[start:end]
    body = re.sub(r"\b%s\b" % first, "\0", body)
    body = re.sub(r"\b%s\b" % second, first, body)
    return text[:start] + body.replace("\0", second) + text[end:]

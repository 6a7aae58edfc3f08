#!/usr/bin/env python3
"""Fills the manual pages of the SDK: docs/man/PAGE.in -> docs/PAGE.

A line `.\\" @struct abi.h ab_host` in a page stands for what the header says of that struct, member by member; so do @enum,
@functions, @macros, @opening and @schema, so that the pages say what the headers say, in their words.  A test holds docs/PAGE to it
(tests/abi/manual.py).

    python3 docs/man/fill.py          # writes them
"""
import json
import os
import re
import sys
import textwrap

SRC = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGES = ("abhost-sdk.3", "abhost-connector.7", "abhost-rest.7")


def read(*path):
    with open(os.path.join(SRC, *path), encoding="utf-8") as file:
        return file.read()


def header(name):
    return read("sdk", "include", "abhost", name)


# mdoc

def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def quoted(text):
    """One argument of a macro."""
    return '"' + escape(text).replace('"', "\\(dq") + '"'


def prose(text):
    """Sentences, each on lines of its own."""
    lines = []
    for sentence in re.split(r"(?<=[A-Za-z0-9)\]}\"`*][.?!])\s+(?=[A-Z\"(\[{*])", " ".join(text.split())):
        lines += textwrap.wrap(escape(sentence), 78, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + line if line[:1] in (".", "'") else line for line in lines if line]


def item(declaration, text):
    out = [".It Li " + quoted(re.sub(r"\* (?=\w+\()", "*", " ".join(declaration.split())))]
    return out + (prose(text) if text else [])


def listed(items):
    compact = "" if any(text for _, text in items) else " -compact"
    return [".Bl -tag -width 4n" + compact, *(line for i in items for line in item(*i)), ".El"]


# Headers

def said(comment):
    """What stands in a comment."""
    return re.sub(r"\n\s*\*", "\n", comment[2:-2]).strip()


def items(body, end):
    """[(declaration, what the header says of it)]: a comment before it, and one behind it on its line."""
    found, before, rest, behind = [], [], "", False
    for piece in re.findall(r"/\*.*?\*/|[^/]+|/", body, re.S):
        if piece.startswith("/*"):
            if rest.strip():
                before.append(said(piece))  # in the middle of a declaration
            elif behind and found:
                found[-1] = (found[-1][0], " ".join(filter(None, (found[-1][1], said(piece)))))
                behind = False
            else:
                before.append(said(piece))
            continue
        parts = re.split(end, rest + piece)
        for part in parts[:-1]:
            found.append((part.strip(), " ".join(before)))
            before = []
        rest = parts[-1]
        behind = bool(found) and not rest.strip() and "\n" not in rest
    if rest.strip():
        found.append((rest.strip(), " ".join(before)))
    return [(declaration, text) for declaration, text in found if declaration]


def struct(text, name):
    match = re.search(r"\bstruct %s \{(?:([^\n]*?)\};|(?:[ \t]*/\*[^\n]*?\*/)?(\n.*?)\n\};)" % name, text, re.S)
    return items(match.group(1) or match.group(2), ";")


def enum(text, first):
    """The enum whose first constant this is."""
    match = re.search(r"\benum\b[^{};]*\{(\s*%s\b.*?)\}" % first, text, re.S)
    # A comma ends a constant; its comment stands behind it.
    return items(match.group(1), ",")


def above(text, at):
    """The comment that ends right before this place, or nothing."""
    match = re.search(r"(/\*(?:(?!\*/).)*\*/)\s*$", text[:at], re.S)
    return said(match.group(1)) if match and "\n\n" not in text[match.end(1):at] else ""


def functions(text):
    found = []
    for match in re.finditer(r"^(?:__attribute__\(\(.*?\)\)\) )?(?:static inline )?((?:const )?(?:struct )?\w+[ *\n]*)"
                             r"\b((?:ab|rest)_\w+)(\([^;{}]*\))\s*(?=[;{\n])", text, re.M):
        found.append((match.group(1) + match.group(2) + match.group(3), above(text, match.start())))
    return found


def macros(text):
    found = []
    for match in re.finditer(r"^#define (\w+(?:\([^)]*\))?)((?:\\\n|/\*.*?\*/|[^\n])*)", text, re.M | re.S):
        if match.group(1).startswith("ABHOST_"):
            continue
        before = re.sub(r"(\n#(?:ifndef|define)[^\n]*)+\s*$", "\n", text[:match.start()])
        behind = re.search(r"/\*.*?\*/", match.group(2), re.S)
        found.append((match.group(1), " ".join(filter(None, (above(before, len(before)), behind and said(behind.group()))))))
    return found


# Schemas

def keys(schema, whole, path=""):
    """[(path, since, description, values)], those inside of a key behind it; one may come several times."""
    found = []
    if "$ref" in schema:
        node = whole
        for step in schema["$ref"].lstrip("#/").split("/"):
            node = node[step]
        schema = {**node, **{k: v for k, v in schema.items() if k != "$ref"}}
    inside = set(schema.get("properties", ()))
    if path.count(".") > 1 and inside and inside <= {"config", "default", "template"}:
        return found  # a text may be the configuration's everywhere
    for name, value in schema.get("properties", {}).items():
        if not isinstance(value, dict) or "const" in value and "x-since" not in value:
            continue
        if "x-since" in value:
            values = value.get("enum") or [value[k] for k in ("const",) if k in value]
            found.append((path + name, value["x-since"], value.get("description", ""), values))
        found += keys(value, whole, path + name + ".")
    for kind in ("oneOf", "anyOf", "allOf"):
        for value in schema.get(kind, ()):
            found += keys(value, whole, path)
    for kind in ("items", "additionalProperties"):
        if isinstance(schema.get(kind), dict):
            found += keys(schema[kind], whole, path)
    return found


def schema(name):
    whole = json.loads(read("sdk", "schema", name))
    seen, out = {}, []
    for path, since, description, values in keys(whole, whole):
        if path not in seen:
            seen[path] = len(out)
            out.append([path, since, "", []])
        entry = out[seen[path]]
        entry[2] = entry[2] or description
        entry[3] += [v for v in values if v not in entry[3]]
    lines = [".Bl -tag -width 4n"]
    for path, since, description, values in out:
        one = "One of: %s." % ", ".join(v if isinstance(v, str) else json.dumps(v) for v in values) if len(values) > 1 else ""
        lines.append(".It Li %s No (since %s)" % (quoted(path), since))
        lines += prose(description) + prose(one)
    return lines + [".El"]


# Pages

def opening(text):
    """A header's opening comment without its title: paragraphs, and code where it is indented."""
    out = []
    for paragraph in said(re.match(r"/\*.*?\*/", text, re.S).group()).split("\n\n")[1:]:
        lines = paragraph.strip("\n").split("\n")
        if all(line.startswith("     ") for line in lines):
            out += [".Bd -literal -offset indent", *(escape(line[5:]) for line in lines), ".Ed"]
        else:
            out += [".Pp", *prose(paragraph)]
    return out


def directive(words):
    kind, file, *names = words
    if kind == "schema":
        return schema(file)
    text = header(file)
    if kind == "opening":
        return opening(text)
    if kind == "struct":
        return listed(struct(text, names[0]))
    if kind == "enum":
        return listed(enum(text, names[0]))
    return listed(functions(text) if kind == "functions" else macros(text))


def page(name):
    out = ['.\\" Made of docs/man/%s.in and of what it describes, by docs/man/fill.py: do not edit.' % name]
    for line in read("docs", "man", name + ".in").splitlines():
        out += directive(line[len('.\\" @'):].split()) if line.startswith('.\\" @') else [line]
    return "\n".join(out) + "\n"


def main():
    for name in PAGES:
        with open(os.path.join(SRC, "docs", name), "w", encoding="utf-8") as file:
            file.write(page(name))


if __name__ == "__main__":
    sys.exit(main())

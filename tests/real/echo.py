"""A small API that pages in every way at once, and writes down what it is asked: for comparing clients.

Each path below / is a list of five records (of four where it ends in "-even").  An answer holds the next page's token
in every form; which one is used, and where it comes back, is the client's affair.  /token is an OAuth token endpoint,
/login one for session tokens; nothing is refused.
"""
import base64
import http.server
import json
import threading
import urllib.parse

SIZE = 2
WRITTEN = ("authorization", "content-type")  # and every X- header
ALL = ("plain",)  # lists for which all headers are written down
RAW = ("parameters",)  # and the query as it was sent
TOGETHER = ("children", "parents", "values", "windows")  # parts of them are asked for at the same time


def wanted(item, after):
    return after is None or item["updated_at"] >= after


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def read_body(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            return text, json.loads(text)
        return text, dict(urllib.parse.parse_qsl(text, keep_blank_values=True)) if "form" in kind else {}

    def answer(self, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        text, body = self.read_body()
        self.server.write_down(self, url, text)
        name = url.path.strip("/").split("/")[0]
        if name == "token":
            return self.answer({"access_token": "fresh", "token_type": "Bearer", "expires_in": 3600})
        if name == "login":
            return self.answer({"data": {"session": "session-token"}})
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        return self.serve(url, name, query, body)

    do_POST = do_PUT = do_PATCH = do_GET

    def where(self, query, body):
        """The index of the first record, wherever the client says it."""
        given = {**body, **body.get("variables", {}), **query}
        if "page" in given or "page0" in given:
            return SIZE * (int(given["page"]) - 1 if "page" in given else int(given["page0"]))
        if "offset" in given:
            return int(given["offset"])
        if "after_id" in given:
            return int(given["after_id"])
        token = given.get("cursor") or given.get("after") or self.headers.get("X-Cursor") or "c0"
        return int(token[1:])

    def serve(self, url, name, query, body):
        items = [{"id": i, "parent": i % 2, "updated_at": "2026-01-0%dT00:00:00Z" % i}
                 for i in range(1, 5 if name.endswith("-even") else 6)]
        items = [item for item in items if wanted(item, query.get("since"))]
        start = self.where(query, body)
        page, end = items[start:start + SIZE], start + SIZE
        more = end < len(items)
        next_url = "http://%s%s?cursor=c%d" % (self.headers["Host"], url.path, end) if more else None
        value = {"data": page, "next": "c%d" % end if more else None, "next_url": next_url, "has_more": more,
                 "total": len(items), "pageInfo": {"hasNextPage": more, "endCursor": "c%d" % end if more else None}}
        headers = [("X-Next", "c%d" % end), ("Link", '<%s>; rel="next"' % next_url)] if more else []
        self.answer(value, headers)


class Echo:
    """with Echo() as api: ... api.url; api.asked() is what came, by list."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.write_down = self.write_down
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        self.lists, self.lock = {}, threading.Lock()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *why):
        self.server.shutdown()
        self.server.server_close()

    def write_down(self, request, url, body):
        name = url.path.strip("/").split("/")[0]
        query = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
        lines = ["%s %s%s%s" % (request.command, url.path, "?" if query else "", encode(query))]
        if name in RAW:
            lines.append("(sent as %s)" % url.query)
        for key, value in sorted(request.headers.items()):
            low = key.lower()
            if low in WRITTEN or low.startswith("x-") or name in ALL and low not in ("host", "user-agent"):
                lines.append("%s: %s" % (low, plain_token(value)))
        if body:
            lines.append(plain_body(request, body))
        with self.lock:
            self.lists.setdefault(name, []).append("\n".join(lines))

    def asked(self, name):
        """The requests of a list as text, the address left out."""
        found = self.lists.get(name, [])
        return "\n\n".join(sorted(found) if name in TOGETHER else found).replace(self.url, "http://API") + "\n"


def plain_body(request, body):
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("application/json"):
        return json.dumps(json.loads(body), sort_keys=True)
    if "form" in kind:
        return encode(urllib.parse.parse_qsl(body, keep_blank_values=True))
    return body


def encode(pairs):
    """A query or a form, sorted, in one spelling."""
    return urllib.parse.urlencode(sorted(pairs), quote_via=urllib.parse.quote)


def plain_token(value):
    """A JSON Web Token as what it says, without the hour."""
    prefix, _, token = value.rpartition(" ")
    parts = token.split(".")
    if not token.startswith("ey") or len(parts) != 3:
        return value
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
    claims["exp"] -= claims.get("iat", claims["exp"])
    claims.update({name: 0 for name in ("iat", "nbf") if name in claims})
    return "%sJWT %s %s" % (prefix and prefix + " ", json.dumps(head, sort_keys=True), json.dumps(claims, sort_keys=True))

"""A gate before a server: each request is looked at, then passed on or refused.  Also what looks at tokens."""
import base64
import hashlib
import http.client
import http.server
import json
import threading
import time
import urllib.parse

import real


class Keeper(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        refusal = gate.look(self, body.decode())
        if refusal is not None:
            return self.say(refusal[0], [("Content-Type", "application/json")], json.dumps(refusal[1]).encode())
        connection = http.client.HTTPConnection(gate.upstream, timeout=real.ANSWER)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        drop = ("transfer-encoding", "content-length", "connection", "keep-alive")
        return self.say(answer.status, [h for h in answer.getheaders() if h[0].lower() not in drop], text)

    do_POST = do_GET

    def say(self, status, headers, body):
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Gate:
    """judge(handler, body) says None, or (status, JSON) for a refusal. delay: seconds that each request costs."""

    def __init__(self, api, judge, delay=0.0):
        self.upstream, self.judge, self.delay = urllib.parse.urlsplit(api.url).netloc, judge, delay
        self.lock, self.passed, self.refused, self.bodies = threading.Lock(), 0, 0, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
        self.server.gate = self
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def look(self, handler, body):
        time.sleep(self.delay)
        with self.lock:
            refusal = self.judge(handler, body)
            self.passed += refusal is None
            self.refused += refusal is not None
            self.bodies.append(dict(urllib.parse.parse_qsl(body)))
        return refusal

    def close(self):
        self.server.shutdown()
        self.server.server_close()


UNAUTHORIZED = (401, {"error": "invalid_token"})


def wants(good):
    """A judge that lets bearers in whose token is good."""
    def judge(handler, _):
        kind, _, token = handler.headers.get("Authorization", "").partition(" ")
        return None if kind == "Bearer" and good(token) else UNAUTHORIZED
    return judge


def introspected(provider, client, secret):
    """Asks the token server itself (RFC 7662), each time."""
    def good(token):
        return real.must(provider.url + "/token/introspection", {"token": token}, headers=real.basic(client, secret),
                         form=True)["active"]
    return good


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(token, keys):
    """Is this a JSON Web Token that one of the keys signed with RS256 (RFC 8017, 8.2), and not expired?"""
    head, claims, signature = token.split(".")
    want = json.loads(decode(head))
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    for key in keys:
        n, e = (int.from_bytes(decode(key[part]), "big") for part in "ne")
        size = (n.bit_length() + 7) // 8
        digest = prefix + hashlib.sha256(("%s.%s" % (head, claims)).encode()).digest()
        padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
        if want["alg"] == "RS256" and want["kid"] == key["kid"] and \
                pow(int.from_bytes(decode(signature), "big"), e, n).to_bytes(size, "big") == padded:
            return json.loads(decode(claims))["exp"] > time.time()
    return False

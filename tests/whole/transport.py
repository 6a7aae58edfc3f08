#!/usr/bin/env python3
"""What lies between a connector and its API: TLS, HTTP/2, proxies, with servers that nobody here wrote (nginx, tinyproxy)."""
import os
import re
import shutil
import signal
import socket
import subprocess

from lib import (ABHOST, FAKE, FakeApi, Tap, abhost, check_table, connector, need, scratch, secrets_in, wait_until,
                 write_config)

need(ABHOST, FAKE, connector("my-api"))
os.environ["PATH"] += ":/usr/sbin:/sbin"
tap = Tap()
CREDENTIALS = ("somebody", "pr0xy-passw0rd")

NGINX = """
daemon off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log warn;
events { worker_connections 64; }
http {
  log_format plain '$server_protocol $connection $request';
  access_log %(folder)s/access.log plain;
  client_body_temp_path %(folder)s/t1; proxy_temp_path %(folder)s/t2; fastcgi_temp_path %(folder)s/t3;
  uwsgi_temp_path %(folder)s/t4; scgi_temp_path %(folder)s/t5;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:%(port)d ssl%(http2)s;
    ssl_certificate %(folder)s/%(cert)s.pem;
    ssl_certificate_key %(folder)s/%(cert)s.key;
    location / { proxy_pass %(root)s; proxy_http_version 1.1; }
  }
}
"""

TINYPROXY = """
Port %(port)d
Listen 127.0.0.1
Timeout 60
LogFile "%(folder)s/proxy.log"
LogLevel Info
PidFile "%(folder)s/proxy.pid"
BasicAuth %(user)s %(password)s
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def certificate(folder, name, names):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names,
                    "-keyout", "%s/%s.key" % (folder, name), "-out", "%s/%s.pem" % (folder, name)],
                   check=True, capture_output=True)
    return "%s/%s.pem" % (folder, name)


class Server:
    """A program on a port that was free a moment ago; tried again where somebody was faster."""

    def __init__(self, folder, make_argv):
        for _ in range(5):
            self.port = free_port()
            self.process = subprocess.Popen(make_argv(self.port), stdout=subprocess.DEVNULL,
                                            stderr=subprocess.PIPE, text=True, start_new_session=True)
            wait_until(lambda: is_open(self.port) or self.process.poll() is not None, 20)
            if self.process.poll() is None:
                return
        raise RuntimeError("it did not start: " + self.process.stderr.read() + folder)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self.process.stderr.close()


def nginx(folder, api, cert="localhost", http2=" http2"):
    def argv(port):
        path = folder + "/nginx.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX % {"folder": folder, "port": port, "cert": cert, "http2": http2, "root": api.root})
        return ["nginx", "-e", folder + "/error.log", "-p", folder, "-c", path]
    return Server(folder, argv)


def tinyproxy(folder):
    def argv(port):
        path = folder + "/tinyproxy.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(TINYPROXY % {"folder": folder, "port": port, "user": CREDENTIALS[0],
                                    "password": CREDENTIALS[1]})
        return ["tinyproxy", "-d", "-c", path]
    return Server(folder, argv)


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def requests(folder):
    """Those that the proxy has told, before it passed them on; what it tells of a connection's end comes when it has the time."""
    return [line for line in lines(folder + "/proxy.log") if "Request (file descriptor" in line]


def run(folder, env, **more):
    """The machine's own idea of whom to trust does not count."""
    env = {"CURL_CA_BUNDLE": "", "SSL_CERT_FILE": "", "SSL_CERT_DIR": "", **env}
    return abhost("run", connector("my-api"), "config.json", cwd=folder, env=env, **more)


def https(folder, api, port, host="localhost"):
    write_config(folder, api, base_url="https://%s:%d/v1/" % (host, port), page_size=50)


def versions():
    """HTTP/2 where the server speaks it, else 1.1; in both cases over a connection that is kept."""
    for http2, spoken in ((" http2", "HTTP/2.0"), ("", "HTTP/1.1")):
        folder = scratch()
        cert = certificate(folder, "localhost", "DNS:localhost,IP:127.0.0.1")
        with FakeApi(users=500, events=1000, seed=71) as api, nginx(folder, api, http2=http2) as server:
            https(folder, api, server.port)
            done = run(folder, {"SSL_CERT_FILE": cert})
            tap.ok(done.code == 0, "%s over TLS" % spoken, done, *lines(folder + "/error.log"))
            check_table(tap, folder + "/my-api.db", "events", api.truth("events"), "%s: all events" % spoken)
            wait_until(lambda: len(lines(folder + "/access.log")) >= 30)
            seen = [line.split()[:2] for line in lines(folder + "/access.log")]
            tap.same({version for version, _ in seen}, {spoken}, "%s is what was spoken" % spoken)
            tap.ok(len({number for _, number in seen}) <= 4 < len(seen), "%s: connections are kept" % spoken, seen)


def trust():
    """Who may vouch for a server is what the environment says; and it must be the server that was asked for."""
    folder = scratch()
    cert = certificate(folder, "localhost", "DNS:localhost,IP:127.0.0.1")
    other = certificate(folder, "elsewhere", "DNS:elsewhere.example")
    with FakeApi(users=1, events=1) as api:
        with nginx(folder, api) as server:
            https(folder, api, server.port)
            unknown = run(folder, {})
            tap.ok(unknown.code == 3 and re.search("localhost.*certificate", unknown.err),
                   "a certificate that nobody vouches for", unknown)
            for variable in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
                tap.same(run(folder, {variable: cert}).code, 0, "%s vouches" % variable)
        with nginx(folder, api, cert="elsewhere") as server:
            https(folder, api, server.port)
            wrong = run(folder, {"SSL_CERT_FILE": other})
            tap.ok(wrong.code == 3 and re.search(r"localhost.*(certificate|subject name)", wrong.err),
                   "a certificate for another name", wrong)
            tap.same(secrets_in(wrong) + secrets_in(unknown), [], "and the key is nowhere")


def proxies():
    """The proxy of the environment, with a password that nobody sees."""
    folder = scratch()
    cert = certificate(folder, "localhost", "DNS:localhost,IP:127.0.0.1")
    with FakeApi(users=50, events=100, seed=72) as api, tinyproxy(folder) as proxy:
        through = "http://%s:%s@127.0.0.1:%d" % (*CREDENTIALS, proxy.port)
        write_config(folder, api)
        plain = run(folder, {"http_proxy": through})
        tap.ok(plain.code == 0, "http through a proxy", plain)
        tap.ok(any("GET" in line for line in requests(folder)), "the proxy saw it",
               *lines(folder + "/proxy.log"))
        seen = requests(folder)
        around = run(folder, {"http_proxy": through, "NO_PROXY": "127.0.0.1"})
        tap.ok(around.code == 0 and requests(folder) == seen, "NO_PROXY goes around it", around)
        with nginx(folder, api) as server:
            https(folder, api, server.port)
            tunnel = run(folder, {"HTTPS_PROXY": through, "SSL_CERT_FILE": cert})
            tap.ok(tunnel.code == 0, "https through a proxy", tunnel)
            tap.ok(any("CONNECT localhost:%d" % server.port in line for line in requests(folder)),
                   "in a tunnel", *lines(folder + "/proxy.log")[-5:])
            wrong = "http://somebody:wr0ng-passw0rd@127.0.0.1:%d" % proxy.port
            refused = [run(folder, {"HTTPS_PROXY": wrong, "SSL_CERT_FILE": cert})]
            write_config(folder, api)
            refused.append(run(folder, {"http_proxy": "http://127.0.0.1:%d" % proxy.port}))
        for name, hit in zip(("https, a wrong password", "http, none"), refused):
            tap.ok(hit.code == 3 and re.search("the proxy of the environment .*password", hit.err),
                   "%s: the user's to mend" % name, hit)
            tap.ok("again in" not in hit.err, "%s: not tried again" % name, hit)
    gone = "http://%s:%s@127.0.0.1:%d" % (*CREDENTIALS, free_port())
    nobody = run(folder, {"http_proxy": gone, "ABHOST_CALL_TIMEOUT": "60"})
    tap.ok(nobody.code == 1 and "127.0.0.1" in nobody.err, "a proxy that is not there", nobody)
    text = "".join(hit.text for hit in (plain, around, tunnel, nobody, *refused))
    tap.same([word for word in (CREDENTIALS[1], "wr0ng-passw0rd") if word in text], [], "no password was told")


if all(map(shutil.which, ("nginx", "openssl"))):
    versions()
    trust()
else:
    tap.skip("TLS and HTTP/2", "nginx or openssl is not installed")
if all(map(shutil.which, ("nginx", "openssl", "tinyproxy"))):
    proxies()
else:
    tap.skip("proxies", "tinyproxy, nginx or openssl is not installed")
tap.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the fault proxy against a small server, without an API server."""

import http.client
import http.server
import json
import os
import sys
import threading
import time
import unittest

from fault_proxy import FaultProxy, parse_call
from processes import eventually

WATCH = "/api/v1/pods?watch=1&resourceVersion=5"


class Backend:
    """Answers everything with what it was asked; a watch gets the events of `emit`."""

    def __init__(self):
        self.watchers = []
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if "watch=1" in self.path:
                    backend.watch(self)
                else:
                    self.echo()

            def echo(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.dumps({
                    "method": self.command, "path": self.path,
                    "token": self.headers.get("Authorization"),
                    "body": self.rfile.read(length).decode()}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_PATCH = do_DELETE = echo

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def watch(self, handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.flush()
        self.watchers.append(handler.wfile)
        threading.Event().wait()

    def emit(self, event):
        """Sends an event to all watchers; returns to how many."""
        sent = 0
        line = json.dumps(event).encode() + b"\n"
        for file in self.watchers:
            try:
                file.write(b"%x\r\n%s\r\n" % (len(line), line))
                file.flush()
                sent += 1
            except OSError:
                pass
        return sent


class Proxy(unittest.TestCase):
    """Each test has a backend and a proxy of its own."""

    def setUp(self):
        self.backend = Backend()
        self.proxy = FaultProxy(self.backend.url)
        self.addCleanup(self.proxy.close)

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=5)
        self.addCleanup(connection.close)
        return connection

    def get(self, path, connection=None, method="GET", body=None, agent="tester/1 (x)",
            token="secret"):
        connection = connection or self.connect()
        connection.request(method, path, body, {"User-Agent": agent,
                                                "Authorization": "Bearer " + token})
        response = connection.getresponse()
        return response.status, response.read(), response

    def watch(self):
        connection = self.connect()
        connection.request("GET", WATCH, None, {"User-Agent": "tester"})
        response = connection.getresponse()
        eventually("the watch open", lambda: (len(self.proxy.watches()) > 0, ""), 5)
        eventually("the backend's watch", lambda: (len(self.backend.watchers) > 0, ""), 5)
        return response

    def test_passes_on(self):
        connection = self.connect()
        for method, body in (("GET", None), ("POST", "{}"), ("PUT", "x" * 100000), ("PATCH", ""),
                             ("DELETE", None)):
            status, answer, _ = self.get("/api/v1/nodes/n1?a=b%20c", connection, method, body)
            self.assertEqual((status, json.loads(answer)),
                             (200, {"method": method, "path": "/api/v1/nodes/n1?a=b%20c",
                                    "token": "Bearer secret", "body": body or ""}))
        self.assertEqual(len(self.proxy.handlers), 1)    # one connection for all

    def test_events_are_not_held_back(self):
        response = self.watch()
        for i in range(5):
            started = time.monotonic()
            self.backend.emit({"i": i})
            self.assertEqual(json.loads(response.readline()), {"i": i})
            self.assertLess(time.monotonic() - started, 0.2)

    def test_answer(self):
        self.proxy.answer(429, 2, retry_after=3, resource="nodes", verb="get")
        self.assertEqual(self.get("/api/v1/nodes")[0], 200)     # a list
        for _ in range(2):
            status, body, response = self.get("/api/v1/nodes/n1")
            self.assertEqual((status, response.getheader("Retry-After")), (429, "3"))
            self.assertEqual(json.loads(body)["reason"], "TooManyRequests")
        self.assertEqual(self.get("/api/v1/nodes/n1")[0], 200)
        self.proxy.answer(401, None, token="old")
        self.assertEqual([self.get("/x", token=t)[0] for t in ("old", "new", "old")],
                         [401, 200, 401])
        self.proxy.heal()
        self.assertEqual(self.get("/x", token="old")[0], 200)
        self.proxy.answer(410, path="resourceVersion=5", agent="other")
        self.assertEqual(self.get("/api/v1/pods?resourceVersion=5")[0], 200)
        self.assertEqual(self.get("/api/v1/pods?resourceVersion=5", agent="other/2")[0], 410)

    def test_delay(self):
        self.proxy.delay(0.3, 1)
        started = time.monotonic()
        self.get("/x")
        self.assertGreater(time.monotonic() - started, 0.3)

    def test_cut(self):
        self.proxy.cut(10)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.get("/api/v1/nodes/n1")
        self.assertEqual(self.get("/api/v1/nodes/n1")[0], 200)
        self.proxy.cut(30, verb="watch")
        response = self.watch()
        self.backend.emit({"one": 1})
        self.assertEqual(json.loads(response.readline()), {"one": 1})
        self.backend.emit({"two": "x" * 100})
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            response.read()

    def test_silence(self):
        self.proxy.silence(5)
        connection = self.connect()
        connection.timeout = 0.5
        with self.assertRaises(TimeoutError):
            self.get("/x", connection)

    def test_open_watches(self):
        response = self.watch()
        self.assertEqual(self.proxy.close_watches(resource="nodes"), 0)
        self.assertEqual(self.proxy.close_watches(), 1)
        self.assertEqual(response.read(), b"")                  # a clean end
        response = self.watch()
        self.assertEqual(self.proxy.expire_watches(), 1)
        self.assertEqual(json.loads(response.read())["object"]["code"], 410)
        response = self.watch()
        self.assertEqual(self.proxy.cut_watches(), 1)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            response.read()
        response = self.watch()
        self.assertEqual(self.proxy.cut_in_next_event(), 1)
        self.backend.emit({"one": 1})
        with self.assertRaises((ConnectionError, http.client.HTTPException)) as caught:
            response.read()
        if isinstance(caught.exception, http.client.IncompleteRead):
            self.assertTrue(b'{"one": 1}'.startswith(caught.exception.partial))
        eventually("no watch left", lambda: (not self.proxy.watches(), ""), 5)

    def test_away_and_back(self):
        response = self.watch()
        self.proxy.close()
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            response.read()
        with self.assertRaises(ConnectionError):
            self.get("/x")
        self.proxy.listen()
        self.assertEqual(self.get("/x")[0], 200)
        self.backend.server.shutdown()      # the API server itself is gone
        self.backend.server.server_close()
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.get("/x")

    def test_calls(self):
        for method, path in (("GET", "/api/v1/namespaces/default/pods/p"),
                             ("GET", "/api/v1/namespaces/default/pods/p"),
                             ("PATCH", "/apis/switchyard.dev/v1alpha1/nodefabrics/n1/status")):
            self.get(path, method=method)
        self.get("/healthz", agent="curl/7")
        self.assertEqual({(call.agent, *call.rule(), call.namespace, call.status): n
                          for call, n in self.proxy.calls().items()},
                         {("tester", "get", "", "pods", "p", "default", 200): 2,
                          ("tester", "patch", "switchyard.dev", "nodefabrics/status", "n1", "",
                           200): 1,
                          ("curl", "get", "", "/healthz", "", "", 200): 1})
        self.assertEqual(self.proxy.rules_needed("curl"), {("get", "", "/healthz", "")})

    def test_names_of_calls(self):
        for method, target, want in (
                ("GET", "/api/v1/pods", ("list", "", "pods", "")),
                ("GET", "/api/v1/pods?watch=true", ("watch", "", "pods", "")),
                ("GET", "/api/v1/pods?watch=0", ("list", "", "pods", "")),
                ("GET", "/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dn1",
                 ("watch", "", "nodes", "n1")),
                ("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", ("list", "", "pods", "")),
                ("GET", "/api/v1/namespaces", ("list", "", "namespaces", "")),
                ("GET", "/api/v1/namespaces/default", ("get", "", "namespaces", "default")),
                ("PUT", "/api/v1/namespaces/default/finalize",
                 ("update", "", "namespaces/finalize", "default")),
                ("POST", "/api/v1/namespaces/default/pods/p/binding",
                 ("create", "", "pods/binding", "p")),
                ("DELETE", "/api/v1/nodes", ("deletecollection", "", "nodes", "")),
                ("POST", "/apis/coordination.k8s.io/v1/namespaces/s/leases",
                 ("create", "coordination.k8s.io", "leases", "")),
                ("GET", "/apis/switchyard.dev/v1alpha1", ("get", "",
                                                           "/apis/switchyard.dev/v1alpha1", "")),
                ("GET", "/version", ("get", "", "/version", ""))):
            self.assertEqual(parse_call(method, target).rule(), want, target)


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    done = unittest.main(exit=False, verbosity=2, warnings="ignore")
    sys.exit(0 if done.result.wasSuccessful() else 1)

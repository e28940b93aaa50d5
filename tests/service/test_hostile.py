# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody honest sends. Each gets a clear answer, and the service goes on."""

import json
import socket

from service import GPU, Case, Connection, args, node_document, pod

WRONG = (
    ("nothing", b""),
    ("not JSON", b"hello"),
    ("truncated", b'{"Pod":{"metadata":{"name":"x"'),
    ("truncated string", b'{"Pod":{"metadata":{"name":"x'),
    ("two values", b"{} {}"),
    ("an array", b"[]"),
    ("null", b"null"),
    ("pod is a number", b'{"Pod":5,"NodeNames":["a"]}'),
    ("names are a string", b'{"Pod":{},"NodeNames":"a"}'),
    ("a name is a number", b'{"Pod":{},"NodeNames":["a",7]}'),
    ("containers are an object", b'{"Pod":{"spec":{"containers":{}}},"NodeNames":["a"]}'),
    ("a limit is an object",
     b'{"Pod":{"spec":{"containers":[{"resources":{"limits":{"nvidia.com/gpu":{}}}}]}},'
     b'"NodeNames":["a"]}'),
    ("a limit is a real",
     b'{"Pod":{"spec":{"containers":[{"resources":{"limits":{"nvidia.com/gpu":1.5}}}]}},'
     b'"NodeNames":["a"]}'),
    ("a number beyond 64 bits", b'{"Pod":{"metadata":{"x":99999999999999999999999}}}'),
    ("deep arrays", b'{"Pod":' + b"[" * 100000 + b"]" * 100000 + b"}"),
    ("deep objects", b'{"Pod":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"),
    ("not UTF-8", b'{"Pod":{"metadata":{"name":"\xff\xfe"}},"NodeNames":["a"]}'),
    ("a lone surrogate", b'{"Pod":{"metadata":{"name":"\\ud800"}},"NodeNames":["a"]}'),
    ("too many names", b'{"Pod":{},"NodeNames":[' + b'"a",' * 200000 + b'"a"]}'),
)


class Hostile(Case):
    def setUp(self):
        self.service = self.serve({"a.json": node_document("a")})

    def alive(self):
        status, _, body = self.service.post("/filter", args(["a"]))
        self.assertEqual((status, json.loads(body)["NodeNames"]), (200, ["a"]))

    def test_bodies(self):
        for path in ("/filter", "/prioritize", "/preempt"):
            connection = Connection(self.service.listen)
            for what, body in WRONG:
                if path == "/preempt" and "name" in what and "UTF" not in what:
                    continue # it carries no list of names
                with self.subTest(f"{path}: {what}"):
                    status, headers, text = connection.request("POST", path, body)
                    self.assertEqual(status, 400, text[:200])
                    self.assertTrue(json.loads(text)["error"])
                    self.assertEqual(int(headers["content-length"]), len(text))
            connection.close()
        for what, body in WRONG:
            with self.subTest(f"/explain: {what}"):
                status, _, text = self.service.ask(self.service.admin, "POST", "/explain", body)
                self.assertEqual(status, 400, text[:200])
        self.alive()

    def test_the_path_of_what_is_wrong(self):
        _, _, text = self.service.post("/filter", b'{"Pod":5,"NodeNames":["a"]}')
        self.assertEqual(json.loads(text)["error"], "/Pod: expected object, got integer")

    def test_a_huge_count_fits_nowhere(self):
        for count in "1e400", "9223372036854775807", "1e18":
            status, _, text = self.service.post("/filter", args(["a"], pod({GPU: count})))
            self.assertEqual(status, 200)
            self.assertEqual(list(json.loads(text)["FailedAndUnresolvableNodes"]), ["a"])

    def test_last_duplicate_wins(self):
        status, _, text = self.service.post(
            "/filter", b'{"Pod":{},"NodeNames":["zz"],"NodeNames":["a"]}')
        self.assertEqual((status, json.loads(text)["NodeNames"]), (200, ["a"]))

    def test_malformed_annotation_is_the_pods_refusal(self):
        body = args(["a"], pod(require="closet"))
        status, _, text = self.service.post("/filter", body)
        self.assertEqual(status, 200)
        self.assertIn("switchyard.dev/require 'closet'", json.loads(text)["FailedAndUnresolvableNodes"]["a"])

    def test_methods_and_paths(self):
        service = self.service
        for method, address, path, expected in (
                ("GET", service.listen, "/filter", 405), ("PUT", service.listen, "/filter", 405),
                ("DELETE", service.listen, "/preempt", 405), ("HEAD", service.listen, "/filter", 405),
                ("OPTIONS", service.listen, "/prioritize", 405),
                ("POST", service.listen, "/explain", 404), ("GET", service.listen, "/metrics", 404),
                ("GET", service.listen, "/", 404), ("POST", service.listen, "/filter/", 404),
                ("POST", service.listen, "//filter", 404), ("POST", service.listen, "/FILTER", 404),
                ("POST", service.admin, "/metrics", 405), ("POST", service.admin, "/filter", 404),
                ("HEAD", service.admin, "/metrics", 200), ("GET", service.admin, "/healthz?x=1", 200),
                ("BREW", service.listen, "/filter", 405)):
            with self.subTest(f"{method} {path}"):
                status, headers, _ = service.ask(address, method, path)
                self.assertEqual(status, expected)
                if expected == 405:
                    self.assertIn(headers["allow"], ("POST", "GET, HEAD"))

    def test_absurd_heads(self):
        for what, head in (
                ("a header of 1 MB", b"POST /filter HTTP/1.1\r\nHost: t\r\nX: " + b"x" * (1 << 20)),
                ("10,000 headers", b"POST /filter HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 10000),
                ("a path of 1 MB", b"POST /" + b"x" * (1 << 20) + b" HTTP/1.1\r\nHost: t\r\n"),
                ("no number", b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: many\r\n"),
                ("negative", b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n"),
                ("beyond 64 bits",
                 b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n"),
                ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100),
                ("NUL bytes", b"POST /filter\x00 HTTP/1.1\r\nHost: t\r\n"),
                ("no host", b"POST /filter HTTP/1.1\r\n"),
                ("no version", b"POST /filter\r\n")):
            with self.subTest(what):
                connection = Connection(self.service.listen, timeout=15)
                try:
                    connection.send(head + b"\r\n\r\n")
                    connection.socket.shutdown(socket.SHUT_WR)
                    answer = connection.answer()
                    if answer is not None:
                        self.assertGreaterEqual(answer[0], 400)
                except (ConnectionError, BrokenPipeError, ValueError):
                    pass # cut off is clear, too
                connection.close()
        self.alive()

    def test_values_in_the_log_can_be_read(self):
        evil = pod()
        evil["metadata"]["name"] = "hwloc's \"p\" \\ é\n\x1b"
        self.service.post("/filter", args(["a"], evil))
        self.service.wait(lambda: r'''pod="hwloc's \"p\" \\ é\n\x1B" uid=''' in self.service.log(),
                          "the name")

    def test_an_annotation_cannot_forge_a_log_line(self):
        evil = pod()
        evil["metadata"]["name"] = "x\nlevel=error msg=forged\x1b[31m"
        self.service.post("/filter", args(["a"], evil))
        self.service.wait(lambda: "path=/filter" in self.service.log(), "log line")
        self.assertNotIn("\nlevel=error", self.service.log())
        self.assertNotIn("\x1b", self.service.log())

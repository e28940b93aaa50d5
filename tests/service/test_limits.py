# SPDX-License-Identifier: Apache-2.0
"""Sizes, times and numbers of connections."""

import json
import re
import threading
import time

from service import Case, Connection, args, node_document

LIMIT = 64 << 20


class Limits(Case):
    def setUp(self):
        self.service = self.serve({"a.json": node_document("a")}, options=(
            "--stall-timeout", "2", "--idle-timeout", "6"))

    def test_a_body_over_the_limit_is_named_and_the_connection_kept(self):
        connection = Connection(self.service.listen, timeout=60)
        size = 100_000_000
        connection.send(f"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: {size}\r\n\r\n".encode())
        block = b" " * (1 << 20)
        sent = 0
        while sent < size:
            part = block[:min(len(block), size - sent)]
            connection.send(part)
            sent += len(part)
        status, _, body = connection.answer()
        self.assertEqual(status, 413)
        self.assertIn(str(LIMIT), json.loads(body)["error"])
        self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        connection.close()

    def test_a_body_of_exactly_the_limit_is_taken(self):
        body = args(["a"])
        body += b" " * (LIMIT - len(body))
        self.assertEqual(self.service.post("/filter", body)[0], 200)
        self.assertEqual(self.service.post("/filter", body + b" ")[0], 413)

    def test_expect_is_answered_before_the_body(self):
        connection = Connection(self.service.listen)
        connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n"
                        b"Expect: 100-continue\r\n\r\n")
        self.assertEqual(connection.answer()[0], 413)
        connection.close()

    def test_a_body_without_end_is_cut_off(self):
        connection = Connection(self.service.listen, timeout=60)
        connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        sent = 0
        try:
            while sent < 400:
                connection.send(chunk)
                sent += 1
        except OSError:
            pass
        self.assertLess(sent, 400)
        connection.close()

    def test_half_requests_block_nobody(self):
        half = []
        for number in range(200):
            connection = Connection(self.service.listen)
            connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n{"
                            if number % 2 else b"POST /filter HTTP/1.1\r\nHost: t\r\nX-Half")
            half.append(connection)
        for _ in range(20):
            began = time.monotonic()
            self.assertEqual(self.service.post("/filter", args(["a"]))[0], 200)
            self.assertLess(time.monotonic() - began, 1)
        for connection in half:
            self.assertTrue(connection.is_closed(8))
            connection.close()
        self.assertGreaterEqual(self.service.metric("switchyard_connections_overdue_total"), 200)

    def test_a_dripping_body_ends_in_time_when_it_stops(self):
        connection = Connection(self.service.listen)
        connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(6): # moving: longer than the stall bound in all
            connection.send(b" ")
            time.sleep(0.5)
        self.assertTrue(connection.is_closed(5))
        connection.close()

    def test_idle_is_longer_than_stall(self):
        connection = Connection(self.service.listen)
        self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        time.sleep(4) # past the stall bound, within the idle one
        self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        began = time.monotonic()
        self.assertTrue(connection.is_closed(10))
        self.assertGreater(time.monotonic() - began, 4)
        connection.close()

    def test_many_at_once(self):
        failures = []

        def run():
            try:
                connection = Connection(self.service.listen)
                for number in range(50):
                    path = ("/filter", "/prioritize")[number % 2]
                    status, _, _ = connection.request("POST", path, args(["a", "b"]))
                    if status != 200:
                        failures.append(status)
                connection.close()
            except (OSError, AssertionError, TypeError) as failure:
                failures.append(failure)
        threads = [threading.Thread(target=run) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class IdleDefault(Case):
    def test_default_outlives_the_scheduler(self):
        """Go's transport keeps idle connections for 90 s; the default is in --help."""
        import subprocess
        from service import PROGRAM
        text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True,
                              check=True).stdout
        seconds = int(re.search(r"--idle-timeout SECONDS.*?\((\d+)", text).group(1))
        self.assertGreater(seconds, 90)


class ConnectionLimit(Case):
    def test_more_connections_than_allowed_wait_or_are_refused(self):
        service = self.serve({"a.json": node_document("a")}, options=("--max-connections", "8"))
        held = []
        for _ in range(40):
            held.append(Connection(service.listen))
        for connection in held:
            connection.close()
        service.wait(lambda: service.post("/filter", args(["a"]))[0] == 200, "an answer afterwards")

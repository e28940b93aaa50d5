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

    def test_a_part_of_a_request_line_is_a_request_that_stalls(self):
        """What the HTTP library has buffered of a request line and says nothing of."""
        for served, begin in ((0, b"P"), (0, b"POST /fil"), (1, b"POST /fil"), (3, b"P"),
                              (1, b"POST /filter HTTP/1.1\r"), (0, b"\r\n"),
                              (1, b"POST /filter HTTP/1.1\r\nHo")):
            with self.subTest(f"{begin} after {served} requests"):
                connection = Connection(self.service.listen)
                for _ in range(served):
                    self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
                time.sleep(1)
                connection.send(begin)
                began = time.monotonic()
                self.assertTrue(connection.is_closed(4), "still there")
                self.assertGreater(time.monotonic() - began, 1.7)
                connection.close()

    def test_a_request_line_that_drips_is_cut_off(self):
        connection = Connection(self.service.listen)
        began = time.monotonic()
        with self.assertRaises(OSError):
            for _ in range(40):
                connection.send(b"x")
                time.sleep(0.1)
                connection.send(b"x")
        self.assertLess(time.monotonic() - began, 3.5)
        connection.close()

    def test_a_request_line_in_pieces_is_taken(self):
        connection = Connection(self.service.listen)
        body = args(["a"])
        for _ in range(2):
            for piece in (b"PO", b"ST /fil", b"ter HT"):
                connection.send(piece)
                time.sleep(0.5)
            connection.send(b"TP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.assertEqual(connection.answer()[0], 200)
        time.sleep(3) # the stall bound is over, and of a request that was served
        self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        connection.close()

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


class FullHouse(Case):
    """More connections than --max-connections allows."""

    def serve_few(self, places):
        return self.serve({"a.json": node_document("a")}, options=(
            "--max-connections", str(places), "--stall-timeout", "3", "--idle-timeout", "100"))

    def ask_within(self, service, limit):
        began = time.monotonic()
        status, _, body = service.post("/filter", args(["a"]))
        self.assertEqual((status, json.loads(body)["NodeNames"]), (200, ["a"]))
        self.assertLess(time.monotonic() - began, limit)

    def test_idle_ones_make_room(self):
        for places, crowd in ((1, 10), (8, 40), (64, 400), (512, 800), (512, 900)):
            with self.subTest(f"{crowd} connections, {places} places"):
                service = self.serve_few(places)
                held = [Connection(service.listen) for _ in range(crowd)]
                for _ in range(3):
                    self.ask_within(service, 2)
                for connection in held:
                    connection.close()

    def test_kept_connections_make_room_the_longest_idle_first(self):
        service = self.serve_few(8)
        held = [Connection(service.listen) for _ in range(8)]
        for connection in held:
            self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        time.sleep(1)
        self.assertEqual([c for c in held if c.is_closed(0.01)], []) # nobody waits: all stay
        for connection in held[:4]: # these are used again: the others are idle longer
            connection.socket.settimeout(20)
            self.assertEqual(connection.request("POST", "/filter", args(["a"]))[0], 200)
        self.ask_within(service, 1)
        closed = [connection.is_closed(0.01) for connection in held]
        self.assertEqual(closed[:4], [False] * 4)
        self.assertGreaterEqual(sum(closed), 1)
        for connection in held:
            connection.close()

    def test_requests_under_way_are_not_closed_for_room(self):
        service = self.serve_few(4)
        body = args(["a"])
        half = [Connection(service.listen) for _ in range(4)]
        for connection in half:
            connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n"
                            % len(body) + body[:10])
        time.sleep(0.3)
        waiting = Connection(service.listen)
        waiting.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n"
                     % len(body) + body)
        time.sleep(1.5)
        for connection in half[1:]: # they move, and are answered
            connection.send(body[10:])
            self.assertEqual(connection.answer()[0], 200)
        self.assertEqual(waiting.answer()[0], 200)
        self.assertTrue(half[0].is_closed(6)) # it stalled
        for connection in [*half, waiting]:
            connection.close()

    def test_half_requests_hold_their_places_for_the_stall_time(self):
        service = self.serve_few(8)
        half = []
        for _ in range(8):
            half.append(Connection(service.listen))
            half[-1].send(b"POST /fil")
        self.ask_within(service, 5)
        for connection in half:
            connection.close()


class ConnectionLimit(Case):
    def test_more_connections_than_allowed_wait_or_are_refused(self):
        service = self.serve({"a.json": node_document("a")}, options=("--max-connections", "8"))
        held = []
        for _ in range(40):
            held.append(Connection(service.listen))
        for connection in held:
            connection.close()
        service.wait(lambda: service.post("/filter", args(["a"]))[0] == 200, "an answer afterwards")

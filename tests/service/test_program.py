# SPDX-License-Identifier: Apache-2.0
"""Start, end, options, and the manual."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from service import (PROGRAM, ROOT, Case, Connection, Service, args, machine_xml, node_document,
                     pod)


def run(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, check=False,
                          timeout=60)


class Options(unittest.TestCase):
    def test_usage_errors_are_64_with_one_line(self):
        for options in ((), ("--nonsense",), ("--feed",), ("--feed", "x", "--listen", "nowhere"),
                        ("--feed", "x", "--listen", "127.0.0.1:70000"),
                        ("--feed", "x", "--listen", "0.0.0.0:0"), ("--feed", "x", "--admin", "[::]:0"),
                        ("--feed", "x", "--log", "xml"), ("--feed", "x", "--idle-timeout", "0"),
                        ("--feed", "x", "--idle-timeout", "1x"), ("--feed", "x", "stray"),
                        ("--help=x",)):
            with self.subTest(options):
                ended = run(*options)
                self.assertEqual(ended.returncode, 64, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1)
                self.assertEqual(ended.stdout, "")

    def test_a_feed_that_is_not_there_is_66(self):
        ended = run("--feed", "/nowhere/at/all", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
        self.assertEqual(ended.returncode, 66)
        self.assertIn("/nowhere/at/all", ended.stderr)

    def test_a_feed_that_is_no_directory_is_66(self):
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            for check in ((), ("--check",)):
                ended = run(*check, "--feed", file.name, "--listen", "127.0.0.1:0",
                            "--admin", "127.0.0.1:0")
                self.assertEqual(ended.returncode, 66)
                self.assertEqual(ended.stderr,
                                 f"switchyard-extender: --feed: {file.name}: not a directory\n")

    def test_an_address_in_use_is_74(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as feed:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            ended = run("--feed", feed, "--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0")
            self.assertEqual(ended.returncode, 74)
            self.assertIn(f"127.0.0.1:{port}", ended.stderr)

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^switchyard-extender \d+\.\d+\.\d+\n$")

    def test_check(self):
        with tempfile.TemporaryDirectory() as feed:
            with open(os.path.join(feed, "m.xml"), "wb") as file:
                file.write(machine_xml())
            self.assertEqual(run("--check", "--feed", feed).returncode, 0)
            with open(os.path.join(feed, "bad.json"), "wb") as file:
                file.write(b"{")
            ended = run("--check", "--feed", feed)
            self.assertEqual(ended.returncode, 65)
            self.assertIn("bad.json", ended.stderr)
            self.assertEqual(ended.stdout, "1 nodes, 1 files refused\n")

    def test_scheduler_config(self):
        ended = run("--print-scheduler-config", "--listen", "127.0.0.1:1234")
        self.assertEqual(ended.returncode, 0)
        self.assertIn('urlPrefix: "http://127.0.0.1:1234"', ended.stdout)
        names = re.findall(r"^  - name: (\S+)$", ended.stdout, re.MULTILINE)
        self.assertEqual(names, sorted(names))
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("nvidia.com/gpu", names)
        self.assertIn("npu.huawei.com/ascend910b", names)
        self.assertFalse([name for name in names if "*" in name])
        self.assertRegex(ended.stdout, r"# +- name: \S+\*")
        self.assertRegex(ended.stdout, r"(?s)#.*require.*NOT held.*ignorable: true")


class Manual(unittest.TestCase):
    PAGE = os.path.join(ROOT, "deploy", "man", "switchyard-extender.8")

    def test_options_agree_with_help(self):
        with open(self.PAGE, encoding="utf-8") as file:
            page = file.read()
        documented = set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.MULTILINE))
        offered = set(re.findall(r"^  --([a-z-]+)", run("--help").stdout, re.MULTILINE))
        self.assertEqual(documented, offered)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_is_clean(self):
        ended = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.PAGE],
                               capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))


class Life(Case):
    def test_ready_differs_from_alive(self):
        """An import that takes long: alive from the start, ready when it is done."""
        files = {f"m{number}.xml": machine_xml().replace(
            b"(made by hand)", b"(number %d)" % number) for number in range(60)}
        service = self.serve(files, ready=False)
        seen = set()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.assertEqual(service.get("/healthz")[0], 200)
            status, _, _ = service.get("/readyz")
            seen.add(status)
            if status == 200:
                break
            answer = json.loads(service.post("/filter", args(["m0"]))[2])
            if answer["Error"]:
                self.assertIn("no snapshot", answer["Error"])
        self.assertEqual(seen, {200, 503})

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        service = self.serve({"a.json": node_document("a")}, listen="[::1]:0")
        self.assertEqual(service.post("/filter", args(["a"]))[0], 200)

    def test_json_log(self):
        service = self.serve({"a.json": node_document("a")}, options=("--log", "json"))
        service.post("/filter", args(["a"]))
        service.wait(lambda: '"/filter"' in service.log(), "log line")
        lines = [json.loads(line) for line in service.log().splitlines()]
        self.assertRegex(lines[0].pop("time"), r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$")
        self.assertEqual(lines[0], {"level": "info", "msg": "listening",
                                    "listen": "%s:%d" % service.listen,
                                    "admin": "%s:%d" % service.admin})
        for line in lines:
            self.assertLessEqual({"level", "msg"}, set(line))
        request = [line for line in lines if line.get("path") == "/filter"][0]
        self.assertEqual((request["status"], request["nodesIn"], request["pod"]), (200, 1, "p"))

    def test_the_line_of_each_verb_names_the_pod(self):
        service = self.serve({"a.json": node_document("a")})
        body = args(["a", "b"])
        for path in "/filter", "/prioritize":
            service.post(path, body)
        service.ask(service.admin, "POST", "/explain", body)
        preempt = {"Pod": pod(), "NodeNameToMetaVictims": {
            "a": {"Pods": [], "NumPDBViolations": 0}, "b": {"Pods": []}}}
        preempt["Pod"]["spec"]["containers"][0]["resources"]["limits"] = {"nvidia.com/gpu": "9"}
        kept = json.loads(service.post("/preempt", json.dumps(preempt).encode())[2])
        for path, nodes in (("/filter", (2, 2)), ("/prioritize", (2, 2)), ("/explain", (2, 2)),
                            ("/preempt", (2, len(kept["NodeNameToMetaVictims"])))):
            service.wait(lambda path=path: re.search(
                rf" path={path} status=200 namespace=default pod=p uid=u-1"
                rf" nodesIn={nodes[0]} nodesOut={nodes[1]} ", service.log()), f"line of {path}")
        self.assertNotIn("hunter2", service.log())

    def test_sigterm_finishes_what_is_under_way(self):
        service = Service({"a.json": node_document("a")})
        connection = Connection(service.listen)
        body = args(["a"])
        connection.send(f"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n"
                        .encode() + body[:10])
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with self.assertRaises(OSError): # no new ones
            Connection(service.listen, timeout=2)
        self.assertEqual(service.get("/readyz")[0], 503)
        connection.send(body[10:])
        status, headers, text = connection.answer()
        self.assertEqual((status, json.loads(text)["NodeNames"]), (200, ["a"]))
        self.assertEqual(headers["connection"], "close")
        service.process.wait(10)
        self.assertEqual(service.stop(), 0)

    def test_sigterm_does_not_wait_for_ever(self):
        service = Service({"a.json": node_document("a")})
        connection = Connection(service.listen)
        connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        began = time.monotonic()
        self.assertEqual(service.stop(), 0)
        self.assertLess(time.monotonic() - began, 8)

    def test_sigint_and_immediate_end(self):
        for number in signal.SIGINT, signal.SIGTERM:
            service = Service(ready=False)
            service.process.send_signal(number)
            service.process.wait(10)
            self.assertEqual(service.stop(), 0)

    def test_a_log_that_nobody_reads_blocks_nobody(self):
        with tempfile.TemporaryDirectory() as feed:
            process = subprocess.Popen(
                [PROGRAM, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--feed", feed],
                stderr=subprocess.PIPE)
            line = process.stderr.readline().decode()
            address = Service.address(re.match(r"listen=(\S+)", line).group(1))
            connection = Connection(address)
            for _ in range(4000): # far more than the pipe and the buffer hold
                connection.request("POST", "/nowhere-" + "x" * 100)
            connection.close()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(15), 0)
            process.stderr.close()

    def test_parallel_imports_and_shared_contents(self):
        files = {f"m{number}.xml": machine_xml() for number in range(200)}
        began = time.monotonic()
        service = self.serve(files)
        self.assertEqual(len(service.nodes()), 200)
        self.assertLess(time.monotonic() - began, 10) # one import, not 200

    def test_rescans_under_load(self):
        service = self.serve({"a.json": node_document("a")})
        stop = threading.Event()

        def shake():
            while not stop.is_set():
                os.kill(service.process.pid, signal.SIGHUP)
                time.sleep(0.005)
        thread = threading.Thread(target=shake)
        thread.start()
        try:
            for number in range(100):
                service.write("a.json", node_document("a", {"0000:15:00.0": f"p{number}"}))
                self.assertEqual(service.post("/prioritize", args(["a"]))[0], 200)
        finally:
            stop.set()
            thread.join()

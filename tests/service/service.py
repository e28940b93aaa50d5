# SPDX-License-Identifier: Apache-2.0
"""The program under test, a feed for it, and a client that can misbehave."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["SWITCHYARD_EXTENDER"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GPU = "nvidia.com/gpu"
NPU = "npu.huawei.com/ascend910b"


def node_document(name, holders=None, labels=None):
    """A small machine: two NPUs and a GPU on one switch. holders: {pci: pod name}."""
    with open(os.path.join(ROOT, "tests", "service", "node.json"), encoding="utf-8") as file:
        document = json.load(file)
    document["metadata"] = {"name": name, "labels": labels or {}}
    document["status"] = {"mode": "exact", "devices": [
        {"pci": pci, "held": 1000,
         "holders": [{"namespace": "default", "name": pod, "uid": "uid-" + pod, "container": "c"}]}
        for pci, pod in sorted((holders or {}).items())]}
    return document


def machine_xml(name="mixed-4npu-2gpu-2fpga"):
    with open(os.path.join(ROOT, "tests", "machines", "made", name + ".xml"), "rb") as file:
        return file.read()


def pod(limits=None, **annotations):
    return {"metadata": {"name": "p", "namespace": "default", "uid": "u-1",
                         "annotations": {"switchyard.dev/" + key.replace("_", "-"): value
                                         for key, value in annotations.items()}},
            "spec": {"containers": [{"name": "c", "image": "i",
                                     "env": [{"name": "SECRET", "value": "hunter2"}],
                                     "args": ["--password=hunter2"],
                                     "resources": {"limits": limits or {GPU: "1"}}}]}}


def args(names, of=None):
    return json.dumps({"Pod": of or pod(), "Nodes": None, "NodeNames": list(names)}).encode()


class Connection:
    """One TCP connection that speaks HTTP by hand."""

    def __init__(self, address, timeout=20):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        data = self.socket.recv(1 << 16)
        self.buffer += data
        return len(data) > 0

    def answer(self, head=False):
        """(status, headers, body) of the next answer; None when the connection ended."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                return None
        top, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            key, value = line.split(":", 1)
            headers[key.lower()] = value.strip()
        status = int(lines[0].split()[1])
        if status == 100:
            return self.answer(head)
        length = 0 if head else int(headers["content-length"])
        while len(self.buffer) < length:
            if not self.fill():
                raise AssertionError("answer ends early")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def request(self, method, path, body=b"", headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: t", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.answer(head=method == "HEAD")

    def is_closed(self, within):
        """Does the other side end the connection within so many seconds?"""
        self.socket.settimeout(within)
        try:
            while True:
                if not self.socket.recv(1 << 16):
                    return True
        except socket.timeout:
            return False
        except OSError:
            return True

    def close(self):
        self.socket.close()


class Service:
    """A running switchyard-extender with a feed of its own."""

    def __init__(self, files=None, options=(), ready=True, listen="127.0.0.1:0"):
        self.folder = tempfile.TemporaryDirectory(prefix="switchyard-service-")
        self.feed = os.path.join(self.folder.name, "feed")
        self.log_path = os.path.join(self.folder.name, "log")
        os.mkdir(self.feed)
        for name, content in (files or {}).items():
            self.write(name, content)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--listen", listen, "--admin", "127.0.0.1:0", "--feed", self.feed,
                 *options], stderr=log, stdout=subprocess.DEVNULL)
        line = self.wait(lambda: re.match(
            r'(?:listen=(\S+) admin=(\S+)|\{.*"listen":"(\S+?)","admin":"(\S+?)"\})\n', self.log()),
            "the first line of the log")
        self.listen, self.admin = (self.address(text) for text in line.groups() if text)
        if ready:
            self.wait(lambda: self.get("/readyz")[0] == 200, "readiness")

    @staticmethod
    def address(text):
        host, port = text.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, probe, what, limit=30):
        """Until the probe is true; the program must stay alive."""
        end = time.monotonic() + limit
        while True:
            found = probe()
            if found:
                return found
            if self.process.poll() is not None:
                raise AssertionError(f"the program ended: {self.log()[-4000:]}")
            if time.monotonic() > end:
                raise AssertionError(f"no {what} in {limit} s: {self.log()[-2000:]}")
            time.sleep(0.02)

    def write(self, name, content, whole=True):
        """Puts a file into the feed, by a rename unless whole is False."""
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        path = os.path.join(self.feed, name)
        temporary = os.path.join(self.feed, ".new-" + name) if whole else path
        with open(temporary, "wb") as file:
            file.write(content)
        if whole:
            os.rename(temporary, path)

    def remove(self, name):
        os.unlink(os.path.join(self.feed, name))

    def ask(self, address, method, path, body=b"", headers=()):
        connection = Connection(address)
        try:
            answer = connection.request(method, path, body, headers)
        finally:
            connection.close()
        if answer is None:
            raise AssertionError(f"no answer to {method} {path}")
        return answer

    def post(self, path, body, headers=()):
        return self.ask(self.listen, "POST", path, body, headers)

    def get(self, path):
        return self.ask(self.admin, "GET", path)

    def explain(self, body):
        status, _, text = self.ask(self.admin, "POST", "/explain", body)
        if status != 200:
            raise AssertionError(f"/explain: {status} {text!r}")
        return {node["node"]: node for node in json.loads(text)["nodes"]}

    def nodes(self):
        return {item["metadata"]["name"]: item for item in json.loads(self.get("/snapshot")[2])["items"]}

    def metric(self, name):
        for line in self.get("/metrics")[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {name}")

    def stop(self):
        """Ends the program; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("did not end within 20 s") from None
        log = self.log()
        self.folder.cleanup()
        if "Sanitizer" in log or "runtime error" in log:
            raise AssertionError(log[-6000:])
        return self.process.returncode


class Case(unittest.TestCase):
    """A test with a service that is stopped, and must end well, whatever happens."""

    def serve(self, *positional, **named):
        service = Service(*positional, **named)

        def end():
            self.assertEqual(service.stop(), 0)
        self.addCleanup(end)
        return service

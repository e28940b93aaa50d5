# SPDX-License-Identifier: Apache-2.0
"""Times of /filter and /prioritize as ratios to an empty handler's, in one run: bench.py BUILD

Exit status 1 when a bound of the targets below is missed.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
NODES, STATES = 5000, 500
SIZES = (100, 1000, 5000)
GPU, NPU = "nvidia.com/gpu", "npu.huawei.com/ascend910b"
WARM_P50_MS, WARM_P99_MS, COLD_MS = 4, 20, 200
# Shapes of pods that nothing has asked for before.
COLD = ({NPU: "1"}, {GPU: "1"}, {NPU: "2"}, {GPU: "2"}, {NPU: "1", GPU: "1"}, {NPU: "2", GPU: "2"},
        {NPU: "3", GPU: "1"}, {NPU: "4", GPU: "2"}, {NPU: "3", GPU: "2"}, {NPU: "1", GPU: "3"})


def body(names, limits, **annotations):
    return json.dumps({
        "Pod": {"metadata": {"name": "train-%", "namespace": "default", "uid": "u-1",
                             "creationTimestamp": "2026-11-22T12:00:00Z",
                             "annotations": annotations},
                "spec": {"containers": [{"name": "main", "image": "example.invalid/train:1",
                                         "resources": {"limits": limits, "requests": limits}}],
                         "schedulerName": "default-scheduler", "priority": 0}},
        "Nodes": None, "NodeNames": names}, separators=(",", ":")).encode()


class Program:
    def __init__(self, arguments, **named):
        self.process = subprocess.Popen(arguments, **named)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Bench:
    def __init__(self, build):
        self.tools = os.path.join(build, "tests")
        self.folder = tempfile.TemporaryDirectory(prefix="switchyard-bench-")
        self.feed = os.path.join(self.folder.name, "feed")
        self.log = os.path.join(self.folder.name, "log")
        subprocess.run([sys.executable, os.path.join(HERE, "make_feed.py"), self.feed,
                        str(NODES), str(STATES)], check=True)
        echo = Program([os.path.join(self.tools, "bench_service_echo_server")],
                       stdout=subprocess.PIPE)
        self.echo, self.echo_port = echo, int(echo.process.stdout.readline())
        with open(self.log, "wb") as log:
            began = time.monotonic()
            self.service = Program(
                [os.path.join(build, "bin", "switchyard-extender"), "--listen", "127.0.0.1:0",
                 "--admin", "127.0.0.1:0", "--feed", self.feed], stderr=log)
        while not (found := re.match(r"listen=\S+:(\d+) admin=(\S+)\n", self.read_log())):
            time.sleep(0.001)
        self.bound_s = time.monotonic() - began
        self.port, self.admin = int(found.group(1)), found.group(2)
        while self.status("/readyz") != 200:
            time.sleep(0.005)
        self.load("/filter", body(["node-00000"], {GPU: "1"}), 0, 1)
        self.first_answer_s = time.monotonic() - began

    def read_log(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def status(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.admin}{path}") as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def rss_mb(self):
        with open(f"/proc/{self.service.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024

    def load(self, path, content, warm, count, port=None):
        """(p50, p99, max) in milliseconds, and the length of the answer."""
        name = os.path.join(self.folder.name, "body")
        with open(name, "wb") as file:
            file.write(content)
        ended = subprocess.run([os.path.join(self.tools, "bench_service_load"),
                                str(port or self.port), path, name, str(warm), str(count)],
                               check=True, capture_output=True, text=True)
        p50, p99, top, length = ended.stdout.split()
        return float(p50) / 1e3, float(p99) / 1e3, float(top) / 1e3, int(length)

    def warm(self, missed):
        print(f"{'path':12} {'names':>6} {'p50 ms':>8} {'p99 ms':>8} {'echo p50':>9} "
              f"{'echo p99':>9} {'ratio':>6}")
        for path, annotations in (("/filter", {}), ("/prioritize", {}),
                                  ("/filter", {"switchyard.dev/require": "numa"})):
            for size in SIZES:
                content = body([f"node-{i:05d}" for i in range(size)], {NPU: "2", GPU: "1"},
                               **annotations)
                count = 2000 if size < 5000 else 1000
                p50, p99, _, length = self.load(path, content, 50, count)
                e50, e99, _, _ = self.load(f"/cut/{length}", content, 50, count, self.echo_port)
                shown = path + ("+req" if annotations else "")
                print(f"{shown:12} {size:6} {p50:8.3f} {p99:8.3f} {e50:9.3f} {e99:9.3f} "
                      f"{p50 / e50:6.1f}")
                if size == 5000 and (p50 > WARM_P50_MS or p99 > WARM_P99_MS):
                    missed.append(f"{shown} warm: p50 {p50:.1f} ms, p99 {p99:.1f} ms")

    def cold(self, missed):
        names = [f"node-{i:05d}" for i in range(NODES)]
        worst = 0
        for limits in COLD:
            took, _, _, _ = self.load("/prioritize", body(names, limits), 0, 1)
            wanted = " ".join(f"{count}x{name.split('/')[1]}" for name, count in limits.items())
            print(f"cold /prioritize {wanted:24} {took:8.1f} ms")
            worst = max(worst, took)
        print(f"cold, worst of {len(COLD)} shapes over {NODES} nodes in {STATES} states: "
              f"{worst:.1f} ms")
        if worst > COLD_MS:
            missed.append(f"a new shape: {worst:.1f} ms")

    def run(self):
        missed = []
        print(f"feed of {NODES} nodes in {STATES} states: listening after {self.bound_s * 1e3:.1f} "
              f"ms, first answer after {self.first_answer_s:.2f} s, RSS {self.rss_mb():.0f} MB")
        self.cold(missed)
        self.warm(missed)
        print(f"RSS at the end {self.rss_mb():.0f} MB")
        for text in missed:
            print("missed:", text)
        self.service.stop()
        self.echo.stop()
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(Bench(sys.argv[1]).run())

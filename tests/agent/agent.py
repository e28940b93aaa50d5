# SPDX-License-Identifier: Apache-2.0
"""The agent under test, and what it looks at."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from api import Api
from kubelet import Kubelet

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.environ["SWITCHYARD_AGENT"]
sys.path.append(os.path.join(ROOT, "tests", "cluster"))
import sysfs  # noqa: E402  pylint: disable=wrong-import-position

MACHINE = os.path.join(ROOT, "tests", "machines", "made", "mixed-4npu-2gpu-2fpga.xml")
NPU, LAST_NPU, GPU = "0000:19:00.0", "0000:9b:00.0", "0000:33:00.0"
NPU_RESOURCE, GPU_RESOURCE = "huawei.com/Ascend910", "nvidia.com/gpu"


def run(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, check=False,
                          timeout=60)


class Case(unittest.TestCase):
    """A folder with a tree, a kubelet's socket that nobody listens at yet, and an API server."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="agent.")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(MACHINE, encoding="utf-8") as file:
            self.tree = sysfs.Tree(self.path("root"), sysfs.read_machine(file.read()))
        self.kubelet = Kubelet(self.path("kubelet.sock"))
        self.process = None

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def options(self, *more):
        return ("--node", "n1", "--sysfs-root", self.path("root"), "--kubelet-socket",
                self.path("kubelet.sock"), "--checkpoint", self.path("checkpoint"),
                "--kubelet-config", self.path("config.yaml"), *more)

    def once(self, *more):
        """What it prints, read."""
        ended = run(*self.options("--once", "-o", "json", *more))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)

    # ---- the agent as a service

    def serve(self, *more):
        self.api = Api()
        self.addCleanup(self.api.server.server_close)
        self.start(*more)

    def start(self, *more):
        self.log = open(self.path("log"), "ab")
        self.addCleanup(self.log.close)
        self.process = subprocess.Popen(
            [PROGRAM, *self.options("--kubeconfig", self.api.kubeconfig(self.path("kubeconfig")),
                                    *more)], stderr=self.log)
        self.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        """Ended by SIGTERM, at once and well."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=10), 0, self.text())
        self.assertLess(time.monotonic() - began, 3)
        self.assertNotIn("Sanitizer", self.text())

    def text(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def wait(self, predicate, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = predicate()
            if value:
                return value
            self.assertIsNone(self.process.poll(), self.text())
            time.sleep(0.02)
        return self.fail(f"no {what} in {seconds} s\n{self.text()}\n"
                         f"{json.dumps(self.api.objects, indent=1)[-3000:]}")

    def status(self):
        return self.api.objects.get("n1", {}).get("status", {})

    def device(self, pci, status=None):
        devices = (status if status is not None else self.status()).get("devices", [])
        return next((device for device in devices if device["pci"] == pci), {})

    def wait_status(self, predicate, what, seconds=20):
        return self.wait(lambda: self.status() and predicate(self.status()), what, seconds)

    def kubelet_with(self, pods=None):
        self.kubelet.pods = pods or {}
        self.kubelet.offered = {NPU_RESOURCE: [f"Ascend910-{i}" for i in range(4)],
                                GPU_RESOURCE: [self.uuid(GPU)]}
        self.kubelet.start()

    def uuid(self, pci):
        with open(self.path("root", "proc/driver/nvidia/gpus", pci, "information"),
                  encoding="utf-8") as file:
            return re.search(r"GPU UUID:\s+(\S+)", file.read())[1]

    def checkpoint(self, entries):
        """entries: (uid, container, resource, ids)."""
        document = {"Data": {"PodDeviceEntries": [
            {"PodUID": uid, "ContainerName": container, "ResourceName": resource,
             "DeviceIDs": {"-1": ids}, "AllocResp": ""}
            for uid, container, resource, ids in entries], "RegisteredDevices": {}},
                    "Checksum": 1}
        with open(self.path("new"), "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.rename(self.path("new"), self.path("checkpoint"))

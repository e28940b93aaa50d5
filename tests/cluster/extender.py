# SPDX-License-Identifier: Apache-2.0
"""The service under test, its feed directory and its admin listener."""

import datetime
import json
import os
import re

from processes import Process, eventually
from rest import Client

API_VERSION = "switchyard.dev/v1alpha1"


class Feed:
    """A feed directory: every file appears whole, by a rename."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)

    def write(self, name, content):
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        temporary = os.path.join(self.folder, ".new-" + name)
        with open(temporary, "wb") as file:
            file.write(content)
        os.rename(temporary, os.path.join(self.folder, name))

    def machine(self, node, xml):
        """The inventory of a node: the bytes of a hwloc XML file."""
        self.write(f"{node}.xml", xml)

    def status(self, node, holders):
        """What is held on a node: {PCI address: pod object or None}."""
        devices = []
        for pci, pod in sorted(holders.items()):
            device = {"pci": pci, "held": 1000}
            if pod:
                device["holders"] = [{
                    "namespace": pod["metadata"]["namespace"], "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"], "container": "main"}]
            devices.append(device)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.write(f"{node}.status.json", {
            "apiVersion": API_VERSION, "kind": "NodeFabric", "metadata": {"name": node},
            "status": {"mode": "exact", "observedTime": now, "devices": devices}})


class Extender:
    """switchyard-extender on a port that stays the same over restarts."""

    def __init__(self, program, feed, log_folder, listen="127.0.0.1:0", name="extender",
                 source=None):
        """`source` are the arguments that stand in place of a feed directory."""
        self.process = Process(name, [program, "--listen", listen, "--admin", "127.0.0.1:0",
                                      *(source or ("--feed", feed.folder))], log_folder)
        self.feed = feed
        line = eventually("the extender's first log line", self.probe_addresses, 30)
        self.host, port = line[0].rsplit(":", 1)
        self.port = int(port)
        self.url = f"http://{line[0]}"
        self.admin = Client(f"http://{line[1]}")
        eventually("the extender ready", self.probe_ready, 60)

    def probe_addresses(self):
        self.process.check()
        log = self.process.log()
        found = re.search(r'listen=(\S+:\d+) admin=(\S+:\d+)', log)
        return found is not None, found.groups() if found else log

    def probe_ready(self):
        self.process.check()
        status, body = self.admin.raw("GET", "/readyz")
        return status == 200, f"{status} {body[:200]!r}"

    def snapshot(self):
        """The node documents in use, by node name."""
        return {item["metadata"]["name"]: item
                for item in self.admin.get("/snapshot")["items"]}

    def wait_for(self, holders, limit=120):
        """Waits until the snapshot has the nodes {name: set of PCI addresses held}, no others."""
        def probe():
            self.process.check()
            seen = {name: {device["pci"] for device in item.get("status", {}).get("devices", [])
                           if device.get("held")}
                    for name, item in self.snapshot().items()}
            wrong = {name: seen.get(name) for name in set(seen) | set(holders)
                     if seen.get(name) != holders.get(name)}
            return not wrong, dict(sorted(wrong.items(), key=str)[:5])
        eventually("the feed's files in the snapshot", probe, limit, pause=0.1)

    def explain(self, body):
        """The verdicts for the body of a /prioritize or /filter call, by node name."""
        answer = self.admin.post("/explain", body)
        return {node["node"]: node for node in answer["nodes"]}

    def stop(self):
        return self.process.stop()

# SPDX-License-Identifier: Apache-2.0
"""What a case has in its hands: the cluster, the extender, the feed, the proxy."""

import json
import os

import machines
import objects
import scheduler_config
from extender import Extender, Feed
from live_rig import LiveSuite
from objects import NODES, PODS
from processes import Failure, eventually, free_ports
from proxy import Proxy
from rest import in_parallel


class Rig:
    """One control plane for all cases; each case has its own extender and feed."""

    def __init__(self, plane, options, shipped_config, machine_xml):
        self.plane = plane
        self.api = plane.api
        self.options = options
        self.shipped_config = shipped_config
        self.machine_xml = machine_xml
        self.proxy = Proxy()
        self.extender_address = f"127.0.0.1:{free_ports(1)[0]}"
        self.extender = None
        self.extenders_started = 0
        self.held = {}
        self.live = LiveSuite()
        for name, value in (("low", 10), ("low-too", 20), ("middle", 50), ("high", 1000)):
            self.api.post("/apis/scheduling.k8s.io/v1/priorityclasses",
                          objects.priority_class(name, value))

    # ---- kube-scheduler

    def schedule(self, *variants, direct=False, url=None, modules=None):
        """Runs kube-scheduler with the shipped configuration, changed by `variants`.

        It calls the extender through the proxy, or itself where `direct`, or `url`. `modules` log
        more.
        """
        url = url or (f"http://{self.extender_address}" if direct else self.proxy.url)
        text = scheduler_config.shipped(self.shipped_config, self.plane.kubeconfig, url)
        for variant in variants:
            text = variant(text)
        self.plane.run_scheduler(text, modules)

    # ---- the extender

    def start_extender(self, feed=None):
        """Starts the extender, on the same address as ever, with a new feed or a kept one."""
        self.extenders_started += 1
        name = f"extender-{self.extenders_started}"
        if feed is None:
            feed = Feed(self.plane.path(f"feed-{self.extenders_started}"))
            self.held = {}
        self.extender = Extender(self.options.extender, feed, self.plane.folder,
                                 self.extender_address, name)
        self.proxy.target = (self.extender.host, self.extender.port)
        return self.extender

    def stop_extender(self):
        """Stops the extender; it must end cleanly."""
        if self.extender:
            extender, self.extender = self.extender, None
            extender.process.check()
            status = extender.stop()
            if status != 0:
                raise Failure(f"the extender ended with status {status}, not 0, at SIGTERM:\n"
                              + "\n".join(extender.process.log().splitlines()[-15:]))

    # ---- nodes and pods

    def node(self, name, annotations=None):
        self.api.post(NODES, objects.node(name, machines.COUNTS, annotations))

    def machine(self, name):
        """Gives a node's inventory to the extender."""
        self.extender.feed.machine(name, self.machine_xml)
        self.held[name] = frozenset()

    def hold(self, node, pcis, cpu="100m", memory="128Mi", priority_class=None, name=None):
        """A running pod that holds devices of a node; returns the pod.

        Its CPU and memory make the node less attractive to stock scheduling.
        """
        body = objects.pod(name or f"held-{node}", machines.counts(pcis),
                           {"cpu": cpu, "memory": memory}, None, node, priority_class)
        return self.api.post(PODS, body)

    def report(self, node, holders):
        """What the agent of a node would report: {PCI address: pod}."""
        self.extender.feed.status(node, holders)
        self.held[node] = frozenset(holders)

    def seat(self, name, free, busy=False, priority_class=None):
        """A node that is there for both, with the devices of `free` free and the others held.

        A busy node is one that stock scheduling avoids among equals.
        """
        self.machine(name)
        self.node(name)
        return self.reseat(name, free, busy, priority_class)

    def reseat(self, name, free, busy=False, priority_class=None):
        held = machines.ALL - free
        cpu, memory = ("24", "192Gi") if busy else ("2", "16Gi")
        pod = self.hold(name, held, cpu, memory, priority_class)
        self.report(name, {pci: pod for pci in held})
        return pod

    def wait_for_feed(self, limit=120):
        """Waits until the extender has every file of the feed."""
        self.extender.wait_for({name: set(held) for name, held in self.held.items()}, limit)

    def settle(self):
        """Waits until the extender and kube-scheduler have seen every node there is.

        kube-scheduler watches pods and nodes apart, so a pod may reach it before a
        node that is older; a pod that asks for the newest node by name shows when
        it has them all.
        """
        if self.extender:
            self.wait_for_feed()
        nodes = self.api.get(NODES)["items"]
        newest = max(nodes, key=lambda node: int(node["metadata"]["resourceVersion"]))
        self.api.post(PODS, objects.pod("probe", only_on=newest["metadata"]["name"]))
        self.wait_bound("probe", 60)
        self.delete_pod("probe")

    def create_pod(self, name, limits=None, annotations=None, priority_class=None):
        return self.api.post(PODS, objects.pod(name, limits, None, annotations, None,
                                               priority_class))

    def pod(self, name):
        return self.api.get(f"{PODS}/{name}", expect=(200, 404))

    def pods(self):
        return {p["metadata"]["name"]: p for p in self.api.get(PODS)["items"]}

    def wait_bound(self, name, limit=20):
        """Waits until a pod is bound; returns the node's name."""
        def probe():
            self.plane.check()
            pod = self.pod(name)
            node = pod["spec"].get("nodeName")
            return node is not None, node or f"pending, {self.why_pending(name)}"
        return eventually(f"pod {name} bound", probe, limit)

    def why_pending(self, name):
        conditions = self.pod(name).get("status", {}).get("conditions", [])
        texts = [c.get("message", "") for c in conditions if c["type"] == "PodScheduled"]
        return texts[0] if texts else "not tried yet"

    def wait_refused(self, name, limit=20):
        """Waits for a FailedScheduling event of a pod; returns its text."""
        def probe():
            self.plane.check()
            self.must_be_pending(name)
            events = self.api.get("/api/v1/namespaces/default/events?fieldSelector="
                                  f"involvedObject.name%3D{name}%2Creason%3DFailedScheduling")
            notes = [event.get("message", "") for event in events["items"] or []]
            return bool(notes), notes[-1] if notes else "no FailedScheduling event"
        return eventually(f"pod {name} refused", probe, limit)

    def must_be_pending(self, name):
        node = self.pod(name)["spec"].get("nodeName")
        if node:
            raise Failure(f"pod {name} must be pending but is on {node}")

    def delete_pod(self, name):
        self.api.delete(f"{PODS}/{name}", expect=(200, 404))

    def clear_pods(self):
        self.api.delete(PODS)
        eventually("no pods", lambda: self.count(PODS), 90)

    def clear(self):
        """Back to an empty cluster without an extender."""
        self.clear_pods()
        self.api.delete(NODES)
        eventually("no nodes", lambda: self.count(NODES), 90)
        self.api.delete("/api/v1/namespaces/default/events")
        self.proxy.clear()

    def count(self, path):
        """A probe for an empty list."""
        answer = self.api.get(path + "?limit=1")
        count = len(answer["items"] or []) + (answer["metadata"].get("remainingItemCount") or 0)
        return count == 0, f"{count} left"

    def many(self, work, items):
        in_parallel(work, items)

    # ---- what was seen

    def check(self):
        """What must hold at the end of every case."""
        self.plane.check()
        self.proxy.check()
        if self.extender:
            self.extender.process.check()

    def record(self, exchange, name):
        """Keeps an exchange as a fixture where the run was asked to."""
        if not self.options.record:
            return
        for part, body in (("request", exchange.request), ("response", exchange.answer)):
            path = os.path.join(self.options.record,
                                f"{name}-{self.options.kubernetes}.{part}.json")
            json.loads(body)
            with open(path, "wb") as file:
                file.write(body)

    def stop(self):
        self.proxy.stop()
        if self.extender:
            self.extender.stop()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the stub kubelet, the fake trees and the fault proxy against a real kube-apiserver.

selftest_world.py [--kubernetes VERSION] [--agent PROGRAM] [TEST...]: half a minute once all is
built. Without the agent, its test is skipped.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
import unittest

import kubelet
import objects
from agents import World
from control_plane import ControlPlane, build
from fault_proxy import FaultProxy
from objects import GPU, NODES, NPU, PODS
from processes import eventually
from rest import Client

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = None


class StubInCluster(unittest.TestCase):
    """One control plane for all tests; each has a world and a proxy of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="switchyard-world-")
        programs = build(os.path.join(HERE, "build.sh"), OPTIONS.kubernetes)
        cls.plane = ControlPlane(programs, cls.folder)
        cls.api = cls.plane.api
        cls.stub = kubelet.build()
        with open(os.path.join(HERE, "../machines/made/mixed-4npu-2gpu-2fpga.xml"),
                  encoding="utf-8") as file:
            cls.machine = file.read()

    @classmethod
    def tearDownClass(cls):
        cls.plane.stop()
        shutil.rmtree(cls.folder)

    def world(self, *names, **settings):
        self.proxy = FaultProxy(self.plane.url)
        self.addCleanup(self.proxy.close)
        config = self.kubeconfig(self.proxy.url)
        folder = tempfile.mkdtemp(dir=self.folder, prefix="w")
        world = World(self.stub, folder, names, self.machine, config, fpga=True, **settings)
        self.addCleanup(self.clear)
        self.addCleanup(world.stop)
        world.post_nodes(self.api)
        return world

    def kubeconfig(self, url):
        with open(self.plane.kubeconfig, encoding="utf-8") as file:
            document = json.load(file)
        document["clusters"][0]["cluster"] = {"server": url}
        path = os.path.join(self.folder, f"kubeconfig-{url.rsplit(':', 1)[1]}")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return path

    def clear(self):
        self.api.delete(PODS)
        self.api.delete(NODES)

    def bind(self, name, node, limits):
        return self.api.post(PODS, objects.pod(name, {r: str(n) for r, n in limits.items()},
                                               on_node=node))

    def wait_phase(self, name, phase, limit=10):
        def probe():
            status = self.api.get(f"{PODS}/{name}")["status"]
            return status.get("phase") == phase, status
        return eventually(f"pod {name} {phase}", probe, limit)

    def wait_held(self, world, node, count, limit=5):
        def probe():
            held = world.kubelet.held(node)
            return len(held) == count, held
        return eventually(f"{count} devices held", probe, limit)

    def test_life_of_pods(self):
        world = self.world("n1", "n2", report=True)
        self.bind("a", "n1", {GPU: 2, NPU: 1})
        status = self.wait_phase("a", "Running")
        self.assertEqual({c["type"] for c in status["conditions"]} >= {"PodScheduled", "Ready"},
                         True)
        self.bind("b", "n1", {GPU: 1})
        status = self.wait_phase("b", "Failed")
        self.assertEqual(status["reason"], "UnexpectedAdmissionError")
        self.assertIn("Pod was rejected: Allocate failed due to requested number of devices "
                      "unavailable for nvidia.com/gpu. Requested: 1, Available: 0",
                      status["message"])
        self.assertEqual(world.kubelet.held("n2"), set())
        uid = self.api.get(f"{PODS}/a")["metadata"]["uid"]
        self.assertEqual({h[2] for holders in world.truth("n1").values() for h in holders}, {uid})
        self.api.delete(f"{PODS}/a")
        self.wait_held(world, "n1", 0)
        # finished is as good as deleted
        self.bind("c", "n1", {GPU: 2})
        self.wait_held(world, "n1", 2)
        self.api.call("PATCH", f"{PODS}/c/status", {"status": {"phase": "Succeeded"}},
                      kind="application/merge-patch+json")
        self.wait_held(world, "n1", 0)
        # a graceful deletion is ended by the kubelet
        pod = objects.pod("d", {GPU: "1"}, on_node="n1")
        pod["spec"]["terminationGracePeriodSeconds"] = 30
        self.api.post(PODS, pod)
        self.wait_held(world, "n1", 1)
        self.api.call("DELETE", f"{PODS}/d", {})
        eventually("the pod gone", lambda: (self.api.get(f"{PODS}/d", expect=(200, 404)) is None,
                                            "there"), 5)
        self.wait_held(world, "n1", 0)

    def test_topology_refusal(self):
        world = self.world("n1", policy="single-numa-node")
        self.bind("a", "n1", {GPU: 2})      # one on each NUMA node
        self.assertEqual(self.wait_phase("a", "Failed")["reason"], "TopologyAffinityError")
        self.bind("b", "n1", {GPU: 1, NPU: 2})
        self.wait_phase("b", "Running")
        numa = {f.address: f.numa for f in world.trees["n1"].machine.functions}
        self.assertEqual(len({numa[pci] for pci in world.kubelet.held("n1")}), 1)

    def test_node_status(self):
        world = self.world("n1", report=True)

        def counts():
            status = self.api.get(f"{NODES}/n1")["status"]
            return status["capacity"][GPU], status["allocatable"][GPU]
        world.kubelet.faults("n1", unhealthy=[world.kubelet.nodes["n1"].resources[GPU][0].id])
        eventually("one GPU less", lambda: (counts() == ("2", "1"), counts()), 5)
        world.kubelet.faults("n1")
        eventually("both GPUs", lambda: (counts() == ("2", "2"), counts()), 5)

    def test_outage(self):
        world = self.world("n1", "n2")
        self.bind("a", "n1", {GPU: 1})
        self.wait_phase("a", "Running")
        for number, disturb in enumerate((
                self.proxy.cut_watches, self.proxy.close_watches, self.proxy.expire_watches,
                self.proxy.cut_in_next_event, lambda: self.proxy.answer(500, 3),
                lambda: self.proxy.answer(410, 1, verb="watch"),
                lambda: (self.proxy.close(), time.sleep(1), self.proxy.listen()))):
            disturb()
            self.bind(f"n{number}", "n2", {NPU: 1})
            self.wait_phase(f"n{number}", "Running")
            self.api.delete(f"{PODS}/n{number}")
            self.wait_held(world, "n2", 0)
            self.proxy.heal()
        self.assertEqual(len(world.kubelet.held("n1")), 1)
        # what happened meanwhile is caught up with
        self.proxy.close()
        self.api.delete(f"{PODS}/a")
        self.bind("z", "n1", {GPU: 2})
        time.sleep(0.5)
        self.assertEqual(len(world.kubelet.held("n1")), 1)
        self.proxy.listen()
        self.wait_phase("z", "Running")
        self.assertEqual(len(world.kubelet.held("n1")), 2)

    def test_kubelet_crash(self):
        world = self.world("n1")
        self.bind("a", "n1", {GPU: 1, NPU: 2})
        self.wait_phase("a", "Running")
        before = world.truth()
        world.kubelet.kill()
        world.kubelet.start()
        self.wait_held(world, "n1", 3)
        self.assertEqual(world.truth(), before)

    def test_calls(self):
        world = self.world("n1")
        self.bind("a", "n1", {GPU: 1})
        self.wait_phase("a", "Running")
        self.assertEqual(self.proxy.rules_needed("kubelet-stub"),
                         {("list", "", "pods", ""), ("watch", "", "pods", ""),
                          ("patch", "", "pods/status", "a")})
        self.assertEqual(len(world.kubelet.held("n1")), 1)

    def test_agent(self):
        """What an agent reads in a tree and from a socket is what is true."""
        if not os.access(OPTIONS.agent, os.X_OK):
            self.skipTest(f"no program {OPTIONS.agent}")
        world = self.world("n1", seed=0)
        agent = world.agent(OPTIONS.agent, "n1")
        draw = random.Random(4)
        for step in range(8):
            name = f"p{step}"
            self.bind(name, "n1", {NPU: draw.randint(0, 2), GPU: draw.randint(0, 1)})
            eventually("the pod admitted or refused", lambda n=name: (
                n in {p["name"] for p in world.kubelet.pods("n1")}, ""), 5)
            if draw.random() < 0.6:
                victim = draw.choice(world.kubelet.pods("n1"))["name"]
                self.api.delete(f"{PODS}/{victim}")
                eventually("the pod forgotten", lambda v=victim: (
                    v not in {p["name"] for p in world.kubelet.pods("n1")}, ""), 5)
            time.sleep(0.2)     # the kubelet's burst
            self.assertEqual(world.reported(agent.once()), world.truth("n1"))
        world.trees["n1"].drop("0000:33:00.0")
        pcis = {o.get("pci") for o in agent.once()["spec"]["objects"]}
        self.assertFalse("0000:33:00.0" in pcis)
        world.trees["n1"].restore("0000:33:00.0")
        pcis = {o.get("pci") for o in agent.once()["spec"]["objects"]}
        self.assertTrue("0000:33:00.0" in pcis)

    def test_tls(self):
        certificate = self.plane.path("certificates", "apiserver")
        proxy = FaultProxy(self.plane.url, tls=(certificate + ".crt", certificate + ".key"))
        self.addCleanup(proxy.close)
        client = Client(proxy.url, self.plane.token)
        self.assertEqual(client.get("/api/v1/namespaces/default")["metadata"]["name"], "default")

    def test_many(self):
        names = [f"m{i}" for i in range(20)]
        world = self.world(*names, seed=0)
        started = time.monotonic()
        for i in range(60):
            self.bind(f"p{i}", names[i % 20], {NPU: 1})
        eventually("60 devices held", lambda: (
            sum(len(d) for d in world.kubelet.truth().values()) == 60, ""), 20)
        print(f"60 pods in {time.monotonic() - started:.1f} s", end=" ", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubernetes", default="1.36.3", metavar="VERSION")
    parser.add_argument("--agent", metavar="PROGRAM", default=os.path.join(
        HERE, "../../build/release/bin/switchyard-agent"))
    return parser.parse_known_args()


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    OPTIONS, rest = arguments()
    done = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=2, warnings="ignore")
    sys.exit(0 if done.result.wasSuccessful() else 1)

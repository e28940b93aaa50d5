#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the stub kubelet without an API server: what it hands out, what it refuses, its faults."""

import concurrent.futures
import json
import os
import random
import shutil
import sys
import tempfile
import unittest

import kubelet
from kubelet import Device, Kubelet, KubeletNode

NPU = "npu.huawei.com/ascend910b"
GPU = "nvidia.com/gpu"


def devices(prefix, count, numa=True):
    """`count` devices, the first half on NUMA node 0."""
    return [Device(f"{prefix}-{i}", f"0000:{prefix[0].lower()}{i}:00.0".replace("n", "1")
                   .replace("g", "2"), (i * 2 // count,) if numa else (), f"group-{i * 2 // count}")
            for i in range(count)]


def pod(name, *limits, uid=None, init=(), second=1):
    """A bound pod; each of `limits` is a container's, each of `init` an init container's:
    (limits, restartable)."""
    def container(label, amounts, **more):
        amounts = {key: str(value) for key, value in amounts.items()}
        return {"name": label, "image": "x", **more,
                "resources": {"limits": amounts, "requests": amounts}}
    return {"metadata": {"name": name, "namespace": "default", "uid": uid or "uid-" + name,
                         "creationTimestamp": f"2026-01-01T00:00:{second:02d}Z"},
            "spec": {"containers": [container(f"c{i}", each) for i, each in enumerate(limits)],
                     "initContainers": [
                         container(f"i{i}", each,
                                   **({"restartPolicy": "Always"} if restartable else {}))
                         for i, (each, restartable) in enumerate(init)]}}


def listed(answer):
    """{(pod, container): {resource: sorted ids}} of a List answer."""
    found = {}
    for entry in answer.get("podResources", []):
        for container in entry.get("containers", []):
            ids = found.setdefault((entry["name"], container["name"]), {})
            for device in container.get("devices", []):
                ids.setdefault(device["resourceName"], set()).update(device["deviceIds"])
    return found


class StubKubelet(unittest.TestCase):
    """Each test has a kubelet of its own, on a node n1."""

    program = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="switchyard-kubelet-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, npus=4, gpus=4, name="n1", **more):
        node = KubeletNode(name, {NPU: devices("Npu", npus), GPU: devices("Gpu", gpus)}, **more)
        stub = Kubelet(self.program, self.folder, [node])
        self.addCleanup(stub.stop)
        return stub

    def states(self, stub):
        return {each["name"]: (each["state"], each.get("reason", "")) for each in stub.pods("n1")}

    def test_hands_out(self):
        stub = self.start()
        pods = [pod("a", {NPU: 2, GPU: 1}), pod("b", {GPU: 2}, second=2)]
        stub.set_pods("n1", pods)
        answer, error = stub.ask("n1")
        self.assertIsNone(error)
        got = listed(answer)
        self.assertEqual({key: {r: len(ids) for r, ids in value.items()}
                          for key, value in got.items()},
                         {("a", "c0"): {NPU: 2, GPU: 1}, ("b", "c0"): {GPU: 2}})
        self.assertFalse(got["a", "c0"][GPU] & got["b", "c0"][GPU])
        truth = stub.truth()["n1"]
        self.assertEqual(len(truth), 5)
        for pci, holders in truth.items():
            for holder in holders:
                self.assertIn(holder["id"], got[holder["name"], "c0"][holder["resource"]])
                self.assertEqual(holder["uid"], "uid-" + holder["name"])
                by_id = {d.id: d.pci for d in stub.nodes["n1"].resources[holder["resource"]]}
                self.assertEqual(by_id[holder["id"]], pci)
        # each device has an entry of its own, with its NUMA node
        entries = answer["podResources"][0]["containers"][0]["devices"]
        self.assertEqual([len(entry["deviceIds"]) for entry in entries], [1, 1, 1])
        self.assertTrue(all("topology" in entry for entry in entries))

    def test_frees(self):
        stub = self.start()
        a, b = pod("a", {GPU: 4}), pod("b", {GPU: 4}, second=2)
        stub.set_pods("n1", [a, b])
        self.assertEqual(self.states(stub), {"a": ("running", ""),
                                             "b": ("rejected", "UnexpectedAdmissionError")})
        a["status"] = {"phase": "Succeeded"}
        stub.set_pods("n1", [a, b])
        self.assertEqual(stub.held("n1"), set())
        self.assertEqual(self.states(stub)["a"], ("finished", ""))
        self.assertEqual(self.states(stub)["b"][0], "rejected")     # for good
        stub.set_pods("n1", [pod("c", {GPU: 3})])
        self.assertEqual(len(stub.held("n1")), 3)
        stub.set_pods("n1", [])
        self.assertEqual(stub.held("n1"), set())
        # the same name is another pod
        stub.set_pods("n1", [pod("c", {GPU: 4}, uid="other")])
        self.assertEqual({h["uid"] for hs in stub.truth()["n1"].values() for h in hs}, {"other"})

    def test_refused_holds_nothing(self):
        # the first container had its devices before the second one failed
        stub = self.start()
        a, b = pod("a", {NPU: 4}, {GPU: 9}), pod("b", {NPU: 4}, second=2)
        stub.set_pods("n1", [a])
        self.assertEqual(self.states(stub)["a"], ("rejected", "UnexpectedAdmissionError"))
        self.assertEqual(stub.held("n1"), set())
        stub.set_pods("n1", [a, b])
        self.assertEqual(self.states(stub)["b"], ("running", ""))

    def test_choice_is_seeded(self):
        seen = []
        for seed in (1, 1, 2, 3, 4, 5):
            stub = self.start(npus=8, gpus=8, seed=seed)
            stub.set_pods("n1", [pod("a", {NPU: 3})])
            seen.append(tuple(sorted(stub.held("n1"))))
            stub.stop()
            shutil.rmtree(stub.path("n1"))
            os.unlink(stub.process.log_path)
        self.assertEqual(seen[0], seen[1])
        self.assertGreater(len(set(seen)), 2)

    def test_unseeded(self):
        stub = self.start(npus=8, seed=0)
        seen = set()
        for i in range(20):
            stub.set_pods("n1", [pod("a", {NPU: 4}, uid=f"uid-{i}")])
            seen.add(tuple(sorted(stub.held("n1"))))
        self.assertGreater(len(seen), 3)

    def test_preferred(self):
        stub = self.start(npus=8, preferred=(NPU,))
        stub.set_pods("n1", [pod("a", {NPU: 1})])
        stub.set_pods("n1", [pod("a", {NPU: 1}), pod("b", {NPU: 4}, second=2)])
        groups = {d.pci: d.group for d in stub.nodes["n1"].resources[NPU]}
        of_b = {groups[pci] for pci, holders in stub.truth()["n1"].items()
                if holders[0]["name"] == "b"}
        self.assertEqual(of_b, {"group-1"})

    def test_single_numa_node(self):
        stub = self.start(policy="single-numa-node")
        stub.set_pods("n1", [pod("wide", {GPU: 3}), pod("pair", {GPU: 2, NPU: 2}, second=2)])
        self.assertEqual(self.states(stub), {"wide": ("rejected", "TopologyAffinityError"),
                                             "pair": ("running", "")})
        numa = {d.pci: d.numa for r in (GPU, NPU) for d in stub.nodes["n1"].resources[r]}
        self.assertEqual(len({numa[pci] for pci in stub.held("n1")}), 1)

    def test_restricted(self):
        # one GPU is left on each node: two fit, but not on as few nodes as they could have
        for policy, state in (("restricted", "rejected"), ("best-effort", "running")):
            stub = self.start(policy=policy, preferred=(GPU,))
            first = [pod("a", {GPU: 1}), pod("b", {GPU: 1, NPU: 1}, second=2),
                     pod("c", {GPU: 2}, second=3)]
            stub.set_pods("n1", first)
            stub.faults("n1", unhealthy=["Gpu-0", "Gpu-3"])
            stub.set_pods("n1", [pod("d", {GPU: 2}, second=9)])
            self.assertEqual(self.states(stub)["d"][0], state, policy)
            stub.stop()
            shutil.rmtree(stub.path("n1"))
            os.unlink(stub.process.log_path)

    def test_pod_scope(self):
        # each container fits on a node of its own; the pod as a whole on none
        for scope, state in (("container", "running"), ("pod", "rejected")):
            stub = self.start(policy="single-numa-node", scope=scope)
            stub.set_pods("n1", [pod("a", {GPU: 2}, {GPU: 2})])
            self.assertEqual(self.states(stub)["a"][0], state, scope)
            stub.stop()
            shutil.rmtree(stub.path("n1"))
            os.unlink(stub.process.log_path)

    def test_init_containers(self):
        stub = self.start()
        stub.set_pods("n1", [pod("a", {GPU: 1}, init=[({GPU: 3}, False), ({NPU: 1}, True)])])
        got = listed(stub.ask("n1")[0])
        self.assertEqual(set(got), {("a", "i1"), ("a", "c0")})     # plain ones are not listed
        held = stub.truth()["n1"]
        # but what they had stays the pod's, and the container reuses one of them
        self.assertEqual(len(held), 4)
        (gpu,) = got["a", "c0"][GPU]
        self.assertEqual({h["container"] for hs in held.values() for h in hs if h["id"] == gpu},
                         {"i0", "c0"})

    def test_health(self):
        stub = self.start(gpus=2)
        stub.faults("n1", unhealthy=["Gpu-0"])
        answer, _ = stub.ask("n1", "GetAllocatableResources")
        ids = {i for d in answer["devices"] for i in d["deviceIds"]}
        self.assertEqual(ids, {"Gpu-1", "Npu-0", "Npu-1", "Npu-2", "Npu-3"})
        stub.set_pods("n1", [pod("a", {GPU: 2}), pod("b", {GPU: 1}, second=2)])
        self.assertEqual(self.states(stub)["a"], ("rejected", "UnexpectedAdmissionError"))
        self.assertEqual(stub.held("n1"), {stub.nodes["n1"].resources[GPU][1].pci})
        stub.faults("n1", gone=["Gpu-1"])      # it is listed as held all the same
        self.assertEqual(listed(stub.ask("n1")[0])["b", "c0"][GPU], {"Gpu-1"})

    def test_restart(self):
        stub = self.start()
        stub.set_pods("n1", [pod("a", {GPU: 2, NPU: 1})])
        before = {pci: [h["uid"] for h in holders] for pci, holders in stub.truth()["n1"].items()}
        stub.restart("n1")
        self.assertEqual({pci: [h["uid"] for h in holders]
                          for pci, holders in stub.truth()["n1"].items()}, before)
        stub.set_pods("n1", [pod("a", {GPU: 2, NPU: 1}), pod("b", {GPU: 2}, second=2)])
        self.assertEqual(len(stub.held("n1")), 5)
        # and after a crash of the process
        stub.kill()
        stub.start()
        stub.set_pods("n1", [pod("a", {GPU: 2, NPU: 1}), pod("b", {GPU: 2}, second=2)])
        self.assertEqual(len(stub.held("n1")), 5)
        self.assertTrue(set(before) <= stub.held("n1"))

    def test_checkpoint(self):
        stub = self.start()
        stub.set_pods("n1", [pod("a", {GPU: 2})])
        with open(stub.checkpoint("n1"), encoding="utf-8") as file:
            document = json.load(file)
        (entry,) = document["Data"]["PodDeviceEntries"]
        self.assertEqual((entry["PodUID"], entry["ContainerName"], entry["ResourceName"]),
                         ("uid-a", "c0", GPU))
        ids = {i for group in entry["DeviceIDs"].values() for i in group}
        self.assertEqual(ids, listed(stub.ask("n1")[0])["a", "c0"][GPU])
        self.assertEqual(sorted(document["Data"]["RegisteredDevices"]), sorted([GPU, NPU]))
        self.assertIsInstance(document["Checksum"], int)

    def test_answers(self):
        stub = self.start()
        stub.set_pods("n1", [pod("a", {GPU: 2})])
        for answer, text in (("limited", "rejected by rate limit"), ("error", "100% broken"),
                             ("unimplemented", "unknown method"), ("garbage", "unmarshal"),
                             ("truncated", "unmarshal"), ("huge", "larger than max"),
                             ("hang", "DeadlineExceeded")):
            stub.faults("n1", answer=answer)
            got, error = stub.ask("n1", timeout=2)
            self.assertIsNone(got, answer)
            self.assertIn(text, error, answer)
        stub.faults("n1", answer="empty")
        self.assertEqual(stub.ask("n1"), ({}, None))
        stub.faults("n1", answer="error", method="GetAllocatableResources")
        self.assertIsNone(stub.ask("n1")[1])
        self.assertIsNotNone(stub.ask("n1", "GetAllocatableResources")[1])
        stub.faults("n1", unmapped=True)
        self.assertTrue(all(i.startswith("unheard-of-")
                            for i in listed(stub.ask("n1")[0])["a", "c0"][GPU]))
        stub.faults("n1", claims={"default/a/c0": [
            {"name": "claim", "driver": "gpu.nvidia.com", "pool": "n1", "device": "gpu-0"}]})
        (container,) = stub.ask("n1")[0]["podResources"][0]["containers"]
        self.assertEqual(container["dynamicResources"][0]["claimResources"][0]["deviceName"],
                         "gpu-0")
        stub.faults("n1")
        self.assertIsNone(stub.ask("n1")[1])

    def test_socket(self):
        stub = self.start()
        stub.faults("n1", socket="absent")
        self.assertFalse(os.path.exists(stub.socket("n1")))
        stub.faults("n1", socket="refused")
        self.assertFalse(os.path.exists(stub.socket("n1")))
        stub.faults("n1")
        self.assertIsNone(stub.ask("n1")[1])
        stub.faults("n1", socket="refused")
        self.assertTrue(os.path.exists(stub.socket("n1")))
        self.assertIn("connection refused", stub.ask("n1")[1])
        stub.faults("n1", delay_ms=300)
        self.assertIsNone(stub.ask("n1")[1])
        self.assertIsNotNone(stub.ask("n1", timeout=0)[1])

    def test_finished_are_listed(self):
        stub = self.start()
        a = pod("a", {GPU: 2})
        stub.set_pods("n1", [a])
        a["status"] = {"phase": "Succeeded"}
        stub.set_pods("n1", [a])
        self.assertEqual(listed(stub.ask("n1")[0]), {})
        stub.faults("n1", list_finished=True)
        self.assertEqual(len(listed(stub.ask("n1")[0])["a", "c0"][GPU]), 2)
        self.assertEqual(stub.held("n1"), set())

    def test_rate_limit(self):
        stub = self.start()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: stub.ask("n1"), range(16)))
        self.assertTrue(any(error is None for _, error in answers))
        for _, error in answers:
            if error:
                self.assertIn("rejected by rate limit", error)

    def test_many_nodes(self):
        nodes = [KubeletNode(f"n{i}", {GPU: devices("Gpu", 8)}) for i in range(200)]
        stub = Kubelet(self.program, self.folder, nodes)
        self.addCleanup(stub.stop)
        for i in random.Random(7).sample(range(200), 20):
            stub.set_pods(f"n{i}", [pod(f"p{i}", {GPU: 3})])
        self.assertEqual(sum(len(held) for held in stub.truth().values()), 60)

    def test_refuses_nonsense(self):
        for change, text in (({"name": ""}, "no name"), ({"numa_nodes": 0}, "numaNodes is 0"),
                             ({"policy": "strict"}, "unknown policy"),
                             ({"resources": {GPU: [Device("x", "p"), Device("x", "q")]}},
                              "device id 'x' is empty or there twice")):
            arguments = {"name": "n1", "resources": {}, **change}
            with self.assertRaisesRegex(Exception, text):
                Kubelet(self.program, self.folder, [KubeletNode(**arguments)])


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    StubKubelet.program = kubelet.build()
    done = unittest.main(exit=False, verbosity=2, warnings="ignore")
    sys.exit(0 if done.result.wasSuccessful() else 1)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the sample snapshot of the planner (deploy/examples/planner/snapshot.json), byte for byte.

    python3 deploy/examples/planner/make_snapshot.py > deploy/examples/planner/snapshot.json

Four racks of a made-up data centre: NPU machines in rack a and b, GPU machines in rack c, FPGA and
small machines in rack d. Everything is as `switchyard snapshot` writes it. Machines are drawn with
the words of deploy/examples/make_cluster.py."""
import json
import os
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from make_cluster import Machine, split, trio  # noqa: E402

TAKEN = "2026-11-22T12:00:00Z"
LISTS = ["Node", "NodeFabric", "Pod", "PodDisruptionBudget"]
FRESH, OLD, EXPIRED = "2026-11-22T11:59:40Z", "2026-11-22T11:57:30Z", "2026-11-22T11:40:00Z"
NPU, GPU = "npu.huawei.com/ascend910b", "nvidia.com/gpu"
SMALL_NPU, FPGA = "npu.huawei.com/ascend310p", "amd.com/xilinx_u250_gen3x16_xdma_shell_4_1"


def eight(part, link=False):
    """Two switches with four of one part and a NIC each; `link` joins them pair by pair."""
    m = Machine()
    found = []
    for socket in (0, 1):
        below = m.switch(socket, [part] * 4 + ["cx6"])[:4]
        found += below
        if link:
            for i in range(4):
                for j in range(i):
                    m.hccs(below[j], below[i])
    return m, found


def four_gpus():
    """Four PCIe GPUs, each on a root port of its own."""
    m = Machine()
    return m, [m.alone(socket, "l40s") for socket in (0, 0, 1, 1)]


def fpgas():
    m = Machine()
    return m, [m.alone(0, "u250"), m.alone(1, "u250"), m.alone(1, "l4")]


def edge():
    m = Machine(sockets=1)
    return m, [m.alone(0, part) for part in ("310p", "310p", "l4", "u250")]


def uid(namespace, name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "switchyard.dev/sample/%s/%s" % (namespace, name)))


class Sample:
    """Collects the objects, and which device is held by whom."""

    def __init__(self):
        self.nodes, self.fabrics, self.pods, self.budgets, self.held = [], [], [], [], {}

    def node(self, name, rack, cpu, memory_gi, extended=None, labels=None, taints=None,
             unschedulable=False, annotations=None):
        amounts = {"cpu": str(cpu), "ephemeral-storage": "1760Gi", "hugepages-2Mi": "0",
                   "memory": "%dGi" % memory_gi, "pods": "110"}
        amounts.update({key: str(value) for key, value in (extended or {}).items()})
        metadata = {"name": name, "uid": uid("", name)}
        metadata["labels"] = {"example.com/rack": rack, "kubernetes.io/arch": "amd64",
                              "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                              "topology.kubernetes.io/zone": "zone-1", **(labels or {})}
        if annotations:
            metadata["annotations"] = annotations
        spec = {}
        if taints:
            spec["taints"] = taints
        if unschedulable:
            spec["unschedulable"] = True
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
        if spec:
            node["spec"] = spec
        node["status"] = {"allocatable": amounts, "capacity": amounts,
                          "conditions": [{"type": "Ready", "status": "True"}]}
        self.nodes.append(node)

    def fabric(self, name, machine, limit=None, base=None, watts=None, sick=(), observed=FRESH):
        spec = {"source": "document", "product": "sample machine (made by hand)",
                "cpuVendor": "GenuineIntel",
                "cpuModel": "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz",
                "objects": machine.objects}
        if machine.links:
            spec["links"] = machine.links
        self.fabrics.append((name, spec, limit, base, watts, dict(sick), observed))

    def pod(self, namespace, name, node, asks, devices=(), owner=None, cpu="8", memory="64Gi",
            annotations=None, labels=None, priority=0, created="2026-11-22T08:00:00Z", **spec):
        metadata = {"name": name, "namespace": namespace, "uid": uid(namespace, name),
                    "creationTimestamp": created}
        if labels:
            metadata["labels"] = labels
        if annotations:
            metadata["annotations"] = annotations
        if owner:
            metadata["ownerReferences"] = [{"apiVersion": "batch/v1" if owner[0] == "Job" else "apps/v1",
                                            "kind": owner[0], "name": owner[1],
                                            "uid": uid(namespace, owner[1]), "controller": True}]
        amounts = {"cpu": cpu, "memory": memory, **{key: str(n) for key, n in asks.items()}}
        limits = {key: str(n) for key, n in asks.items()}
        resources = {"requests": amounts, **({"limits": limits} if limits else {})}
        body = {}
        if node:
            body["nodeName"] = node
        body.update({"schedulerName": "default-scheduler", "priority": priority})
        body.update(spec)
        body["containers"] = [{"name": "main", "resources": resources}]
        conditions = [{"type": "PodScheduled", "status": "True" if node else "False",
                       "lastTransitionTime": created if node else "2026-11-22T11:50:00Z"}]
        self.pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body,
                          "status": {"phase": "Running" if node else "Pending",
                                     "conditions": conditions}})
        for address in devices:
            self.held[node, address] = {"namespace": namespace, "name": name,
                                        "uid": uid(namespace, name), "container": "main"}

    def budget(self, namespace, name, selector, allowed, **spec):
        self.budgets.append({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                             "metadata": {"name": name, "namespace": namespace},
                             "spec": {"selector": selector, **spec},
                             "status": {"disruptionsAllowed": allowed}})

    def reports(self):
        for name, spec, limit, base, watts, sick, observed in sorted(self.fabrics, key=lambda f: f[0]):
            document = {"apiVersion": "switchyard.dev/v1alpha1", "kind": "NodeFabric",
                        "metadata": {"name": name}, "spec": spec}
            if observed:
                addresses = sorted({a for n, a in self.held if n == name} | set(sick))
                devices = []
                for address in addresses:
                    device = {"pci": address}
                    if (name, address) in self.held:
                        device.update(held=1000, holders=[self.held[name, address]])
                    if address in sick:
                        device.update(healthy=False, reason=sick[address])
                    devices.append(device)
                power = {"limitWatts": limit, "baseWatts": base, "watts": watts}
                document["status"] = {"mode": "exact", "observedTime": observed,
                                      "heartbeatTime": observed, "devices": devices, "power": power}
            yield document

    def items(self):
        def by_name(item):
            return item["metadata"].get("namespace", ""), item["metadata"]["name"]
        return (sorted(self.nodes, key=by_name) + list(self.reports())
                + sorted(self.pods, key=by_name) + sorted(self.budgets, key=by_name))


def machines(s):
    """Nodes and what is in them; gives back their devices by node."""
    found = {}
    only_gpu = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    for name, observed in (("trio-a1", FRESH), ("trio-a2", OLD)):
        m, a, b = trio()
        found[name] = a[:3] + b[:3]
        s.node(name, "a", 64, 512, {NPU: 4, GPU: 2}, {"example.com/pool": "mixed"})
        s.fabric(name, m, 4000, 900, 1900, observed=observed)
    m, npus, gpus = split()
    found["split-a3"] = npus + gpus
    s.node("split-a3", "a", 64, 512, {NPU: 4, GPU: 2}, {"example.com/pool": "mixed"})
    s.fabric("split-a3", m, 4000, 900, 1500, observed=EXPIRED)
    for name in ("npu-b1", "npu-b2"):
        m, found[name] = eight("910b", link=True)
        s.node(name, "b", 192, 1536, {NPU: 8}, {"example.com/pool": "training"})
        sick = {found[name][6]: "HBM: uncorrectable ECC errors"} if name == "npu-b2" else {}
        s.fabric(name, m, 5200, 1200, 3300 if name == "npu-b1" else 2100, sick=sick)
    for name in ("gpu-c1", "gpu-c2"):
        m, found[name] = eight("a100")
        s.node(name, "c", 128, 1024, {GPU: 8}, {"nvidia.com/gpu.product": "NVIDIA-A100-PCIE-40GB",
                                                "example.com/pool": "training"}, only_gpu)
        s.fabric(name, m, 4800, 1100, 3000)
    m, found["gpu-c3"] = four_gpus()
    s.node("gpu-c3", "c", 64, 256, {GPU: 4}, {"nvidia.com/gpu.product": "NVIDIA-L40S",
                                              "example.com/pool": "serving"}, only_gpu)
    s.fabric("gpu-c3", m, observed=None)
    m, found["fpga-d1"] = fpgas()
    s.node("fpga-d1", "d", 32, 256, {FPGA: 2, GPU: 1}, {"example.com/pool": "fpga"},
           annotations={"switchyard.dev/cordon": found["fpga-d1"][1] + "=card is being flashed"})
    s.fabric("fpga-d1", m, 1600, 400, 700)
    m, found["fpga-d2"] = fpgas()
    s.node("fpga-d2", "d", 32, 256, {FPGA: 2, GPU: 1}, {"example.com/pool": "fpga"}, unschedulable=True,
           taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}])
    s.fabric("fpga-d2", m, 1600, 400, 450)
    m, found["edge-d3"] = edge()
    s.node("edge-d3", "d", 16, 128, {SMALL_NPU: 2, GPU: 1, FPGA: 1}, {"example.com/pool": "edge"})
    s.fabric("edge-d3", m, 900, 250, 420)
    s.node("cpu-d4", "d", 96, 384, None, {"example.com/pool": "cpu"})
    return found


def workload(s, at):
    """Who runs where, and who waits."""
    gpu_toleration = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    training = {"switchyard.dev/profile": "training-sync"}
    # research: a large training on NPUs, a finished half of it on the next node, and a fine-tuning
    s.pod("research", "pretrain-0", "npu-b1", {NPU: 8}, at["npu-b1"], ("Job", "pretrain"), "96", "768Gi",
          training, {"app": "pretrain"}, 1000)
    s.pod("research", "pretrain-1", "npu-b2", {NPU: 4}, at["npu-b2"][:4], ("Job", "pretrain"), "48", "384Gi",
          training, {"app": "pretrain"}, 1000)
    s.pod("research", "finetune-0", "trio-a1", {NPU: 2, GPU: 1}, at["trio-a1"][:3], ("Job", "finetune"),
          "16", "128Gi", {"switchyard.dev/require": "switch"}, {"app": "finetune"})
    s.pod("research", "notebook-0", "trio-a2", {GPU: 1}, at["trio-a2"][2:3], ("StatefulSet", "notebook"),
          "4", "32Gi", labels={"app": "notebook"})
    # serving: replicas that a budget protects
    for i, (node, device) in enumerate((("gpu-c1", 0), ("gpu-c1", 1), ("gpu-c2", 0), ("gpu-c2", 5))):
        s.pod("serving", "chat-%d" % i, node, {GPU: 1}, [at[node][device]], ("ReplicaSet", "chat"), "8", "64Gi",
              {"switchyard.dev/profile": "inference-latency"}, {"app": "chat"}, 500,
              tolerations=gpu_toleration)
    s.budget("serving", "chat", {"matchLabels": {"app": "chat"}}, 1, minAvailable=3)
    s.pod("serving", "rank-0", "gpu-c3", {GPU: 2}, (), ("ReplicaSet", "rank"), "16", "64Gi", None,
          {"app": "rank"}, 500, tolerations=gpu_toleration,
          nodeSelector={"nvidia.com/gpu.product": "NVIDIA-L40S"})
    s.pod("serving", "translate-0", "split-a3", {NPU: 1}, at["split-a3"][:1], ("ReplicaSet", "translate"),
          "8", "32Gi", labels={"app": "translate"})
    s.pod("serving", "camera-0", "edge-d3", {SMALL_NPU: 1}, at["edge-d3"][:1], ("ReplicaSet", "camera"),
          "2", "8Gi", labels={"app": "camera"})
    # genomics: FPGAs, and a batch that leaves a node without processors
    s.pod("genomics", "align-0", "fpga-d1", {FPGA: 1}, at["fpga-d1"][:1], ("Job", "align"), "24", "96Gi")
    s.pod("genomics", "align-1", "fpga-d2", {FPGA: 1, GPU: 1}, [at["fpga-d2"][0], at["fpga-d2"][2]],
          ("Job", "align"), "12", "64Gi")
    s.pod("genomics", "index-0", "cpu-d4", {}, (), ("Job", "index"), "80", "256Gi")
    s.pod("genomics", "sort-0", "trio-a2", {}, (), ("Job", "sort"), "52", "256Gi")
    # training on GPUs, bound a moment ago: the report does not show it yet
    s.pod("vision", "resnet-0", "gpu-c1", {GPU: 4}, (), ("Job", "resnet"), "32", "256Gi", training,
          {"app": "resnet"}, created="2026-11-22T11:59:50Z", tolerations=gpu_toleration)
    # waiting: for a whole trio, for more than any node has, for a GPU that nobody tolerates to give
    s.pod("research", "finetune-1", None, {NPU: 2, GPU: 1}, (), ("Job", "finetune"), "16", "128Gi",
          {"switchyard.dev/require": "switch"}, {"app": "finetune"}, created="2026-11-22T11:50:00Z")
    s.pod("vision", "bigresnet-0", None, {GPU: 16}, (), ("Job", "bigresnet"), "64", "512Gi", training,
          created="2026-11-22T11:50:00Z", tolerations=gpu_toleration)
    s.pod("vision", "eval-0", None, {GPU: 4}, (), ("Job", "eval"), "16", "64Gi",
          created="2026-11-22T11:50:00Z")


def main():
    s = Sample()
    workload(s, machines(s))
    items = list(s.items())
    out = sys.stdout
    out.write('{"apiVersion":"switchyard.dev/v1alpha1","kind":"Snapshot","metadata":%s,"items":[\n'
              % json.dumps({"takenTime": TAKEN, "lists": LISTS}, separators=(",", ":")))
    for i, item in enumerate(items):
        out.write(json.dumps(item, separators=(",", ":")) + (",\n" if i + 1 < len(items) else "\n"))
    out.write("]}\n")


if __name__ == "__main__":
    main()

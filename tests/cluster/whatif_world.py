# SPDX-License-Identifier: Apache-2.0
"""Random nodes and pods for the comparison of whatif with kube-scheduler: every filter and score
that the model has is asked for by some of the pods, and answered differently by the nodes."""

import os

from objects import GPU, NPU

MACHINES = {    # name -> (hwloc file of tests/machines/made, its devices)
    "mixed": ("mixed-4npu-2gpu-2fpga.xml", {NPU: 4, GPU: 2}),
    "dgx": ("dgx-a100-like.xml", {GPU: 8}),
    "atlas": ("atlas-800t-a2-like.xml", {NPU: 8}),
    "vm": ("vm-flat-p4d-like.xml", {GPU: 8}),
}
ZONES = ("east", "north", "west")
FAILED_KEY, SOFT_KEY = "example.com/failed", "example.com/avoid"


def read_machines(folder):
    """The hwloc XML of every machine, by name."""
    texts = {}
    for name, (path, _) in MACHINES.items():
        with open(os.path.join(folder, path), "rb") as file:
            texts[name] = file.read()
    return texts


def some(dice, share, make):
    return make() if dice.random() < share else None


def node_taints(dice):
    taints = []
    if dice.random() < 0.2:
        taints.append({"key": "dedicated", "value": dice.choice(("train", "serve")),
                       "effect": "NoSchedule"})
    if dice.random() < 0.1:
        taints.append({"key": FAILED_KEY, "effect": "NoExecute"})
    for key in (SOFT_KEY, "example.com/old", "dedicated"):
        if dice.random() < 0.25:
            taints.append({"key": key, "value": dice.choice(("", "a")),
                           "effect": "PreferNoSchedule"})
    dice.shuffle(taints)
    return taints


def node_labels(dice, name):
    labels = {"kubernetes.io/hostname": name, "zone": dice.choice(ZONES)}
    disk = dice.choice(("ssd", "hdd", None))
    if disk:
        labels["example.com/disk"] = disk
    generation = dice.choice(("1", "3", "5", "7", "07", "new", None))
    if generation:
        labels["generation"] = generation
    if dice.random() < 0.3:
        labels["empty"] = ""
    return labels


def make_node(dice, number):
    """(Node object, name of its machine or None, is its fabric told?)"""
    name = f"node-{number:02}"
    machine = ("mixed", "dgx", None, "atlas", "vm", "mixed", None, "dgx")[number % 8]
    cpu = dice.choice(("3920m", "8", "15900m", "32", "63.5", "96"))
    memory = dice.choice(("7Gi", "15.5Gi", "33000Mi", "64e9", "131072000Ki", "256Gi", "515G"))
    amounts = {"cpu": cpu, "memory": memory, "pods": dice.choice(("5", "12", "110", "110")),
               "ephemeral-storage": dice.choice(("20Gi", "94e9", "1Ti"))}
    if dice.random() < 0.3:
        amounts["hugepages-2Mi"] = dice.choice(("512Mi", "1Gi"))
    if dice.random() < 0.4:
        amounts["example.com/token"] = str(dice.randrange(1, 6))
    if machine:
        amounts.update({r: str(n) for r, n in MACHINES[machine][1].items()})
    spec = {}
    taints = node_taints(dice)
    if taints:
        spec["taints"] = taints
    if dice.random() < 0.1:
        spec["unschedulable"] = True
    document = {"metadata": {"name": name, "labels": node_labels(dice, name)}, "spec": spec,
                "status": {"capacity": amounts, "allocatable": amounts,
                           "conditions": [{"type": "Ready", "status": "True"}]}}
    return document, machine, bool(machine) and dice.random() < 0.85


def expression(dice):
    kind = dice.randrange(6)
    if kind == 0:
        return {"key": "zone", "operator": "In", "values": dice.sample(ZONES, dice.randrange(1, 3))}
    if kind == 1:
        return {"key": dice.choice(("zone", "example.com/disk")), "operator": "NotIn",
                "values": ["east", "ssd"]}
    if kind == 2:
        return {"key": dice.choice(("example.com/disk", "empty")), "operator": "Exists"}
    if kind == 3:
        return {"key": dice.choice(("example.com/disk", "empty", "none")),
                "operator": "DoesNotExist"}
    return {"key": "generation", "operator": ("Gt", "Lt")[kind - 4],
            "values": [str(dice.randrange(0, 7))]}


def term(dice, names):
    """A node selector's term; now and then an empty one, or one that names a node."""
    chance = dice.random()
    if chance < 0.05:
        return {}
    if chance < 0.15:
        return {"matchFields": [{"key": "metadata.name", "operator": dice.choice(("In", "NotIn")),
                                 "values": [dice.choice(names)]}]}
    return {"matchExpressions": [expression(dice) for _ in range(dice.choice((1, 1, 2)))]}


def affinity(dice, names):
    found = {}
    if dice.random() < 0.3:
        found["requiredDuringSchedulingIgnoredDuringExecution"] = {
            "nodeSelectorTerms": [term(dice, names) for _ in range(dice.choice((1, 1, 2, 3)))]}
    if dice.random() < 0.45:
        found["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": dice.randrange(1, 101), "preference": term(dice, names)}
            for _ in range(dice.randrange(1, 4))]
    return {"nodeAffinity": found} if found else None


def tolerations(dice):
    choices = [
        {"key": "dedicated", "operator": "Equal", "value": dice.choice(("train", "serve"))},
        {"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"},
        {"key": SOFT_KEY, "operator": "Exists"},
        {"key": SOFT_KEY, "value": "a", "effect": "PreferNoSchedule"},
        {"key": FAILED_KEY, "operator": "Exists", "effect": "NoExecute"},
        {"key": "example.com/old", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"},
        {"operator": "Exists", "effect": "PreferNoSchedule"},
        {"operator": "Exists"},
    ]
    return dice.sample(choices, dice.choice((1, 1, 2, 3)))


def requests(dice):
    """Of a container; {} asks for nothing."""
    found = {}
    if dice.random() < 0.8:
        found["cpu"] = dice.choice(("1m", "50m", "0.25", "500m", "1", "1500m", "3", "4", "7"))
    if dice.random() < 0.8:
        found["memory"] = dice.choice(("1", "64Mi", "1e8", "512Mi", "1.5Gi", "2G", "6Gi", "20Gi"))
    if dice.random() < 0.15:
        found["ephemeral-storage"] = dice.choice(("1Gi", "10Gi", "60e9"))
    return found


def devices(dice):
    """What a pod's main container has as limits."""
    chance = dice.random()
    if chance < 0.22:
        return {GPU: dice.choice(("1", "1", "2", "4"))}
    if chance < 0.40:
        return {NPU: dice.choice(("1", "2", "4"))}
    if chance < 0.52:
        return {NPU: dice.choice(("1", "2")), GPU: "1"}
    if chance < 0.58:
        return {"example.com/token": dice.choice(("1", "2"))}
    if chance < 0.61:
        return {"hugepages-2Mi": "256Mi"}
    return {}


def annotations(dice, limits):
    found = {}
    if NPU not in limits and GPU not in limits:
        return found
    if dice.random() < 0.25:
        found["switchyard.dev/require"] = dice.choice(("switch", "root", "numa", "socket"))
        if dice.random() < 0.3:
            found["switchyard.dev/require-guaranteed"] = "true"
    if dice.random() < 0.15:
        found["switchyard.dev/min-bandwidth"] = dice.choice(("4", "12.5", "24"))
    if dice.random() < 0.2:
        found["switchyard.dev/expected-watts"] = dice.choice(("150", "800", "3000"))
    if dice.random() < 0.3:
        found["switchyard.dev/profile"] = dice.choice(("training-sync", "io-heavy"))
    return found


def make_pod(dice, number, names):
    limits = devices(dice)
    main = requests(dice)
    if "hugepages-2Mi" in limits:       # only with CPU or memory beside it
        main.setdefault("cpu", "100m")
    if dice.random() < 0.05:
        main["cpu"] = dice.choice(("80", "200"))    # few nodes, or none
    containers = [{"name": "main", "image": "example.invalid/work:1",
                   "resources": {"requests": {**main, **limits}, "limits": limits}}]
    for i in range(dice.choice((0, 0, 0, 1, 2))):
        containers.append({"name": f"side-{i}", "image": "example.invalid/work:1",
                           "resources": {"requests": requests(dice)}})
    spec = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0,
            "containers": containers}
    first = [{"name": f"init-{i}", "image": "example.invalid/work:1",
              "resources": {"requests": requests(dice)},
              **({"restartPolicy": "Always"} if dice.random() < 0.4 else {})}
             for i in range(dice.choice((0, 0, 0, 1, 2)))]
    chosen = {"initContainers": first or None,
              "nodeSelector": some(dice, 0.15, lambda: {"zone": dice.choice(ZONES)}),
              "affinity": affinity(dice, names),
              "tolerations": some(dice, 0.5, lambda: tolerations(dice))}
    spec.update({key: value for key, value in chosen.items() if value})
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"pod-{number:03}", "namespace": "default",
                         "annotations": annotations(dice, limits)},
            "spec": spec}

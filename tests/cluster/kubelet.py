# SPDX-License-Identifier: Apache-2.0
"""The stub kubelet (kubelet/): one process that is the kubelet of many nodes."""

import dataclasses
import json
import os
import re
import subprocess

from processes import Failure, Process, eventually
from rest import Client

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclasses.dataclass(frozen=True)
class Device:
    """A device as its plugin names it, and the PCI address that it really is."""

    id: str
    pci: str
    numa: tuple = ()    # none: the plugin says nothing of NUMA nodes
    group: str = ""     # a preferring plugin takes devices of one group


@dataclasses.dataclass
class KubeletNode:
    """How one node's kubelet is configured; `resources` is {name: [Device]}."""

    name: str
    resources: dict
    numa_nodes: int = 2
    policy: str = "none"
    scope: str = "container"
    options: dict = dataclasses.field(default_factory=dict)
    preferred: tuple = ()   # the resources whose plugin asks for a good set
    seed: int = 1           # 0: the kubelet's own random order
    report: bool = False    # write the counts into the Node's status

    def config(self, socket, state):
        return {"name": self.name, "socket": socket, "state": state,
                "numaNodes": self.numa_nodes, "policy": self.policy, "scope": self.scope,
                "options": self.options, "seed": self.seed, "report": self.report,
                "resources": {
                    name: {"preferred": name in self.preferred,
                           "devices": [{"id": d.id, "pci": d.pci, "numa": list(d.numa),
                                        "group": d.group} for d in devices]}
                    for name, devices in self.resources.items()}}

    def kubelet_configuration(self):
        """The same as the file that a kubelet reads (JSON is YAML)."""
        return {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
                "topologyManagerPolicy": self.policy, "topologyManagerScope": self.scope,
                **({"topologyManagerPolicyOptions": self.options} if self.options else {})}


class Kubelet:
    """The running process. Without a kubeconfig, pods come from `set_pods` alone."""

    def __init__(self, program, folder, nodes, kubeconfig=None, name="kubelet", verbose=False):
        self.program = program
        self.nodes = {node.name: node for node in nodes}
        self.folder = folder
        self.log_name = name
        self.admin = None
        config = {"verbose": verbose, "nodes": []}
        if kubeconfig:
            config["kubeconfig"] = kubeconfig
        for node in nodes:
            os.makedirs(self.path(node.name), exist_ok=True)
            config["nodes"].append(node.config(self.socket(node.name), self.state(node.name)))
            with open(self.config_file(node.name), "w", encoding="utf-8") as file:
                json.dump(node.kubelet_configuration(), file)
        self.config_path = os.path.join(folder, name + ".json")
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.start()

    # ---- where things are

    def path(self, node, *parts):
        return os.path.join(self.folder, node, *parts)

    def socket(self, node):
        """PodResources."""
        return self.path(node, "kubelet.sock")

    def state(self, node):
        """The folder device-plugins of a kubelet, where its checkpoint is."""
        return self.path(node, "device-plugins")

    def checkpoint(self, node):
        return os.path.join(self.state(node), "kubelet_internal_checkpoint")

    def config_file(self, node):
        return self.path(node, "config.yaml")

    # ---- the process

    def start(self):
        self.process = Process(self.log_name, [self.program, "-config", self.config_path],
                               self.folder)
        started = len(re.findall(r"^admin=", self.process.log(), re.M)) if self.admin else 0

        def probe():
            self.process.check()
            found = re.findall(r"^admin=(\S+) ", self.process.log(), re.M)
            return len(found) > started, found[-1] if found else self.process.log()
        self.admin = Client("http://" + eventually("the stub kubelet ready", probe, 60))

    def kill(self):
        """Ends all of its kubelets at once, without a goodbye."""
        self.process.child.kill()
        self.process.child.wait()

    def stop(self):
        return self.process.stop()

    # ---- what it knows

    def truth(self):
        """{node: {pci: [holder]}}; a holder has namespace, name, uid, container, resource, id
        and since, the time of admission."""
        return self.admin.get("/truth")

    def held(self, node):
        """The PCI addresses that pods of a node hold."""
        return set(self.truth()[node])

    def pods(self, node):
        """[{namespace, name, uid, state, reason, since}]; a state is admitting, running,
        rejected or finished."""
        return self.admin.get("/pods")[node]

    def ask(self, node, method="List", timeout=5):
        """The answer of a node's PodResources to a Go client: (JSON, None) or (None, error)."""
        done = subprocess.run([self.program, "-ask", self.socket(node), "-method", method,
                               "-timeout", str(timeout)],
                              capture_output=True, check=False, text=True)
        if done.returncode != 0:
            return None, done.stderr.strip()
        return json.loads(done.stdout), None

    # ---- what goes wrong

    def faults(self, *nodes, **faults):
        """Replaces the faults of the nodes, or of all; see the type Faults in kubelet/admin.go.

            faults("n1", socket="absent")       faults("n1", unhealthy=["GPU-1"])
            faults(answer="garbage")            faults()    # all is well again
        """
        names = {"delay_ms": "delayMs", "list_finished": "listFinished"}
        body = {names.get(key, key): value for key, value in faults.items()}
        self.admin.post("/faults", {"nodes": list(nodes), "faults": body})

    def restart(self, *nodes):
        """Restarts the kubelet of the nodes, or of all; allocations come from the checkpoint."""
        self.admin.post("/restart", {"nodes": list(nodes)})

    def set_pods(self, node, pods):
        """What the API would list for a node."""
        self.admin.post("/pods", {"node": node, "pods": pods})


def build():
    """Builds the stub, or finds it built; returns the program."""
    done = subprocess.run([os.path.join(HERE, "build.sh"), "--kubelet"],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failure(f"build.sh --kubelet failed with status {done.returncode}")
    return os.path.join(done.stdout.decode().strip(), "kubelet-stub")

# SPDX-License-Identifier: Apache-2.0
"""A world for agents: nodes with a fake sysfs tree, a stub kubelet and an agent each."""

import json
import os
import subprocess

import objects
import sysfs
from kubelet import Device, Kubelet, KubeletNode
from objects import GPU, NODES, NPU
from processes import Failure, Process, eventually

FPGA = "amd.com/xilinx_u250_gen3x16_xdma_shell_4_1-0"
FABRICS = "/apis/switchyard.dev/v1alpha1/nodefabrics"


def plugin_devices(machine, fpga=False):
    """What the vendors' plugins would list on a machine: {resource: [Device]}.

    Ids are of the plugins' own forms; the group is the switch (or root port) that
    a device hangs on.
    """
    def listed(functions, name):
        return [Device(name(i, f), f.address, (f.numa,) if f.numa >= 0 else (),
                       "/".join(f.above[:3])) for i, f in enumerate(functions)]
    found = {
        NPU: listed(machine.devices(sysfs.HUAWEI, 0x1200), lambda i, _: f"Ascend910-{i}"),
        GPU: listed([f for f in machine.devices(sysfs.NVIDIA) if f.uuid], lambda _, f: f.uuid)}
    if fpga:
        found[FPGA] = listed([f for f in machine.devices(sysfs.AMD_XILINX)
                              if f.address.endswith(".1")], lambda _, f: f.address)
    return {resource: devices for resource, devices in found.items() if devices}


class Agent:
    """switchyard-agent on one node; it runs from `start` to `stop` or `kill`."""

    def __init__(self, program, node, tree, kubelet, kubeconfig, log_folder, extra=()):
        self.looks = [program, "--node", node, "--sysfs-root", tree.root,
                      "--kubelet-socket", kubelet.socket(node),
                      "--checkpoint", kubelet.checkpoint(node),
                      "--kubelet-config", kubelet.config_file(node), *extra]
        self.command = [*self.looks, "--kubeconfig", kubeconfig]
        self.name = f"agent-{node}"
        self.log_folder = log_folder
        self.process = None

    def start(self):
        if not self.process:
            self.process = Process(self.name, self.command, self.log_folder)

    def kill(self):
        """Ends it at once, without a goodbye."""
        if self.process:
            process, self.process = self.process, None
            process.child.kill()
            process.child.wait()

    def stop(self):
        """Ends it politely; it must end cleanly."""
        if self.process:
            process, self.process = self.process, None
            process.check()
            status = process.stop()
            if status != 0:
                raise Failure(f"{self.name} ended with status {status}, not 0, at SIGTERM:\n"
                              + "\n".join(process.log().splitlines()[-15:]))

    def once(self):
        """What it would publish now; the API is not asked."""
        done = subprocess.run([*self.looks, "--once", "-o", "json"], capture_output=True,
                              check=False, timeout=60)
        if done.returncode != 0:
            raise Failure(f"{self.name} --once ended with status {done.returncode}: "
                          f"{done.stderr.decode(errors='replace')[-500:]}")
        return json.loads(done.stdout)

    def check(self):
        if self.process:
            self.process.check()


class World:
    """Nodes by name, each with a tree, all with one stub kubelet; agents come with `start_agents`.

    `folder` holds it all (keep it short: sockets are in it); `kubelets` are more
    settings of KubeletNode, for all nodes or by name.
    """

    def __init__(self, stub, folder, names, machine_xml, kubeconfig=None, fpga=False, **kubelets):
        self.folder = folder
        self.trees = {}
        nodes = []
        for name in names:
            machine = sysfs.read_machine(machine_xml, seed=name, full_links=True)
            root = os.path.join(folder, name, "root")
            os.makedirs(root)
            self.trees[name] = sysfs.Tree(root, machine)
            settings = {"resources": plugin_devices(machine, fpga),
                        "numa_nodes": sum(len(n) for n in machine.packages.values()), **kubelets}
            nodes.append(KubeletNode(name, **settings))
        self.kubelet = Kubelet(stub, folder, nodes, kubeconfig)
        self.agents = {}

    def node_object(self, name, **more):
        """The Node as the API has it, with the counts of the plugins."""
        counts = {resource: len(devices)
                  for resource, devices in self.kubelet.nodes[name].resources.items()}
        return objects.node(name, counts, **more)

    def post_nodes(self, api, **more):
        for name in self.trees:
            api.post(NODES, self.node_object(name, **more))

    def start_agents(self, program, kubeconfig, log_folder, extra=()):
        """An agent for each node; `extra` are more arguments."""
        for name in self.trees:
            self.agents[name] = self.agent(program, name, kubeconfig, log_folder, extra)
            self.agents[name].start()

    def agent(self, program, name, kubeconfig=None, log_folder=None, extra=()):
        """The agent of a node, not started yet."""
        return Agent(program, name, self.trees[name], self.kubelet, kubeconfig,
                     log_folder or self.folder, extra)

    # ---- what is, and what is said

    def truth(self, node=None):
        """{node: {pci: {(namespace, name, uid, container)}}}, or of one node what is in it."""
        found = {name: {pci: {(h["namespace"], h["name"], h["uid"], h["container"])
                              for h in holders} for pci, holders in devices.items()}
                 for name, devices in self.kubelet.truth().items()}
        return found if node is None else found[node]

    @staticmethod
    def reported(document):
        """The same of a NodeFabric, devices that are not held left out."""
        found = {}
        for device in (document or {}).get("status", {}).get("devices", []):
            if device.get("held"):
                found[device["pci"]] = {
                    (h.get("namespace"), h.get("name"), h.get("uid"), h.get("container"))
                    for h in device.get("holders", [])}
        return found

    def probe_reported(self, api, names=None, compare=lambda holders: holders):
        """A probe for `eventually`: do the NodeFabrics say what is true?

        `compare` is applied to each holder: lambda h: h[:2] compares names alone.
        """
        documents = {d["metadata"]["name"]: d for d in api.get(FABRICS)["items"]}

        def those(devices):
            return {pci: {compare(h) for h in holders} for pci, holders in devices.items()}
        wrong = {}
        truth = self.truth()
        for name in names or self.trees:
            says, is_so = those(self.reported(documents.get(name))), those(truth[name])
            if says != is_so:
                wrong[name] = {"reported": says, "true": is_so}
        return not wrong, dict(list(wrong.items())[:2])

    def wait_reported(self, api, limit=10, **options):
        eventually("the NodeFabrics say what is true",
                   lambda: self.probe_reported(api, **options), limit)

    def check(self):
        self.kubelet.process.check()
        for agent in self.agents.values():
            agent.check()

    def stop(self):
        for agent in self.agents.values():
            agent.stop()
        self.kubelet.stop()

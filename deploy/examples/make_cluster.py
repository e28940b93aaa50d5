#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the node documents of the sample cluster (deploy/examples/cluster/*.json), byte for byte.

    python3 deploy/examples/make_cluster.py deploy/examples/cluster

Each machine is described the way one would sketch it on paper: sockets, and below each socket its
root ports with a switch or a device. The XML machines beside them are copies of
tests/machines/made/."""
import json
import sys

GEN4_X16, GEN4_X8, GEN4_X4, GEN5_X16 = 31.507, 15.753, 7.876, 63.015  # GB/s, one direction
ROOT_PORT, SWITCH = ("8086:347a", "0604"), ("1000:c010", "0604")
PARTS = {  # class, id, subsystem
    "910b": ("1200", "19e5:d802", "19e5:3000"),
    "310p": ("1200", "19e5:d500", "19e5:0100"),
    "a100": ("0302", "10de:20b5", "10de:1533"),
    "l40s": ("0302", "10de:26b9", "10de:1851"),
    "l4": ("0302", "10de:27b8", "10de:16ee"),
    "cx6": ("0207", "15b3:101b", "15b3:0007"),
    "u250": ("1200", "10ee:5004", "10ee:000e"),
}


class Machine:
    """Collects the flat object list of one machine; buses are handed out in order."""

    def __init__(self, sockets=2, numa_known=True):
        self.objects = [{"type": "Machine"}]
        self.numa, self.links, self.numa_known = [], [], numa_known
        self.bus = 0x10
        self.count = {}
        for s in range(sockets):
            self.objects.append({"type": "Package", "parent": 0, "index": s})
            package = len(self.objects) - 1
            self.objects.append({"type": "NUMANode", "parent": package, "index": s, "memoryMiB": 262144})
            self.numa.append(len(self.objects) - 1)

    def add(self, **members):
        self.objects.append(members)
        return len(self.objects) - 1

    def take_bus(self):
        self.bus += 1
        return self.bus - 1

    def root(self, socket, below):
        """A host bridge with one root port on `socket`; `below(bus, port)` fills what hangs there."""
        root_bus = self.take_bus()
        parent = self.numa[socket] if self.numa_known else 0
        bridge = self.add(type="HostBridge", parent=parent, pci="0000:%02x" % root_bus)
        port = self.add(type="Bridge", parent=bridge, pci="0000:%02x:01.0" % root_bus, id=ROOT_PORT[0],
                        **{"class": ROOT_PORT[1]}, linkGBps=GEN4_X16)
        first = self.bus
        below(port)
        last = "%02x" % (self.bus - 1)
        self.objects[port]["buses"] = "%02x-%s" % (first, last)
        self.objects[bridge]["buses"] = "%02x-%s" % (root_bus, last)

    def device(self, parent, part, bus=None, link=GEN4_X16, best=GEN4_X16, name=None):
        bus = self.take_bus() if bus is None else bus
        cls, ids, subsystem = PARTS[part]
        kind = {"0302": "gpu", "0207": "mlx5_"}.get(cls, "fpga" if part == "u250" else "npu")
        number = self.count.get(kind, 0)
        self.count[kind] = number + 1
        addr = "0000:%02x:00.0" % bus
        self.add(type="PCIDev", parent=parent, pci=addr, **{"class": cls}, id=ids, subsystem=subsystem,
                 linkGBps=link, maxLinkGBps=best, name=name or "%s%d" % (kind, number))
        if part == "u250":  # management function .0, user function .1
            self.add(type="PCIDev", parent=parent, pci="0000:%02x:00.1" % bus, **{"class": cls},
                     id="10ee:5005", subsystem=subsystem, linkGBps=link, maxLinkGBps=best)
            addr = "0000:%02x:00.1" % bus
        return addr

    def switch(self, socket, parts, **link):
        """A root port with one switch, and one part per downstream port."""
        found = []

        def below(port):
            up_bus = self.take_bus()
            up = self.add(type="Bridge", parent=port, pci="0000:%02x:00.0" % up_bus, id=SWITCH[0],
                          **{"class": SWITCH[1]}, linkGBps=GEN4_X16)
            inner = self.take_bus()
            for slot, part in enumerate(parts):
                bus = self.take_bus()
                down = self.add(type="Bridge", parent=up, pci="0000:%02x:%02x.0" % (inner, 4 * slot),
                                id=SWITCH[0], **{"class": SWITCH[1]}, buses="%02x-%02x" % (bus, bus),
                                linkGBps=GEN4_X16)
                found.append(self.device(down, part, bus, link=link.get(part, GEN4_X16)))
            self.objects[up]["buses"] = "%02x-%02x" % (inner, self.bus - 1)
        self.root(socket, below)
        return found

    def alone(self, socket, part, link=GEN4_X16):
        """One part on a root port of its own."""
        found = []
        self.root(socket, lambda port: found.append(self.device(port, part, link=link)))
        return found[0]

    def hccs(self, a, b):
        self.links.append({"a": a, "b": b, "type": "HCCS", "gbps": 28.0})


def held(addr, pod, container="main"):
    return {"pci": addr, "held": 1000,
            "holders": [{"namespace": "research", "name": pod, "uid": "uid-of-" + pod, "container": container}]}


def sick(addr, reason):
    return {"pci": addr, "healthy": False, "reason": reason}


def status(devices=(), limit=4000, base=900):
    return {"mode": "exact", "devices": list(devices), "power": {"limitWatts": limit, "baseWatts": base}}


def document(name, machine=None, usage=None, rack="r1", product="sample machine (made by hand)"):
    doc = {"apiVersion": "switchyard.dev/v1alpha1", "kind": "NodeFabric",
           "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": "z1", "example.com/rack": rack}}}
    if machine:
        doc["spec"] = {"source": "document", "product": product, "cpuVendor": "GenuineIntel",
                       "cpuModel": "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz", "objects": machine.objects}
        if machine.links:
            doc["spec"]["links"] = machine.links
    if usage:
        doc["status"] = usage
    return doc


def trio():
    """Two switches, each with two NPUs (an HCCS pair), one GPU and one NIC."""
    m = Machine()
    a = m.switch(0, ["910b", "910b", "a100", "cx6"])
    b = m.switch(1, ["910b", "910b", "a100", "cx6"])
    m.hccs(a[0], a[1])
    m.hccs(b[0], b[1])
    return m, a, b


def split():
    """The NPUs on one socket, the GPUs on the other, each on a root port of its own."""
    m = Machine()
    npus = [m.alone(0, "910b") for _ in range(4)]
    m.hccs(npus[0], npus[1])
    m.hccs(npus[2], npus[3])
    gpus = [m.alone(1, "a100") for _ in range(2)]
    return m, npus, gpus


def degraded():
    """As trio, but the NPUs trained to four lanes."""
    m = Machine()
    for socket in (0, 1):
        npus = m.switch(socket, ["910b", "910b", "a100", "cx6"], **{"910b": GEN4_X4})
        m.hccs(npus[0], npus[1])
    return m


def flat_vm():
    """A virtual machine that hides where its devices sit."""
    m = Machine(numa_known=False)
    for part in ("910b", "910b", "a100"):
        m.alone(0, part, link=0)
    return m


def edge():
    """Small cards only."""
    m = Machine(sockets=1)
    for part in ("310p", "310p", "l4", "u250"):
        m.alone(0, part)
    return m


def documents():
    m, a, b = trio()
    yield "trio-1", document("trio-1", m, status())
    yield "trio-2", document("trio-2", m, status([sick(a[2], "ECC errors over the limit"), held(b[0], "tokenizer-0")]), "r1")
    yield "trio-3", document("trio-3", m, status([held(x, "finetune-2") for x in b[:3]]), "r2")
    yield "trio-full", document("trio-full", m, status([held(x, "pretrain-7") for x in a[:2] + b[:2]]), "r1")
    yield "trio-hot", document("trio-hot", m, status([held(a[0], "etl-1"), held(a[2], "etl-1")], limit=2900, base=1300), "r2")
    yield "trio-unreported", document("trio-unreported", m, None, "r2")
    m, npus, gpus = split()
    yield "split-1", document("split-1", m, status(), "r2")
    yield "split-2", document("split-2", m, status([held(npus[0], "batch-3"), held(gpus[0], "batch-3")]), "r2")
    yield "degraded-1", document("degraded-1", degraded(), status(), "r2")
    yield "flat-vm-1", document("flat-vm-1", flat_vm(), status(limit=2200, base=500), "r3", "virtual machine")
    yield "edge-1", document("edge-1", edge(), status(limit=1200, base=300), "r3")
    # status documents of the XML machines
    yield "mixed-1.status", document("mixed-1", None, status(limit=5200, base=1000), "r1")
    yield "mixed-2.status", document("mixed-2", None, status(
        [held("0000:19:00.0", "serve-0"), held("0000:9a:00.0", "serve-1"), held("0000:33:00.0", "serve-1")],
        limit=5200, base=1000), "r1")
    yield "atlas-1.status", document("atlas-1", None, status(limit=5600, base=1200), "r3")
    yield "p4d-1.status", document("p4d-1", None, status(limit=4800, base=1000), "r3")
    yield "dgx-1.status", document("dgx-1", None, status(limit=6500, base=1500), "r3")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    for name, doc in documents():
        with open("%s/%s.json" % (folder, name), "w") as out:
            json.dump(doc, out, indent=1)
            out.write("\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a feed of N made nodes in S distinct states: make_feed.py FOLDER N S

Nodes are mixed machines of 8 to 16 devices: two sockets, each with one or two
switches that carry NPUs, GPUs, an FPGA and a NIC. A state is a machine's form
and which of its devices are held. All is decided by the node's number.
"""

import json
import os
import random
import sys

API_VERSION = "switchyard.dev/v1alpha1"
NPU = ("1200", "19e5:d802", "19e5:3000")
GPU = ("0302", "10de:20b5", "10de:1533")
NIC = ("0200", "15b3:101b", "15b3:0007")
FPGA = ("1200", "10ee:5001", "10ee:000e")
LINK = {"linkGBps": 31.507, "maxLinkGBps": 31.507}

# What hangs at each switch; a form has two to four of them, alternating between the sockets.
FORMS = (
    ((NPU, NPU, GPU, NIC), (NPU, NPU, GPU, NIC)),
    ((NPU, NPU, NPU, NPU), (GPU, GPU, NIC), (GPU, GPU, NIC)),
    ((NPU, NPU, GPU, GPU), (NPU, NPU, GPU, NIC), (NPU, GPU, NIC)),
    ((NPU, NPU, GPU, NIC), (NPU, NPU, GPU, NIC), (NPU, NPU, GPU, NIC), (NPU, NPU, GPU, NIC)),
    ((NPU, NPU, NPU, GPU), (NPU, GPU, NIC), (NPU, GPU), (GPU, NPU, NIC)),
)


def inventory(form):
    objects = [{"type": "Machine"}]

    def add(**members):
        objects.append(members)
        return len(objects) - 1

    numa = []
    for socket in range(2):
        package = add(type="Package", parent=0, index=socket)
        numa.append(add(type="NUMANode", parent=package, index=socket, memoryMiB=262144))
    devices = []
    for number, switch in enumerate(form):
        root = 0x10 + 0x20 * number
        last = root + 2 + len(switch)
        host = add(type="HostBridge", parent=numa[number % 2], pci=f"0000:{root:02x}",
                   buses=f"{root:02x}-{last:02x}")
        port = add(type="Bridge", parent=host, pci=f"0000:{root:02x}:01.0", id="8086:347a",
                   **{"class": "0604"}, linkGBps=31.507, buses=f"{root + 1:02x}-{last:02x}")
        up = add(type="Bridge", parent=port, pci=f"0000:{root + 1:02x}:00.0", id="1000:c010",
                 **{"class": "0604"}, linkGBps=31.507, buses=f"{root + 2:02x}-{last:02x}")
        for slot, (cls, ident, subsystem) in enumerate(switch):
            bus = root + 3 + slot
            down = add(type="Bridge", parent=up, pci=f"0000:{root + 2:02x}:{4 * slot:02x}.0",
                       id="1000:c010", **{"class": "0604"}, linkGBps=31.507,
                       buses=f"{bus:02x}-{bus:02x}")
            pci = f"0000:{bus:02x}:00.0"
            add(type="PCIDev", parent=down, pci=pci, id=ident, subsystem=subsystem,
                **{"class": cls}, **LINK)
            devices.append(pci)
    return {"source": "document", "product": "made", "cpuVendor": "GenuineIntel",
            "cpuModel": "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz",
            "objects": objects}, devices


def state(number, made):
    """Form and held devices of one of the states; different numbers give different ones."""
    form = number % len(FORMS)
    spec, devices = made[form]
    chosen = random.Random(number)
    while True:
        held = frozenset(chosen.sample(devices, chosen.randrange(0, len(devices) // 2 + 1)))
        if (form, held) not in state.seen:
            state.seen.add((form, held))
            return spec, held


def main():
    folder, nodes, states = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.makedirs(folder, exist_ok=True)
    made = [inventory(form) for form in FORMS]
    state.seen = set()
    kinds = [state(number, made) for number in range(states)]
    for number in range(nodes):
        spec, held = kinds[number % states]
        name = f"node-{number:05d}"
        devices = [{"pci": pci, "held": 1000, "holders": [
            {"namespace": "default", "name": f"pod-{number}", "uid": f"uid-{number}",
             "container": "main"}]} for pci in sorted(held)]
        document = {"apiVersion": API_VERSION, "kind": "NodeFabric",
                    "metadata": {"name": name}, "spec": spec,
                    "status": {"mode": "exact", "observedTime": "2026-11-22T12:00:00Z",
                               "power": {"limitWatts": 6000, "baseWatts": 800},
                               "devices": devices}}
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"))


if __name__ == "__main__":
    main()

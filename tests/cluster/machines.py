# SPDX-License-Identifier: Apache-2.0
"""The mixed machine of tests/machines/made, and which of its devices are free.

    socket 0   switch: npu 19, npu 1a, nic      switch: gpu 33, fpga 34
    socket 1   switch: npu 9a, npu 9b, gpu 9c   root ports: fpga c9, nic

A seat says which two NPUs and which GPU are free. All seats have equal counts,
so to kube-scheduler the nodes look the same.
"""

import os

from objects import GPU, NPU

NPUS = ("0000:19:00.0", "0000:1a:00.0", "0000:9a:00.0", "0000:9b:00.0")
GPUS = ("0000:33:00.0", "0000:9c:00.0")
COUNTS = {NPU: len(NPUS), GPU: len(GPUS)}


def devices(*buses):
    """PCI addresses by bus number."""
    return frozenset(f"0000:{bus}:00.0" for bus in buses)


ALL = frozenset(NPUS + GPUS)
ONE_SWITCH = devices("9a", "9b", "9c")
ONE_SOCKET = devices("19", "1a", "33")      # the NPUs on one switch, the GPU on another
GPU_FAR = devices("19", "1a", "9c")         # the GPU on the other socket
NPUS_APART = devices("19", "9a", "33")
NPUS_APART_TOO = devices("1a", "9b", "9c")


def resource_of(pci):
    return NPU if pci in NPUS else GPU


def counts(pcis):
    """How many of each resource the devices are, as limits of a pod."""
    found = {}
    for pci in pcis:
        found[resource_of(pci)] = found.get(resource_of(pci), 0) + 1
    return {resource: str(count) for resource, count in found.items()}


def read_mixed(folder):
    """The machine's hwloc XML.

    Its npu 9b runs on half of its lanes and its gpu 9c rests at Gen1; the cases
    compare places alone, so here both have their full link.
    """
    with open(os.path.join(folder, "mixed-4npu-2gpu-2fpga.xml"), encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    for i, line in enumerate(lines):
        if 'pci_busid="0000:9b:00.0"' in line:
            lines[i] = line.replace('pci_link_speed="15.753846"', 'pci_link_speed="31.507692"')
        elif 'pci_busid="0000:9c:00.0"' in line:
            lines[i] = line.replace('pci_link_speed="4.000000"', 'pci_link_speed="31.507692"')
    return "".join(lines).encode()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write nodes.csv and pods.csv into a folder: a made-up fleet of NODES nodes and a workload of PODS
rows with the kinds and proportions of a production GPU cluster (shares of devices, whole devices, a
few of eight). The same arguments give the same bytes."""
import random
import sys

SHAPES = [  # weight, cpu_milli, memory_mib, devices, model
    (45, 96000, 393216, 8, "G2"), (3, 128000, 786432, 8, "G3"), (32, 104000, 524288, 2, "T4"),
    (10, 64000, 262144, 2, "P100"), (4, 32000, 131072, 4, "V100M16"), (3, 96000, 786432, 8, "V100M32"),
]
SHARES = [100, 200, 300, 460, 500, 750, 810]


def pod(rng):
    kind = rng.random()
    cpu = rng.choice([1000, 2000, 4000, 6000, 8000, 11400, 12000, 16000])
    memory = rng.choice([4096, 8192, 12288, 16384, 32768])
    if kind < 0.13:
        return cpu, memory, 0, 0, ""
    if kind < 0.50:
        return cpu, memory, 1, rng.choice(SHARES), ""
    if kind < 0.97:
        return cpu, memory, 1, 1000, rng.choice([""] * 9 + ["T4|P100"])
    return 32000, 65536, rng.choice([2, 4, 8]), 1000, ""


def main():
    folder, nodes, pods = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(nodes * 1000003 + pods)
    weights = [shape[0] for shape in SHAPES]
    with open(f"{folder}/nodes.csv", "w", encoding="ascii") as out:
        out.write("sn,cpu_milli,memory_mib,gpu,model\n")
        for i in range(nodes):
            _, cpu, memory, devices, model = rng.choices(SHAPES, weights)[0]
            out.write(f"node-{i:06d},{cpu},{memory},{devices},{model}\n")
    kinds = [pod(rng) for _ in range(150)]
    with open(f"{folder}/pods.csv", "w", encoding="ascii") as out:
        out.write("name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n")
        for i in range(pods):
            cpu, memory, devices, milli, spec = kinds[min(int(rng.paretovariate(0.5)), 150) - 1]
            out.write(f"pod-{i:07d},{cpu},{memory},{devices},{milli},{spec}\n")


main()

# SPDX-License-Identifier: Apache-2.0
"""Pods per second of kube-scheduler over 1,000 nodes: no extender, an empty one, ours.

Every round schedules the same pods three times, each time with another one of
the three; what counts is the median over the rounds. The clock runs from the
first binding to the last one, as a watch shows them.
"""

import os
import statistics
import subprocess
import threading
import time

import cases
from objects import EXAMPLE, PODS
from processes import Failure, Process, eventually
from scheduler_config import no_extender, unthrottled

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("none", "empty", "ours")


def start_empty_extender(rig):
    """Builds the empty extender and starts it; returns its process and URL."""
    program = rig.plane.path("empty_extender")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-o", program,
                    os.path.join(HERE, "empty_extender.c"), "-lmicrohttpd"], check=True)
    process = Process("empty-extender", [program], rig.plane.folder)

    def port():
        process.check()
        return process.log().endswith("\n"), process.log().strip()
    return process, f"http://127.0.0.1:{eventually('the empty extender', port, 10)}"


class Bindings:
    """Counts the bindings of the pods named bench-* through a watch, and takes the processor
    time of kube-scheduler and of the extender between the first and the last."""

    def __init__(self, rig, extender, count):
        self.plane = rig.plane
        self.extender = extender
        self.times = {}
        self.cpu = (0, 0)
        self.all_seen = threading.Event()
        self.count = count
        version = rig.api.get(PODS + "?limit=1")["metadata"]["resourceVersion"]
        self.path = f"{PODS}?watch=1&resourceVersion={version}"
        threading.Thread(target=self.follow, args=(rig.api,), daemon=True).start()

    def cpu_seconds(self):
        return (self.plane.scheduler.cpu_seconds(),
                self.extender.cpu_seconds() if self.extender else 0)

    def follow(self, api):
        before = None
        for event in api.watch(self.path):
            pod = event["object"]
            name = pod.get("metadata", {}).get("name", "")
            if name.startswith("bench-") and pod["spec"].get("nodeName"):
                before = before or self.cpu_seconds()
                self.times.setdefault(name, time.monotonic())
                if len(self.times) == self.count:
                    self.cpu = [b - a for a, b in zip(before, self.cpu_seconds())]
                    self.all_seen.set()
                    return


def measure(rig, extender, url, count):
    """Schedules `count` pods with a fresh kube-scheduler.

    Returns pods/s, and the CPU milliseconds a pod of kube-scheduler and of the extender.
    """
    rig.plane.stop_scheduler()
    names = [f"bench-{i:04}" for i in range(count)]
    rig.many(lambda name: rig.create_pod(name, EXAMPLE), names)
    bindings = Bindings(rig, extender, count)

    variants = [unthrottled] if extender else [unthrottled, no_extender]
    rig.schedule(*variants, url=url)
    if not bindings.all_seen.wait(300):
        raise Failure(f"only {len(bindings.times)} of {count} pods were bound")
    rig.plane.stop_scheduler()
    times = sorted(bindings.times.values())
    rig.many(rig.delete_pod, names)
    return ((count - 1) / (times[-1] - times[0]),
            *(1000 * cpu / (count - 1) for cpu in bindings.cpu))


def run(rig):
    options = rig.options
    rig.clear()
    empty, empty_url = start_empty_extender(rig)
    try:
        rig.start_extender()
        cases.many_nodes(rig, "node-0617")
        rig.wait_for_feed()
        extenders = {"none": (None, empty_url), "empty": (empty, empty_url),
                     "ours": (rig.extender.process, rig.extender.url)}
        results = {kind: [] for kind in KINDS}
        for number in range(options.bench_rounds):
            for shift in range(len(KINDS)):
                kind = KINDS[(number + shift) % len(KINDS)]
                results[kind].append(measure(rig, *extenders[kind], options.bench_pods))
                rate, scheduler, extender = results[kind][-1]
                print(f"round {number + 1}: {kind:5} {rate:6.1f} pods/s, CPU ms a pod: "
                      f"kube-scheduler {scheduler:.1f}, extender {extender:.2f}", flush=True)
    finally:
        empty.stop()
    report(options, results)
    return 0


def report(options, results):
    medians = {kind: [statistics.median(column) for column in zip(*found)]
               for kind, found in results.items()}
    none, empty = medians["none"][0], medians["empty"][0]
    print(f"\nKubernetes {options.kubernetes}, {cases.MANY} nodes, {options.bench_pods} pods, "
          f"medians of {options.bench_rounds} rounds, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[1]:.1f}")
    print("                                       CPU ms a pod\n"
          "extender   pods/s   of none   of empty   kube-scheduler   extender")
    for kind, (rate, scheduler, extender) in medians.items():
        print(f"{kind:8} {rate:8.1f} {rate / none:9.2f} {rate / empty:10.2f} "
              f"{scheduler:16.1f} {extender:10.2f}")

# SPDX-License-Identifier: Apache-2.0
"""How the service keeps up with a large cluster: 1,000 nodes of eight devices under churn, then
5,000. There are no agents: nodes, NodeFabrics and pods are posted as their owners would.

Lag is from the last byte of an object read to its node in the snapshot, by the service's own
histogram; the first bound is on its 99th percentile, the second on resident memory.
"""

import base64
import concurrent.futures
import datetime
import json
import os
import random
import re
import sys
import threading
import time

import manifest_cases
import objects
from agents import FABRICS
from extender import API_VERSION, Extender
from live_rig import LiveRig
from objects import GPU, NODES, NPU, PODS
from processes import Failure, eventually

sys.path.append(os.path.join(manifest_cases.ROOT, "deploy", "examples"))
from make_cluster import Machine  # noqa: E402: the sample cluster's way to describe a machine

LAG_P99_MS = 100
RESIDENT_MIB = 64
SIZES = (1000, 5000)
CHURN_S = 60
POD_EVENTS_PER_S = 50       # half of them creations, half deletions
FABRIC_EVENTS_PER_S = 33    # what 1,000 agents write for their heartbeats alone
HELD_BY_OLD = 4             # devices of each node that two pods hold all the time
ALIVE = 100                 # pods of the churn at a time
WRITERS = 8


def machines():
    """Four shapes of eight devices: [(Machine, [(resource, pci)])]."""
    shapes = ((["910b"] * 4, ["910b"] * 4), (["a100"] * 4, ["a100"] * 4),
              (["910b", "910b", "a100", "a100"],) * 2, (["910b"] * 4, ["a100"] * 4))
    found = []
    for sockets in shapes:
        machine, devices = Machine(), []
        for socket, parts in enumerate(sockets):
            places = machine.switch(socket, parts)
            devices += [(NPU if part == "910b" else GPU, pci)
                        for part, pci in zip(parts, places)]
        found.append((machine, sorted(devices, key=lambda d: d[1])))
    return found


class Fleet:
    """The nodes there are, and what is on them."""

    def __init__(self, rig, seed):
        self.rig = rig
        self.api = rig.api
        self.shapes = machines()
        self.names = []
        self.old = {}       # node -> [(pod, its devices)]
        self.dice = random.Random(seed)

    def shape(self, name):
        return self.shapes[int(name.split("-")[1]) % len(self.shapes)]

    def grow(self, size):
        new = [f"node-{i:05}" for i in range(len(self.names), size)]
        self.rig.many(self.add, new)
        self.names += new

    def add(self, name):
        machine, devices = self.shape(name)
        counts = {}
        for resource, _ in devices:
            counts[resource] = counts.get(resource, 0) + 1
        self.api.post(NODES, objects.node(name, counts))
        self.api.post(FABRICS, {
            "apiVersion": API_VERSION, "kind": "NodeFabric", "metadata": {"name": name},
            "spec": {"source": "live", "product": "sample machine", "cpuVendor": "GenuineIntel",
                     "cpuModel": "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz",
                     "bootID": f"boot-of-{name}", "objects": machine.objects}})
        self.old[name] = []
        for i in range(0, HELD_BY_OLD, 2):
            taken = devices[i:i + 2]
            limits = {}
            for resource, _ in taken:
                limits[resource] = str(int(limits.get(resource, 0)) + 1)
            pod = self.api.post(PODS, objects.pod(f"old-{name}-{i}", limits, None, None, name))
            self.old[name].append((pod, [pci for _, pci in taken]))
        self.report(name)

    def report(self, name, more=(), watts=200):
        """What the agent would write; `more` are further (pod, devices)."""
        holders = {pci: pod for pod, pcis in (*self.old[name], *more) for pci in pcis}
        devices = []
        for resource, pci in self.shape(name)[1]:
            device = {"pci": pci, "kind": "NPU" if resource == NPU else "GPU", "healthy": True,
                      "model": "Ascend 910B" if resource == NPU else "A100 PCIe", "held": 0,
                      "capWatts": 400, "watts": watts,
                      "link": {"gbps": 31.5, "width": 16, "maxWidth": 16, "degraded": False}}
            if pci in holders:
                meta = holders[pci]["metadata"]
                device["held"] = 1000
                device["holders"] = [{"namespace": meta["namespace"], "name": meta["name"],
                                      "uid": meta["uid"], "container": "main"}]
            devices.append(device)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.api.merge(f"{FABRICS}/{name}/status", {"status": {
            "observedTime": now, "heartbeatTime": now, "kubelet": {"reachable": True},
            "devices": devices, "power": {"limitWatts": 5600, "baseWatts": 900, "watts": 8 * watts},
            "summary": {"devices": "8", "free": str(8 - len(holders)), "unhealthy": 0}}})


class Load:
    """Pod events and reports at a steady rate; `missed` counts what came later than a second."""

    def __init__(self, fleet, seconds):
        self.fleet = fleet
        self.seconds = seconds
        self.lock = threading.Lock()
        self.alive = []         # (pod, node), the oldest first
        self.made = self.late = 0
        self.failures = []

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            begin = time.monotonic()
            for second_part in range(int(self.seconds * 100)):
                due = begin + second_part / 100
                time.sleep(max(0, due - time.monotonic()))
                for work, rate in ((self.pod_event, POD_EVENTS_PER_S),
                                   (self.fabric_event, FABRIC_EVENTS_PER_S)):
                    if second_part * rate // 100 != (second_part + 1) * rate // 100:
                        pool.submit(self.guarded, work, due)
        if self.failures:
            raise Failure(f"{len(self.failures)} calls of the load failed, the first: "
                          f"{self.failures[0]}")

    def guarded(self, work, due):
        try:
            work()
        except Exception as error:  # noqa: told at the end
            self.failures.append(error)
        if time.monotonic() > due + 1:
            self.late += 1

    def pod_event(self):
        with self.lock:
            self.made += 1
            number, dice = self.made, self.fleet.dice
            node = dice.choice(self.fleet.names)
            resource = dice.choice(self.fleet.shape(node)[1])[0]
            gone = self.alive.pop(0) if len(self.alive) >= ALIVE and number % 2 else None
        if gone:
            self.fleet.rig.delete_pod(gone[0]["metadata"]["name"])
            return
        pod = self.fleet.api.post(PODS, objects.pod(f"new-{number}-{id(self):x}",
                                                    {resource: "1"}, None, None, node))
        with self.lock:
            self.alive.append((pod, node))

    def fabric_event(self):
        """A heartbeat of any node, or the report on a node that has a new pod."""
        with self.lock:
            dice = self.fleet.dice
            pods = list(self.alive)
            node = dice.choice(self.fleet.names) if not pods or dice.random() < 0.5 else \
                dice.choice(pods)[1]
            watts = dice.randint(100, 400)
        free = [pci for _, pci in self.fleet.shape(node)[1][HELD_BY_OLD:]]
        here = [pod for pod, where in pods if where == node]
        self.fleet.report(node, [(pod, [pci]) for pod, pci in zip(here, free)], watts)

    def stop(self):
        for pod, _ in self.alive:
            self.fleet.rig.delete_pod(pod["metadata"]["name"])


# ---------------------------------------------------------------- the service

def kubeconfig(rig, token):
    """Straight to the API server, with the rights that we ship."""
    with open(rig.plane.path("certificates", "apiserver.crt"), "rb") as file:
        authority = base64.b64encode(file.read()).decode()
    path = rig.plane.path("kubeconfig-scale")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "it",
                   "clusters": [{"name": "it", "cluster": {
                       "server": rig.plane.url, "certificate-authority-data": authority}}],
                   "users": [{"name": "it", "user": {"token": token}}],
                   "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]}, file)
    return path


def start_extender(rig, config):
    """Returns (service, seconds until it was ready)."""
    rig.extenders_started += 1
    began = time.monotonic()
    extender = Extender(rig.options.extender, None, rig.plane.folder, "127.0.0.1:0",
                        f"extender-{rig.extenders_started}", (
                            "--kubeconfig", config, "--namespace", manifest_cases.NAMESPACE,
                            # the posted reports have no agent that would keep them fresh
                            "--report-old", "3600", "--report-expired", "7200"))
    return extender, time.monotonic() - began


def metrics(extender):
    body = extender.admin.raw("GET", "/metrics")[1].decode()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in body.splitlines() if line and line[0] != "#")}


def lag(before, after):
    """(how many, mean ms, [(upper bound ms, share)]) of what came between two readings."""
    name = "switchyard_watch_lag_seconds"
    grown = {key: after[key] - before.get(key, 0) for key in after if key.startswith(name)}
    count = grown[name + "_count"]
    if not count:
        raise Failure("nothing was published")
    buckets = sorted((float(re.search(r'le="([^"]+)"', key)[1]), value)
                     for key, value in grown.items() if "_bucket" in key)
    return count, grown[name + "_sum"] / count * 1e3, [(b * 1e3, v / count) for b, v in buckets]


def percentile(buckets, share):
    return next(bound for bound, reached in buckets if reached >= share)


def resident_mib(extender, what="VmRSS"):
    with open(f"/proc/{extender.process.child.pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{what}:\s+(\d+) kB", status.read())[1]) / 1024


def wait_known(extender, fleet):
    def probe():
        extender.process.check()
        seen = metrics(extender)
        return seen['switchyard_nodes{mode="exact"}'] >= len(fleet.names), seen[
            "switchyard_snapshot_nodes"]
    eventually(f"{len(fleet.names)} nodes known", probe, 120, pause=0.5)


def measure(fleet, extender, seconds):
    """Lag and processor time under churn; returns the 99th percentile in ms."""
    before, cpu = metrics(extender), extender.process.cpu_seconds()
    load = Load(fleet, seconds)
    began = time.monotonic()
    try:
        load.run()
    finally:
        took = time.monotonic() - began
        load.stop()
    time.sleep(0.5)
    extender.process.check()
    after, cpu = metrics(extender), extender.process.cpu_seconds() - cpu
    count, mean, buckets = lag(before, after)

    def rate(collection):
        key = f'switchyard_watch_events_total{{collection="{collection}"}}'
        return (after[key] - before[key]) / took
    p99 = percentile(buckets, 0.99)
    print(f"  {took:.0f} s of churn: {rate('pods'):.0f} pod events/s, "
          f"{rate('nodefabrics'):.0f} NodeFabric events/s ({load.late} calls late)")
    print(f"  lag of {count:.0f} changes: mean {mean:.2f} ms, half within "
          f"{percentile(buckets, 0.5):g} ms, p99 within {p99:g} ms, all within "
          f"{percentile(buckets, 1):g} ms")
    print(f"  processor {cpu:.2f} s ({100 * cpu / took:.1f} % of one), resident "
          f"{resident_mib(extender):.1f} MiB (peak {resident_mib(extender, 'VmHWM'):.1f})",
          flush=True)
    return p99


def run(rig):
    """Returns the exit status."""
    results = []

    def judge(what, value, bound, unit):
        results.append(value <= bound)
        print(f"{'ok' if results[-1] else 'FAIL'} {what}: {value:g} {unit}, bound {bound} {unit}",
              flush=True)
    rig.clear()
    manifest_cases.install(rig)
    rig.api.delete(FABRICS)
    live = LiveRig(rig, ())
    live.make_account()
    config = kubeconfig(rig, live.account_token())
    fleet = Fleet(rig, rig.options.seed)
    for size in SIZES:
        began = time.monotonic()
        fleet.grow(size)
        print(f"{size} nodes, {8 * size} devices, {2 * size} pods (posted in "
              f"{time.monotonic() - began:.0f} s)", flush=True)
        extender, seconds = start_extender(rig, config)
        try:
            wait_known(extender, fleet)
            print(f"  ready {seconds:.2f} s after its start, resident "
                  f"{resident_mib(extender):.1f} MiB (peak {resident_mib(extender, 'VmHWM'):.1f})",
                  flush=True)
            judge(f"lag at {size} nodes, 99th percentile", measure(fleet, extender, CHURN_S),
                  LAG_P99_MS, "ms")
            judge(f"resident memory at {size} nodes", round(resident_mib(extender), 1),
                  RESIDENT_MIB, "MiB")
        finally:
            status = extender.stop()
        if status != 0:
            raise Failure(f"the extender ended with status {status}")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1

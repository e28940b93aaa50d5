# SPDX-License-Identifier: Apache-2.0
"""Where faults happen: nodes with kubelets and agents, two replicas of the service, pods that stay
and pods that come and go; and what must hold at every moment, and again once a fault is over."""

import contextlib
import dataclasses
import http.client
import json
import os
import random
import re
import threading
import time

import manifest_cases
import objects
from agents import FABRICS
from live_rig import LiveRig
from objects import GPU, NODES, NPU, PODS
from processes import Failure, eventually

NODE_NAMES = ("node-a", "node-b", "node-c")
PINNED = {NPU: "1", GPU: "1"}       # of the pod on each node that stays
CHURN_KINDS = ({NPU: "1"}, {NPU: "2"}, {GPU: "1"}, {NPU: "1", GPU: "1"})
CHURN_ALIVE = 6                     # pods that come and go, about so many at a time
REPORT_OLD_S, REPORT_EXPIRED_S = 4, 12
RECOVERED_S = 10.0                  # after the end of a fault
REPORTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Assertion .* failed")
NO_ANSWER = (Failure, OSError, http.client.HTTPException)
DESCRIPTORS = 12                    # more open files than at the beginning are a leak


class Churn(threading.Thread):
    """Creates and deletes pods all the time, from a plan that its seed makes; what the API server
    does not take is left out. Half of the pods are bound as kube-scheduler binds."""

    def __init__(self, api, names, seed):
        super().__init__(daemon=True)
        self.api = api
        self.names = names
        self.dice = random.Random(seed)
        self.prefix = f"churn-{seed & 0xffffffff:08x}"
        self.alive = []
        self.made = self.missed = 0
        self.failure = None
        self.ends = threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(self.dice.uniform(0.1, 0.3)):
            try:
                self.step()
            except NO_ANSWER:
                self.missed += 1
            except Exception as error:  # noqa: a bug of this file must not pass for quiet
                self.failure = error
                return

    def step(self):
        # The plan is drawn first, so that it does not depend on what the API server answers.
        node, limits = self.dice.choice(self.names), self.dice.choice(CHURN_KINDS)
        bound, remove = self.dice.random() < 0.5, self.dice.random()
        if len(self.alive) >= CHURN_ALIVE or (self.alive and remove < 0.3):
            name = self.alive.pop(int(remove * 1e6) % len(self.alive))
            self.api.delete(f"{PODS}/{name}", expect=(200, 404))
            return
        name = f"{self.prefix}-{self.made}"
        self.made += 1
        self.alive.append(name)     # it may be there although the answer is lost
        self.api.post(PODS, objects.pod(name, limits, None, None, node if bound else None))
        if not bound:
            bind(self.api, name, node)

    def stop(self):
        self.ends.set()
        self.join()
        if self.failure:
            raise Failure(f"the churn ended: {self.failure!r}")


def bind(api, name, node):
    """What kube-scheduler does."""
    api.post(f"{PODS}/{name}/binding", {
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node}})


@dataclasses.dataclass
class Seen:
    """What a replica said at one moment."""

    extender: object
    nodes: dict         # the snapshot
    metrics: dict

    def mode(self, node):
        return self.nodes.get(node, {}).get("status", {}).get("mode", "absent")

    def report(self, node):
        return (self.nodes.get(node, {}).get("ledger") or {}).get("report") or {}

    def age(self, node):
        """Seconds; 0 without a report."""
        return self.report(node).get("seconds", 0)

    def count(self, name):
        """The sum of a metric over its labels."""
        return sum(value for key, value in self.metrics.items() if key.split("{")[0] == name)


class Stage(LiveRig):
    """Use it as `with Stage(rig, seed) as stage:`. Tokens are in files, which can be swapped."""

    def __init__(self, rig, seed, names=NODE_NAMES, replicas=2):
        super().__init__(rig, names, seed=seed % (1 << 31) or 1)
        self.replicas = replicas
        self.tokens = {}        # name of a program -> its token
        self.pinned = {}        # node -> (name of the pod, its devices)
        self.absent = set()     # nodes that may be missing from snapshots
        self.at_end = []        # what a fault leaves to be done after its round
        self.opened = {}        # program -> open files after its start
        self.logs = set()

    def prepare(self):
        self.plane.stop_scheduler()     # it would not outlive an API server that is killed
        super().prepare()
        for _ in range(self.replicas):
            self.start_replica()
        self.start_agents()
        for name in self.names:
            self.bind(f"pinned-{name}", name, PINNED)
        for extender in self.extenders:
            self.wait_exact(30, extender)
        truth = self.world.truth()
        for name in self.names:
            held = {pci for pci, holders in truth[name].items()
                    if any(holder[1] == f"pinned-{name}" for holder in holders)}
            self.pinned[name] = (f"pinned-{name}", frozenset(held))

    def leave(self, quietly):
        for extender in self.extenders:
            self.logs.add(extender.process.log_path)
        for agent in (self.world.agents.values() if self.world else ()):
            self.logs.add(os.path.join(agent.log_folder, agent.name + ".log"))
        for agent in (self.world.agents.values() if self.world else ()):
            with contextlib.suppress(ProcessLookupError):
                if agent.process:
                    agent.process.child.send_signal(18)     # SIGCONT, where it was stopped
        try:
            super().leave(quietly)
        finally:
            if not quietly:
                self.check_logs()

    def check_logs(self):
        for path in self.logs:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            found = REPORTS.search(text)
            if found:
                raise Failure(f"{os.path.basename(path)}: {text[found.start():][:2000]}")

    # ---- programs

    def start_replica(self):
        extender = self.start_extender("--report-old", str(REPORT_OLD_S),
                                       "--report-expired", str(REPORT_EXPIRED_S))
        self.logs.add(extender.process.log_path)
        return extender

    def kubeconfig(self, name, token):
        path = super().kubeconfig(name, token)
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document["users"][0]["user"] = {"tokenFile": self.token_file(name)}
        self.write_token(name, token)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return path

    def agent_token_of(self, agent):
        """Another token for an agent."""
        return manifest_cases.agent_token(self.rig, agent.name.removeprefix("agent-"))

    def token_file(self, name):
        return os.path.join(self.folder, f"token-{name}")

    def write_token(self, name, token):
        """Swaps it as the kubelet does: the file is there whole, or as it was."""
        self.tokens[name] = token
        with open(self.token_file(name) + ".new", "w", encoding="ascii") as file:
            file.write(token)
        os.rename(self.token_file(name) + ".new", self.token_file(name))

    def check_descriptors(self):
        """No program gathers open files from fault to fault."""
        for process in [e.process for e in self.extenders] + \
                [a.process for a in self.world.agents.values() if a.process]:
            count = len(os.listdir(f"/proc/{process.child.pid}/fd"))
            first = self.opened.setdefault(process.child.pid, count)
            if count > first + DESCRIPTORS:
                raise Failure(f"{process.name} has {count} files open, {first} after its start")

    # ---- at every moment

    def look(self):
        """Looks at every replica once; what must always hold is checked. Returns [Seen]."""
        self.check()
        found = []
        for extender in list(self.extenders):
            for _ in range(5):
                seen = Seen(extender, extender.snapshot(), self.metrics(extender))
                if not self.torn(seen):
                    break
            self.check_sound(seen)
            found.append(seen)
        return found

    def torn(self, seen):
        """Was the ledger, which is read after the snapshot, already further?"""
        return any((seen.mode(node) == "counts") != (pod["cover"] == "counted") or
                   pod["cover"] is None
                   for node in self.names if node in seen.nodes
                   for pod in seen.nodes[node]["ledger"]["pods"]
                   if pod["name"] == self.pinned[node][0])

    def check_sound(self, seen):
        who = seen.extender.process.name
        for node in self.names:
            if node not in seen.nodes:
                if node not in self.absent:
                    raise Failure(f"{who}: {node} is not in the snapshot")
                continue
            pods = seen.nodes[node]["ledger"]["pods"]
            check_charged_once(who, node, pods)
            name, devices = self.pinned[node]
            pod = next((p for p in pods if p["name"] == name), None)
            if pod is None:
                raise Failure(f"{who}: {node}: pod {name} is lost: {pods}")
            if seen.mode(node) == "counts":
                if pod["cover"] != "counted":
                    raise Failure(f"{who}: {node}: mode counts, and cover {pod['cover']}")
            elif set(pod["devices"]) != devices or not devices <= held(seen.nodes[node]):
                raise Failure(f"{who}: {node}: mode {seen.mode(node)}: pod {name} holds {devices}; "
                              f"the snapshot has it as {pod}, held {held(seen.nodes[node])}")

    def hold(self, seconds, probe=lambda seen: None):
        """Looks all through `seconds`; `probe` is given what every replica says."""
        end = time.monotonic() + seconds
        while True:
            for seen in self.look():
                probe(seen)
            if time.monotonic() >= end:
                return
            time.sleep(0.15)

    def wait_said(self, what, says, limit, extenders=None):
        """Waits until every replica has said it: `says(seen)` is true, once for each of them."""
        waiting = {e.process.name for e in extenders or self.extenders}

        def probe():
            found = self.look()
            for seen in found:
                if says(seen):
                    waiting.discard(seen.extender.process.name)
            return not waiting, [(s.extender.process.name,
                                  {n: (s.mode(n), s.age(n)) for n in self.names},
                                  s.count("switchyard_watch_connected")) for s in found]
        eventually(f"said by every replica: {what}", probe, limit, pause=0.1)

    def stale_in_explain(self, node, limit):
        """Waits until /explain of every replica says that what it knows of the node is old."""
        for extender in self.extenders:
            def probe(extender=extender):
                verdict = self.explain(CHURN_KINDS[0], None, extender)[node]
                report = (verdict.get("ledger") or {}).get("report") or {}
                # Mode predicted alone may be for a pod that was bound just now.
                said = verdict["mode"] != "exact" and report.get("age") in ("old", "expired")
                return said, (verdict["mode"], report)
            eventually(f"/explain of {extender.process.name}: {node} is stale", probe, limit)

    # ---- once it is over

    def probe_recovered(self):
        """Does every replica know what is true, and do they say the same?"""
        for extender in self.extenders:
            done, wrong = self.probe_exact(extender)
            if not done:
                return False, (extender.process.name, wrong)
            unwell = {name: [d["pci"] for d in item["status"]["devices"]
                             if not d.get("healthy", True)]
                      for name, item in extender.snapshot().items()}
            if any(unwell.values()):
                return False, (extender.process.name, "unhealthy", unwell)
        return self.probe_replicas()

    def probe_replicas(self):
        said = [(e.process.name, settled(e.snapshot())) for e in self.extenders]
        for name, one in said[1:]:
            if one != said[0][1]:
                return False, {node: (said[0][1].get(node), one.get(node))
                               for node in set(one) | set(said[0][1])
                               if one.get(node) != said[0][1].get(node)}
        return True, None

    def wait_recovered(self, ended, limit=RECOVERED_S):
        """Returns the seconds from the end of the fault until all is true again."""
        eventually("recovered", lambda: (self.look(), self.probe_recovered())[1],
                   ended + limit - time.monotonic(), pause=0.1)
        return time.monotonic() - ended

    def sweep(self):
        """Only the pods that stay are left, and the services know."""
        for name in self.rig.pods():
            if not name.startswith("pinned-"):
                self.rig.delete_pod(name)
        eventually("the pods that came are gone", lambda: (
            set(self.rig.pods()) == {p for p, _ in self.pinned.values()}, set(self.rig.pods())), 15)
        eventually("all is true before the fault", self.probe_recovered, 30)
        self.check_descriptors()

    # ---- objects

    def fabric(self, node):
        return self.api.get(f"{FABRICS}/{node}", expect=(200, 404))

    def patch_status(self, node, status):
        return self.api.merge(f"{FABRICS}/{node}/status", {"status": status})

    def post_node(self, node):
        self.api.post(NODES, self.world.node_object(node))


def check_charged_once(who, node, pods):
    """No device is held by two of these pods. One that was charged with what was left (cover
    short) is a pod that the kubelet refuses."""
    owner = {}
    for pod in pods:
        for pci in pod["devices"]:
            if pci in owner:
                raise Failure(f"{who}: {node}: {pci} is held by {owner[pci]['name']} "
                              f"({owner[pci]['cover']}) and by {pod['name']} ({pod['cover']})")
            owner[pci] = pod


def held(item):
    return {d["pci"] for d in item.get("status", {}).get("devices", []) if d.get("held")}


def settled(snapshot):
    """A snapshot without what only one replica can know (what it has predicted) and without ages:
    text, to be compared byte for byte."""
    found = {}
    for name, item in snapshot.items():
        item = json.loads(json.dumps(item))
        ledger = item.get("ledger") or {}
        ledger.pop("predictions", None)
        for key in ("seconds", "observedTime"):
            (ledger.get("report") or {}).pop(key, None)
        ledger["pods"] = sorted(ledger.get("pods", []), key=lambda pod: pod["uid"])
        for key in ("observedTime", "heartbeatTime"):
            item.get("status", {}).pop(key, None)
        found[name] = json.dumps(item, sort_keys=True)
    return found

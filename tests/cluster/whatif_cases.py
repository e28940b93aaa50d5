# SPDX-License-Identifier: Apache-2.0
"""whatif tells the truth about kube-scheduler: random pods, one by one, to a real kube-scheduler
with our extender and to `switchyard whatif fit` on the state of that moment."""

import collections
import copy
import datetime
import json
import os
import random
import re
import subprocess
import tempfile

import manifest_cases
import whatif_world
from control_plane import ControlPlane, build
from extender import API_VERSION, Extender, Feed
from objects import GPU, NODES, NPU, PODS
from processes import Failure, eventually

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FABRICS = manifest_cases.FABRICS
VERSIONS = {"1.36": "1.36.3", "1.35": "1.35.4"}
NODE_COUNT = 40
POD_COUNT = 320
LEAVES = 0.3        # share of turns before which a pod is deleted
FOREVER_S = "86400"  # reports do not age in a case: nobody writes them again
SCORES = "schedule_one=10"  # what kube-scheduler logs of a cycle, scores too
SCORED = re.compile(r'"(Plugin scored node for pod|Calculated node\'s final score for pod)" '
                    r'pod="default/([^"]+)" (?:plugin="([^"]+)" )?node="([^"]+)" score=(-?\d+)')
REASON = re.compile(r"(\d+) (.+)")
DEVICE_CLASSES = ("0302", "1200")   # PCI classes of the machines' GPUs and NPUs
PLUGINS = {     # kube-scheduler's text of a filter -> its name
    "node(s) were unschedulable": "NodeUnschedulable",
    "node(s) didn't match the requested node name": "NodeName",
    "node(s) had untolerated taint(s)": "TaintToleration",
    "node(s) didn't match Pod's node affinity/selector": "NodeAffinity",
    "node(s) didn't satisfy plugin(s) [NodeAffinity]": "NodeAffinity",
}

CASES = {}


def must(condition, text):
    if not condition:
        raise Failure(text)


def say(text):
    print(f"   {text}", flush=True)


class Stage:
    """Nodes, fabrics and a service that watches them, on the control plane of a version."""

    def __init__(self, rig, version, dice):
        self.rig = rig
        self.api = rig.api
        self.version = version
        self.dice = dice
        self.folder = tempfile.mkdtemp(prefix="whatif", dir=rig.plane.folder)
        self.extender = None
        self.bound = {}         # name -> node
        self.log_at = 0
        self.objects = []       # of the snapshot, those that stay
        self.names = []
        self.fabric_names = []
        self.scores = {}        # pod -> node -> {plugin: score}

    # ---- setting up

    def specs(self):
        """The NodeFabric spec of every machine, as our own importer makes it."""
        feed = Feed(os.path.join(self.folder, "feed"))
        for name, xml in whatif_world.read_machines(
                os.path.join(ROOT, "tests/machines/made")).items():
            feed.machine(name, xml)
        extender = Extender(self.rig.options.extender, feed, self.rig.plane.folder,
                            name=f"importer-{self.version}")
        try:
            return {name: item["spec"] for name, item in extender.snapshot().items()}
        finally:
            extender.stop()

    def report(self, spec):
        """What an agent said before the first pod came, once: a device may be ill, power may be
        known. None: there is no agent."""
        if self.dice.random() < 0.2:
            return None
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
        status = {"mode": "exact", "observedTime": then.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                  "kubelet": {"reachable": True}, "devices": []}
        if self.dice.random() < 0.3:
            pcis = [each["pci"] for each in spec["objects"] if each.get("class") in DEVICE_CLASSES]
            status["devices"].append({"pci": self.dice.choice(pcis), "healthy": False,
                                      "reason": "it is ill"})
        if self.dice.random() < 0.3:
            status["power"] = {"limitWatts": self.dice.choice((900, 2500, 6500)), "baseWatts": 400}
        return status

    def post_nodes(self):
        manifest_cases.install(self.rig)
        self.api.delete(FABRICS)
        specs = self.specs()
        for number in range(NODE_COUNT):
            node, machine, told = whatif_world.make_node(self.dice, number)
            name = node["metadata"]["name"]
            self.api.post(NODES, node)
            self.names.append(name)
            if told:
                self.fabric_names.append(name)
                fabric = {"apiVersion": API_VERSION, "kind": "NodeFabric",
                          "metadata": {"name": name}, "spec": specs[machine]}
                self.api.post(FABRICS, fabric)
                status = self.report(specs[machine])
                if status:
                    self.api.merge(f"{FABRICS}/{name}/status", {"status": status})
        for path, kind, version in ((NODES, "Node", "v1"), (FABRICS, "NodeFabric", API_VERSION)):
            for item in self.api.get(path)["items"]:
                item["metadata"].pop("managedFields", None)
                self.objects.append({**item, "kind": kind, "apiVersion": version})

    def start(self):
        self.post_nodes()
        self.extender = Extender(
            self.rig.options.extender, None, self.rig.plane.folder, self.rig.extender_address,
            f"whatif-extender-{self.version}",
            ("--kubeconfig", self.rig.plane.kubeconfig, "--namespace", manifest_cases.NAMESPACE,
             "--report-old", FOREVER_S, "--report-expired", FOREVER_S))
        eventually("the service knows the fabrics",
                   lambda: (set(self.extender.snapshot()) >= set(self.fabric_names), "not yet"), 20)
        self.rig.proxy.target = (self.extender.host, self.extender.port)
        self.rig.schedule(direct=True, modules=SCORES)
        eventually("kube-scheduler has every node", self.probe_settled, 60, pause=0.2)

    def probe_settled(self):
        """A pod that fits nowhere counts the nodes that there are."""
        pod = whatif_world.make_pod(random.Random(0), 999, self.names)
        pod["spec"] = {**pod["spec"], "affinity": None, "nodeSelector": {"zone": "nowhere"}}
        self.api.post(PODS, pod)
        node, message = self.outcome("pod-999")
        self.rig.delete_pod("pod-999")
        return f"0/{NODE_COUNT} nodes" in message, node or message

    def stop(self):
        self.api.delete(PODS)
        self.api.delete(FABRICS)
        if self.extender:
            extender, self.extender = self.extender, None
            extender.process.check()
            must(extender.stop() == 0, "the service did not end cleanly")

    # ---- what kube-scheduler does

    def outcome(self, name):
        """(node, "") or (None, message) of kube-scheduler's first try."""
        def probe():
            pod = self.rig.pod(name)
            if pod["spec"].get("nodeName"):
                return True, (pod["spec"]["nodeName"], "")
            for condition in pod["status"].get("conditions", []):
                if condition["type"] == "PodScheduled" and condition["status"] == "False":
                    must(condition.get("reason") == "Unschedulable",
                         f"{name}: {condition.get('reason')}: {condition.get('message')}")
                    return True, (None, condition.get("message", ""))
            return False, "not tried yet"
        return eventually(f"{name} tried", probe, 20, pause=0.01)

    def read_scores(self, name):
        """{node: {plugin: weighted score, "": total}} that kube-scheduler logged for a pod."""
        with open(self.rig.plane.scheduler.log_path, "rb") as log:
            log.seek(self.log_at)
            text = log.read()
        whole = text.rfind(b"\n") + 1
        self.log_at += whole
        for _, pod, plugin, node, score in SCORED.findall(text[:whole].decode(errors="replace")):
            scores = self.scores.setdefault(pod, {})
            scores.setdefault(node, {})[plugin] = int(score)
        return self.scores.pop(name, {})

    def wait_known(self, name, pod, node):
        """Until the service's ledger has the pod: what is asked next is asked of the same world."""
        limits = pod["spec"]["containers"][0]["resources"]["limits"]
        if node not in self.fabric_names or not set(limits) & {GPU, NPU}:
            return
        eventually(f"{name} in the ledger", lambda: (any(
            each["name"] == name for each in
            self.extender.snapshot()[node].get("ledger", {}).get("pods", [])), "not yet"), 10,
            pause=0.02)

    def wait_forgotten(self, name, node):
        if node in self.fabric_names:
            eventually(f"{name} out of the ledger", lambda: (all(
                each["name"] != name for each in
                self.extender.snapshot()[node].get("ledger", {}).get("pods", [])), "there"), 10,
                pause=0.02)

    def leave_one(self):
        """One of the pods that run ends."""
        name = self.dice.choice(sorted(self.bound))
        node = self.bound.pop(name)
        self.rig.delete_pod(name)
        self.wait_forgotten(name, node)

    # ---- what whatif says

    def snapshot(self):
        pods = self.api.get(PODS)["items"]
        for pod in pods:
            pod["metadata"].pop("managedFields", None)
            pod.update({"kind": "Pod", "apiVersion": "v1"})
        path = os.path.join(self.folder, "snapshot.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"kind": "List", "apiVersion": "v1", "items": self.objects + pods}, file)
        return path

    def ask(self, pod):
        """whatif's answer on a pod that is not there yet."""
        path = os.path.join(self.folder, "pod.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(pod, file)
        done = subprocess.run(
            [self.rig.options.switchyard, "whatif", "fit", "--snapshot", self.snapshot(), "-f",
             path, "-o", "json", "--kube-scheduler-version", self.version],
            capture_output=True, check=False, timeout=60)
        must(done.returncode in (0, 1, 2),
             f"switchyard ended with status {done.returncode}: {done.stderr.decode()[-800:]}")
        answer = json.loads(done.stdout)["pods"][0]
        runs = answer["node"] is not None and not answer.get("refused", False)
        must(runs == (done.returncode == 0),
             f"status {done.returncode}, node {answer['node']}")
        return answer


class Tally:
    """What came of all pods."""

    def __init__(self):
        self.count = collections.Counter()
        self.reasons = collections.Counter()

    def placed(self, pod, node, answer, scores):
        name = pod["metadata"]["name"]
        ours = {each["node"]: each for each in answer["candidates"] if each["fits"]}
        must(node in ours, f"{name} is on {node}; whatif says: {reason_of(answer, node)}")
        if len(ours) == 1:  # kube-scheduler does not score then
            must(not scores, f"{name}: whatif lets only {node} pass; scored were {sorted(scores)}")
        else:
            must(set(scores) == set(ours),
                 f"{name}: these pass in one alone: {sorted(set(scores) ^ set(ours))}")
            self.compare_scores(name, ours, scores)
            best = max(score[""] for score in scores.values())
            must(scores[answer["node"]][""] == best,
                 f"{name}: whatif chose {answer['node']} with {scores[answer['node']]['']}, "
                 f"the best has {best}")
        self.count["same" if answer["node"] == node else "tied"] += 1
        self.count["alone" if len(ours) == 1 else "scored"] += 1

    def compare_scores(self, name, ours, scores):
        """Every number of every node, ours and theirs; a plugin that was not asked counts as 0."""
        for node, real in scores.items():
            told = ours[node]
            must(told["total"] == real[""],
                 f"{name} on {node}: whatif {told['plugins']} and {told['extender']} make "
                 f"{told['total']}; kube-scheduler {real}")
            self.count["totals"] += 1
            for plugin, weight in (("NodeResourcesFit", 1), ("NodeResourcesBalancedAllocation", 1),
                                   ("NodeAffinity", 2), ("TaintToleration", 3)):
                must(told["plugins"][plugin] * weight == real.get(plugin, 0),
                     f"{name} on {node}: {plugin}: whatif {told['plugins'][plugin]}, "
                     f"kube-scheduler {real}")

    def refused(self, pod, answer, message):
        name = pod["metadata"]["name"]
        must(answer["node"] is None,
             f"{name}: whatif places it on {answer['node']}; kube-scheduler: {message}")
        real = real_reasons(message)
        if "pod affinity terms conflict" not in message:    # said of no node in particular
            self.compare_reasons(name, answer, real, message)
        self.count["refused"] += 1
        self.reasons.update(real)

    @staticmethod
    def compare_reasons(name, answer, real, message):
        """As many nodes by every plugin. Of NodeResourcesFit whatif tells one resource a node,
        kube-scheduler every one."""
        told = collections.Counter(each["stage"] for each in answer["candidates"])
        fit = {text: count for text, count in real.items()
               if text == "Too many pods" or text.startswith("Insufficient ")}
        theirs = collections.Counter()
        for text, count in real.items():
            if text not in fit:
                theirs[PLUGINS.get(text, "Extender")] += count
        for plugin in set(PLUGINS.values()) | {"Extender"}:
            must(told[plugin] == theirs[plugin],
                 f"{name}: {plugin} drops {told[plugin]} nodes by whatif; {message}")
        short = collections.Counter(resource_of(each["reason"]) for each in answer["candidates"]
                                    if each["stage"] == "NodeResourcesFit")
        must(all(count <= fit.get(text, 0) for text, count in short.items()) and
             max(fit.values(), default=0) <= told["NodeResourcesFit"] <= sum(fit.values()),
             f"{name}: whatif has {dict(short)}; {message}")


def resource_of(reason):
    """whatif's words for what is short in kube-scheduler's."""
    match = re.fullmatch(r"(?:never enough|not enough) (\S+)(?: left)?(?:, short by .*)?", reason)
    return f"Insufficient {match[1]}" if match else "Too many pods"


def reason_of(answer, node):
    return next((f"{each['stage']}: {each['reason']}" for each in answer["candidates"]
                 if each["node"] == node), "no such node")


def real_reasons(message):
    """{reason: nodes} of "0/40 nodes are available: 3 Insufficient cpu, …. preemption: …"."""
    listed = message.split(" nodes are available: ", 1)[-1].split(". ", 1)[0].rstrip(".")
    found = {}
    for part in re.split(r", (?=\d)", listed):
        match = REASON.fullmatch(part)
        if match:
            found[match[2]] = int(match[1])
    return found


def differential(rig, version):
    """POD_COUNT pods over NODE_COUNT nodes."""
    dice = random.Random(f"{rig.options.seed}/whatif")
    stage = Stage(rig, version, dice)
    tally = Tally()
    try:
        stage.start()
        for number in range(POD_COUNT):
            if stage.bound and dice.random() < LEAVES:
                stage.leave_one()
            pod = whatif_world.make_pod(dice, number, stage.names)
            name = pod["metadata"]["name"]
            answer = stage.ask(copy.deepcopy(pod))
            stage.api.post(PODS, pod)
            node, message = stage.outcome(name)
            scores = stage.read_scores(name)
            if node is None:
                tally.refused(pod, answer, message)
                rig.delete_pod(name)
                continue
            tally.placed(pod, node, answer, scores)
            stage.bound[name] = node
            stage.wait_known(name, pod, node)
    finally:
        stage.stop()
    count = tally.count
    say(f"whatif {version}: seed {rig.options.seed}, {POD_COUNT} pods, {NODE_COUNT} nodes "
        f"({len(stage.fabric_names)} with a NodeFabric): {count['same']} on the same node, "
        f"{count['tied']} on one that ties, {count['refused']} refused by both; "
        f"{count['totals']} totals equal, {count['alone']} pods with one node")
    must(count["same"] + count["tied"] >= POD_COUNT // 2 and count["refused"] > 0 and
         count["scored"] > POD_COUNT // 3, f"the pods are too much alike: {dict(count)}")


def whatif_case(version):
    """The comparison on the control plane of the run where it is of that minor, else on one of its
    own."""
    def run(rig):
        must(os.access(rig.options.switchyard, os.X_OK),
             f"no program {rig.options.switchyard}: build the release preset first")
        if rig.options.kubernetes.startswith(version + "."):
            differential(rig, version)
            return
        folder = tempfile.mkdtemp(prefix=f"plane-{version}-", dir=rig.plane.folder)
        plane = ControlPlane(build(os.path.join(HERE, "build.sh"), VERSIONS[version]), folder)
        other = None
        try:
            other = type(rig)(plane, rig.options, rig.shipped_config, rig.machine_xml)
            differential(other, version)
        finally:
            for part in (other, plane):
                if part:
                    part.stop()
    return run


for each in VERSIONS:
    CASES[f"whatif-{each.replace('.', '-')}"] = whatif_case(each)

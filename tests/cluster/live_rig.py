# SPDX-License-Identifier: Apache-2.0
"""What a live case has in its hands beside the rig: agents, their kubelets, and services that watch
the API server. Agents and services hold tokens with the rights of deploy/kustomize, no others, and
talk TLS to a proxy that counts their calls."""

import base64
import collections
import copy
import datetime
import json
import os
import random
import subprocess
import tempfile

import kubelet
import manifest_cases
import objects
from agents import FABRICS, Agent, World
from extender import API_VERSION, Extender, Feed
from fault_proxy import FaultProxy
from manifest_cases import NAMESPACE
from objects import PODS
from processes import Failure, eventually

ACCOUNT = "switchyard-extender"     # the layouts give its roles to accounts of theirs
RBAC = "/apis/rbac.authorization.k8s.io/v1"
GHOST = {"namespace": "default", "name": "ghost", "uid": "ghost", "container": "main"}
AGENT_SECONDS = {"--heartbeat": "1", "--scan": "1"}


def say(text):
    print(f"   {text}", flush=True)


def chance(rig, name):
    """The case's own generator; the seed is in the output."""
    say(f"{name}: seed {rig.options.seed}")
    return random.Random(f"{rig.options.seed}/{name}")


class LiveSuite:
    """What the live cases of one run share."""

    def __init__(self):
        self.called = collections.Counter()     # fault_proxy.Call -> how often
        self.cases = set()      # that have run to their end
        self.stub = None
        self.installed = False


class LiveRig:
    """Use it as `with LiveRig(rig) as live:`. All nodes are the mixed machine; the settings are
    those of KubeletNode. `agent_args` are further arguments of every agent."""

    def __init__(self, rig, names=("node-a", "node-b", "node-c"), agent_args=(), **settings):
        self.rig = rig
        self.api = rig.api
        self.plane = rig.plane
        self.suite = rig.live
        self.names = list(names)
        self.agent_args = agent_args
        self.settings = settings
        self.folder = tempfile.mkdtemp(prefix="l", dir=rig.plane.folder)    # sockets: keep it short
        self.proxy = self.world = None
        self.extenders = []     # the first one is asked by kube-scheduler
        self.twin = None

    def __enter__(self):
        try:
            self.prepare()
        except BaseException:
            self.leave(quietly=True)
            raise
        return self

    def prepare(self):
        if not self.suite.installed:
            manifest_cases.install(self.rig)
            self.make_account()
            self.suite.installed = True
        self.suite.stub = self.suite.stub or kubelet.build()
        self.api.delete(FABRICS)
        self.api.delete(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{ACCOUNT}",
                        expect=(200, 404))
        certificate = self.plane.path("certificates", "apiserver")
        self.proxy = FaultProxy(self.plane.url, tls=(certificate + ".crt", certificate + ".key"))
        self.world = World(self.suite.stub, self.folder, self.names, self.rig.machine_xml.decode(),
                           self.plane.kubeconfig, **self.settings)
        self.world.post_nodes(self.api)

    def __exit__(self, kind, value, trace):
        self.leave(quietly=kind is not None)

    def leave(self, quietly):
        """Stops everything; what does not end cleanly is a failure, unless there is one already."""
        failures = []
        parts = [*self.extenders, self.twin, self.world]
        for part in parts:
            try:
                if part:
                    self.stop_one(part)
            except (Failure, OSError) as failure:
                failures.append(failure)
        self.extenders, self.twin, self.world = [], None, None
        if self.proxy:
            self.suite.called.update(self.proxy.calls())
            self.proxy.close()
        if failures and not quietly:
            raise failures[0]

    @staticmethod
    def stop_one(part):
        if not isinstance(part, Extender):
            part.stop()
            return
        part.process.check()
        status = part.stop()
        if status != 0:
            raise Failure(f"{part.process.name} ended with status {status}, not 0, at SIGTERM:\n"
                          + "\n".join(part.process.log().splitlines()[-15:]))

    # ---- rights

    def make_account(self):
        """A service account with the two roles that every service has."""
        self.api.post(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
                      {"metadata": {"name": ACCOUNT}}, expect=(201, 409))
        self.give("ClusterRole", ACCOUNT)
        self.give("Role", ACCOUNT)

    def give(self, kind, role):
        path = RBAC + ("/clusterrolebindings" if kind == "ClusterRole" else
                       f"/namespaces/{NAMESPACE}/rolebindings")
        self.api.post(path, {
            "metadata": {"name": f"test-{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}]},
            expect=(201, 409))

    def take(self, role):
        self.api.delete(f"{RBAC}/clusterrolebindings/test-{role}", expect=(200, 404))

    def account_token(self):
        return self.api.post(
            f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
             "spec": {"expirationSeconds": 3600}})["status"]["token"]

    def kubeconfig(self, name, token):
        """A kubeconfig for the proxy, whose certificate is checked."""
        with open(self.plane.path("certificates", "apiserver.crt"), "rb") as file:
            authority = base64.b64encode(file.read()).decode()
        path = os.path.join(self.folder, f"kubeconfig-{name}")
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": self.proxy.url,
                                                    "certificate-authority-data": authority}}],
            "users": [{"name": "it", "user": {"token": token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return path

    # ---- programs

    def start_agents(self, *names):
        """The agents of these nodes, or of all."""
        for name in names or self.names:
            if name not in self.world.agents:
                self.world.agents[name] = self.agent(name)
            self.world.agents[name].start()

    def agent(self, name):
        seconds = [part for pair in AGENT_SECONDS.items() for part in pair]
        return Agent(self.rig.options.agent, name, self.world.trees[name], self.world.kubelet,
                     self.kubeconfig(name, manifest_cases.agent_token(self.rig, name)),
                     self.plane.folder, (*seconds, *self.agent_args))

    def start_extender(self, *arguments, wake=None, bind=False):
        """A service that watches; the first one is the one that kube-scheduler asks."""
        first = not self.extenders
        self.rig.extenders_started += 1
        name = f"extender-{self.rig.extenders_started}"
        more = ["--namespace", NAMESPACE]
        if wake:
            more += ["--wake", wake]
        if wake == "node":
            self.give("ClusterRole", f"{ACCOUNT}-wake-node")
        if bind:
            more.append("--bind")
            self.give("ClusterRole", f"{ACCOUNT}-bind")
        extender = Extender(
            self.rig.options.extender, None, self.plane.folder,
            self.rig.extender_address if first else "127.0.0.1:0", name,
            ("--kubeconfig", self.kubeconfig(name, self.account_token()), *more, *arguments))
        self.extenders.append(extender)
        if first:
            self.rig.proxy.target = (extender.host, extender.port)
        return extender

    def stop_extender(self, extender=None):
        extender = extender or self.extenders[0]
        self.extenders.remove(extender)
        self.stop_one(extender)

    def kill_extender(self, extender):
        """Ends it at once, without a goodbye."""
        self.extenders.remove(extender)
        extender.process.child.kill()
        extender.process.child.wait()

    @property
    def extender(self):
        return self.extenders[0]

    def has(self, flag):
        """Does the service know the flag?"""
        said = subprocess.run([self.rig.options.extender, "--help"], capture_output=True, text=True,
                              check=True, timeout=10)
        return f"  {flag} " in said.stdout

    def check(self):
        self.world.check()
        for extender in self.extenders:
            extender.process.check()

    # ---- the API

    def fabrics(self):
        return {d["metadata"]["name"]: d for d in self.api.get(FABRICS)["items"]}

    def settle(self):
        """Waits until kube-scheduler and the services have seen every node there is."""
        self.rig.settle()

    def bind(self, name, node, limits, annotations=None):
        """A pod that is on a node without that anybody was asked."""
        return self.api.post(PODS, objects.pod(name, limits, None, annotations, node))

    def bound_pods(self):
        """The pods that hold devices, by name: bound, not finished, asking for some."""
        return {name: pod for name, pod in self.rig.pods().items()
                if pod["spec"].get("nodeName") and
                pod["status"].get("phase") not in ("Failed", "Succeeded") and
                asks(pod)}

    def by_pod(self):
        """{pod: (node, its devices, Unix time of admission)}, as the kubelets know it."""
        found = {}
        for node, devices in self.world.kubelet.truth().items():
            for pci, holders in devices.items():
                for holder in holders:
                    _, pcis, _ = found.setdefault(holder["name"], (node, set(), 0))
                    pcis.add(pci)
                    found[holder["name"]] = (node, pcis, holder["since"])
        return {name: (node, frozenset(pcis), since)
                for name, (node, pcis, since) in found.items()}

    # ---- what the services know

    def ledger(self, extender=None):
        """{node: {pod: (cover, set of PCI addresses)}}, from the snapshot in use."""
        return {node: {p["name"]: (p["cover"], frozenset(p["devices"]))
                       for p in item.get("ledger", {}).get("pods", [])}
                for node, item in (extender or self.extender).snapshot().items()}

    def probe_exact(self, extender=None):
        """Does the service know from reports, and for every pod, what is true?"""
        extender = extender or self.extender
        extender.process.check()
        snapshot = extender.snapshot()
        truth = self.world.truth()
        bound = self.bound_pods()
        wrong = {}
        for name in self.names:
            item = snapshot.get(name)
            mode = item and item.get("status", {}).get("mode")
            if mode != "exact":
                wrong[name] = f"mode {mode}"
                continue
            says, is_so = World.reported(item), truth[name]
            covers = {p["name"]: p["cover"] for p in item["ledger"]["pods"]}
            here = {p for p, pod in bound.items() if pod["spec"]["nodeName"] == name}
            if says != is_so:
                wrong[name] = {"snapshot": says, "true": is_so}
            elif set(covers) != here or set(covers.values()) - {"report"}:
                wrong[name] = {"ledger": covers, "bound": here}
            elif here != {holder[1] for holders in is_so.values() for holder in holders}:
                wrong[name] = {"bound": here, "true": is_so}
        return not wrong, dict(list(wrong.items())[:2])

    def wait_exact(self, limit=10, extender=None):
        eventually("the ledger is exact", lambda: self.probe_exact(extender), limit)

    def wait_mode(self, mode, names=None, limit=15):
        """Waits until the snapshot has every node in that mode."""
        names = names or self.names

        def probe():
            self.check()
            snapshot = self.extender.snapshot()
            seen = {name: snapshot.get(name, {}).get("status", {}).get("mode", "absent")
                    for name in names}
            return set(seen.values()) == {mode}, seen
        eventually(f"mode {mode}", probe, limit)

    def explain(self, limits, annotations=None, extender=None):
        """The verdicts on a pod that is not there."""
        return self.explain_pod(objects.pod("next", limits, None, annotations), extender)

    def explain_pod(self, pod, extender=None):
        return (extender or self.extender).explain(
            {"Pod": pod, "Nodes": None, "NodeNames": self.names})

    def metrics(self, extender=None):
        """{name{labels}: value} of /metrics."""
        status, body = (extender or self.extender).admin.raw("GET", "/metrics")
        if status != 200:
            raise Failure(f"/metrics: {status}")
        lines = [line.rsplit(" ", 1) for line in body.decode().splitlines()
                 if line and not line.startswith("#")]
        return {name: float(value) for name, value in lines}

    # ---- reports by hand

    def publish(self, name, held=()):
        """The NodeFabric of a node that has no agent: what one would say, with these devices held
        by a pod that is not there."""
        document = self.agent(name).once()
        for device in document["status"]["devices"]:
            device.pop("holders", None)
            device["held"] = 1000 if device["pci"] in held else 0
            if device["held"]:
                device["holders"] = [GHOST]
        document["status"]["observedTime"] = time_now()
        self.api.post(FABRICS, {key: value for key, value in document.items() if key != "status"},
                      expect=(201, 409))
        self.api.merge(f"{FABRICS}/{name}/status", {"status": document["status"]})

    # ---- seats

    def seat(self, node, free):
        """Pods hold all devices of a node but those of `free`, whatever the kubelet picks: one for
        each device, and those that hold a free one go again."""
        devices = {resource: len(listed) for resource, listed
                   in self.world.kubelet.nodes[node].resources.items()}
        names = []
        for resource, count in devices.items():
            for i in range(count):
                name = f"held-{node}-{resource.split('.')[0]}-{i}"
                self.bind(name, node, {resource: "1"})
                names.append(name)

        def all_held():
            truth = self.world.truth(node)
            return len(truth) == sum(devices.values()), truth
        for pci, holders in eventually(f"{node} full", all_held, 20).items():
            if pci in free:
                for holder in holders:
                    self.rig.delete_pod(holder[1])
        eventually(f"the seat of {node}", lambda: (
            not set(free) & set(self.world.truth(node)), self.world.truth(node)), 20)

    # ---- the truth's own service

    def scores(self, sets, limits):
        """What sets of devices are worth to a pod, each alone on its node: {key: score} for
        {key: (node, PCI addresses)}."""
        judge = Twin(self.rig)
        try:
            fabrics = self.fabrics()
            documents, held = {}, {}
            for key, (node, free) in sets.items():
                documents[key] = fabrics[node]
                held[key] = {device["pci"]: [GHOST] for device in fabrics[node]["status"]["devices"]
                             if device["pci"] not in free}
            judge.tell(documents, held)
            verdicts = judge.explain({"Pod": objects.pod("next", limits), "Nodes": None,
                                      "NodeNames": list(sets)})
        finally:
            self.stop_one(judge)
        wrong = {key: v for key, v in verdicts.items() if v["verdict"] != "fits"}
        if wrong:
            raise Failure(f"sets that do not serve a pod: {json.dumps(wrong)[:800]}")
        return {key: verdict["score"] for key, verdict in verdicts.items()}

    def truth_verdicts(self, limits, annotations=None):
        """What a service says that is told by a file, without any ledger, what the kubelets hand
        out. Inventory, health and power are as the agents report them."""
        if not self.twin:
            self.twin = Twin(self.rig)
        self.twin.tell(self.fabrics(), self.world.kubelet.truth())
        return self.explain(limits, annotations, self.twin)


class Twin(Extender):
    """The service, fed from a directory."""

    def __init__(self, rig):
        rig.extenders_started += 1
        name = f"twin-{rig.extenders_started}"
        super().__init__(rig.options.extender, Feed(rig.plane.path(name)), rig.plane.folder,
                         name=name)
        self.told = {}

    def tell(self, fabrics, truth):
        held = {}
        for name, fabric in fabrics.items():
            document = {"apiVersion": API_VERSION, "kind": "NodeFabric", "metadata": {"name": name}}
            status = true_status(fabric["status"], truth[name])
            for suffix, part in (("", {"spec": fabric["spec"]}), (".status", {"status": status})):
                body = {**document, **part}
                settled = {key: value for key, value in part.items() if key != "status"} or \
                    {**status, "observedTime": None}
                if self.told.get(name + suffix) != settled:
                    self.feed.write(f"{name}{suffix}.json", body)
                    self.told[name + suffix] = settled
            held[name] = set(truth[name])
        self.wait_for(held)


def true_status(status, holders):
    """A status with the holders that the kubelet knows, whoever it had."""
    status = copy.deepcopy(status)
    status["mode"] = "exact"
    status["observedTime"] = time_now()
    status.pop("heartbeatTime", None)
    known = {device["pci"]: device for device in status["devices"]}
    missing = set(holders) - set(known)
    if missing:
        raise Failure(f"held, and in no report: {missing}")
    for pci, device in known.items():
        device.pop("holders", None)
        device["held"] = 1000 if pci in holders else 0
        if pci in holders:
            device["holders"] = [{key: holder[key] for key in
                                  ("namespace", "name", "uid", "container")}
                                 for holder in holders[pci]]
    return status


def time_now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def asks(pod):
    """Does a pod ask for devices?"""
    return any("/" in name for container in pod["spec"]["containers"]
               for name in container.get("resources", {}).get("limits", {}))

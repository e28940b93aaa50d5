# SPDX-License-Identifier: Apache-2.0
"""Objects that no program of ours would write, written by somebody with the right to: they are
refused with a message, the last good state stays, and nobody else notices."""

import copy
import datetime
import re

import objects
from agents import FABRICS
from fault_stage import CHURN_KINDS, Stage, held
from live_cases import must, say
from objects import GPU, NODES, NPU, PODS
from processes import eventually
from rest import HttpError

NODE = "node-x"         # has no agent and no kubelet: what we write stays
HOLDER = "holder-x"     # the pod that holds two of its devices
LARGE = 200_000         # bytes of an annotation; the API server takes 262,144 in all
SEEN_S = 5
SAID = re.compile(rf"(refused, the last good one stays|an object is not taken).*{NODE}")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Victim:
    """A node with a good NodeFabric, which is written again before each hostile one."""

    def __init__(self, stage):
        self.stage = stage
        self.api = stage.api
        self.spec = stage.fabric("node-a")["spec"]
        stage.api.post(NODES, {**stage.world.node_object("node-a"), "metadata": {"name": NODE}})
        self.pod = stage.bind(HOLDER, NODE, {NPU: "1", GPU: "1"})
        kubelet = stage.world.kubelet.nodes["node-a"]
        self.devices = frozenset(kubelet.resources[kind][0].pci for kind in (NPU, GPU))
        self.api.post(FABRICS, {"apiVersion": "switchyard.dev/v1alpha1", "kind": "NodeFabric",
                                "metadata": {"name": NODE}, "spec": self.spec})

    def status(self, **more):
        holder = {"namespace": "default", "name": HOLDER, "container": "main",
                  "uid": self.pod["metadata"]["uid"]}
        return {"mode": "exact", "observedTime": now(), "kubelet": {"reachable": True},
                "devices": [{"pci": pci, "held": 1000, "healthy": True, "holders": [holder]}
                            for pci in sorted(self.devices)], **more}

    def write(self, spec=None, status=None):
        """Replaces both; False where the API server does not take them."""
        for part, path, body in (("spec", "", spec), ("status", "/status", status)):
            if body is None:
                continue
            document = self.stage.fabric(NODE)
            document[part] = body
            try:
                self.api.call("PUT", f"{FABRICS}/{NODE}{path}", document)
            except HttpError as error:
                if error.status not in (400, 413, 422):
                    raise
                return False
        return True

    def wait(self, what, says, limit=SEEN_S):
        self.stage.wait_said(f"{NODE}: {what}", says, limit)

    def heal(self):
        must(self.write(self.spec, self.status()), "the good state is refused")
        self.api.merge(f"{NODES}/{NODE}", {"metadata": {"annotations": None}})
        self.wait("good again", lambda s: s.mode(NODE) == "exact" and
                  s.report(NODE).get("refused") is False and held(s.nodes[NODE]) == self.devices)

    def check_others(self):
        for extender in self.stage.extenders:
            eventually("the others are known exactly",
                       lambda e=extender: self.stage.probe_exact(e), SEEN_S)
            answer = extender.explain({"Pod": objects.pod("next", CHURN_KINDS[0]), "Nodes": None,
                                       "NodeNames": [NODE, *self.stage.names]})
            must(answer[NODE].get("mode"), f"/explain does not know {NODE}: {answer[NODE]}")


def copied(spec, change):
    spec = copy.deepcopy(spec)
    change(spec["objects"])
    return spec


def device_index(objs):
    return next(i for i, o in enumerate(objs) if o["type"] == "PCIDev")


def deep(objs):
    """As many bridges below one another as the schema allows."""
    machine = objs[0]
    objs[:] = [machine] + [{"type": "Bridge", "parent": i, "class": "0604", "id": "1000:c010",
                            "pci": f"{i >> 16:04x}:{i >> 8 & 255:02x}:{i >> 3 & 31:02x}.{i & 7}",
                            "buses": "00-ff"} for i in range(4095)]


def wide(objs):
    machine = objs[0]
    objs[:] = [machine] + [{"type": "PCIDev", "parent": 0, "class": "0302", "id": "10de:20b5",
                            "pci": f"{i >> 13:04x}:{i >> 5 & 255:02x}:{i & 31:02x}.0"}
                           for i in range(4095)]


def hostile_fabrics(victim):
    """[(description, spec, status, what must come of it)]: taken, refused or either."""
    spec, status = victim.spec, victim.status
    free = [o["pci"] for o in spec["objects"] if o["type"] == "PCIDev"
            and o["pci"] not in victim.devices][0]
    holders = [{"namespace": "n" * 253, "name": f"{i:0253}", "uid": "u" * 253,
                "container": "c" * 253} for i in range(64)]

    def device(**members):
        return status()["devices"] + [{"pci": free, **members}]

    def objs(change):
        return copied(spec, change)

    def set_member(**members):
        return lambda o: o[device_index(o)].update(members)
    return [
        ("a mode of the future", None, status(mode="telepathic"), "taken"),
        ("a kind of the future", None, status(devices=device(kind="QPU", held=0)), "taken"),
        ("a policy of the future", {**spec, "topologyManager": {
            "policy": "a-new-one", "scope": "galaxy"}}, status(), "taken"),
        ("a type of object of the future", objs(lambda o: o.append(
            {"type": "Wormhole", "parent": 0})), status(), "taken"),
        ("a link of the future", {**spec, "links": [{
            "a": sorted(victim.devices)[0], "b": free, "type": "BEAM", "gbps": 1}]}, status(),
         "taken"),
        ("observed in the year 1", None, status(observedTime="0001-01-01T00:00:00Z"), "either"),
        ("observed in the year 9999", None, status(observedTime="9999-12-31T23:59:59Z"), "either"),
        ("a device that is not there", None, status(devices=status()["devices"] + [
            {"pci": "ffff:ff:1f.7", "held": 1000}]), "taken"),
        ("a unit that is not there", None, status(devices=device(unit=255, held=1000)), "refused"),
        ("64 holders with names of 253 bytes", None, status(devices=device(
            held=1000, holders=holders)), "either"),
        ("a reason with a NUL", None, status(devices=device(healthy=False, reason="a\0b")),
         "refused"),
        ("a reason of 1024 controls", None, status(devices=device(
            healthy=False, reason="\x1b[31m\n" * 170)), "either"),
        ("a device twice", None, status(devices=[
            {**d, "held": 0, "holders": []} for d in status()["devices"]] + status()["devices"]),
         "either"),
        ("watts beyond any", None, status(devices=device(watts=1e6, capWatts=1e6),
                                          power={"limitWatts": 0, "baseWatts": 1e7}), "either"),
        ("a parent after its child", objs(set_member(parent=4095)), None, "refused"),
        ("an object that is its own parent",
         objs(lambda o: o[device_index(o)].update(parent=device_index(o))), None, "refused"),
        ("an address twice", objs(lambda o: o.append(dict(o[device_index(o)]))), None, "refused"),
        ("buses that are none", objs(lambda o: next(
            x for x in o if x.get("buses")).update(buses="zz-99")), None, "refused"),
        ("a class that is none", objs(set_member(**{"class": "GPU"})), None, "refused"),
        ("an address that is cut", objs(set_member(pci="0000:81")), None, "refused"),
        ("links without ends", {**spec, "links": [{"a": "x", "b": "y", "type": "NVL"}]}, None,
         "refused"),
        ("bridges 4095 deep", objs(deep), None, "either"),
        ("4095 devices", objs(wide), None, "either"),
        ("no objects but the machine", {"source": "x", "objects": [{"type": "Machine"}]}, None,
         "either"),
    ]


def one_fabric(victim, row):
    """Returns what came of it."""
    what, spec, status, wanted = row
    victim.heal()
    marks = {e: len(e.process.log()) for e in victim.stage.extenders}
    if not victim.write(spec, status):
        must(wanted != "taken", f"{what}: the API server refuses it")
        return "refused by the API server"
    version = victim.stage.fabric(NODE)["metadata"]["resourceVersion"]
    refused = None
    if wanted != "either":
        refused = wanted == "refused"
        victim.wait(f"{what}: {wanted}", lambda s: (
            bool(s.report(NODE).get("refused")) == refused and
            (refused or s.report(NODE).get("observedTime") is not None)))
    else:
        victim.stage.hold(1.0)
        refused = any(s.report(NODE).get("refused") for s in victim.stage.look())
    for extender, mark in marks.items() if refused else ():
        log = extender.process.log()[mark:]
        must(SAID.search(log),
             f"{what}: refused (version {version}), and the log does not say so: {log[-500:]}")
    if refused:
        for seen in victim.stage.look():
            must(held(seen.nodes[NODE]) == victim.devices,
                 f"{what}: refused, and the last good state did not stay: {held(seen.nodes[NODE])}")
    victim.check_others()
    return "refused" if refused else "taken"


def hostile_pods():
    """{name: Pod}; most are bound to the node already, and must be charged: they hold something,
    whatever else is written on them."""
    def pod(name, limits=None, annotations=None, on=NODE):
        return objects.pod(name, limits or {GPU: "1"}, None, annotations, on)
    many = pod("many-containers")
    container = many["spec"]["containers"][0]
    many["spec"]["containers"] = [{**container, "name": f"c{i}"} for i in range(300)]
    bodies = [
        pod("all-there-is", {GPU: "9223372036854775807", NPU: "9223372036854775807"}),
        pod("waits-for-all", {GPU: "9223372036854775807"}, None, None),
        pod("asks-in-exa", {GPU: "8E"}), many,
        pod("asks-of-each-kind", {f"{'v' * 60}.example/{'k' * 40}-{i}": "1" for i in range(200)}),
        pod("requires-much", None, {"switchyard.dev/require": "x" * LARGE}),
        pod("requires-the-moon", None, {"switchyard.dev/require": "moon,,=,npu=",
                                        "switchyard.dev/require-for": "-1h9y",
                                        "switchyard.dev/min-bandwidth": "NaN",
                                        "switchyard.dev/expected-watts": "1e999",
                                        "switchyard.dev/profile": "\u202e"}),
        pod("names-much", {NPU: "1"}, {"huawei.com/AscendReal": "Ascend910-0," * (LARGE // 12)}),
        pod("names-nonsense", {NPU: "1"}, {"huawei.com/AscendReal": ",-,Ascend910-99999999999999"}),
        pod("is-annotated", None,
            {f"switchyard.dev/{'a' * 50}-{i}": "b" * 900 for i in range(200)}),
        pod("is-nowhere", None, None, "n" * 63),
    ]
    return {body["metadata"]["name"]: body for body in bodies}


def hostile_objects(rig):
    """Admins, users and other programs write nonsense."""
    say(f"hostile-objects: seed {rig.options.seed}")
    with Stage(rig, rig.options.seed) as stage:
        victim = Victim(stage)
        rows = hostile_fabrics(victim)
        came = {}
        for row in rows:
            came.setdefault(one_fabric(victim, row), []).append(row[0])
        for what, which in came.items():
            say(f"{what}: {len(which)} ({'; '.join(which)})")

        victim.heal()
        for key in ("switchyard.dev/fabric", "switchyard.dev/cordon", "example.com/huge"):
            for text in ("x" * LARGE, "{" * LARGE, "0000:81:00.0=" + "\n" * 1000 + "; ;;=;"):
                stage.api.merge(f"{NODES}/{NODE}", {"metadata": {"annotations": {key: text}}})
                stage.hold(0.3)
                for seen in stage.look():
                    must(NODE in seen.nodes, f"annotation {key}: the node is gone")
                if text[0] == "x":      # one that starts now must know the node as well
                    extender = stage.start_replica()
                    victim.check_others()
                    eventually("the replicas say the same", stage.probe_replicas, SEEN_S)
                    stage.stop_extender(extender)
        stage.api.merge(f"{FABRICS}/{NODE}", {"metadata": {"annotations": {"a/b": "x" * LARGE}}})
        victim.check_others()
        victim.heal()

        taken = []
        for name, body in hostile_pods().items():
            code, answer = stage.api.raw("POST", PODS, body)
            must(code in (201, 400, 413, 422), f"pod {name}: {code} {answer[:300]!r}")
            taken += [name] if code == 201 else []
            if code == 201 and body["spec"].get("nodeName") == NODE:
                victim.wait(f"pod {name} is charged", lambda s, n=name: n in {
                    p["name"] for p in s.nodes[NODE]["ledger"]["pods"]})
            stage.hold(0.5)
            for seen in stage.look():
                must(victim.devices <= held(seen.nodes[NODE]), f"pod {name}: {HOLDER}'s devices "
                     f"are not held any more: {held(seen.nodes[NODE])}")
            victim.write(None, victim.status())
            victim.check_others()
        say(f"pods taken by the API server: {', '.join(taken)}")
        for name in taken:
            stage.rig.delete_pod(name)
        victim.heal()
        victim.check_others()
        eventually("the replicas say the same", stage.probe_replicas, SEEN_S)


CASES = {"fault-hostile-objects": hostile_objects}

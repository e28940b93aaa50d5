# SPDX-License-Identifier: Apache-2.0
"""The whole path on a real control plane: kubelet, agent, NodeFabric, service, verdict."""

import json
import subprocess
import time

import manifest_cases
from live_race import live_race
from live_rig import LiveRig, chance, say
from machines import ONE_SWITCH, devices
from manifest_cases import must
from objects import EXAMPLE, GPU, NODES, NPU
from processes import Failure, during, eventually
from scheduler_config import no_extender

KINDS = ({NPU: "2", GPU: "1"}, {NPU: "1", GPU: "1"}, {NPU: "2"}, {NPU: "1"}, {GPU: "1"})
REQUIRE_SWITCH = {"switchyard.dev/require": "switch"}
WOKEN_S = 5.0
CASES = {}


def case(function):
    """A case of this file; whether it has run to its end is noted for the last one."""
    name = function.__name__.replace("_", "-")

    def run(rig):
        function(rig)
        rig.live.cases.add(name)
    CASES[name] = run
    return run


# ---------------------------------------------------------------- the verdict is that of the truth

def plain(verdict):
    """What of a verdict must be equal: all but what is known of the report itself."""
    return {key: value for key, value in verdict.items() if key != "ledger"}


def difference(one, other):
    """{key: (value, other value)} of what is not equal."""
    return {key: (one.get(key), other.get(key)) for key in set(one) | set(other)
            if one.get(key) != other.get(key)}


def same_verdicts(live, limits, annotations=None):
    """The service's verdicts on a pod, after they were held against those of the truth."""
    says = live.explain(limits, annotations)
    is_so = live.truth_verdicts(limits, annotations)
    for name in live.names:
        one, other = plain(says[name]), plain(is_so[name])
        differ = difference(one, other)
        must(not differ, f"{name}: /explain for {limits} differs from that of the truth (says, "
             f"true): {json.dumps(differ)[:1500]}")
        must(one["mode"] == "exact", f"{name}: mode {one['mode']}")
    return says


def fits(verdicts):
    return {name for name, verdict in verdicts.items() if verdict["verdict"] == "fits"}


@case
def live_fill(rig):
    """Pod by pod until the cluster is full; before each, the verdict is that of the truth."""
    dice = chance(rig, "live-fill")
    with LiveRig(rig, seed=dice.randrange(1, 1 << 31)) as live:
        live.start_extender()
        live.start_agents()
        rig.schedule()
        live.settle()
        live.wait_exact(20)
        kinds, made = list(KINDS), 0
        while kinds:
            limits = dice.choice(kinds)
            annotations = REQUIRE_SWITCH if dice.random() < 0.2 else None
            where = fits(same_verdicts(live, limits, annotations))
            if not where:
                if not annotations:
                    kinds.remove(limits)
                continue
            made += 1
            rig.create_pod(f"fill-{made}", limits, annotations)
            node = rig.wait_bound(f"fill-{made}")
            must(node in where, f"fill-{made} is on {node}, /explain says it fits on {where}")
            live.wait_exact()
        held = sum(len(devices) for devices in live.world.truth().values())
        say(f"live-fill: {made} pods hold {held} devices")
        must(held == 18, f"full is 18 devices, not {held}")
        rig.create_pod("too-many", {GPU: "1"})
        rig.wait_refused("too-many")


@case
def live_drain(rig):
    """Pods go in random order; after each, the verdict is that of the truth."""
    dice = chance(rig, "live-drain")
    with LiveRig(rig, seed=dice.randrange(1, 1 << 31)) as live:
        live.start_extender()
        live.start_agents()
        rig.schedule()
        live.settle()
        live.wait_exact(20)
        names = [f"drain-{i}" for i in range(8)]
        for name, limits in zip(names, [EXAMPLE] * 3 + [{GPU: "1"}] * 2 + [{NPU: "1"}] * 3):
            rig.create_pod(name, limits)
        for name in names:
            rig.wait_bound(name)
        live.wait_exact()
        dice.shuffle(names)
        for name in names:
            rig.delete_pod(name)
            live.wait_exact()
            for limits in dice.sample(KINDS, 2):
                same_verdicts(live, limits)
        must(not any(live.world.truth().values()), "devices are held without pods")


case(live_race)


# ---------------------------------------------------------------- what is refused, and comes back

def wait_woken(rig, live, wake):
    """A refused pod, and a report that frees what it wants; (seconds until it was bound)."""
    live.publish("node-a", devices("9c"))
    live.extender.wait_for({"node-a": {"0000:9c:00.0"}}, 5)
    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH)
    rig.wait_refused("strict")
    during(1.5, lambda: rig.must_be_pending("strict"))      # longer than its first back-off
    started = time.monotonic()
    live.publish("node-a")
    if wake == "off":
        during(10, lambda: rig.must_be_pending("strict"))
        must(fits(live.explain(EXAMPLE, REQUIRE_SWITCH)), "control: it does not even fit now")
        return None
    rig.wait_bound("strict", WOKEN_S)
    return time.monotonic() - started


@case
def live_waking(rig):
    """A pod that was refused is tried again when a report frees devices, and nothing else is."""
    with LiveRig(rig, ("node-a",)) as live:
        for wake in ("csistoragecapacity", "node", "off"):
            live.start_extender(wake=wake)
            rig.schedule()
            live.settle()
            seconds = wait_woken(rig, live, wake)
            say(f"live-waking: --wake {wake}: " +
                (f"bound after {seconds:.2f} s" if seconds else "pending for 10 s, as it must"))
            rig.delete_pod("strict")
            live.stop_extender()


@case
def live_cordon(rig):
    """A device that an operator takes out of service takes no pods; one that it has stays."""
    with LiveRig(rig, ("node-a", "node-b")) as live:
        live.start_extender()
        live.start_agents()
        rig.schedule()
        live.settle()
        live.wait_exact(20)
        live.bind("holder", "node-a", {NPU: "4"})
        live.wait_exact()

        def device(pci):
            found = {d["pci"]: d for d in live.fabrics()["node-a"]["status"]["devices"]}[pci]
            return found["healthy"], found.get("reason", ""), found["held"]
        manifest_cases.kubectl(rig, "annotate", "node", "node-a",
                               "switchyard.dev/cordon=0000:33:00.0=fan; 0000:19:00.0=Friday")
        eventually("the service knows of the cordon", lambda: (
            fits(live.explain({GPU: "2"})) == {"node-b"}, live.explain({GPU: "2"})["node-a"]), 2)
        refused = live.explain({GPU: "2"})["node-a"]
        must("0000:33:00.0 takes no new pods: cordoned: fan" in refused["notes"],
             f"/explain does not say why: {refused['notes']}")
        must(fits(live.explain({GPU: "1"})) == {"node-a", "node-b"}, "the other GPU is free")
        for pci, why, held in (("0000:33:00.0", "fan", 0), ("0000:19:00.0", "Friday", 1000)):
            eventually(f"{pci} cordoned in the NodeFabric", lambda pci=pci, why=why, held=held: (
                device(pci)[0] is False and why in device(pci)[1] and device(pci)[2] == held,
                device(pci)), 15)
        manifest_cases.kubectl(rig, "annotate", "node", "node-a", "switchyard.dev/cordon-")
        for pci in ("0000:33:00.0", "0000:19:00.0"):
            eventually(f"{pci} no longer cordoned", lambda pci=pci: (
                device(pci)[0] is True, device(pci)), 15)
        eventually("the service knows", lambda: (
            fits(live.explain({GPU: "2"})) == {"node-a", "node-b"}, "still refused"), 5)


@case
def live_topology_manager(rig):
    """What the kubelet would refuse for its NUMA nodes is not placed there."""
    with LiveRig(rig, ("node-a",), policy="single-numa-node") as live:
        live.start_extender()
        live.start_agents()
        rig.schedule()
        live.settle()
        live.wait_exact(20)
        live.seat("node-a", devices("9a", "9b", "33"))      # the GPU is on another NUMA node
        live.wait_exact()
        rig.create_pod("crosses", EXAMPLE)
        note = rig.wait_refused("crosses")
        must("Topology Manager" in note, f"the event does not say why: {note}")
        verdict = live.explain(EXAMPLE)["node-a"]
        must(verdict["topologyManager"]["policy"] == "single-numa-node" and
             verdict["verdict"] == "busy", f"/explain: {json.dumps(verdict)[:800]}")
        rig.create_pod("aligned", {NPU: "2"})
        rig.wait_bound("aligned")
        wait_phase(rig, "aligned", "Running")
        during(2, lambda: rig.must_be_pending("crosses"))
        must(not failed(rig), f"the kubelet refused {failed(rig)}")
        rig.delete_pod("crosses")
        rig.delete_pod("aligned")
        live.wait_exact()

        rig.schedule(no_extender)
        rig.create_pod("control", EXAMPLE)
        rig.wait_bound("control")
        wait_phase(rig, "control", "Failed")
        must(failed(rig) == {"control": "TopologyAffinityError"}, f"control: {failed(rig)}")


def failed(rig):
    return {name: pod["status"].get("reason") for name, pod in rig.pods().items()
            if pod["status"].get("phase") == "Failed"}


def wait_phase(rig, name, phase):
    eventually(f"pod {name} {phase}", lambda: (
        rig.pod(name)["status"].get("phase") == phase, rig.pod(name)["status"]), 10)


def bind_badly(rig, live, label):
    """A pod that requires one switch and got another set, and what it got. The kubelet picks at
    random, so one that was lucky is taken away again."""
    for i in range(12):
        name = f"{label}-{i}"
        live.bind(name, "node-a", EXAMPLE, REQUIRE_SWITCH)
        _, got, _ = eventually("the kubelet's choice", lambda name=name: (
            name in live.by_pod(), live.by_pod().get(name)), 10)
        if got != ONE_SWITCH:
            return name, got
        rig.delete_pod(name)
        eventually("it is gone", lambda: (not live.world.truth("node-a"), "still there"), 10)
    raise Failure("twelve times by chance on one switch: is the stub's choice arbitrary?")


def wait_event(rig, pod, reason):
    def probe():
        found = rig.api.get("/api/v1/namespaces/default/events?fieldSelector="
                            f"involvedObject.name%3D{pod}%2Creason%3D{reason}")["items"] or []
        return bool(found), found or "no such event"
    found = eventually(f"event {reason} of {pod}", probe, 10)
    must(len(found) == 1, f"{len(found)} events {reason} of {pod}")
    return found[0]


@case
def live_violation_event(rig):
    """A pod that was bound behind our back, with devices that it must not have, is told of."""
    dice = chance(rig, "live-violation-event")
    with LiveRig(rig, ("node-a",), seed=dice.randrange(1, 1 << 31)) as live:
        live.start_extender()
        live.start_agents()
        live.wait_exact(20)
        name, got = bind_badly(rig, live, "seen")
        event = wait_event(rig, name, "RequirementViolated")
        must(event["type"] == "Warning", f"the event's type is {event['type']}")
        both = (" ".join(sorted(got)), "expected was " + " ".join(sorted(ONE_SWITCH)))
        must(all(text in event["message"] for text in both),
             f"the event does not name {both}: {event['message']}")
        must(live.metrics()["switchyard_require_violated_total"] == 1, "it is not counted once")
        rig.delete_pod(name)
        live.wait_exact()

        live.stop_extender()
        name, got = bind_badly(rig, live, "unseen")
        live.world.wait_reported(rig.api)
        live.start_extender()
        event = wait_event(rig, name, "RequirementViolated")
        must(" ".join(sorted(got)) in event["message"],
             f"the event does not name {sorted(got)}: {event['message']}")
        live.stop_extender()
        say(f"live-violation-event: {event['message']}")


# ---------------------------------------------------------------- modes, replicas

@case
def live_modes(rig):
    """Counts, exact, predicted, counts, exact again: what an agent's end means."""
    with LiveRig(rig, ("node-a", "node-b")) as live:
        live.start_extender("--report-old", "3", "--report-expired", "6")
        rig.schedule()
        live.settle()
        plain_verdict = live.explain(EXAMPLE)["node-a"]
        must(plain_verdict["verdict"] == "fits", f"without an agent: {plain_verdict}")
        rig.create_pod("early", EXAMPLE)
        rig.wait_bound("early")

        document = live.agent("node-a").once()
        del document["status"]
        rig.api.merge(f"{NODES}/node-a", {"metadata": {"annotations": {
            "switchyard.dev/fabric": json.dumps(document)}}})
        live.wait_mode("counts", ["node-a"])
        verdict = live.explain(EXAMPLE)["node-a"]
        must(verdict["mode"] == "counts" and
             verdict["best"]["score"] > verdict["worst"]["score"], f"by counts: {verdict}")

        live.start_agents()
        live.wait_exact(15)
        live.world.agents["node-a"].kill()
        live.wait_mode("predicted", ["node-a"], 8)
        must(live.explain(EXAMPLE)["node-a"]["mode"] == "predicted", "/explain: mode")
        age = live.metrics()['switchyard_node_report_age_seconds{node="node-a"}']
        must(age > 3, f"/metrics: the report's age is {age} s")
        live.wait_mode("counts", ["node-a"], 8)
        must(live.explain(EXAMPLE)["node-a"]["ledger"]["report"]["age"] == "expired", "/explain")
        metrics = live.metrics()
        must(metrics['switchyard_node_report_age_seconds{node="node-a"}'] > 6 and
             metrics['switchyard_node_report_age_seconds{node="node-b"}'] < 3 and
             metrics['switchyard_reports{age="expired"}'] == 1 and
             metrics['switchyard_nodes{mode="counts"}'] == 1 and
             metrics['switchyard_nodes{mode="exact"}'] == 1, "/metrics: " + str(
                 {k: v for k, v in metrics.items() if "report" in k or "_nodes" in k}))
        live.start_agents("node-a")
        live.wait_exact(15)


def bare(extender):
    """The text of /snapshot without ages, without the history that a replica has alone, and without
    the number of the snapshot."""
    status, body = extender.admin.raw("GET", "/snapshot")
    must(status == 200, f"/snapshot: {status}")
    document = json.loads(body)
    document["metadata"].pop("resourceVersion")
    for item in document["items"]:
        item["ledger"].pop("predictions")
        item["ledger"]["report"].pop("seconds")
    return json.dumps(document)


def wait_equal(live):
    """Both replicas show the same, byte for byte, and give the same verdicts. A pod that waits may
    find its place in the middle of this."""
    one, other = live.extenders

    def probe():
        live.check()
        texts = bare(one), bare(other)
        if texts[0] != texts[1]:
            at = next((i for i, pair in enumerate(zip(*texts)) if pair[0] != pair[1]), 0)
            return False, tuple(text[max(0, at - 200):at + 200] for text in texts)
        for limits in KINDS:
            first, second = (live.explain(limits, None, each) for each in (one, other))
            for name in live.names:
                differ = difference(plain(first[name]), plain(second[name]))
                if differ:
                    return False, f"{name}: /explain for {limits}: {json.dumps(differ)[:1500]}"
        return True, None
    eventually("equal replicas", probe, 10)


@case
def live_replicas(rig):
    """Two services come to the same state, and so does one that was killed."""
    dice = chance(rig, "live-replicas")
    with LiveRig(rig, seed=dice.randrange(1, 1 << 31)) as live:
        live.start_extender()
        # The other one must page its lists, as from a server that cannot stream them.
        live.proxy.answer(400, None, path="sendInitialEvents", agent="switchyard-extender")
        live.start_extender()
        live.proxy.heal()
        live.start_agents()
        rig.schedule()
        live.settle()
        live.wait_exact(20)
        there, made = [], 0

        def churn(events, deleted):
            nonlocal made
            for _ in range(events):
                if there and dice.random() < deleted:
                    rig.delete_pod(there.pop(dice.randrange(len(there))))
                else:
                    made += 1
                    # A new replica is told of pods in the order of their names, not of their age.
                    there.append(f"churn-{dice.randrange(1000):03d}-{made}")
                    rig.create_pod(there[-1], dice.choice(KINDS))
                time.sleep(dice.random() * 0.1)
        churn(40, 0.4)
        settled(live)
        wait_equal(live)
        # Where the agents say nothing, pods are predicted: the same by both, and by a third.
        for name in there:
            rig.delete_pod(name)
        settled(live)
        for agent in live.world.agents.values():
            agent.kill()
        there.clear()
        churn(9, 0)
        live.kill_extender(live.extenders[1])
        live.start_extender()
        predicted = eventually("pods are predicted", lambda: predicted_pods(live), 10)
        wait_equal(live)
        live.start_agents()
        settled(live)
        wait_equal(live)
        say(f"live-replicas: {made} pods, {len(predicted)} of them predicted by both")


def predicted_pods(live):
    found = [pod for pods in live.ledger().values() for pod, (cover, _) in pods.items()
             if cover == "predicted"]
    return bool(found), found or (live.ledger(), {name: pod["spec"].get("nodeName") or
                                                  live.rig.why_pending(name)
                                                  for name, pod in live.rig.pods().items()})


def settled(live):
    for extender in live.extenders:
        live.wait_exact(15, extender)


# ---------------------------------------------------------------- the agent's own words

def drop_times(document):
    for key in ("observedTime", "heartbeatTime"):
        document["status"].pop(key)


def printed(rig, looks):
    """The document of --once -o yaml, times left out; kubectl reads the YAML for us."""
    text = subprocess.run([*looks, "--once", "-o", "yaml"], capture_output=True, check=True,
                          text=True, timeout=60).stdout
    document = json.loads(manifest_cases.kubectl(
        rig, "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-",
        stdin=text))
    drop_times(document)
    return document


@case
def live_agent_says(rig):
    """What the agent prints is what it publishes, and what kubectl shows."""
    with LiveRig(rig, ("node-a",)) as live:
        live.start_agents()
        live.bind("holder", "node-a", EXAMPLE)
        eventually("the kubelet's choice", lambda: (len(live.world.truth("node-a")) == 3, "-"), 10)
        live.world.wait_reported(rig.api)
        said = printed(rig, live.world.agents["node-a"].looks)

        def probe():
            shown = json.loads(manifest_cases.kubectl(rig, "get", "nf", "node-a", "-o", "json"))
            drop_times(shown)
            must(said["spec"] == shown["spec"], f"spec: {said['spec']}, in the API {shown['spec']}")
            differ = difference(said["status"], shown["status"])
            return not differ, shown if not differ else json.dumps(differ)[:1500]
        shown = eventually("what is printed is in the API (printed, there)", probe, 5, 0.3)

        header, row = manifest_cases.kubectl(rig, "get", "nodefabrics").splitlines()
        must(header.split() == ["NAME", "DEVICES", "FREE", "UNHEALTHY", "WATTS", "OBSERVED"],
             f"kubectl's columns are {header}")
        summary = shown["status"]["summary"]
        must(all(text in row for text in ("node-a", summary["devices"], summary["free"],
                                          summary["watts"])) and "4 NPU" in row and "2 NPU" in row,
             f"kubectl's row is {row}, the summary {summary}")


# ---------------------------------------------------------------- rights

ROLES = {   # of which program; the namespace of its rights, None: all
    "switchyard-agent": [("clusterroles/switchyard-agent", None)],
    "switchyard-extender": [
        ("clusterroles/switchyard-extender", None),
        (f"namespaces/{manifest_cases.NAMESPACE}/roles/switchyard-extender",
         manifest_cases.NAMESPACE),
        ("clusterroles/switchyard-extender-bind", None),
        ("clusterroles/switchyard-extender-wake-node", None)]}


def rights(rig, program):
    """{(verb, group, resource, name or "", namespace or None)} that the manifests give."""
    found = set()
    for path, namespace in ROLES[program]:
        role = rig.api.get(f"/apis/rbac.authorization.k8s.io/v1/{path}")
        for rule in role["rules"]:
            found |= {(verb, group, resource, name, namespace)
                      for verb in rule["verbs"] for group in rule["apiGroups"]
                      for resource in rule["resources"]
                      for name in rule.get("resourceNames", [""])}
    return found


def needs(call):
    """What RBAC must allow for a call: (verb, group, resource, name, namespace), several where an
    apply made the object."""
    verb, group, resource, name = call.rule()
    verbs = {verb, "create"} if (verb, call.status) == ("patch", 201) else {verb}
    return {(each, group, resource, name, call.namespace) for each in verbs}


def allows(right, need):
    return right[:3] == need[:3] and right[3] in ("", need[3]) and right[4] in (None, need[4])


@case
def live_rbac(rig):
    """The calls that the cases before have made are those that the manifests allow, no others."""
    called = rig.live.called
    must(called, "run this case after others: it judges their calls")
    everything = set(CASES) - {"live-rbac"} <= rig.live.cases
    programs = {call.agent for call in called}
    must(programs == set(ROLES) or (programs < set(ROLES) and not everything),
         f"calls of {programs}")
    for program in sorted(programs):
        own = {call: count for call, count in called.items() if call.agent == program}
        refused = {call for call in own if call.status in (401, 403)}
        must(not refused, f"{program}: refused was {refused}")
        given = rights(rig, program)
        wanted = set().union(*(needs(call) for call in own))
        missing = {need for need in wanted if not any(allows(right, need) for right in given)}
        must(not missing, f"{program} does what the manifests do not allow: {missing}")
        unused = {right for right in given if not any(allows(right, need) for need in wanted)}
        say(f"live-rbac: {program}: {sum(own.values())} calls, {len(given)} rights, "
            f"not used {sorted(unused) if unused else 'none'}")
        must(not (unused and everything), f"{program}: rights that nothing used: {unused}")
    if not everything:
        say("live-rbac: not all live cases have run, so unused rights are no failure")

# SPDX-License-Identifier: Apache-2.0
"""The cases: what a real kube-scheduler does because of the extender, and what without it."""

import json

import fault_cases
import hostile_cases
import live_cases
import machines
import manifest_cases
import whatif_cases
from machines import (ALL, GPU_FAR, NPUS_APART, NPUS_APART_TOO, ONE_SOCKET, ONE_SWITCH)
from objects import EXAMPLE, GPU, NODES, NPU
from processes import Failure, during, eventually
from scheduler_config import full_nodes, no_extender, not_ignorable

CASES = {}
REQUIRE_SWITCH = {"switchyard.dev/require": "switch"}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def must(condition, text):
    if not condition:
        raise Failure(text)


def best_of(verdicts):
    """The verdict with the best score among those that fit; a tie is a failure."""
    fitting = [v for v in verdicts.values() if v["verdict"] == "fits"]
    must(fitting, f"no node fits in /explain: {verdicts}")
    ranked = sorted(fitting, key=lambda v: -v["score"])
    scores = {v["node"]: (v["score"], v["wireScore"]) for v in ranked}
    must(len(ranked) == 1 or ranked[0]["score"] > ranked[1]["score"],
         f"no single best score in /explain: {scores}")
    return ranked[0]


def check_bodies(rig, pod, nodes):
    """/filter lets all nodes pass; /prioritize answers every node, within the contract."""
    filtered = rig.proxy.last("filter", pod)
    must(filtered.asked()["Nodes"] is None, "names mode sent Node objects")
    must(set(filtered.answered()["NodeNames"]) == set(nodes),
         f"/filter let pass {filtered.answered()['NodeNames']}, not all of {nodes}")
    ranked = rig.proxy.last("prioritize", pod)
    scores = {entry["Host"]: entry["Score"] for entry in ranked.answered()}
    must(set(scores) == set(nodes), f"/prioritize answered {sorted(scores)}, asked was {nodes}")
    must(all(type(score) is int and 0 <= score <= 10 for score in scores.values()),
         f"/prioritize scores outside of 0..10: {scores}")
    return filtered, ranked


# ---------------------------------------------------------------- placement

def rotate(rig, seats, best, check):
    """Each node has the best seat once; `check(best_node, node_of_the_pod, pod)` judges."""
    nodes = [f"node-{letter}" for letter in "abcdef"[:len(seats)]]
    for node in nodes:
        rig.node(node)
        if rig.extender:
            rig.machine(node)
    for turn, best_node in enumerate(nodes):
        for i, node in enumerate(nodes):
            seat = seats[(i - turn) % len(nodes)]
            held = ALL - seat
            # To kube-scheduler the nodes differ in this alone: the best one has less CPU left.
            cpu, memory = ("16", "128Gi") if seat == best else ("2", "16Gi")
            holder = rig.hold(node, held, cpu, memory)
            if rig.extender:
                rig.report(node, {pci: holder for pci in held})
        rig.settle()
        pod = f"train-{turn}"
        rig.create_pod(pod, EXAMPLE)
        check(best_node, rig.wait_bound(pod), pod)
        rig.clear_pods()


def placed_best(rig, best_seat, count):
    """A judge for rotate: the pod is on the node that sits best and scores best."""
    def check(best_node, node, pod):
        nodes = [f"node-{letter}" for letter in "abcdef"[:count]]
        filtered, ranked = check_bodies(rig, pod, nodes)
        verdicts = rig.extender.explain(ranked.request)
        best = best_of(verdicts)
        must(best["node"] == best_node,
             f"/explain ranks {best['node']} above {best_node}, which sits best: "
             f"{ {v['node']: v['score'] for v in verdicts.values()} }")
        must({d["pci"] for d in best["devices"]} == best_seat,
             f"/explain shows {best['devices']}, free are {sorted(best_seat)}")
        must({d["resource"] for d in best["devices"]} == {NPU, GPU},
             f"/explain names the resources of {best['devices']} wrongly")
        must(node == best_node,
             f"{pod} is on {node}, not on {best_node}; scores sent: {ranked.answer.decode()}")
        rig.record(filtered, "filter-names")
        rig.record(ranked, "prioritize-names")
    return check


def placed_elsewhere(best_node, node, pod):
    must(node != best_node, f"control: stock scheduling put {pod} on {best_node} too")


FAR_SEATS = [NPUS_APART, GPU_FAR, NPUS_APART_TOO]


@case
def placement_one_switch(rig):
    """The pod goes where its devices share a switch, whichever node that is."""
    seats = [ONE_SWITCH, *FAR_SEATS]
    rig.start_extender()
    rig.schedule()
    rotate(rig, seats, ONE_SWITCH, placed_best(rig, ONE_SWITCH, len(seats)))


@case
def placement_one_socket(rig):
    """Where no node has them on one switch: on one socket rather than on two."""
    seats = [ONE_SOCKET, *FAR_SEATS]
    rig.start_extender()
    rig.schedule()
    rotate(rig, seats, ONE_SOCKET, placed_best(rig, ONE_SOCKET, len(seats)))


@case
def placement_control(rig):
    """Stock scheduling takes neither of those nodes."""
    rig.schedule(no_extender)
    for best in (ONE_SWITCH, ONE_SOCKET):
        rig.clear()
        rotate(rig, [best, *FAR_SEATS], best, placed_elsewhere)
    must(not rig.proxy.calls(), "control: the extender was called")


# ---------------------------------------------------------------- requirements

@case
def require_waits_then_runs(rig):
    """What nothing meets is pending, with our reason; the node that meets it wakes it."""
    rig.start_extender()
    rig.seat("node-a", NPUS_APART)
    rig.seat("node-b", GPU_FAR)
    rig.schedule()
    rig.settle()

    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH)
    note = rig.wait_refused("strict")
    filtered = rig.proxy.last("filter", "strict")
    answer = filtered.answered()
    reasons = answer["FailedAndUnresolvableNodes"] or {}
    must(set(reasons) == {"node-a", "node-b"},
         f"FailedAndUnresolvableNodes does not name both nodes: {answer}")
    must(not answer["FailedNodes"], f"FailedNodes must stay empty: {answer['FailedNodes']}")
    for reason in reasons.values():
        must(reason and reason in note, f"the event does not have our reason '{reason}': {note}")
    verdicts = rig.extender.explain(filtered.request)
    for node, reason in reasons.items():
        must(verdicts[node]["verdict"] in ("busy", "never"), f"/explain: {verdicts[node]}")
        must(verdicts[node]["reason"] in reason or reason in verdicts[node]["reason"],
             f"/filter says '{reason}', /explain says {verdicts[node]}")
    rig.record(filtered, "filter-refused-names")

    rig.machine("node-c")
    rig.report("node-c", {pci: None for pci in ALL - ONE_SWITCH})
    rig.wait_for_feed()
    during(2, lambda: rig.must_be_pending("strict"))
    rig.node("node-c")
    node = rig.wait_bound("strict")
    must(node == "node-c", f"the pod is on {node}, not on node-c")


@case
def require_control(rig):
    """Stock scheduling runs the same pod at once, on devices that do not meet it."""
    rig.schedule(no_extender)
    for node, seat in (("node-a", NPUS_APART), ("node-b", GPU_FAR)):
        rig.node(node)
        rig.hold(node, ALL - seat)
    rig.settle()
    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH)
    rig.wait_bound("strict")


@case
def require_does_not_storm(rig):
    """A refused pod above evictable ones is not tried in a loop and evicts nobody."""
    rig.start_extender()
    # Several nodes: a loop comes from texts that differ between attempts, by their order too.
    held = [rig.seat(f"node-{i}", FAR_SEATS[i % len(FAR_SEATS)], priority_class="low")
            for i in range(8)]
    rig.schedule()
    rig.settle()
    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH, "high")
    rig.wait_refused("strict")
    first = rig.proxy.calls("filter", "strict")[0]

    def nobody_evicted():
        there = set(rig.pods())
        must({pod["metadata"]["name"] for pod in held} <= there, f"evicted; left are {there}")
        rig.must_be_pending("strict")
    during(5, nobody_evicted)
    calls = [c for c in rig.proxy.calls("filter", "strict") if c.time < first.time + 5]
    must(len(calls) <= 5, f"{len(calls)} /filter calls in 5 s")
    must(calls[0].answered()["FailedAndUnresolvableNodes"],
         f"no node in FailedAndUnresolvableNodes: {calls[0].answer.decode()}")
    reasons = [c.answered()["FailedAndUnresolvableNodes"] for c in calls]
    must(all(r == reasons[0] for r in reasons), f"the reasons differ between attempts: {reasons}")


# ---------------------------------------------------------------- preemption

def preemption_node(rig, name, low, keep, priority_class):
    """A node whose NPUs are all held: `low` by a pod that may be evicted, `keep` by one that
    may not. Returns the evictable pod."""
    if rig.extender:
        rig.machine(name)
    evictable = rig.hold(name, low, priority_class=priority_class, name=f"{name}-low")
    fixed = rig.hold(name, keep, priority_class="high", name=f"{name}-fixed")
    if rig.extender:
        rig.report(name, {**{pci: evictable for pci in low}, **{pci: fixed for pci in keep}})
        rig.wait_for_feed()
    rig.node(name)
    return evictable


# No GPU is left behind the switch of the two NPUs that an eviction frees.
NEVER_LOW, NEVER_KEEP = machines.devices("9a", "9b"), machines.devices("19", "1a", "9c")
# Here one is.
HELPS_LOW, HELPS_KEEP = machines.devices("9a", "9b"), machines.devices("19", "1a", "33")


def preemption_vetoed(rig, offered, mode):
    """No eviction on a node that we would refuse again; one where it does help.

    `offered` is the key of the request that holds the candidates.
    """
    spared = preemption_node(rig, "node-a", NEVER_LOW, NEVER_KEEP, "low")
    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH, "middle")
    eventually("a /preempt call", lambda: (bool(rig.proxy.calls("preempt", "strict")),
                                           rig.why_pending("strict")), 20)
    vetoed = rig.proxy.last("preempt", "strict")
    must("node-a" in (vetoed.asked()[offered] or {}),
         f"kube-scheduler did not offer node-a: {vetoed.request.decode()}")
    must(not vetoed.answered()["NodeNameToMetaVictims"],
         f"/preempt did not veto node-a: {vetoed.answer.decode()}")
    rig.record(vetoed, f"preempt-vetoed-{mode}")

    def nobody_evicted():
        must(spared["metadata"]["name"] in rig.pods(), "evicted on node-a, in vain")
        rig.must_be_pending("strict")
    during(3, nobody_evicted)

    # Its pod is worth more, so stock scheduling would still prefer node-a.
    evicted = preemption_node(rig, "node-b", HELPS_LOW, HELPS_KEEP, "low-too")
    eventually("the eviction on node-b", lambda: (
        evicted["metadata"]["name"] not in rig.pods(), rig.why_pending("strict")), 20)
    nobody_evicted()
    granted = next(c for c in reversed(rig.proxy.calls("preempt", "strict"))
                   if c.answered()["NodeNameToMetaVictims"])
    victims = granted.answered()["NodeNameToMetaVictims"]
    must(set(victims) == {"node-b"}, f"/preempt left {victims}")
    must([v["UID"] for v in victims["node-b"]["Pods"]] == [evicted["metadata"]["uid"]],
         f"/preempt changed the victims of node-b: {victims}")
    rig.record(granted, f"preempt-{mode}")

    # The agent sees the devices free, and touches its node so that pending pods are tried again.
    rig.report("node-b", {pci: None for pci in HELPS_KEEP})
    rig.wait_for_feed()
    rig.api.merge(f"{NODES}/node-b", {"metadata": {"annotations": {"freed": "1"}}})
    node = rig.wait_bound("strict")
    must(node == "node-b", f"the pod is on {node}, not on node-b")


@case
def preemption_names(rig):
    """kube-scheduler sends the UIDs of the victims."""
    rig.start_extender()
    rig.schedule()
    preemption_vetoed(rig, "NodeNameToMetaVictims", "names")


@case
def preemption_full_nodes(rig):
    """kube-scheduler sends the victims themselves."""
    rig.start_extender()
    rig.schedule(full_nodes)
    preemption_vetoed(rig, "NodeNameToVictims", "full")


@case
def preemption_control(rig):
    """Stock scheduling evicts on the node where it does not help."""
    rig.schedule(no_extender)
    wasted = preemption_node(rig, "node-a", NEVER_LOW, NEVER_KEEP, "low")
    kept = preemption_node(rig, "node-b", HELPS_LOW, HELPS_KEEP, "low-too")
    rig.settle()
    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH, "middle")
    node = rig.wait_bound("strict")
    left = rig.pods()
    must(node == "node-a" and wasted["metadata"]["name"] not in left
         and kept["metadata"]["name"] in left,
         f"control: the pod is on {node}; pods left: {sorted(left)}")


# ---------------------------------------------------------------- the extender is down

@case
def outage_ignorable(rig):
    """While the extender is down pods run, unranked; when it is back it ranks again."""
    rig.start_extender()
    feed = rig.extender.feed
    rig.seat("node-a", ONE_SWITCH, busy=True)
    rig.seat("node-b", NPUS_APART)
    rig.schedule(direct=True)
    rig.settle()
    rig.create_pod("before", EXAMPLE)
    must(rig.wait_bound("before") == "node-a", "with the extender up the pod is not on node-a")
    rig.delete_pod("before")

    rig.stop_extender()
    rig.create_pod("while-down", EXAMPLE)
    node = rig.wait_bound("while-down")
    must(node == "node-b", f"with the extender down the pod is on {node}, as if it had been up")
    rig.delete_pod("while-down")
    rig.create_pod("while-down-too", EXAMPLE, REQUIRE_SWITCH)
    rig.wait_bound("while-down-too")    # a requirement is not seen meanwhile
    rig.delete_pod("while-down-too")

    rig.start_extender(feed)
    rig.wait_for_feed()
    rig.create_pod("after", EXAMPLE)
    node = rig.wait_bound("after")
    must(node == "node-a", f"with the extender back the pod is on {node}, not on node-a")


@case
def outage_not_ignorable(rig):
    """Where the extender must be asked, pods wait for it and recover by themselves."""
    rig.start_extender()
    feed = rig.extender.feed
    rig.seat("node-a", ONE_SWITCH, busy=True)
    rig.seat("node-b", NPUS_APART)
    rig.schedule(not_ignorable, direct=True)
    rig.settle()
    rig.stop_extender()

    rig.create_pod("plain")
    rig.create_pod("waits", EXAMPLE)
    rig.wait_bound("plain")
    rig.wait_refused("waits")
    during(3, lambda: rig.must_be_pending("waits"))
    rig.start_extender(feed)
    node = rig.wait_bound("waits", 30)
    must(node == "node-a", f"the pod is on {node}, not on node-a")


# ---------------------------------------------------------------- full-node mode

def check_full_bodies(rig, pod, nodes):
    filtered = rig.proxy.last("filter", pod)
    asked = {node["metadata"]["name"]: node for node in filtered.asked()["Nodes"]["items"]}
    answered = {node["metadata"]["name"]: node for node in filtered.answered()["Nodes"]["items"]}
    must(filtered.asked()["NodeNames"] is None, "full-node mode sent names")
    must(set(asked) == set(nodes), f"kube-scheduler sent {sorted(asked)}")
    must(answered == asked, "/filter did not give back the nodes unchanged: "
         + json.dumps(answered)[:400])
    return filtered, rig.proxy.last("prioritize", pod)


@case
def full_nodes_known_by_name(rig):
    """nodeCacheCapable: false: the same decision from whole Node objects."""
    rig.start_extender()
    rig.seat("node-a", NPUS_APART)
    rig.seat("node-b", ONE_SWITCH, busy=True)
    rig.seat("node-c", GPU_FAR)
    rig.schedule(full_nodes)
    rig.settle()
    rig.create_pod("train", EXAMPLE)
    node = rig.wait_bound("train")
    filtered, ranked = check_full_bodies(rig, "train", ["node-a", "node-b", "node-c"])
    must(best_of(rig.extender.explain(ranked.request))["node"] == "node-b",
         "/explain with whole nodes does not rank node-b first")
    must(node == "node-b", f"the pod is on {node}, not on node-b; {ranked.answer.decode()}")
    rig.record(filtered, "filter-full")
    rig.record(ranked, "prioritize-full")

    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH)
    rig.wait_refused("strict")
    answer = rig.proxy.last("filter", "strict").answered()
    must(not (answer["Nodes"] or {}).get("items"), f"nodes passed: {answer['Nodes']}")
    must(set(answer["FailedAndUnresolvableNodes"] or {}) >= {"node-a", "node-c"},
         f"not every node is refused by name: {answer}")


@case
def full_nodes_templates(rig):
    """Nodes that no feed knows carry their document in the annotation switchyard.dev/fabric."""
    rig.start_extender()
    for model, seat in (("model-apart", NPUS_APART), ("model-switch", ONE_SWITCH)):
        rig.machine(model)
        rig.report(model, {pci: None for pci in ALL - seat})
    rig.wait_for_feed()
    snapshot = rig.extender.snapshot()
    for name, model in (("template-a", "model-apart"), ("template-b", "model-switch"),
                        ("template-c", "model-apart")):
        document = {**snapshot[model], "metadata": {"name": name}}
        rig.node(name, {"switchyard.dev/fabric": json.dumps(document, separators=(",", ":"))})
        seat = ONE_SWITCH if model == "model-switch" else NPUS_APART
        cpu = "16" if seat == ONE_SWITCH else "2"
        rig.hold(name, ALL - seat, cpu)
    rig.schedule(full_nodes)
    rig.settle()
    rig.create_pod("train", EXAMPLE)
    node = rig.wait_bound("train")
    filtered, ranked = check_full_bodies(rig, "train", ["template-a", "template-b", "template-c"])
    must(node == "template-b", f"the pod is on {node}, not on template-b; "
         f"scores: {ranked.answer.decode()}")
    rig.record(filtered, "filter-templates-full")


# ---------------------------------------------------------------- size, and pods without devices

MANY = 1000


def many_nodes(rig, best):
    """1,000 nodes of which one sits best; stock scheduling has a reason to avoid that one."""
    names = [f"node-{i:04}" for i in range(MANY)]
    bad = [NPUS_APART, GPU_FAR, NPUS_APART_TOO]

    def make(i):
        seat = ONE_SWITCH if names[i] == best else bad[i % len(bad)]
        if rig.extender:
            rig.seat(names[i], seat, busy=names[i] == best)
        else:
            rig.node(names[i])
            rig.hold(names[i], ALL - seat, "24" if names[i] == best else "2")
    rig.many(make, range(MANY))
    return names


@case
def thousand_nodes(rig):
    """The one best node of 1,000 is offered, found and taken."""
    rig.start_extender()
    rig.schedule()
    names = many_nodes(rig, "node-0617")
    rig.settle()
    rig.create_pod("train", EXAMPLE)
    node = rig.wait_bound("train")
    filtered, _ = check_bodies(rig, "train", names)
    must(len(filtered.asked()["NodeNames"]) == MANY,
         f"kube-scheduler offered {len(filtered.asked()['NodeNames'])} nodes")
    must(node == "node-0617", f"the pod is on {node}, not on node-0617")

    rig.create_pod("strict", EXAMPLE, REQUIRE_SWITCH)
    note = rig.wait_refused("strict")
    refused = rig.proxy.last("filter", "strict").answered()["FailedAndUnresolvableNodes"]
    must(len(refused) == MANY - 1, f"{len(refused)} of {MANY - 1} nodes are refused by name")
    must(len(set(refused.values())) <= 3, f"too many reasons: {set(refused.values())}")
    must(all(reason in note for reason in set(refused.values())), f"the event says: {note}")


@case
def thousand_nodes_control(rig):
    """Stock scheduling does not take that one."""
    rig.schedule(no_extender)
    many_nodes(rig, "node-0617")
    rig.settle()
    rig.create_pod("train", EXAMPLE)
    node = rig.wait_bound("train")
    must(node != "node-0617", "control: stock scheduling took node-0617 too")


@case
def pods_without_devices_are_untouched(rig):
    """A pod that asks for none of our resources is never sent to us."""
    rig.start_extender()
    rig.seat("node-a", NPUS_APART)
    rig.seat("node-b", ONE_SWITCH)
    rig.schedule()
    rig.settle()
    names = [f"plain-{i}" for i in range(20)]
    for name in names:
        # Not even an annotation of ours matters without a device.
        rig.create_pod(name, None, REQUIRE_SWITCH if name.endswith("7") else None)
    for name in names:
        rig.wait_bound(name)
    rig.create_pod("train", EXAMPLE)
    rig.wait_bound("train")
    called = {exchange.pod() for exchange in rig.proxy.calls()}
    must(called == {"train"}, f"the extender was called for {sorted(called)}")


for function in manifest_cases.CASES:
    case(function)
CASES.update(live_cases.CASES)
CASES.update(fault_cases.CASES)
CASES.update(hostile_cases.CASES)
CASES.update(whatif_cases.CASES)

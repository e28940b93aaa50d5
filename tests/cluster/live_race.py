# SPDX-License-Identifier: Apache-2.0
"""Many pods at once: what is charged to whom, how long it takes until the truth is known, how many
pods are placed before an earlier choice has come back, and what that costs."""

import time

from agents import World
from live_rig import LiveRig, chance, say
from machines import ONE_SOCKET
from manifest_cases import must
from objects import EXAMPLE, NPU
from proxy import Proxy
from scheduler_config import with_bind

RECONCILED_S = 3.0      # after the kubelet knows
RACERS = 5


class RacingProxy(Proxy):
    """Notes before each /filter which pods have devices in the snapshot in use."""

    def __init__(self, live):
        super().__init__()
        self.live = live
        self.charged = []

    def forward(self, handler):
        if handler.path == "/filter":
            self.charged.append({holder[1] for item in self.live.extender.snapshot().values()
                                 for holders in World.reported(item).values()
                                 for holder in holders})
        super().forward(handler)

    def blind(self, names):
        """The pods that were placed before every earlier choice among `names` was charged, each
        with the number of choices that were missing."""
        decided, found = set(), {}
        last = {}
        for call, charged in zip(self.calls("filter"), self.charged):
            last[call.pod()] = (call.time, charged)
        for name, (_, charged) in sorted(last.items(), key=lambda item: item[1][0]):
            if name not in names:
                continue
            if decided - charged:
                found[name] = len(decided - charged)
            decided.add(name)
        return found


def check_charges(ledger, counts):
    """No device is charged to two pods, and no pod is charged with more or fewer than it has."""
    for node, pods in ledger.items():
        owner = {}
        for pod, (cover, devices) in pods.items():
            must(cover in ("report", "predicted", None), f"{pod} on {node}: cover {cover}")
            must(cover is None or len(devices) == counts.get(pod, 1),
                 f"{pod} on {node} is charged with {sorted(devices)}, cover {cover}")
            for pci in devices:
                must(pci not in owner, f"{pci} of {node} is charged to {pod} and {owner.get(pci)}")
                owner[pci] = pod


def reconcile(live, names, counts, limit=30):
    """Follows the ledger until it has the true devices of all pods; {pod: seconds after the kubelet
    knew}."""
    seen = {}
    end = time.monotonic() + limit
    while len(seen) < len(names):
        ledger = live.ledger()
        now = time.time()
        check_charges(ledger, counts)
        truth = live.by_pod()
        for node, pods in ledger.items():
            for name in names & set(pods):
                cover, devices = pods[name]
                if name not in seen and name in truth and cover == "report" and \
                        (node, devices) == truth[name][:2]:
                    seen[name] = now - truth[name][2]
        must(time.monotonic() < end, f"not reconciled within {limit} s: {names - set(seen)}; "
             f"ledger {ledger}, true {truth}")
        time.sleep(0.03)
    return seen


def achieved(live, names):
    """The mean score of the sets that the pods got, each alone on its node."""
    truth = live.by_pod()
    score = live.scores({name: truth[name][:2] for name in names}, EXAMPLE)
    return sum(score.values()) / len(score)


def race(live, label, at_once):
    """Creates the pods, and takes them away again; (pods placed blind, mean score, slowest)."""
    names = {f"{label}-{i}" for i in range(RACERS)}
    counts = {name: 3 for name in names}
    proxy = live.rig.proxy
    live.world.kubelet.restart()    # every race has the same chances: its seed begins anew
    live.wait_exact()
    proxy.clear()
    proxy.charged.clear()
    if at_once:
        with live.plane.scheduler.paused():     # so that it has all of them at the same moment
            live.rig.many(lambda name: live.rig.create_pod(name, EXAMPLE), sorted(names))
        slowest = max(reconcile(live, names, counts).values())
    else:
        slowest = 0
        for name in sorted(names):
            live.rig.create_pod(name, EXAMPLE)
            slowest = max(slowest, *reconcile(live, {name}, counts).values())
            live.wait_exact()
    for name in names:
        live.rig.wait_bound(name)
    live.wait_exact()
    blind, score = proxy.blind(names), achieved(live, names)
    for name in names:
        live.rig.delete_pod(name)
    live.wait_exact()
    say(f"live-race: {label}: {len(blind)} of {RACERS} pods placed blind, "
        f"{max(blind.values(), default=0)} choices missing at most, mean score of their sets "
        f"{score:.0f}, reconciled within {slowest:.2f} s")
    must(slowest <= RECONCILED_S, f"{label}: reconciled {slowest:.2f} s after the kubelet knew")
    must(at_once or not blind, f"{label}: one by one, and yet placed blind: {blind}")
    return blind, score


def live_race(rig):
    """Many pods at once: no device is charged twice, none is lost, predictions are reconciled."""
    dice = chance(rig, "live-race")
    usual = rig.proxy
    names = ("node-a", "node-b", "node-c", "node-d")
    with LiveRig(rig, names, seed=dice.randrange(1, 1 << 31), preferred=(NPU,)) as live:
        rig.proxy = RacingProxy(live)
        try:
            live.start_extender()
            live.start_agents()
            rig.schedule()
            live.settle()
            # Two nodes have a set on one switch and one that is not; the others have one between.
            for name in names[2:]:
                live.seat(name, ONE_SOCKET)
            live.wait_exact(20)
            _, alone = race(live, "one-by-one", False)
            _, burst = race(live, "at-once", True)
            live.stop_extender()
            live.start_extender(bind=True)
            rig.schedule(with_bind)
            _, bound = race(live, "with-bind", True)
            must(rig.proxy.calls("bind"), "kube-scheduler did not call /bind")
            say(f"live-race: quality lost: {(alone - burst) / alone:.1%}, "
                f"with --bind {(alone - bound) / alone:.1%}")
            rig.proxy.check()
        finally:
            rig.proxy.stop()
            rig.proxy = usual
            rig.plane.stop_scheduler()

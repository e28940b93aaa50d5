# SPDX-License-Identifier: Apache-2.0
"""What happens in every gap of the path from kubelet to verdict. Each fault runs among pods that
come and go; at every moment nothing may be counted twice or lost, it must be said that knowledge is
old, and within ten seconds of the fault's end every replica knows again what is true."""

import contextlib
import datetime
import random
import signal
import sys
import time
import traceback

import live_cases
from agents import FABRICS
from fault_stage import RECOVERED_S, REPORT_EXPIRED_S, REPORT_OLD_S, Churn, Stage, held
from objects import NODES
from processes import Failure, eventually

EXTENDER = "switchyard-extender"    # as User-Agent has it
FAULTS = {}
SOON_S = 6      # what is seen at once has a second of the agent's own and those of a busy machine


class Fault:
    def __init__(self, function, limit):
        self.function = function
        self.name = "fault-" + function.__name__.replace("_", "-")
        self.limit = limit

    def run(self, stage, seed):
        """One round; returns the seconds from the fault's end to recovery."""
        dice = random.Random(f"{seed}/{self.name}")
        churn = Churn(stage.api, stage.names, dice.randrange(1 << 31))
        try:
            stage.hold(dice.uniform(0.2, 1.5))
            ended = self.function(stage, dice) or time.monotonic()
            stage.hold(dice.uniform(0, 0.8))
        finally:
            churn.stop()
        return stage.wait_recovered(ended, self.limit)


def fault(function=None, limit=RECOVERED_S):
    if function is None:
        return lambda f: fault(f, limit)
    FAULTS[function.__name__] = Fault(function, limit)
    return function


def must(condition, text):
    if not condition:
        raise Failure(text)


def must_log(process, text, since):
    """The program's log must say something from a place on."""
    eventually(f"the log of {process.name} says '{text}'", lambda: (
        text in process.log()[since:], process.log()[since:][-600:]), SOON_S)


def wait_watched(stage):
    """Only what is open can be cut."""
    stage.wait_said("all is watched", lambda s: s.count("switchyard_watch_connected") == 3, SOON_S)


# ---------------------------------------------------------------- the API server

@fault
def api_server_killed(stage, dice):
    marks = {e: len(e.process.log()) for e in stage.extenders}
    stage.plane.kill_apiserver()
    try:
        stage.wait_said("no watch is open", lambda s: s.count("switchyard_watch_connected") == 0,
                        SOON_S)
        if dice.random() < 0.3:     # until nobody knows who holds what, and all wait their longest
            for node in stage.names:
                stage.stale_in_explain(node, REPORT_OLD_S + SOON_S)
            stage.hold(REPORT_EXPIRED_S + 5)
        else:
            stage.hold(dice.uniform(1, 6))
    finally:
        stage.plane.start_apiserver()
    ended = time.monotonic()
    for extender, mark in marks.items():
        must_log(extender.process, "nodefabrics", mark)
    return ended


@fault
def service_cut_off(stage, dice):
    """Only the service does not reach the API server; pods come and go all the while."""
    wait_watched(stage)
    stage.proxy.answer(dice.choice((500, 503, 429)), None, agent=EXTENDER)
    stage.proxy.cut_watches(agent=EXTENDER)
    stage.wait_said("no watch is open", lambda s: s.count("switchyard_watch_connected") == 0,
                    SOON_S)
    stage.stale_in_explain(dice.choice(stage.names), REPORT_OLD_S + SOON_S)
    stage.hold(dice.choice((0, dice.uniform(0, 5), REPORT_EXPIRED_S + 3)))
    stage.proxy.heal()


@fault
def watch_cut(stage, dice):
    """In the middle of an event, or at any byte, once or more."""
    for _ in range(dice.randint(1, 4)):
        wait_watched(stage)
        before = {s.extender: s.count("switchyard_watch_failures_total") for s in stage.look()}
        cut = dice.choice((stage.proxy.cut_in_next_event, stage.proxy.cut_watches,
                           lambda **of: stage.proxy.cut_watches(reset=False, **of)))
        cut(agent=EXTENDER)
        stage.wait_said("a watch broke", lambda s, b=before: (
            s.count("switchyard_watch_failures_total") > b[s.extender]), SOON_S)
        stage.hold(dice.uniform(0, 1))


@fault
def version_expired(stage, dice):
    """410: as an ERROR event, as the answer to every watch that goes on from a version, or to the
    listings after it too."""
    before = {s.extender: s.count("switchyard_watch_lists_total") for s in stage.look()}
    how = dice.randrange(3)
    wait_watched(stage)
    if how == 0:
        stage.proxy.expire_watches(agent=EXTENDER)
    else:
        stage.proxy.answer(410, None, verb="watch", agent=EXTENDER,
                           path="resourceVersion=[1-9]" if how == 1 else None)
        stage.proxy.cut_watches(agent=EXTENDER)
    stage.wait_said("listed anew", lambda s: (
        s.count("switchyard_watch_lists_total") > before[s.extender]), 2 * SOON_S)
    stage.hold(dice.uniform(0, 1))
    stage.proxy.heal()


@fault
def api_slow(stage, dice):
    """Every answer, and every piece of it, comes two seconds late."""
    stage.proxy.delay(2.0)
    stage.proxy.close_watches()     # those that are open know nothing of it
    stage.wait_said("reports are old", lambda s: max(s.age(n) for n in stage.names) > 2.0,
                    2 * SOON_S)
    stage.hold(dice.uniform(1, 4))
    stage.proxy.heal()
    stage.proxy.close_watches()
    stage.proxy.cut_all()           # calls on their way stay slow


@fault
def token_revoked(stage, dice):
    """The token of a program is not taken any more; then its file has another one."""
    wait_watched(stage)
    extender = dice.choice(stage.extenders)
    agent = stage.world.agents[dice.choice(stage.names)]
    new = [(extender.process, extender.process.name, stage.account_token()),
           (agent.process, agent.name.removeprefix("agent-"), stage.agent_token_of(agent))]
    marks = {process: len(process.log()) for process, _, _ in new}
    for _, name, _ in new:
        stage.proxy.answer(401, None, token=stage.tokens[name])
    stage.proxy.cut_watches(agent=EXTENDER)
    stage.wait_said("no watch is open", lambda s: s.count("switchyard_watch_connected") == 0,
                    SOON_S, [extender])
    for process, _, _ in new:
        must_log(process, "401", marks[process])
    stage.hold(dice.uniform(0, 4))
    for _, name, token in new:
        stage.write_token(name, token)
    ended = time.monotonic()
    stage.at_end.append(stage.proxy.heal)   # the old tokens stay refused until all is true again
    return ended


# ---------------------------------------------------------------- agents and kubelets

@fault
def agent_killed(stage, dice):
    node = dice.choice(stage.names)
    agent = stage.world.agents[node]
    agent.kill()
    stage.stale_in_explain(node, REPORT_OLD_S + SOON_S)
    stage.wait_said(f"the report of {node} is old", lambda s: (
        s.mode(node) != "exact" and s.report(node)["age"] != "fresh" and
        s.age(node) > REPORT_OLD_S), SOON_S)
    stage.hold(dice.choice((0, REPORT_EXPIRED_S - REPORT_OLD_S)))
    agent.start()


@fault
def report_of_yesterday(stage, dice):
    """The object of a node says what was true a day ago."""
    node = dice.choice(stage.names)
    agent = stage.world.agents[node]
    agent.stop()
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    stage.patch_status(node, {"observedTime": yesterday.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    stage.wait_said(f"the report of {node} is a day old", lambda s: (
        s.mode(node) == "counts" and s.age(node) > 86000), SOON_S)
    stage.stale_in_explain(node, 1)

    def not_exact(seen):
        must(seen.mode(node) == "counts", f"{node}: mode {seen.mode(node)} on a day-old report")
    stage.hold(dice.uniform(0.5, 3), not_exact)
    agent.start()


@fault
def kubelet_silent(stage, dice):
    """The socket is gone, nobody listens on it, or it hangs."""
    node = dice.choice(stage.names)
    how = dice.choice(({"socket": "absent"}, {"socket": "refused"}, {"answer": "hang"},
                       {"answer": "garbage"}, {"answer": "truncated"}))
    stage.world.kubelet.faults(node, **how)

    def probe():
        status = stage.fabric(node)["status"]
        return status["kubelet"]["reachable"] is False, status["kubelet"]
    said = eventually(f"the NodeFabric of {node} says that the kubelet is silent ({how})",
                      probe, 2 * SOON_S)
    must(said.get("message"), f"{node}: kubelet not reachable, without a reason ({how})")
    stage.stale_in_explain(node, REPORT_OLD_S + SOON_S)
    stage.hold(dice.choice((0, 0, REPORT_EXPIRED_S - REPORT_OLD_S)))
    stage.world.kubelet.faults(node)


@fault
def device_lost(stage, dice):
    """The bus has a device no more: it is said to be lost, and stays held by whom it was."""
    node = dice.choice(stage.names)
    pinned = sorted(stage.pinned[node][1])
    others = [d.pci for listed in stage.world.kubelet.nodes[node].resources.values()
              for d in listed if d.pci not in pinned]
    pci = dice.choice((dice.choice(pinned), dice.choice(others)))
    stage.world.trees[node].drop(pci)

    def lost(seen):
        device = next((d for d in seen.nodes[node]["status"]["devices"] if d["pci"] == pci), {})
        return device.get("healthy") is False and "lost" in device.get("reason", "")
    stage.wait_said(f"{pci} of {node} is lost", lost, SOON_S)
    if pci in pinned:
        for seen in stage.look():
            must(pci in held(seen.nodes[node]), f"{pci} is lost, and free")
    stage.hold(dice.uniform(0, 2))
    stage.world.trees[node].restore(pci)


# ---------------------------------------------------------------- objects

@fault
def node_deleted(stage, dice):
    node = dice.choice(stage.names)
    stage.absent.add(node)
    stage.api.delete(f"{NODES}/{node}")
    stage.wait_said(f"{node} is gone", lambda s: node not in s.nodes, SOON_S)
    stage.hold(dice.uniform(0, 3))
    stage.post_node(node)
    ended = time.monotonic()
    stage.wait_said(f"{node} is back", lambda s: node in s.nodes, SOON_S)
    stage.absent.discard(node)
    return ended


@fault
def node_fabric_deleted(stage, dice):
    """Its devices are not free for that: nobody knows; the agent writes it again."""
    node = dice.choice(stage.names)
    process = stage.world.agents[node].process
    process.child.send_signal(signal.SIGSTOP)
    try:
        stage.api.delete(f"{FABRICS}/{node}")
        stage.wait_said(f"the report of {node} is deleted", lambda s: (
            s.mode(node) == "counts" and s.report(node).get("deleted") is True), SOON_S)
        stage.stale_in_explain(node, 1)
        stage.hold(dice.uniform(0, 3))
    finally:
        process.child.send_signal(signal.SIGCONT)


# ---------------------------------------------------------------- the service

@fault
def extender_killed(stage, dice):
    """At any moment; what it says first when it is back must hold already."""
    time.sleep(dice.uniform(0, 0.5))
    stage.kill_extender(dice.choice(stage.extenders))
    time.sleep(dice.choice((0, dice.uniform(0, 2))))
    ended = time.monotonic()
    stage.start_replica()
    stage.look()
    return ended


@fault
def replicas_compared(stage, dice):
    """Whenever the pods stand still, the replicas say the same, byte for byte; one that starts
    now as well."""
    for _ in range(2):
        stage.hold(dice.uniform(0.5, 2))
    extender = stage.start_replica()
    ended = time.monotonic()
    stage.at_end.append(lambda: stage.stop_extender(extender))
    return ended


# ---------------------------------------------------------------- running them

def one_round(stage, chosen, seed):
    """A round from a state in which all is true; returns the seconds until it was so again."""
    stage.sweep()
    try:
        return chosen.run(stage, seed)
    finally:
        for end in stage.at_end:
            end()
        stage.at_end.clear()


def make_case(chosen):
    def run(rig):
        seed = rig.options.seed
        live_cases.say(f"{chosen.name}: seed {seed}")
        with Stage(rig, seed) as stage:
            seconds = one_round(stage, chosen, seed)
        live_cases.say(f"{chosen.name}: recovered in {seconds:.1f} s, {chosen.limit:.0f} s allowed")
    run.__name__ = chosen.name.replace("-", "_")
    return run


def all_rounds(rig, rounds, names):
    """Every fault so many times; the stage stays while all goes well. Prints the table and the
    count; returns the exit status."""
    table, failed, seed = [], 0, rig.options.seed
    print(f"seed {seed}, {rounds} rounds each", flush=True)
    with contextlib.ExitStack() as stack:
        stage = None
        for chosen in FAULTS.values():
            if names and chosen.name not in names:
                continue
            times = []
            for number in range(rounds):
                try:
                    if not stage:
                        rig.clear()
                        stage = stack.enter_context(Stage(rig, seed))
                    times.append(one_round(stage, chosen, seed + number))
                except Exception as error:  # noqa: the other rounds are run all the same
                    text = str(error) if isinstance(error, Failure) else traceback.format_exc()
                    print(f"FAIL {chosen.name}, seed {seed + number}: {text}", flush=True)
                    with contextlib.suppress(Exception):
                        stack.__exit__(*sys.exc_info())
                    stage = None
            failed += rounds - len(times)
            worst = f"{max(times):.1f}" if times else "-"
            mean = f"{sum(times) / len(times):.1f}" if times else "-"
            table.append((chosen.name, rounds, len(times), f"{chosen.limit:.0f}", mean, worst))
            print("{}: {} of {} rounds, mean {} s, worst {} s".format(
                chosen.name, len(times), rounds, mean, worst), flush=True)
        try:
            stack.close()   # what does not end cleanly is a failure too
        except Exception as error:  # noqa: it is in the count
            print(f"FAIL the end: {error}", flush=True)
            failed += 1
    print_table(table)
    print(f"{sum(row[2] for row in table)} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def print_table(rows):
    for row in (("fault", "rounds", "recovered", "within s", "mean s", "worst s"), *rows):
        print("{:<28} {:>6} {:>9} {:>8} {:>7} {:>7}".format(*row))


CASES = {chosen.name: make_case(chosen) for chosen in FAULTS.values()}

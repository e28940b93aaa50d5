#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends a pod to a running switchyard-extender as kube-scheduler does, and shows the answer.

    ask.py --pod POD.json --listen ADDR:PORT --admin ADDR:PORT [--nodes a,b,c]

/filter gets every node, /prioritize what passed; /explain says why. Without --nodes the nodes of
/snapshot are asked about."""
import argparse
import json
import sys
import urllib.error
import urllib.request


def call(address, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://%s%s" % (address, path), data)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit("ask: %s answered %d: %s" % (path, error.code, error.read().decode(errors="replace")))


def extender_args(pod, names):
    """ExtenderArgs of a scheduler with nodeCacheCapable: true; it sends pods without type fields."""
    pod = {key: value for key, value in pod.items() if key not in ("apiVersion", "kind")}
    return {"Pod": pod, "Nodes": None, "NodeNames": names}


def number(value, form="%.0f"):
    return "?" if value is None else form % value


def short_model(device):
    model = device.get("model") or "unknown model"
    return model if len(model) <= 24 else model[:23] + "~"


def expectation(node, choosers):
    """What to expect instead of the best set, where the node's plugins pick for themselves."""
    best, expected, worst = (node.get(k) for k in ("best", "expected", "worst"))
    if not (best and expected and worst) or best["score"] == worst["score"]:
        return []
    free = [name for name, chooser in choosers.items() if chooser == "arbitrary"]
    who = ("the plugin of %s picks any free device" % ", ".join(free) if free and node.get("mode") == "exact"
           else "nobody knows which of them are free" if node.get("mode") == "counts"
           else "the plugins pick for themselves")
    return ["%s: expect %d and %s GB/s on average, not %d" % (
                who, expected["score"], number(expected.get("minBandwidthGBps"), "%.1f"), best["score"]),
            "at worst %d: %s, %s %s GB/s" % (
                worst["score"], ", ".join(d["pci"] for d in worst["devices"]), worst.get("path") or "alone",
                number(worst.get("minBandwidthGBps"), "%.1f"))]


def node_lines(node, choosers, wire):
    best = node.get("best") or {}
    power = node.get("power") or {}
    first = True
    for device in node.get("devices") or [{}]:
        left = ""
        if first:
            left = "%-16s %-5s %5d %4s" % (node["node"], node["verdict"], node["score"], wire)
        facts = ""
        if first and best:
            facts = "%-7s %6s %7s" % (
                best.get("path") or "-", number(best.get("minBandwidthGBps"), "%.1f"),
                number(power.get("headroomAfterWatts")))
        what = "%-4s %-12s %-24s %5s" % (device["kind"], device["pci"], short_model(device),
                                        number(device.get("memoryGBps"))) if device else "-"
        yield "%-34s %-49s %s" % (left, what, facts)
        first = False
    for note in expectation(node, choosers) + [
            "unknown: " + text for text in node.get("unknown", [])] + node.get("notes", []):
        yield "%-22s %s" % ("", note)


def show(explanation, scores, dropped):
    request = explanation["request"]
    choosers = {r["resource"]: r["chooser"] for r in request["resources"]}
    pod = explanation["pod"]
    print("\npod %s/%s asks for %s  (profile %s)" % (
        pod.get("namespace") or "default", pod.get("name"),
        ", ".join("%s: %d" % (r["resource"], r["count"]) for r in request["resources"]) or "no device of ours",
        explanation["profile"]))
    for rule in request["require"]:
        print("it requires: %s within one %s" % (rule["of"], rule["within"]))
    for note in explanation.get("notes", []):
        print("note: " + note)
    head = "%-16s %-5s %5s %4s" % ("NODE", "FITS?", "SCORE", "WIRE")
    print("\n%-34s %-43s %5s %-7s %6s %7s" % (head, "DEVICES OF THE BEST SET", "MEM", "PATH", "GB/s", "WATTS"))
    print("%-34s %-43s %5s %-7s %6s %7s" % ("%21s %5s %4s" % ("", "/1000", "/10"), "", "GB/s", "worst", "lowest", "left"))
    passed = [n for n in explanation["nodes"] if n["node"] not in dropped]
    for node in sorted(passed, key=lambda n: (-n["score"], n["node"])):
        for line in node_lines(node, choosers, scores.get(node["node"], "-")):
            print(line.rstrip())
    if dropped:
        print("\ndropped:")
    for name, reason in sorted(dropped.items()):
        print("  %-16s %s" % (name, reason))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pod", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--admin", required=True)
    parser.add_argument("--nodes")
    options = parser.parse_args()
    try:
        with open(options.pod) as file:
            pod = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit("ask: %s: %s" % (options.pod, error))
    names = options.nodes.split(",") if options.nodes else [
        item["metadata"]["name"] for item in call(options.admin, "/snapshot")["items"]]
    if not names:
        sys.exit("ask: the feed holds no node")
    kept = call(options.listen, "/filter", extender_args(pod, names))
    if kept["Error"]:
        sys.exit("ask: /filter: " + kept["Error"])
    survivors = kept["NodeNames"] or []
    scores = {s["Host"]: s["Score"] for s in call(options.listen, "/prioritize", extender_args(pod, survivors))}
    dropped = dict(kept["FailedNodes"] or {}, **(kept["FailedAndUnresolvableNodes"] or {}))
    show(call(options.admin, "/explain", extender_args(pod, names)), scores, dropped)


main()

# SPDX-License-Identifier: Apache-2.0
"""The admin listener."""

import json
import re

from service import GPU, NPU, Case, args, machine_xml, node_document, pod

SAMPLE = re.compile(r'^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})?'
                    r" [0-9.]+$")


class Admin(Case):
    def setUp(self):
        self.service = self.serve({"a.json": node_document("a"), "m.xml": machine_xml()})

    def test_explain(self):
        nodes = self.service.explain(args(["a", "m", "zz"], pod({NPU: "2", GPU: "1"})))
        self.assertEqual(list(nodes), ["a", "m", "zz"])
        for name in "a", "m":
            node = nodes[name]
            self.assertEqual(node["verdict"], "fits")
            self.assertIn(node["score"], range(1001))
            self.assertIn(node["wireScore"], range(11))
            self.assertEqual(len(node["devices"]), 3)
            for device in node["devices"]:
                self.assertLessEqual({"pci", "kind", "model", "resource"}, set(device))
        self.assertTrue(nodes["zz"]["unknown"])

    def test_explain_agrees_with_prioritize(self):
        body = args(["a", "m", "zz"], pod({NPU: "2", GPU: "1"}))
        scores = {item["Host"]: item["Score"]
                  for item in json.loads(self.service.post("/prioritize", body)[2])}
        self.assertEqual(scores, {name: node["wireScore"]
                                  for name, node in self.service.explain(body).items()})

    def test_snapshot_is_a_feed(self):
        """What /snapshot shows, given back as a feed, is the same snapshot."""
        _, headers, body = self.service.get("/snapshot")
        listed = json.loads(body)
        self.assertEqual((listed["apiVersion"], listed["kind"]),
                         ("switchyard.dev/v1alpha1", "NodeFabricList"))
        other = self.serve({item["metadata"]["name"] + ".json": item for item in listed["items"]})
        self.assertEqual(json.loads(other.get("/snapshot")[2])["items"], listed["items"])
        self.assertEqual(int(headers["content-length"]), len(body))

    def test_metrics_are_well_formed(self):
        self.service.post("/filter", args(["a"]))
        self.service.post("/prioritize", args(["a", "m"]))
        self.service.post("/filter", b"nonsense")
        # A request is counted once its answer is sent, so a scrape may be faster.
        count = 'switchyard_request_duration_seconds_count{verb="filter"}'
        self.service.wait(lambda: self.service.metric(count) == 2, "both calls of /filter counted")
        _, headers, body = self.service.get("/metrics")
        self.assertTrue(headers["content-type"].startswith("text/plain; version=0.0.4"))
        described, last = set(), None
        for line in body.decode().splitlines():
            if line.startswith("# HELP "):
                last = line.split()[2]
                self.assertNotIn(last, described)
                described.add(last)
            elif line.startswith("# TYPE "):
                self.assertEqual(line.split()[2], last)
                self.assertIn(line.split()[3], ("counter", "gauge", "histogram", "summary"))
            else:
                self.assertRegex(line, SAMPLE)
                name = re.split(r"[{ ]", line)[0]
                self.assertEqual(re.sub("_(bucket|sum|count)$", "", name) if name != last else name,
                                 last, line)
        self.assertEqual(self.service.metric('switchyard_requests_total{verb="filter",code="400"}'), 1)
        self.assertEqual(
            self.service.metric('switchyard_verdicts_total{verb="prioritize",reason="fits"}'), 2)
        counts = [int(value) for value in re.findall(
            r'duration_seconds_bucket\{verb="filter",le="[^"]+"\} (\d+)', body.decode())]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], 2)
        self.assertIn(count + " 2\n", body.decode())

    def test_health_and_version(self):
        self.assertEqual(json.loads(self.service.get("/healthz")[2]), {"status": "alive"})
        self.assertEqual(json.loads(self.service.get("/readyz")[2]), {"status": "ready", "nodes": 2})
        version = json.loads(self.service.get("/version")[2])
        self.assertRegex(version["version"], r"^\d+\.\d+\.\d+$")

    def test_a_large_answer_does_not_delay_the_scheduler(self):
        for number in range(300):
            self.service.write(f"n{number}.json", node_document(f"n{number}"))
        self.service.wait(lambda: self.service.metric("switchyard_snapshot_nodes") == 302, "nodes")
        from service import Connection
        slow = Connection(self.service.admin)
        slow.send(b"GET /snapshot HTTP/1.1\r\nHost: t\r\n\r\n") # and does not read
        for _ in range(10):
            self.assertEqual(self.service.post("/filter", args(["a"]))[0], 200)
            self.assertEqual(self.service.get("/healthz")[0], 200)
        slow.close()

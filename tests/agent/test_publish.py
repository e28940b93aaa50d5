# SPDX-License-Identifier: Apache-2.0
"""When and how the object is written."""

import json
import os
import time

from api import Api
from agent import GPU, GPU_RESOURCE, NPU, NPU_RESOURCE, Case


class Publish(Case):
    def test_object_and_status_are_applied(self):
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}})
        self.checkpoint([("u-1", "c", NPU_RESOURCE, ["Ascend910-0"])])
        self.serve()
        status = self.wait_status(lambda s: s, "status") and self.status()
        self.assertEqual(status["mode"], "exact")
        self.assertEqual(status["kubelet"], {"reachable": True, "message": ""})
        self.assertEqual(self.device(NPU)["holders"], [
            {"namespace": "a", "name": "p", "uid": "u-1", "container": "c"}])
        self.assertEqual(self.device(NPU)["held"], 1000)
        self.assertEqual(self.device(GPU)["held"], 0)
        self.assertEqual({r["name"]: r["allocatable"] for r in status["resources"]},
                         {NPU_RESOURCE: 4, GPU_RESOURCE: 1})
        spec = self.api.objects["n1"]["spec"]
        gpu = next(o for o in spec["objects"] if o.get("pci") == GPU)
        self.assertEqual(gpu["uuid"], self.uuid(GPU))
        self.end()

    def test_a_change_is_written_at_once_and_nothing_without_one(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.wait(lambda: time.monotonic() > self.api.writes("status")[-1][0] + 2.5, "rest")
        self.assertEqual((len(self.api.writes("spec")), len(self.api.writes("status"))), (1, 1))
        self.kubelet.pods = {("a", "p", "c"): {GPU_RESOURCE: [self.uuid(GPU)]}}
        began = time.monotonic()
        self.wait_status(lambda s: self.device(GPU)["held"] == 1000, "holder")
        self.assertLess(time.monotonic() - began, 2.5)
        self.assertEqual(len(self.api.writes("spec")), 1)
        self.end()

    def test_the_checkpoint_is_a_notice(self):
        self.kubelet_with()
        self.checkpoint([])
        self.serve("--poll", "60")
        self.wait_status(lambda s: s, "status")
        self.kubelet.pods = {("a", "p", "c"): {GPU_RESOURCE: [self.uuid(GPU)]}}
        self.checkpoint([("u", "c", GPU_RESOURCE, [self.uuid(GPU)])])
        self.wait_status(lambda s: self.device(GPU)["held"] == 1000, "holder", 5)
        self.end()

    def test_status_at_most_once_a_second(self):
        self.kubelet_with()
        self.checkpoint([])
        self.serve()
        self.wait_status(lambda s: s, "status")
        end = time.monotonic() + 4
        while time.monotonic() < end:
            held = {GPU_RESOURCE: [self.uuid(GPU)]}
            self.kubelet.pods = {} if self.kubelet.pods else {("a", "p", "c"): held}
            self.checkpoint([])
            time.sleep(0.05)
        moments = [moment for moment, _ in self.api.writes("status")]
        gaps = [after - before for before, after in zip(moments, moments[1:])]
        self.assertGreaterEqual(len(gaps), 2)
        self.assertGreaterEqual(min(gaps), 0.95)
        self.end()

    def test_heartbeat(self):
        self.kubelet_with()
        self.serve("--heartbeat", "2")
        self.wait(lambda: len(self.api.writes("status")) >= 3, "heartbeats")
        moments, contents = zip(*self.api.writes("status"))
        self.assertAlmostEqual(moments[2] - moments[1], 2, delta=0.7)
        self.assertLess(contents[1]["heartbeatTime"], contents[2]["heartbeatTime"])
        self.assertLess(contents[1]["observedTime"], contents[2]["observedTime"])
        self.assertEqual(len(self.api.writes("spec")), 1)
        self.end()

    def test_small_changes_of_power_are_held_back(self):
        self.kubelet_with()
        self.tree.set_node_power(1000)
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.tree.set_node_power(1040)
        time.sleep(3)
        self.assertEqual(self.status()["power"]["watts"], 1000)
        self.tree.set_node_power(1200)
        self.wait_status(lambda s: s["power"]["watts"] == 1200, "watts", 13)
        self.end()

    def test_a_deleted_object_is_written_again(self):
        self.kubelet_with()
        self.serve("--heartbeat", "2")
        self.wait_status(lambda s: s, "status")
        with self.api.lock:
            self.api.objects.clear()
        self.wait_status(lambda s: s, "status")
        self.assertIn("spec", self.api.objects["n1"])
        self.end()

    def test_outage(self):
        """What is newest is written when the server is back."""
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.api.refuse = {(method, kind): (503, "down", ()) for method in ("GET", "PATCH")
                           for kind in ("spec", "status", "node", "fabric")}
        self.kubelet.pods = {("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}}
        self.wait(lambda: "not published" in self.text(), "failure")
        self.kubelet.pods = {("a", "q", "c"): {GPU_RESOURCE: [self.uuid(GPU)]}}
        time.sleep(3)
        began = time.monotonic()
        self.api.refuse = {}
        self.wait_status(lambda s: self.device(GPU)["held"] == 1000, "newest state", 10)
        self.assertEqual(self.device(NPU)["held"], 0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.text().count("not published"), 1)
        self.wait(lambda: "published again" in self.text(), "word of the end")
        self.end()

    def test_what_was_published_before_may_be_anything(self):
        for spec in ("x", {"objects": 3}, {"objects": [{"type": "Machine"}] * 5000}, {}, None):
            with self.subTest(str(spec)[:40]):
                self.api = Api()
                self.addCleanup(self.api.server.server_close)
                self.api.objects["n1"] = {"kind": "NodeFabric", "metadata": {"name": "n1"},
                                          "spec": spec, "status": {"devices": [
                    1, {"pci": 4}, {"pci": "x", "reason": "y"}, {"pci": NPU, "unit": -1,
                                                                  "reason": "lost"}]}}
                self.start("--once")
                self.assertEqual(self.process.wait(timeout=20), 0, self.text())
                self.assertEqual(len(self.api.writes("status")), 1)
                self.assertNotIn("Sanitizer", self.text())

    def test_server_comes_late(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.kill()
        self.api.stop()
        self.api.objects.clear()
        self.start()
        self.wait(lambda: "not published" in self.text(), "failure")
        self.api.start()
        self.wait_status(lambda s: s, "status", 15)
        self.end()

    def test_retry_after_is_heeded(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.api.refuse = {("PATCH", "status"): (429, "slowly", [("Retry-After", "4")])}
        self.kubelet.pods = {("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}}
        self.wait(lambda: "slowly" in self.text(), "refusal")
        before = self.api.writes("status")[-1][0]
        self.api.refuse = {}
        self.wait_status(lambda s: self.device(NPU)["held"] == 1000, "status")
        self.assertGreaterEqual(self.api.writes("status")[-1][0] - before, 3.9)
        self.end()

    def test_a_long_retry_after_does_not_silence_the_node(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.api.refuse = {("PATCH", "status"): (429, "slowly", [("Retry-After", "100000")])}
        self.kubelet.pods = {("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}}
        self.wait(lambda: "slowly" in self.text(), "refusal")
        self.api.refuse = {}
        self.wait_status(lambda s: self.device(NPU)["held"] == 1000, "status", 33)
        self.end()

    def test_only_our_object_as_the_answer_is_written(self):
        """What stands between may answer 200 with anything."""
        self.kubelet_with()
        other = {"kind": "NodeFabric", "metadata": {"name": "n2"}}
        for answer, words in (
                (b"<html>login</html>", "HTTP 200 with no JSON, not NodeFabric n1"),
                (b"", "HTTP 200 with no JSON, not NodeFabric n1"),
                (b"[1]", "HTTP 200 with a JSON array, not NodeFabric n1"),
                (b"{}", "HTTP 200 with a JSON object, not NodeFabric n1"),
                (json.dumps(Api.status(200, "ok")).encode(), "HTTP 200 with kind 'Status'"),
                (json.dumps(other).encode(), "HTTP 200 with kind 'NodeFabric', name 'n2'")):
            with self.subTest(answer):
                self.serve()
                self.api.instead = {("PATCH", "spec"): (200, answer)}
                self.wait(lambda words=words: words in self.text(), "word of it")
                self.wait(lambda: len(self.api.writes("spec")) >= 2, "another try")
                self.assertEqual(self.api.writes("status"), [])
                self.assertNotIn("msg=published ", self.text())
                self.api.instead = {}
                self.wait_status(lambda s: s, "status")
                self.end()
                os.unlink(self.path("log"))

    def test_a_status_that_was_not_taken_is_tried_again(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.api.instead = {("PATCH", "status"): (200, b"<html>")}
        self.kubelet.pods = {("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}}
        self.wait(lambda: "status not written: HTTP 200 with no JSON" in self.text(), "word of it")
        self.api.instead = {("PATCH", "status"): (204, b"")}
        self.wait(lambda: "status not written: HTTP 204" in self.text(), "word of it")
        self.api.instead = {}
        self.wait_status(lambda s: self.device(NPU)["held"] == 1000, "status", 10)
        self.wait(lambda: "published again" in self.text(), "word of the end")
        self.end()

    def test_a_page_in_the_place_of_the_node_lifts_no_cordon(self):
        self.kubelet_with()
        self.serve()
        self.api.annotations["switchyard.dev/cordon"] = f"{NPU}=fan"
        self.wait_status(lambda s: not self.device(NPU)["healthy"], "cordon")
        self.api.instead = {("GET", "node"): (200, b"<html>")}
        self.wait(lambda: "cordons stay as they were" in self.text(), "word of it")
        self.assertIn("own Node not read: HTTP 200 with no JSON, not Node n1", self.text())
        time.sleep(1.5)
        self.assertEqual(self.device(NPU)["reason"], "cordoned: fan")
        self.end()

    def test_a_page_in_the_place_of_what_was_before_is_asked_again(self):
        self.kubelet_with()
        self.api = Api()
        self.addCleanup(self.api.server.server_close)
        self.api.instead = {("GET", "fabric"): (200, b"<html>")}
        self.start()
        self.wait(lambda: "own object not read: HTTP 200 with no JSON" in self.text(), "word of it")
        self.assertEqual(self.api.writes("spec"), [])
        self.api.instead = {}
        self.wait_status(lambda s: s, "status", 10)
        self.end()

    def test_a_server_that_starts_is_asked_again_for_what_was_before(self):
        self.kubelet_with()
        for status in (503, 429):
            with self.subTest(status):
                self.api = Api()
                self.addCleanup(self.api.server.server_close)
                self.api.refuse = {("GET", "fabric"): (status, "in a moment", ())}
                self.start()
                self.wait(lambda: f"own object not read: HTTP {status}" in self.text(), "word of it")
                self.assertEqual(self.api.writes("spec"), [])
                self.api.refuse = {}
                self.wait_status(lambda s: s, "status", 10)
                self.end()

    def test_refusals_are_told_with_advice(self):
        self.kubelet_with()
        for status, words in ((403, "RBAC or the admission policy"), (404, "is the CRD"),
                              (422, "of one version"), (401, "token")):
            with self.subTest(status):
                self.serve()
                self.api.refuse = {("PATCH", "spec"): (status, "no, said the server", ())}
                self.wait(lambda words=words: words in self.text(), "advice")
                self.assertIn(f"HTTP {status}: no, said the server", self.text())
                self.end()

    def test_once_with_a_server_publishes_once(self):
        self.kubelet_with()
        self.serve("--once")
        self.assertEqual(self.process.wait(timeout=20), 0, self.text())
        self.assertEqual((len(self.api.writes("spec")), len(self.api.writes("status"))), (1, 1))

# SPDX-License-Identifier: Apache-2.0
"""The kubelet, the Node and the hardware, while they change."""

import os
import time

from agent import GPU, GPU_RESOURCE, LAST_NPU, NPU, NPU_RESOURCE, Case


class Kubelet(Case):
    def test_the_socket_goes_and_comes(self):
        """Holders stay, and the time of the observation, too."""
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}})
        self.serve("--heartbeat", "1")
        self.wait_status(lambda s: s, "status")
        self.kubelet.stop()
        self.wait_status(lambda s: not s["kubelet"]["reachable"], "word of it")
        self.assertIn("no such socket", self.status()["kubelet"]["message"])
        observed, beat = self.status()["observedTime"], self.status()["heartbeatTime"]
        self.wait_status(lambda s: s["heartbeatTime"] > beat, "heartbeat")
        self.assertEqual(self.status()["observedTime"], observed)
        self.assertEqual(self.device(NPU)["held"], 1000)
        self.kubelet.pods = {}
        self.kubelet.start()
        self.wait_status(lambda s: s["kubelet"]["reachable"] and s["observedTime"] > observed,
                         "answer")
        self.assertEqual(self.device(NPU)["held"], 0)
        self.end()

    def test_without_a_kubelet_the_status_before_stands(self):
        """A new agent does not say "nobody" where it does not know."""
        self.serve()
        self.wait(lambda: self.api.writes("spec"), "object")
        time.sleep(2)
        self.assertEqual(self.api.writes("status"), [])
        self.end()

    def test_an_id_that_cannot_be_mapped_is_counted(self):
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-77"],
                                             "example.com/other": ["x"]}})
        self.serve()
        status = self.wait_status(lambda s: s, "status") and self.status()
        self.assertEqual(status["unmapped"]["count"], 1)
        self.assertTrue(status["unmapped"]["first"].startswith(
            "huawei.com/Ascend910 Ascend910-77: "), status["unmapped"])
        self.end()

    def test_replicas_share_a_device(self):
        parts = [f"{self.uuid(GPU)}::{i}" for i in range(4)]
        self.kubelet_with({("a", "p", "c"): {GPU_RESOURCE: parts[:1]},
                           ("a", "q", "c"): {GPU_RESOURCE: parts[2:3]}})
        self.kubelet.offered = {GPU_RESOURCE: parts}
        self.serve()
        self.wait_status(lambda s: s, "status")
        self.assertEqual(self.device(GPU)["held"], 500)
        self.assertEqual([h["name"] for h in self.device(GPU)["holders"]], ["p", "q"])
        self.end()

    def test_a_device_that_its_plugin_drops(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: self.device(GPU)["healthy"], "status")
        self.kubelet.offered = dict(self.kubelet.offered, **{GPU_RESOURCE: []})
        self.wait_status(lambda s: not self.device(GPU)["healthy"], "drop")
        self.assertEqual(self.device(GPU)["reason"], "not offered by its device plugin any more")
        self.kubelet.stop()     # its last word counts
        time.sleep(11)
        self.assertFalse(self.device(GPU)["healthy"])
        self.end()


class Node(Case):
    def test_cordon(self):
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}})
        self.serve()
        self.wait_status(lambda s: self.device(NPU)["healthy"], "status")
        self.api.annotations["switchyard.dev/cordon"] = f"{NPU}=fan; nonsense; {GPU}"
        self.wait_status(lambda s: not self.device(NPU)["healthy"], "cordon")
        self.assertEqual(self.device(NPU)["reason"], "cordoned: fan")
        self.assertEqual(self.device(NPU)["held"], 1000)
        self.assertEqual(self.device(GPU)["reason"], "cordoned")
        self.assertIn("nonsense", self.text())
        del self.api.annotations["switchyard.dev/cordon"]
        self.wait_status(lambda s: self.device(NPU)["healthy"], "its end")
        self.end()


class Hardware(Case):
    def test_a_lost_device_stays_and_comes_back(self):
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0"]}})
        self.serve("--scan", "1")
        self.wait_status(lambda s: self.device(NPU)["healthy"], "status")
        spec = self.api.objects["n1"]["spec"]
        self.tree.drop(NPU)
        self.wait_status(lambda s: not self.device(NPU)["healthy"], "loss", 4)
        self.assertRegex(self.device(NPU)["reason"], r"^lost: not on the bus since 2\d\d\d-.*Z$")
        reason = self.device(NPU)["reason"]
        time.sleep(2.5)
        self.assertEqual(self.device(NPU)["held"], 1000)
        self.assertNotIn("unmapped", self.status())
        self.assertEqual(self.device(NPU)["reason"], reason)
        self.assertEqual(self.api.objects["n1"]["spec"], spec)

        # Another agent on the same node remembers it.
        self.end()
        self.start("--scan", "1")
        writes = len(self.api.writes("status"))
        self.wait(lambda: len(self.api.writes("status")) > writes, "status")
        self.assertEqual(self.device(NPU)["reason"], reason)

        self.tree.restore(NPU)
        self.wait_status(lambda s: self.device(NPU)["healthy"], "return")
        self.end()

    def test_a_new_boot_forgets(self):
        self.kubelet_with()
        self.serve("--scan", "1")
        self.wait_status(lambda s: self.device(NPU), "status")
        self.end()
        self.tree.drop(NPU)
        self.tree.reboot()
        self.start("--scan", "1")
        self.wait_status(lambda s: not self.device(NPU), "status without it")
        self.end()

    def test_a_tree_that_makes_no_sense_changes_nothing(self):
        """A bridge with absurd numbers takes no node out: what was accepted last stays published."""
        self.kubelet_with()
        self.serve("--scan", "1", "--heartbeat", "1")
        self.wait_status(lambda s: self.device(NPU)["healthy"], "status")
        spec = self.api.objects["n1"]["spec"]

        def buses(device, first, last):
            bridge = self.tree.folder(device).rsplit("/", 1)[0]
            self.tree.write(f"{bridge}/secondary_bus_number", first)
            self.tree.write(f"{bridge}/subordinate_bus_number", last)

        def good(device):
            buses(device, *self.tree.functions[self.tree.functions[device].above[-1]].buses)

        def wrong(device):
            bridge = self.tree.functions[device].above[-1]
            return rf"scan failed.*\((Bridge {bridge}\): its buses|PCIDev {device}\): not on a bus)"

        buses(NPU, 250, 251)
        self.tree.drop(LAST_NPU)
        self.wait(lambda: self.text().count("scan failed") == 1, "failure")
        self.assertRegex(self.text(), wrong(NPU))
        # Its looks, its heartbeat and the kubelet's word go on.
        self.wait_status(lambda s: not self.device(LAST_NPU)["healthy"], "loss")
        self.tree.restore(LAST_NPU)     # the same list as before, and still no sense
        self.kubelet.pods = {("a", "p", "c"): {GPU_RESOURCE: [self.uuid(GPU)]}}
        self.wait_status(lambda s: self.device(GPU)["held"] == 1000, "holder")
        beat = self.status()["heartbeatTime"]
        self.wait_status(lambda s: s["heartbeatTime"] > beat, "heartbeat")
        time.sleep(2.5)
        self.assertEqual(self.text().count("scan failed"), 1)
        self.assertNotIn("scan succeeded again", self.text())

        buses(GPU, 250, 251)
        good(NPU)
        self.wait(lambda: self.text().count("scan failed") == 2, "another failure")
        self.assertRegex(self.text(), wrong(GPU))
        self.assertEqual(self.api.objects["n1"]["spec"], spec)
        self.assertEqual(len(self.api.writes("spec")), 1)
        good(GPU)
        self.wait(lambda: "scan succeeded again" in self.text(), "end of it")
        self.wait_status(lambda s: self.device(LAST_NPU)["healthy"], "return")
        self.assertEqual(self.api.objects["n1"]["spec"], spec)
        self.end()

    def test_one_address_twice_changes_nothing(self):
        self.kubelet_with()
        self.serve("--scan", "1", "--heartbeat", "1")
        self.wait_status(lambda s: self.device(NPU)["healthy"], "status")
        spec = self.api.objects["n1"]["spec"]
        shouted = LAST_NPU.upper()
        self.assertNotEqual(shouted, LAST_NPU)
        self.tree.link(f"sys/bus/pci/devices/{shouted}", self.tree.folder(LAST_NPU))
        self.wait(lambda: "scan failed" in self.text() and LAST_NPU in self.text(), "failure")
        beat = self.status()["heartbeatTime"]
        self.wait_status(lambda s: s["heartbeatTime"] > beat, "heartbeat")
        self.assertEqual(self.api.objects["n1"]["spec"], spec)
        os.unlink(self.tree.path("sys/bus/pci/devices", shouted))
        self.wait(lambda: "scan succeeded again" in self.text(), "end of it")
        self.assertEqual(self.api.objects["n1"]["spec"], spec)
        self.assertEqual(self.text().count("scan failed"), 1)
        self.end()

    def test_a_link_that_loses_lanes(self):
        self.kubelet_with()
        self.serve("--scan", "1")
        self.wait_status(lambda s: self.device(NPU)["link"]["width"] == 16, "status")
        self.tree.set_link(NPU, width=8)
        self.wait_status(lambda s: self.device(NPU)["link"]["width"] == 8, "width")
        self.wait_status(lambda s: self.device(NPU)["link"]["degraded"], "degraded")
        self.assertTrue(self.device(NPU)["healthy"])
        npu = next(o for o in self.api.objects["n1"]["spec"]["objects"] if o.get("pci") == NPU)
        self.assertEqual(npu["width"], 8)
        self.end()

    def test_an_idle_link_changes_nothing(self):
        self.kubelet_with()
        self.serve("--scan", "1")
        self.wait_status(lambda s: s, "status")
        self.tree.set_link(GPU, speed="2.5")
        time.sleep(5)
        self.assertEqual((len(self.api.writes("spec")), len(self.api.writes("status"))), (1, 1))
        self.end()

    def test_fatal_errors(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: self.device(GPU)["healthy"], "status")
        self.tree.aer(GPU, fatal={"SDES": 1})
        self.wait_status(lambda s: not self.device(GPU)["healthy"], "word of it")
        self.assertEqual(self.device(GPU)["reason"], "fatal PCIe errors")
        self.end()

    def test_no_driver(self):
        self.kubelet_with()
        self.serve()
        self.wait_status(lambda s: self.device(NPU)["healthy"], "status")
        self.tree.set_driver(NPU, "")
        self.wait_status(lambda s: not self.device(NPU)["healthy"], "word of it")
        self.assertEqual(self.device(NPU)["reason"], "no driver is bound")
        self.end()

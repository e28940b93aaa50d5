# SPDX-License-Identifier: Apache-2.0
"""What --once prints."""

import json
import os

from agent import GPU, NPU, NPU_RESOURCE, Case, run


class Once(Case):
    def test_the_whole_object(self):
        self.kubelet_with({("a", "p", "c"): {NPU_RESOURCE: ["Ascend910-0", "Ascend910-1"]}})
        with open(self.path("config.yaml"), "w", encoding="utf-8") as file:
            file.write("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
                       "topologyManagerPolicy: single-numa-node\n")
        found = self.once("--power-limit", "5600", "--base-watts", "1200")
        self.assertEqual((found["apiVersion"], found["kind"], found["metadata"]),
                         ("switchyard.dev/v1alpha1", "NodeFabric", {"name": "n1"}))
        self.assertEqual(found["spec"]["topologyManager"]["policy"], "single-numa-node")
        status = found["status"]
        self.assertEqual(status["mode"], "exact")
        self.assertEqual(status["summary"]["devices"], "4 NPU, 2 GPU, 2 FPGA, 2 NIC")
        self.assertEqual(status["summary"]["free"], "2 NPU, 2 GPU, 2 FPGA, 2 NIC")
        self.assertEqual(status["summary"]["watts"], "800/5600")
        self.assertEqual(status["power"]["limitWatts"], 5600)
        self.assertEqual(status["power"]["baseWatts"], 1200)
        self.assertEqual(status["power"]["sources"]["limit"], "flag")
        self.assertEqual(status["power"]["sources"]["watts"], "hwmon power_meter")
        keys = [(d["pci"], d.get("unit", 0)) for d in status["devices"]]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(self.device(GPU, status)["kind"], "GPU")
        self.assertEqual(status["agent"]["bootID"], found["spec"]["bootID"])

    def test_names_are_utf_8_or_question_marks(self):
        for name, shown in (("Ger\u00e4t \u20ac \U0001f600", None), (b"a\xff\xc3b\x01", "a??b?"),
                            (b"x\xc2\x85y\tz ", "x??y z"), (b"\xed\xa0\x80", "???"),
                            ("\u00e4" * 200, "\u00e4" * 127 + "?")):
            with self.subTest(name):
                self.tree.write("sys/class/dmi/id/product_name", name)
                self.assertEqual(self.once()["spec"]["product"], name if shown is None else shown)

    def test_a_tree_that_makes_no_sense_is_65(self):
        folder, bridge = os.path.dirname(self.tree.folder(NPU)), self.tree.functions[NPU].above[-1]
        self.tree.write(f"{folder}/secondary_bus_number", 250)
        self.tree.write(f"{folder}/subordinate_bus_number", 251)
        ended = run(*self.options("--once"))
        self.assertEqual(ended.returncode, 65)
        self.assertRegex(ended.stderr, rf"object \d+ \(Bridge {bridge}\): its buses fa-fb lie outside")
        self.assertEqual(ended.stdout, "")

    def test_without_a_kubelet(self):
        status = self.once()["status"]
        self.assertEqual(status["mode"], "counts")
        self.assertFalse(status["kubelet"]["reachable"])
        self.assertNotIn("observedTime", status)
        self.assertNotIn("held", self.device(NPU, status))
        self.assertEqual(status["summary"]["free"], "unknown")

    def test_limits_come_from_a_file_or_a_sensor(self):
        self.assertEqual(self.once()["status"]["power"]["limitWatts"], 3200)
        with open(self.path("limit"), "w", encoding="utf-8") as file:
            file.write(" 2500.5\n")
        power = self.once("--power-limit-file", self.path("limit"))["status"]["power"]
        self.assertEqual((power["limitWatts"], power["sources"]["limit"]), (2500.5, "file"))

    def test_yaml_says_the_same(self):
        self.kubelet_with()
        ended = run(*self.options("--once", "-o", "yaml"))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertTrue(ended.stdout.startswith("apiVersion: switchyard.dev/v1alpha1\n"))
        for line in ('  - pci: "0000:19:00.0"', "    kind: NPU", "    held: 0"):
            self.assertIn(f"\n{line}\n", ended.stdout)

    def test_the_object_is_small(self):
        self.assertLess(len(json.dumps(self.once(), separators=(",", ":"))), 16384)

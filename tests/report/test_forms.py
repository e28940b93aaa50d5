# SPDX-License-Identifier: Apache-2.0
"""The forms of a report, comparing two, and what is said of bad input."""

import csv
import io
import json
import os
import tempfile
import unittest

import cluster

GROWTH = ("--arrivals", "5=0.2/day\u00b10.05", "--arrivals", "6=1/week", "--arrivals", "10=0.1/day")


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sy-report-forms-")
        cls.template = cls.file("template.yaml", cluster.TEMPLATE)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def file(cls, name, text):
        path = os.path.join(cls.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def good(self, *args, **more):
        status, out, err = cluster.report(*args, **more)
        self.assertEqual((status, err), (0, ""))
        return out

    def test_schema(self):
        for args in ((), GROWTH, GROWTH + ("--template", self.template)):
            value = json.loads(self.good("-o", "json", *args))
            self.assertEqual(cluster.complaints("report.schema.json", value), [])

    def test_schema_notices(self):
        value = json.loads(self.good("-o", "json"))
        value["devices"]["nodes"][0]["free"] = "many"
        del value["links"]["kinds"]
        self.assertEqual(cluster.complaints("report.schema.json", value), [
            "/devices/nodes/0/free: expected integer or null, got \"many\"",
            "/links: `kinds` is required"])

    def test_same_bytes(self):
        for form in ("table", "wide", "json", "yaml", "csv", "html"):
            args = ("-o", form, "--template", self.template) + GROWTH
            self.assertEqual(self.good(*args), self.good(*args), form)

    def test_growth(self):
        growth = json.loads(self.good("-o", "json", "--template", self.template, *GROWTH))["growth"]
        self.assertEqual(len(growth["arrivals"]), 3)
        for row in growth["arrivals"]:
            self.assertLessEqual(row["earlyDays"], row["lateDays"])
        self.assertEqual(sum(row["stopsFirst"] for row in growth["arrivals"]), 1)
        self.assertEqual(growth["ways"][-1]["way"], "buy-node")
        for way in growth["ways"][:-1]:  # a way that gives nothing is none
            self.assertGreater(way["gained"], 0)
            self.assertEqual(len(way["moves"]) > 0, way["way"] == "move-pods")
        buy = growth["ways"][-1]
        self.assertGreater(buy["gained"], 0)
        self.assertEqual((buy["price"], buy["currency"], buy["rackUnits"], buy["leadTimeDays"],
                          buy["kilowatts"]), (250000, "EUR", 6, 60, 5.2))
        self.assertEqual(buy["pricePerSlot"], 250000 / buy["gained"])

    def test_raised_caps(self):
        """A feed so low that watts bind: the new limit gives the slots, a watt less does not."""
        with open(cluster.POLICY, encoding="utf-8") as file:
            text = file.read()

        def at(watts):
            policy = self.file(f"feed-{watts}.yaml",
                               text.replace("limitWatts: 19000", f"limitWatts: {watts}"))
            value = json.loads(self.good("-o", "json", "--arrivals", "13=2/day", policy=policy))
            return value["shapes"][12]["slots"], value["growth"]["ways"]
        slots, ways = at(9200)
        caps = {w["what"]: w for w in ways if w["way"] == "raise-cap"}
        self.assertNotIn("raise rack-a", caps)
        way = caps["raise feed-2"]
        self.assertGreater(way["gained"], 0)
        self.assertEqual(way["slots"], slots + way["gained"])
        self.assertAlmostEqual(way["newLimitWatts"], 9200 + 1000 * way["kilowatts"])
        limit = round(way["newLimitWatts"])
        self.assertEqual(at(limit)[0], way["slots"])
        self.assertLess(at(limit - 1)[0], way["slots"])

    def test_csv(self):
        rows = list(csv.reader(io.StringIO(self.good("-o", "csv", "--section", "totals"))))
        self.assertEqual(rows[0][:3], ["KIND", "DELIVERED", "HEALTHY"])
        self.assertEqual(rows[1][0], "*")
        parts = self.good("-o", "csv").split("\n\n")
        for part in parts:
            table = list(csv.reader(io.StringIO(part)))
            self.assertEqual(table[0][0], "SECTION")
            self.assertEqual({len(row) for row in table}, {len(table[0])})
            self.assertLessEqual(len({row[0] for row in table[1:]}), 1)

    def test_sections(self):
        out = self.good("--section", "racks", "--section", "power", "--top", "2")
        self.assertTrue(out.startswith("Devices by rack\n"), out)
        self.assertIn("Power by level: 15 more with -o wide or --top", out)
        self.assertNotIn("Devices by node", out)

    def test_rack_label(self):
        racks = json.loads(self.good("-o", "json", "--rack-label", "example.com/rack"))
        self.assertEqual([r["rack"] for r in racks["devices"]["racks"]], ["a", "b", "c", "d"])

    def test_shapes(self):
        path = self.file("shape.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n"
                         "  tolerations: [{operator: Exists}]\n"
                         "  containers:\n  - name: m\n    resources:\n"
                         "      limits: {nvidia.com/gpu: 1}\n")
        shapes = json.loads(self.good("-o", "json", "-f", path, "-f", path))["shapes"]
        self.assertEqual([(s["number"], s["running"]) for s in shapes], [(1, 0)])
        self.assertGreater(shapes[0]["slots"], 0)

    def test_diff(self):
        with open(cluster.SNAPSHOT, encoding="utf-8") as file:
            snapshot = json.load(file)
        items = snapshot["items"]
        gone = next(i for i in items if i["kind"] == "Pod" and "nodeName" in i["spec"])
        later = self.file("later.json", json.dumps(
            dict(snapshot, items=[i for i in items if i is not gone])))
        kept = self.file("kept.json", self.good("-o", "json"))
        out = self.good("--diff", kept, cluster.SNAPSHOT, snapshot=None)
        self.assertTrue(out.endswith("\n\nNothing changed.\n"), out)
        for old in (cluster.SNAPSHOT, kept):
            value = json.loads(self.good("-o", "json", "--diff", old, later, snapshot=None))
            self.assertEqual(cluster.complaints("report-diff.schema.json", value), [])
            changed = {s["section"] for s in value["sections"] if s["changes"]}
            self.assertIn("owners", changed)
            self.assertNotIn("totals", changed)  # the node's report still names the holder
        self.assertIn("<h2 id=\"owners-heading\">", self.good("-o", "html", "--diff", kept, later,
                                                             snapshot=None))

    def test_usage(self):
        for args, said in (
                (("--section", "x"), "--section 'x': expected one of totals, models, racks, "),
                (("here",), "'here': takes nothing but options (--diff OLD NEW)"),
                (("--diff", "one"), "--diff wants two snapshots or reports: OLD NEW"),
                (("--arrivals", "1=x"), "--arrivals '1=x': expected SHAPE=RATE/day (or "),
                (("--horizon", "0"), "--horizon '0': expected a number 1..36500"),
                (("--top", "0"), "--top '0': expected a number 1..100000")):
            status, out, err = cluster.report(*args)
            self.assertEqual((status, out), (64, ""), args)
            self.assertTrue(err.startswith("switchyard report: " + said), err)
            self.assertEqual(err.count("\n"), 1, err)

    def test_bad_input(self):
        with open(cluster.SNAPSHOT, encoding="utf-8") as file:
            items = [i for i in json.load(file)["items"] if i["kind"] == "Pod"]
        pods = self.file("pods.json", json.dumps({"kind": "List", "apiVersion": "v1",
                                                  "items": items}))
        status, out, err = cluster.report(snapshot=pods)
        self.assertEqual((status, out), (65, ""))
        self.assertIn("no node in " + pods, err)
        unknown = self.file("unknown.yaml", cluster.TEMPLATE + "colour: red\n")
        kind = self.file("kind.yaml", cluster.TEMPLATE.replace("NodeTemplate", "Recipe"))
        none = self.file("none.yaml", cluster.TEMPLATE.replace("gpu-c2", "gpu-c9"))
        for args, status, said in (
                (("--arrivals", "99=1/day"), 65, "no shape '99'"),
                (("--template", unknown), 65, "/colour: unknown key"),
                (("--template", kind), 65, "NodeTemplate"),
                (("--template", none), 66, "gpu-c9"),
                (("--template", "/nowhere.yaml"), 66, "/nowhere.yaml: not found"),
                (("--shapes", "/nowhere.yaml"), 66, "/nowhere.yaml: not found")):
            got, out, err = cluster.report(*args)
            self.assertEqual((got, out), (status, ""), (args, err))
            self.assertIn(said, err)

    def test_diff_of_what_is_no_report(self):
        bad = self.file("bad.json", '{"kind": "CapacityReport", "devices": 3}')
        status, out, err = cluster.report("--diff", bad, bad, snapshot=None)
        self.assertEqual((status, out), (65, ""))
        self.assertIn("expected array, got nothing", err)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Changes of the feed while the service runs."""

import json
import os
import shutil
import signal
import time

from service import Case, args, machine_xml, node_document


class Feed(Case):
    def setUp(self):
        self.service = self.serve({"a.json": node_document("a"), "m.xml": machine_xml()})

    def wait_nodes(self, names):
        self.service.wait(lambda: set(self.service.nodes()) == set(names), f"nodes {names}")

    def held(self, node):
        return {device["pci"] for device in self.service.nodes()[node]["status"]["devices"]
                if device.get("held")}

    def test_a_file_comes_and_goes(self):
        self.service.write("b.json", node_document("b"))
        self.wait_nodes("abm")
        self.service.remove("a.json")
        self.wait_nodes("bm")
        self.service.remove("m.xml")
        self.wait_nodes("b")

    def test_a_bad_file_keeps_the_last_good_one(self):
        before = self.service.nodes()["a"]
        self.service.write("a.json", b'{"apiVersion":"switchyard.dev/v1alpha1",')
        self.service.wait(lambda: self.service.metric('switchyard_feed_files{state="bad"}') == 1,
                          "bad file")
        self.assertEqual(self.service.nodes()["a"], before)
        log = self.service.log()
        self.assertIn("file=a.json", log)
        self.assertEqual(log.count("refused"), 1)
        os.kill(self.service.process.pid, signal.SIGHUP)
        time.sleep(0.5)
        self.assertEqual(self.service.log().count("refused"), 1) # once for each content
        self.service.write("a.json", node_document("a", {"0000:15:00.0": "holder"}))
        self.service.wait(lambda: self.held("a") == {"0000:15:00.0"}, "the good content")
        self.assertEqual(self.service.metric('switchyard_feed_files{state="bad"}'), 0)

    def test_a_new_bad_file_is_kept_out(self):
        self.service.write("c.json", b"[]")
        self.service.write("UPPER.json", node_document("UPPER"))
        self.service.write("d.xml", b"<topology>")
        self.service.write("e.json", node_document("not-e"))
        self.service.wait(lambda: self.service.metric('switchyard_feed_files{state="bad"}') == 4,
                          "bad files")
        self.assertEqual(set(self.service.nodes()), {"a", "m"})
        for name in ("c.json", "UPPER.json", "d.xml", "e.json"):
            self.assertIn(f"file={name}", self.service.log())

    def test_a_slow_writer(self):
        """A file written in place, piece by piece, is not seen half."""
        content = json.dumps(node_document("s")).encode()
        path = os.path.join(self.service.feed, "s.json")
        with open(path, "wb") as file:
            for at in range(0, len(content), len(content) // 5 + 1):
                file.write(content[at:at + len(content) // 5 + 1])
                file.flush()
                time.sleep(0.05)
        self.wait_nodes("ams")
        self.assertNotIn("refused", self.service.log())

    def test_status_beside_an_xml(self):
        status = {"apiVersion": "switchyard.dev/v1alpha1", "kind": "NodeFabric",
                  "metadata": {"name": "m"},
                  "status": {"mode": "exact", "devices": [{"pci": "0000:19:00.0", "held": 1000}]}}
        self.assertEqual(self.service.nodes()["m"]["status"]["mode"], "counts")
        self.service.write("m.status.json", status)
        self.service.wait(lambda: self.held("m") == {"0000:19:00.0"}, "the status")
        status["status"]["devices"] = 7
        self.service.write("m.status.json", status)
        self.service.wait(lambda: "file=m.status.json" in self.service.log(), "the refusal")
        self.assertEqual(self.held("m"), {"0000:19:00.0"})
        self.service.remove("m.status.json")
        self.service.wait(lambda: self.service.nodes()["m"]["status"]["mode"] == "counts",
                          "no status")

    def test_a_status_alone_and_two_inventories(self):
        self.service.write("lone.status.json", {"status": {"devices": []}})
        self.service.write("a.xml", machine_xml())
        self.service.wait(lambda: self.service.metric('switchyard_feed_files{state="bad"}') == 2,
                          "bad files")
        self.assertEqual(set(self.service.nodes()), {"a", "m"})
        self.assertIn("beside it", self.service.log())

    def test_links_swapped_as_a_mounted_config_map_does(self):
        feed = self.service.feed
        for number, pci in (1, "0000:13:00.0"), (2, "0000:14:00.0"):
            folder = os.path.join(feed, f"..v{number}")
            os.mkdir(folder)
            with open(os.path.join(folder, "k.json"), "w", encoding="utf-8") as file:
                json.dump(node_document("k", {pci: "x"}), file)
        os.symlink("..v1", os.path.join(feed, "..data"))
        os.symlink("..data/k.json", os.path.join(feed, "k.json"))
        self.wait_nodes("akm")
        self.assertEqual(self.held("k"), {"0000:13:00.0"})
        os.symlink("..v2", os.path.join(feed, "..data_tmp"))
        os.rename(os.path.join(feed, "..data_tmp"), os.path.join(feed, "..data"))
        self.service.wait(lambda: self.held("k") == {"0000:14:00.0"}, "the swap")

    def test_the_directory_goes_away_and_comes_back(self):
        moved = self.service.feed + ".moved"
        os.rename(self.service.feed, moved)
        self.service.wait(lambda: self.service.metric("switchyard_feed_unreadable") == 1, "notice")
        self.assertEqual(set(self.service.nodes()), {"a", "m"})
        self.assertEqual(self.service.get("/readyz")[0], 200)
        os.mkdir(self.service.feed)
        self.service.write("z.json", node_document("z"))
        self.wait_nodes("z")
        self.service.write("y.json", node_document("y"))
        self.wait_nodes("yz")
        shutil.rmtree(moved)

    def test_a_burst_is_few_snapshots(self):
        before = self.service.metric("switchyard_snapshot_generation")
        for number in range(200):
            self.service.write(f"n{number}.json", node_document(f"n{number}"))
        self.service.wait(lambda: len(self.service.nodes()) == 202, "200 nodes")
        self.assertLess(self.service.metric("switchyard_snapshot_generation") - before, 150)

    def test_answers_go_on_during_reloads(self):
        for number in range(100):
            self.service.write("a.json", node_document("a", {"0000:15:00.0": f"p{number}"}))
            status, _, body = self.service.post("/filter", args(["a"]))
            self.assertEqual((status, json.loads(body)["NodeNames"]), (200, ["a"]))

    def test_other_files_are_left_alone(self):
        for name in ("README", "x.json~", "x.json.swp", ".hidden.json", "x.yaml"):
            self.service.write(name, b"nonsense", whole=False)
        os.mkdir(os.path.join(self.service.feed, "folder"))
        os.kill(self.service.process.pid, signal.SIGHUP)
        time.sleep(0.6)
        self.assertEqual(self.service.metric('switchyard_feed_files{state="bad"}'), 0)
        self.assertEqual(set(self.service.nodes()), {"a", "m"})


class Start(Case):
    def test_ready_is_when_every_file_has_its_verdict(self):
        """Also one that was written a moment before and is wrong."""
        service = self.serve({"a.json": node_document("a"), "b.json": node_document("b"),
                              "bad.json": b"{", "worse.xml": b"<topology>"})
        self.assertEqual(service.metric('switchyard_feed_files{state="good"}'), 2)
        self.assertEqual(service.metric('switchyard_feed_files{state="bad"}'), 2)
        self.assertEqual(service.metric("switchyard_feed_refused_total"), 2)


class Empty(Case):
    def test_an_empty_feed_is_a_feed(self):
        service = self.serve()
        self.assertEqual(service.nodes(), {})
        answer = json.loads(service.post("/filter", args(["a"]))[2])
        self.assertEqual(answer["NodeNames"], ["a"])

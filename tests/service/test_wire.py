# SPDX-License-Identifier: Apache-2.0
"""kube-scheduler's calls, as it makes them."""

import json
import os
import unittest

from service import GPU, NPU, ROOT, Case, Connection, args, machine_xml, node_document, pod

RECORDED = os.path.join(ROOT, "tests", "cluster", "recorded")


class Wire(Case):
    def setUp(self):
        self.service = self.serve({"a.json": node_document("a"), "b.json": node_document("b"),
                                   "m.xml": machine_xml()})

    def test_filter_passes_all_that_fit(self):
        status, headers, body = self.service.post("/filter", args(["b", "a", "unheard-of"]))
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"], "application/json")
        self.assertNotIn("transfer-encoding", headers)
        answer = json.loads(body)
        self.assertEqual(answer["NodeNames"], ["b", "a", "unheard-of"])
        self.assertEqual(answer["Error"], "")

    def test_prioritize_returns_every_node(self):
        status, _, body = self.service.post("/prioritize", args(["a", "m", "unheard-of"]))
        self.assertEqual(status, 200)
        answer = json.loads(body)
        self.assertEqual([item["Host"] for item in answer], ["a", "m", "unheard-of"])
        for item in answer:
            self.assertIsInstance(item["Score"], int)
            self.assertIn(item["Score"], range(11))

    def test_dropped_nodes_are_named_with_a_constant_reason(self):
        body = args(["a", "unheard-of"], pod({NPU: "2", GPU: "1"}, require="slot"))
        answers = [self.service.post("/filter", body) for _ in range(2)]
        self.assertEqual(answers[0][2], answers[1][2])
        dropped = json.loads(answers[0][2])["FailedAndUnresolvableNodes"]
        self.assertEqual(set(dropped), {"a", "unheard-of"})
        self.assertRegex(dropped["a"], "^switchyard never: ")
        self.assertRegex(dropped["unheard-of"], "^switchyard busy: ") # it may be heard of later

    def test_one_connection_carries_all(self):
        connection = Connection(self.service.listen)
        for path in ("/filter", "/prioritize") * 50:
            self.assertEqual(connection.request("POST", path, args(["a", "b"]))[0], 200)
        connection.close()

    def test_requests_in_one_packet(self):
        connection = Connection(self.service.listen)
        body = args(["a"])
        one = f"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.send((one + body) * 20)
        for _ in range(20):
            status, _, text = connection.answer()
            self.assertEqual(status, 200)
            self.assertEqual(json.loads(text)["NodeNames"], ["a"])
        connection.close()

    def test_chunked_and_expect(self):
        connection = Connection(self.service.listen)
        body = args(["a"])
        connection.send(b"POST /filter HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 7):
            part = body[at:at + 7]
            connection.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        connection.send(b"0\r\n\r\n")
        self.assertEqual(connection.answer()[0], 200)
        connection.send(f"POST /filter HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n"
                        "Expect: 100-continue\r\n\r\n".encode())
        while b"100 Continue" not in connection.buffer:
            self.assertTrue(connection.fill())
        connection.send(body)
        self.assertEqual(connection.answer()[0], 200)
        connection.close()

    def test_log_line_says_who_but_no_secret(self):
        self.service.post("/filter", args(["a", "b"]))
        line = self.service.wait(lambda: [line for line in self.service.log().splitlines()
                                          if "path=/filter" in line], "log line")[0]
        for part in ("status=200", "namespace=default", "pod=p", "uid=u-1", "nodesIn=2",
                     "nodesOut=2", "bytesIn="):
            self.assertIn(part, line)
        self.assertNotIn("hunter2", self.service.log())

    @unittest.skipUnless(os.path.isdir(RECORDED), "no recorded bodies")
    def test_bodies_of_the_real_scheduler(self):
        for name in sorted(os.listdir(RECORDED)):
            if not name.endswith(".request.json"):
                continue
            with self.subTest(name), open(os.path.join(RECORDED, name), "rb") as file:
                status, _, body = self.service.post("/" + name.split("-", 1)[0], file.read())
                self.assertEqual(status, 200, body)
                json.loads(body)

    def test_preempt(self):
        victims = {"a": {"Pods": [{"UID": "uid-x"}], "NumPDBViolations": 0}}
        body = json.dumps({"Pod": pod(), "NodeNameToVictims": None,
                           "NodeNameToMetaVictims": victims}).encode()
        status, _, text = self.service.post("/preempt", body)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["NodeNameToMetaVictims"], victims)


if __name__ == "__main__":
    unittest.main()

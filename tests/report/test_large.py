# SPDX-License-Identifier: Apache-2.0
"""A cluster of 5,000 nodes."""

import json
import os
import tempfile
import time
import unittest

import cluster

NODES = 5000
RELEASE_S = 20  # with a wide margin for a loaded machine
SANITIZED_S = 240


class Large(unittest.TestCase):
    def test_report(self):
        copies = (NODES + 11) // 12
        limit = RELEASE_S if "release" in cluster.PROGRAM else SANITIZED_S
        with tempfile.TemporaryDirectory(prefix="sy-report-large-") as folder:
            path = os.path.join(folder, "snapshot.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(cluster.many(copies), file)
            begun = time.monotonic()
            status, out, err = cluster.report("-o", "json", snapshot=path)
            seconds = time.monotonic() - begun
        self.assertEqual(status, 0, err)
        value = json.loads(out)
        print(f"{value['cluster']['nodes']} nodes, {len(out) >> 10} KiB of JSON in {seconds:.1f} s")
        self.assertEqual(value["cluster"]["nodes"], 12 * copies)
        self.assertEqual(cluster.complaints("report.schema.json", value), [])
        self.assertLess(seconds, limit)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium: it renders, at every width, and keeps to itself."""

import os
import pathlib
import tempfile
import unittest

import browser
import cluster

HEADINGS = ["What limits this cluster", "Devices", "Nodes and racks", "Who holds them",
            "Room for more pods", "Stranded devices", "Shared links", "Power", "Growth",
            "What was not known"]
WIDTHS = (320, 400, 768, 1200, 1920)

# Texts whose contrast against what they stand on is below WCAG's 4.5:1.
PALE = """(() => {
  const light = c => { const v = c.map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92
      : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const parse = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const behind = e => { for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('h1,h2,h3,p,li,a,th,td,caption,span,.what,.big,.note,.label,.value,footer')) {
    if (!e.textContent.trim()) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(e.tagName + ' ' + e.className + ' ' + ratio.toFixed(2));
  }
  return [...new Set(found)]; })()"""

# What reaches past the window and stands in no box that scrolls.
WIDE = """(() => { const found = []; const w = document.documentElement.clientWidth;
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg') && e.tagName !== 'svg') continue;
    const box = e.closest('.scroll');
    if ((!box || box === e) && e.getBoundingClientRect().right > w + 0.5)
      found.push(e.tagName + '.' + e.getAttribute('class'));
  } return found; })()"""


def png_size(data):
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


@unittest.skipUnless(browser.find(), "no chromium here")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sy-report-page-")
        template = os.path.join(cls.folder.name, "template.yaml")
        with open(template, "w", encoding="utf-8") as file:
            file.write(cluster.TEMPLATE)
        status, text, err = cluster.report("-o", "html", "--arrivals", "5=0.2/day+-0.05",
                                           "--arrivals", "10=0.1/day", "--template", template)
        assert status == 0, err
        cls.html = text
        page = pathlib.Path(cls.folder.name, "report.html")
        page.write_text(text, encoding="utf-8")
        cls.url = page.as_uri()
        cls.browser = browser.Browser()
        cls.browser.media()
        cls.browser.window(1200)
        cls.browser.show(cls.url)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.media()
        self.browser.window(1200)

    def test_sections(self):
        self.assertEqual(self.browser.value("document.title"), "Cluster capacity")
        self.assertEqual(self.browser.value("document.querySelectorAll('h1').length"), 1)
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('h2')].map(e => e.textContent)"), HEADINGS)

    def test_charts_are_drawn(self):
        """Bars have a width, and say in words what they show."""
        self.assertGreater(self.browser.value("document.querySelectorAll('.bar svg').length"), 20)
        self.assertGreater(self.browser.value("document.querySelectorAll('.strip .cell').length"), 10)
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('svg')].filter(e => !e.ariaHidden && "
            "!(e.getAttribute('role') === 'img' && e.getAttribute('aria-label'))).length"), 0)
        self.assertGreater(self.browser.value(
            "Math.max(...[...document.querySelectorAll('rect.held')].map(e => "
            "e.getBoundingClientRect().width))"), 100)

    def test_tables(self):
        count = self.browser.value("document.querySelectorAll('table').length")
        self.assertGreater(count, 12)
        for part in ("caption", "thead th[scope=col]", "tbody th[scope=row]"):
            self.assertEqual(self.browser.value(
                f"[...document.querySelectorAll('table')].filter(t => t.querySelector('{part}'))"
                ".length"), count, part)

    def test_links_lead_somewhere(self):
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('a')].filter(a => "
            "!document.getElementById(a.getAttribute('href').slice(1))).length"), 0)

    def test_nothing_is_wider_than_the_window(self):
        for width in WIDTHS:
            self.browser.window(width)
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
            self.assertEqual(self.browser.value(WIDE), [], width)

    def test_contrast(self):
        for scheme in ("light", "dark"):
            self.browser.media(scheme=scheme)
            self.assertEqual(self.browser.value(PALE), [], scheme)
        self.browser.media("print", "dark")
        self.assertEqual(self.browser.value(PALE), [], "print")

    def test_dark_is_dark(self):
        self.browser.media(scheme="dark")
        dark = self.browser.value("getComputedStyle(document.body).backgroundColor")
        self.browser.media(scheme="light")
        self.assertNotEqual(
            dark, self.browser.value("getComputedStyle(document.body).backgroundColor"))

    def test_printed(self):
        """A page of A4 is as wide as 794 CSS pixels: nothing is cut off."""
        self.browser.window(718)  # less margins of a centimetre
        self.browser.media("print")
        self.assertEqual(self.browser.value("getComputedStyle(document.querySelector('nav')).display"),
                         "none")
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
            ".map(e => e.getAttribute('aria-label'))"), [])
        pdf = self.browser.call("Page.printToPDF", printBackground=True)["data"]
        self.assertGreater(len(pdf), 10000)

    def test_pictures(self):
        for width in (400, 1200):
            self.browser.window(width)
            self.assertEqual(png_size(self.browser.picture())[0], width)

    def test_keeps_to_itself(self):
        self.assertNotIn("<script", self.html)
        asked = {e["params"]["request"]["url"]
                 for e in self.browser.told("Network.requestWillBeSent")}
        self.assertLessEqual(asked, {self.url, "data:,"})
        self.assertIn(self.url, asked)
        self.assertEqual(self.browser.told("Network.webSocketCreated"), [])

    def test_says_nothing_on_the_console(self):
        self.assertEqual(self.browser.told("Log.entryAdded", "Runtime.consoleAPICalled",
                                           "Runtime.exceptionThrown"), [])

    def test_console_and_network_would_be_seen(self):
        """The two cases above can fail: a page that logs and asks is caught."""
        page = pathlib.Path(self.folder.name, "bad.html")
        page.write_text("<script>console.log('x'); fetch('http://example.invalid/y')</script>")
        other = browser.Browser()
        try:
            other.show(page.as_uri())
            other.value("1")
            self.assertTrue(other.told("Runtime.consoleAPICalled"))
            self.assertIn("http://example.invalid/y",
                          [e["params"]["request"]["url"]
                           for e in other.told("Network.requestWillBeSent")])
        finally:
            other.close()


if __name__ == "__main__":
    unittest.main()

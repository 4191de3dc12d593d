"""unittest cases with a daemon, an upstream and a log that must verify at the end."""

import json
import shutil
import tempfile
import unittest

from portcullis_daemon import Daemon, Site, Upstream
from raw_http import Closed

UNANCHORED = 3  # no fault; nothing outside the host anchors a log in this version


class PortcullisCase(unittest.TestCase):
    def make_directory(self):
        directory = tempfile.mkdtemp(prefix="portcullis-test-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def start_upstream(self, *options, port=0):
        upstream = Upstream(self.make_directory(), *options, port=port)
        self.addCleanup(upstream.stop)
        return upstream

    def make_site(self, upstream_url, issuer=None):
        return Site(self.make_directory(), upstream_url, issuer)

    def start_daemon(self, site, **options):
        daemon = Daemon(site, **options)
        self.addCleanup(daemon.kill)
        return daemon

    def assert_refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer.body[:500])
        self.assertTrue(answer.message.startswith("Portcullis: "), answer.message)

    def read_cut_stream(self, client):
        """A stream's head, and the error with which it breaks off, never ended as if it were whole."""
        answer = client.read_head()
        self.assertEqual(answer.status, 200)
        events = b""
        with self.assertRaises(Closed):
            while chunk := client.read_chunk():
                events += chunk
        self.assertNotIn(b"[DONE]", events)
        return answer, json.loads(events.strip().rpartition(b"data: ")[2])["error"]

    def assert_whole(self, site, exits=(UNANCHORED,)):
        code, report = site.verify()
        self.assertIn(code, exits, report)
        self.assertEqual(report["faults"], [])
        return report

    def stop_and_verify(self, daemon):
        """Drains, and holds the log to it that it is sealed and without a fault."""
        self.assertEqual(daemon.stop(), 0, daemon.log())
        report = self.assert_whole(daemon.site)
        self.assertTrue(report["streams"][-1]["sealed"])
        return report

#!/usr/bin/python3
"""An upstream that cannot be connected to, and does not say so: the caller waits no longer than
connect_timeout.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import socket
import time
import unittest

import mounts
from portcullis_case import PortcullisCase

NAME_SERVER = "127.77.0.53"
USE_RESOLV_CONF = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


class UpstreamConnect(PortcullisCase):
    def start(self, url, connect_timeout, wrap=()):
        self.site = self.make_site(url)
        self.site.config["upstreams"][0]["connect_timeout"] = connect_timeout
        self.daemon = self.start_daemon(self.site, wrap=wrap)

    def test_a_name_server_that_is_silent(self):
        """The system's resolver waits for it for five seconds; the caller does not."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        resolv_conf = f"{self.make_directory()}/resolv.conf"
        with open(resolv_conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {NAME_SERVER}\noptions timeout:5 attempts:1\n")
        wrap = ("unshare", "--mount", "sh", "-c", USE_RESOLV_CONF, resolv_conf)
        try:
            server.bind((NAME_SERVER, 53))
        except OSError as error:
            mounts.skip(f"cannot be a name server here: {error}")
        if mounts.run(*wrap, "true").returncode != 0:
            mounts.skip("cannot mount here")
        self.start("http://gateway.portcullis.test:4000", "300ms", wrap)
        started = time.monotonic()
        answer = self.daemon.chat()
        self.assertLess(time.monotonic() - started, 4.5)
        self.assertTrue(server.recv(512))  # it was asked
        self.assert_refused(answer, 502, "upstream_unreachable")
        self.assertEqual(self.site.outcome(answer.decision)["failure"], "upstream_unreachable")
        self.stop_and_verify(self.daemon)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process

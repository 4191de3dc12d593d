#!/usr/bin/python3
"""An upstream that cannot be connected to, and does not say so: the caller waits no longer than
connect_timeout, and the log says what became of the exchange.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import contextlib
import signal
import socket
import time
import unittest

import mounts
from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, chat_body, wait_for
from raw_http import render

NAME_SERVER = "127.77.0.53"
USE_RESOLV_CONF = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


class UpstreamConnect(PortcullisCase):
    def start(self, url, connect_timeout, wrap=(), **limits):
        self.site = self.make_site(url)
        self.site.config["upstreams"][0]["connect_timeout"] = connect_timeout
        self.site.config["limits"].update(limits)
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

    def start_full_listener(self):
        """Its queue is full: the kernel drops what would connect."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_drain_waits_for_the_outcome_of_who_still_connects(self):
        self.start(self.start_full_listener(), "3s", drain_timeout="100ms")
        client = self.daemon.connect()
        self.addCleanup(client.socket.close)
        client.send(render("POST", CHAT, self.site.bearer(), chat_body()))
        decision = wait_for(lambda: self.site.records("decision"))[0]
        self.daemon.signal(signal.SIGTERM)
        report = self.stop_and_verify(self.daemon)
        self.assertEqual(report["open_decisions"], 0)
        self.assertEqual(self.site.outcome(decision["id"])["failure"], "upstream_unreachable")


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process

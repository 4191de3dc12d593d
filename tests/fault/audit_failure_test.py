#!/usr/bin/python3
"""The failure table, second half: the audit log fails. What cannot be on record does not happen.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import os
import time
import unittest

import mounts
from portcullis_case import PortcullisCase
from portcullis_daemon import chat_body, wait_for

CONFIG_ERROR = 78
LOG_FAILED = 70


class AuditFails(PortcullisCase):
    def setUp(self):
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url)
        self.site.config["limits"]["drain_timeout"] = "1s"
        self.audit = self.site.audit_directory

    def assert_does_not_start(self, site, why):
        daemon = self.start_daemon(site, ready=False)
        self.assertEqual(daemon.wait(20), CONFIG_ERROR)
        self.assertIn(why, daemon.log())
        self.assertNotIn("listening", daemon.log())

    def assert_denied_for_good(self, daemon, sent):
        """Until the drain deadline, every caller gets a denial; then the daemon ends."""
        for _ in range(2):
            answer = daemon.chat()
            self.assert_refused(answer, 503, "audit_unavailable")
            self.assertIsNone(answer.header("portcullis-receipt"))
        self.assertEqual(daemon.wait(20), LOG_FAILED, daemon.log())
        self.assertIn("everything is denied", daemon.log())
        self.assertEqual(len(self.upstream.requests()), sent)

    def test_disk_fills_and_is_emptied(self):
        mounts.mount_tmpfs(self, self.audit, "12m")
        self.site.config["admin"] = {"address": "127.0.0.1:0"}
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat().status, 200)
        mounts.fill(self.audit, leave=512 * 1024)  # less than audit.reserve_bytes_min
        answer = wait_for(lambda: next(iter([a for a in [daemon.chat()] if a.status != 200]), None))
        self.assert_refused(answer, 503, "audit_unavailable")
        self.assertIn("audit.reserve_bytes_min", daemon.log())
        sent = len(self.upstream.requests())
        for _ in range(5):
            self.assert_refused(daemon.chat(), 503, "audit_unavailable")
        self.assertEqual(len(self.upstream.requests()), sent)
        os.unlink(self.audit / "ballast")
        wait_for(lambda: daemon.chat().status == 200, 5, "the daemon to allow again")
        self.stop_and_verify(daemon)

    def test_disk_is_full_to_the_last_byte(self):
        mounts.mount_tmpfs(self, self.audit, "12m")
        daemon = self.start_daemon(self.site)
        mounts.fill(self.audit, leave=0)
        time.sleep(1.2)  # until the daemon has looked
        self.assert_refused(daemon.chat(), 503, "audit_unavailable")
        self.assertEqual(self.upstream.requests(), [])
        os.unlink(self.audit / "ballast")
        wait_for(lambda: daemon.chat().status == 200, 5, "the daemon to allow again")
        self.stop_and_verify(daemon)

    def test_directory_is_read_only_at_start(self):
        mounts.mount_tmpfs(self, self.audit, "4m")
        self.site.write()
        self.assertEqual(mounts.run("mount", "-o", "remount,ro", str(self.audit)).returncode, 0)
        self.assert_does_not_start(self.site, "Read-only file system")

    def test_directory_becomes_read_only(self):
        mounts.mount_ext4(self, self.audit, self.site.directory / "image")
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat().status, 200)
        # As the kernel does when a disk fails: a plain remount is refused while a file is open.
        trigger = mounts.run("mount", "-o", "remount,abort", str(self.audit))
        if trigger.returncode != 0:
            mounts.skip(f"cannot abort a file system here: {trigger.stderr}")
        self.assert_denied_for_good(daemon, sent=1)

    def test_directory_is_missing(self):
        self.site.config["audit"]["directory"] = "nowhere"
        self.assert_does_not_start(self.site, "nowhere")

    def test_file_system_that_forgets(self):
        mounts.mount_tmpfs(self, self.audit, "4m")
        self.site.config["audit"]["allow_filesystem"] = []
        self.assert_does_not_start(self.site, "audit.allow_filesystem")

    def test_keys_that_others_can_read(self):
        self.site.write()
        os.chmod(self.site.directory / "keys" / "signing.pem", 0o644)
        self.assert_does_not_start(self.site, "signing.pem")

    def test_segment_is_unlinked_while_running(self):
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat().status, 200)
        segment = next(self.audit.glob("*.jsonl"))
        segment.unlink()
        self.assert_denied_for_good(daemon, sent=1)
        code, _ = self.site.verify()
        self.assertNotIn(code, (0, 3))
        self.assert_does_not_start(self.site, "cannot be continued")

    def test_segment_is_replaced_while_running(self):
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat().status, 200)
        segment = next(self.audit.glob("*.jsonl"))
        copy = segment.with_suffix(".copy")
        copy.write_bytes(segment.read_bytes())
        copy.rename(segment)
        self.assert_denied_for_good(daemon, sent=1)

    def test_two_daemons_on_one_log(self):
        first = self.start_daemon(self.site)
        self.assert_does_not_start(self.site, "another process writes the audit log")
        self.assertEqual(first.chat().status, 200)  # and the first is none the worse for it
        self.stop_and_verify(first)

    def test_two_daemons_on_one_port(self):
        first = self.start_daemon(self.site)
        other = self.make_site(self.upstream.url)
        other.config["listen"]["address"] = f"127.0.0.1:{first.port}"
        self.assert_does_not_start(other, "cannot listen")
        self.stop_and_verify(first)

    def test_a_byte_flipped_is_found(self):
        """So that "verifies" in all these tests says something."""
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat(chat_body()).status, 200)
        self.assertEqual(daemon.stop(), 0)
        segment = next(self.audit.glob("*.jsonl"))
        raw = segment.read_bytes()
        segment.write_bytes(raw.replace(b'"effect":"allow"', b'"effect":"alloW"'))
        self.assertEqual(self.site.verify()[0], 1)
        segment.write_bytes(raw)
        self.assert_whole(self.site)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process

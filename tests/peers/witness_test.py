"""The daemon and litewitness: cosigned growth, restarts, a restored backup, a fork."""

import os
import shutil
import subprocess
import sys
import unittest

import litewitness
from litewitness import Litewitness, log_verifier_key
from portcullis_case import PortcullisCase
from portcullis_daemon import wait_for

SKIPPED = 77


def public_key(site):
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in",
                          str(site.directory / "keys" / "signing.pub"), "-outform", "DER"],
                         capture_output=True, check=True).stdout
    return der[-32:]


class Witness(PortcullisCase):
    def setUp(self):
        self.witness = Litewitness(self.make_directory())
        self.addCleanup(self.witness.end)
        self.witness.start()
        self.site = self.make_site(self.start_upstream().url)
        self.site.config["audit"]["anchors"] = {"witnesses": [
            {"url": self.witness.url, "key": self.witness.vkey, "every": "1s", "timeout": "2s"}]}

    def origin(self):
        note = self.site.audit_directory / "checkpoint"
        return wait_for(note.exists, what="a checkpoint") and note.read_text().split("\n")[0]

    def make_known(self):
        self.witness.add_log(self.origin(), public_key(self.site))

    def sizes(self):
        """What is cosigned, according to the log."""
        anchors = self.site.records("anchor")
        self.assertEqual({a["kind"] for a in anchors} - {"witness"}, set())
        return [int(a["note"].split("\n")[1]) for a in anchors]

    def wait_cosigned(self, size):
        wait_for(lambda: max(self.sizes(), default=0) >= size, 20, f"{size} cosigned")

    def newest(self):
        return self.site.records()[-1]["seq"]

    def grow(self, daemon):
        self.assertEqual(daemon.chat().status, 200)
        self.wait_cosigned(self.site.records("outcome")[-1]["seq"] + 1)

    def restore(self, backup):
        shutil.rmtree(self.site.audit_directory)
        shutil.copytree(backup, self.site.audit_directory)

    def back_up(self):
        backup = self.site.directory / "backup"
        shutil.rmtree(backup, ignore_errors=True)
        shutil.copytree(self.site.audit_directory, backup)
        return backup

    def test_cosigns_growth_across_restarts(self):
        daemon = self.start_daemon(self.site)
        daemon.wait_log("does not know this log")
        self.make_known()
        self.grow(daemon)
        self.grow(daemon)
        self.stop_and_verify(daemon)
        self.assertEqual(self.sizes()[-1], self.witness.size(self.origin()))
        daemon = self.start_daemon(self.site)
        self.grow(daemon)
        daemon.kill()
        daemon.wait()
        daemon = self.start_daemon(self.site)
        self.grow(daemon)
        self.stop_and_verify(daemon)
        self.assertEqual(self.sizes(), sorted(set(self.sizes())))
        self.assertEqual(len({r["stream"] for r in self.site.records()}), 1)
        for anchor in self.site.records("anchor"):
            text, lines = anchor["note"].split("\n\n")
            signatures = lines.splitlines()
            self.assertEqual(len(signatures), 2, anchor["note"])
            self.assertTrue(signatures[1].startswith("\u2014 " + litewitness.NAME + " "))
            notes = [r["note"] for r in self.site.records("checkpoint")]
            self.assertIn(text + "\n\n" + signatures[0] + "\n", notes)

    def test_notes_open_with_another_implementation(self):
        daemon = self.start_daemon(self.site)
        self.make_known()
        self.grow(daemon)
        self.assertEqual(daemon.stop(), 0)
        notes = [(self.site.audit_directory / "checkpoint").read_text()]
        notes += [r["note"] for r in self.site.records("checkpoint", "anchor")]
        key = log_verifier_key(self.origin(), public_key(self.site))
        for note in notes:
            opened = subprocess.run([os.environ["PEERS_BIN"] + "/open_note", key],
                                    input=note.encode(), capture_output=True)
            self.assertEqual(opened.returncode, 0, opened.stderr)
            self.assertEqual(opened.stdout.decode(), note.split("\n\n")[0] + "\n")
        forged = notes[0].replace("\n", "1\n", 2)
        opened = subprocess.run([os.environ["PEERS_BIN"] + "/open_note", key],
                                input=forged.encode(), capture_output=True)
        self.assertEqual(opened.returncode, 1)

    def test_starts_and_serves_without_its_witness(self):
        self.witness.stop()
        daemon = self.start_daemon(self.site)
        self.assertIn("witness " + litewitness.NAME, daemon.wait_log("cannot connect")
                      and daemon.log())
        self.assertEqual(daemon.chat().status, 200)
        self.stop_and_verify(daemon)
        self.assertEqual(self.sizes(), [])

    def restored(self, daemon):
        """The old stream is put away, and the new one names it."""
        self.assertIn("was rolled back or forked", daemon.log())
        genesis = self.site.records("open")[0]
        self.assertEqual(genesis["seq"], 0)
        predecessor = genesis["genesis"]["predecessor"]
        self.assertEqual(predecessor["reason"], "restored")
        old = predecessor["note"].split("\n")[0]
        self.assertNotEqual(old, self.origin())
        retired = self.site.audit_directory / "retired" / old.split("/")[1]
        self.assertTrue(list(retired.glob("*.jsonl")))
        return old

    def test_begins_a_new_stream_when_a_backup_was_restored(self):
        daemon = self.start_daemon(self.site)
        self.make_known()
        self.grow(daemon)
        self.assertEqual(daemon.stop(), 0)
        backup = self.back_up()
        daemon = self.start_daemon(self.site)
        self.grow(daemon)
        self.assertEqual(daemon.stop(), 0)
        self.restore(backup)
        daemon = self.start_daemon(self.site)
        old = self.restored(daemon)
        # Never contradicted: the witness still knows the old stream as it was.
        self.assertGreater(self.witness.size(old), 0)
        self.make_known()
        self.grow(daemon)
        self.stop_and_verify(daemon)

    def test_a_fork_is_refused_and_put_away(self):
        daemon = self.start_daemon(self.site)
        self.make_known()
        self.grow(daemon)
        self.assertEqual(daemon.stop(), 0)
        backup = self.back_up()
        daemon = self.start_daemon(self.site)
        self.grow(daemon)
        self.assertEqual(daemon.stop(), 0)
        seen = self.witness.size(self.origin())
        # The other branch grows further than the first, out of the witness's sight.
        self.restore(backup)
        self.witness.stop()
        daemon = self.start_daemon(self.site)
        while self.newest() < seen + 5:
            self.assertEqual(daemon.chat().status, 200)
        self.witness.start()
        daemon.wait_log("does not begin with", 20)
        self.assertEqual(daemon.chat().status, 200)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        self.assertEqual(self.witness.size(self.origin()), seen)
        daemon = self.start_daemon(self.site)
        self.restored(daemon)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    if not os.access(litewitness.program(), os.X_OK):
        print("SKIP peers/witness: no litewitness (tests/peers/install)")
        sys.exit(SKIPPED)
    unittest.main()

#!/usr/bin/python3
"""The auditor's tools on the log of a real daemon: proofs, consistency, show, export, replay, and
retention under approval.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import csv
import io
import json
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import PORTCULLIS, SECRET_PROMPT, SSN_PROMPT, chat_body, wait_for

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"


def audit(*arguments, **options):
    return subprocess.run([PORTCULLIS, "audit", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False, **options)


class AuditTools(PortcullisCase):
    def setUp(self):
        self.site = self.make_site(self.start_upstream().url)
        self.log = self.site.audit_directory
        self.daemon = self.start_daemon(self.site)
        self.key = self.site.directory / "keys" / "signing.pub"
        bearer = self.site.bearer()
        for body in (chat_body(), chat_body(SSN_PROMPT), chat_body(SECRET_PROMPT)):
            self.daemon.chat(body, headers=bearer)
        self.daemon.chat(headers={"Content-Type": "application/json"})
        # A 401 does not wait for its record.
        wait_for(lambda: len(self.decisions()) == 4, what="the last decision")

    def stop(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log())

    def path(self, name):
        return self.site.directory / name

    def decisions(self):
        return self.site.records("decision")

    def test_prove(self):
        self.stop()
        seq = self.decisions()[0]["seq"]
        file = self.path("proof.json")
        made = audit("prove", self.log, "--seq", seq, "--output", file)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(audit("prove", self.log, "--seq", seq, "--output", file).returncode, 5)
        checked = audit("check-proof", file, "--public-key", self.key)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn("PROVED", checked.stdout)
        self.assertEqual(audit("check-proof", file).returncode, 3)
        report = json.loads(audit("check-proof", file, "--public-key", self.key, "--json").stdout)
        self.assertEqual(report["record"]["seq"], seq)
        proof = json.loads(file.read_text())
        proof["line"] = proof["line"].replace("anna", "jane")
        file.write_text(json.dumps(proof))
        forged = audit("check-proof", file, "--public-key", self.key)
        self.assertEqual(forged.returncode, 1, forged.stdout)
        self.assertIn("NOT PROVED", forged.stdout)
        self.assertEqual(audit("prove", self.log, "--seq", 100000).returncode, 5)
        self.assertEqual(audit("prove", self.log, "--seq", seq, "--size", 2).returncode, 5)

    def test_proof_under_a_cosigned_checkpoint(self):
        key, witness = VECTORS / "keys/signing.pub", VECTORS / "keys/witness.vkey"
        file = self.path("cosigned.json")
        made = audit("prove", VECTORS / "two_segments/stream", "--seq", 5, "--output", file,
                     "--checkpoint", VECTORS / "kept_cosigned/kept")
        self.assertEqual(made.returncode, 0, made.stderr)
        checked = audit("check-proof", file, "--public-key", key, "--witness-key", witness)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn("cosigned    at 2026-11-22T12:00:00Z by witness", checked.stdout)
        stranger = audit("check-proof", file, "--public-key", key,
                         "--witness-key", VECTORS / "keys/unknown.vkey", "--json")
        self.assertEqual(stranger.returncode, 3, stranger.stdout)
        self.assertEqual(json.loads(stranger.stdout)["cosignatures"], [])
        proof = json.loads(file.read_text())
        note = proof["checkpoint"]
        proof["checkpoint"] = note[:-6] + ("A" if note[-6] != "A" else "B") + note[-5:]
        file.write_text(json.dumps(proof, ensure_ascii=False))
        spoilt = audit("check-proof", file, "--public-key", key, "--witness-key", witness)
        self.assertEqual(spoilt.returncode, 1, spoilt.stdout)
        unread = audit("check-proof", file, "--witness-key", self.path("none.vkey"))
        self.assertEqual(unread.returncode, 2, unread.stdout)

    def test_consistency(self):
        note = self.log / "checkpoint"
        early = self.path("early.note")
        wait_for(note.exists, what="a checkpoint")
        shutil.copy(note, early)
        self.stop()
        same = audit("consistency", early, self.log, "--public-key", self.key)
        self.assertEqual(same.returncode, 0, same.stdout + same.stderr)
        self.assertEqual(audit("consistency", early, self.log).returncode, 3)
        self.assertEqual(audit("consistency", 2, 5, "--log", self.log).returncode, 3)
        back = audit("consistency", self.log, early, "--public-key", self.key)
        self.assertEqual(back.returncode, 1, back.stdout + back.stderr)
        self.assertIn("rollback", back.stdout)
        other = self.make_site("http://127.0.0.1:9")
        fork = self.start_daemon(other)
        fork.stop()
        self.assertEqual(
            audit("consistency", early, other.audit_directory, "--json").returncode, 1)
        self.assertEqual(audit("consistency", 2, 5).returncode, 2)

    def test_usage(self):
        for arguments in (("prove", self.log), ("show",), ("show", self.log, "--effect", "maybe"),
                          ("show", self.log, "--from", "yesterday"), ("export", self.log),
                          ("export", self.log, "--format", "xml"), ("nonsense",),
                          ("replay", self.log), ("approve", "--key", "none"),
                          ("retain", self.log, "--approval", "none")):
            self.assertEqual(audit(*arguments).returncode, 2, arguments)
        self.assertEqual(audit("show", self.path("none")).returncode, 5)

    def test_show(self):
        self.stop()
        rows = audit("show", self.log, "--type", "decision").stdout.splitlines()
        self.assertEqual(len(rows), 1 + len(self.decisions()))
        self.assertNotIn("\033", rows[1])
        denied = audit("show", self.log, "--effect", "deny", "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["decision"]["reason"] for line in denied],
                         ["forbidden", "token_missing"])
        secret = audit("show", self.log, "--class", "secret", "--json").stdout.splitlines()
        self.assertEqual(len(secret), 1)
        ruled = audit("show", self.log, "--rule", "forbid-secrets", "--json").stdout.splitlines()
        self.assertEqual(ruled, secret)
        last = audit("show", self.log, "--last", 1, "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["type"] for line in last], ["seal"])
        first = audit("show", self.log, "--limit", 1, "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["type"] for line in first], ["open"])
        self.assertEqual(audit("show", self.log, "--from", "2100-01-01", "--json").stdout, "")

    def test_follow(self):
        with subprocess.Popen([PORTCULLIS, "audit", "show", str(self.log), "--follow", "--json",
                               "--type", "decision"], stdout=subprocess.PIPE, text=True) as shown:
            before = len(self.decisions())
            for _ in range(before):
                shown.stdout.readline()
            self.daemon.chat(headers=self.site.bearer())
            self.assertEqual(json.loads(shown.stdout.readline())["decision"]["effect"], "allow")
            self.stop()
            self.daemon = self.start_daemon(self.site)
            self.daemon.chat(headers=self.site.bearer())
            self.assertEqual(json.loads(shown.stdout.readline())["decision"]["effect"], "allow")
            shown.send_signal(signal.SIGINT)
            self.assertEqual(shown.wait(10), 0)

    def test_export(self):
        self.stop()
        written = audit("export", self.log, "--format", "csv")
        self.assertEqual(written.returncode, 0, written.stderr)
        rows = list(csv.DictReader(io.StringIO(written.stdout, newline="")))
        self.assertEqual([int(row["seq"]) for row in rows], list(range(len(rows))))
        self.assertIn("anna@example.com", [row["person"] for row in rows])
        events = [json.loads(line)
                  for line in audit("export", self.log, "--format", "ocsf").stdout.splitlines()]
        self.assertEqual({event["class_uid"] for event in events}, {6003})
        now = time.time() * 1000
        self.assertTrue(all(now - 120000 < event["time"] <= now for event in events))
        syslog = audit("export", self.log, "--format", "syslog").stdout.splitlines()
        self.assertEqual(len(syslog), len(rows))
        self.assertTrue(all(line.startswith("<1") for line in syslog))
        framed = audit("export", self.log, "--format", "syslog", "--octet-counting").stdout
        for _ in syslog:
            length, _, framed = framed.partition(" ")
            framed = framed[int(length):]
        self.assertEqual(framed, "")
        output = self.path("log.csv")
        audit("export", self.log, "--format", "csv", "--output", output)
        self.assertEqual(output.read_bytes().decode(), written.stdout.replace("\n", "\r\n"))

    def test_replay(self):
        self.stop()
        policy = self.path("policy.yaml")
        config = ("--config", self.path("portcullis.yaml"))
        same = audit("replay", self.log, "--policy", policy, *config, "--json")
        self.assertEqual(same.returncode, 0, same.stdout + same.stderr)
        report = json.loads(same.stdout)
        self.assertEqual((report["same"], report["different"]), (3, 0))
        self.assertEqual(report["not_by_policy"], {"token_missing": 1})
        # A log that lies: another effect than its policy decides.
        lie = self.path("lie")
        shutil.copytree(self.log, lie)
        segment = next(lie.glob("*.jsonl"))
        segment.write_text(segment.read_text().replace('"rules":["forbid-secrets"]',
                                                       '"rules":["permit-people"]'))
        different = audit("replay", lie, "--policy", policy, *config)
        self.assertEqual(different.returncode, 1, different.stdout)
        self.assertIn(f"{segment}:", different.stdout)
        changed = json.loads(policy.read_text())
        changed["metadata"]["sequence"] = 2
        changed["rules"].pop()
        policy.write_text(json.dumps(changed))
        other = audit("replay", self.log, "--policy", policy, *config)
        self.assertEqual(other.returncode, 5, other.stdout)
        self.assertIn("policy that was not given", other.stdout)


class Retention(PortcullisCase):
    def setUp(self):
        self.site = self.make_site(self.start_upstream().url)
        approver = self.site.directory / "approver"
        subprocess.run([PORTCULLIS, "keys", "init", "--approver", "--escrow", "--directory",
                        str(approver)], check=True, stdout=subprocess.DEVNULL)
        self.key = approver / "approver.pem"
        self.site.config["audit"]["approver_key"] = str(approver / "approver.pub")
        self.log = self.site.audit_directory
        for _ in range(3):
            daemon = self.start_daemon(self.site)
            daemon.chat(headers=self.site.bearer())
            self.assertEqual(daemon.stop(), 0, daemon.log())

    def approve(self, *arguments, key=None):
        file = self.site.directory / f"approval-{time.monotonic_ns()}"
        made = audit("approve", self.log, "--key", key or self.key, "--output", file, *arguments)
        return made, file

    def retain(self, approval):
        return audit("retain", self.log, "--approval", approval, "--config",
                     self.site.directory / "portcullis.yaml", "--json")

    def test_drop_and_erase(self):
        segments = sorted(pathlib.Path(self.log).glob("*.jsonl"))
        second, third = (int(path.name.split(".")[0]) for path in segments[1:3])
        public = self.site.directory / "keys" / "signing.pub"
        early = self.site.directory / "early.note"
        shutil.copy(self.log / "checkpoint", early)
        erased = next(r["seq"] for r in self.site.records("decision") if r["seq"] > third)
        made, approval = self.approve("--drop", f"{second}-{third - 1}", "--erase", erased)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("1 segments", made.stderr)
        done = self.retain(approval)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(json.loads(done.stdout)["was_recorded"])
        again = self.retain(approval)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertTrue(json.loads(again.stdout)["was_recorded"])
        self.assertFalse(segments[1].exists())
        self.assertIn(f'{{"erased":{erased},', segments[2].read_text())
        grown = audit("consistency", early, self.log, "--public-key", public)
        self.assertEqual(grown.returncode, 0, grown.stdout + grown.stderr)
        for seq, code in ((0, 0), (second, 5), (erased, 0), (third, 0)):
            proof = audit("prove", self.log, "--seq", seq)
            self.assertEqual(proof.returncode, code, proof.stderr)
            if code == 0:
                held = audit("check-proof", "-", "--public-key", public, input=proof.stdout)
                self.assertEqual(held.returncode, 0, held.stdout)
        shown = audit("show", self.log, "--type", "erased")
        self.assertEqual(len(shown.stdout.splitlines()), 2)
        daemon = self.start_daemon(self.site)
        self.assertEqual(self.retain(approval).returncode, 5)
        self.stop_and_verify(daemon)

    def test_refusals(self):
        made, _ = self.approve("--drop", "0-3")
        self.assertEqual(made.returncode, 1, made.stderr)
        made, _ = self.approve("--drop", "3-2")
        self.assertEqual(made.returncode, 2, made.stderr)
        made, _ = self.approve("--drop-before", "2001-01-01")
        self.assertEqual(made.returncode, 5, made.stderr)
        other = self.site.directory / "keys" / "signing.pem"
        made, _ = self.approve("--erase", "1", key=other)
        self.assertEqual(made.returncode, 1, made.stderr)
        self.assertIn("approver", made.stderr)

    def test_by_age(self):
        made, approval = self.approve("--drop-before", "2100-01-01")
        self.assertEqual(made.returncode, 0, made.stderr)
        done = self.retain(approval)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = sorted(pathlib.Path(self.log).glob("*.jsonl"))[0]
        self.assertEqual(len(first.read_text().splitlines()), 1)
        self.assert_whole(self.site)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Makes the vectors anew: the good ones with the real writer, the bad ones from them.

usage: STREAM_WRITER=build/dev/tests/vectors/stream_writer generate.py

What comes out is committed and not made again by the tests: salts and K_0 are random.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import material as m
from material import KEYS, HERE, lines_of, remade, body_of, segments

WRITER = os.environ["STREAM_WRITER"]
PUBLIC = ["--public-key", "../keys/signing.pub"]
ESCROW = ["--escrow-key", "../keys/escrow.pem"]
APPROVER = ["--approver-key", "../keys/approver.pub"]
TSA = ["--tsa-certificate", "../keys/tsa-ca.pem"]
WITNESS = ["--witness-key", "../keys/witness.vkey"]
START = 1795348800  # of the writer's clock: 2026-11-22T12:00:00Z

# Records 0 open, 1 decision, 2 checkpoint, 3 seal; 4 open, 5 decision, 6 outcome, 7 checkpoint, 8 seal;
# and of the third segment 9 open, 10 checkpoint, 11 seal.
ONE = ["open", "decision deny 0", "close"]
TWO = ["open", "decision deny 0", "close", "open", "decision allow 1", "outcome 1", "close"]
THREE = TWO + ["open", "close"]


def write(stream, script, approver=False):
    """Returns the receipts."""
    command = [WRITER, str(stream), str(KEYS)] + [str(KEYS / "approver.pub")] * approver
    ended = subprocess.run(command, input="\n".join(script), capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{stream}: {ended.stderr}")
    return ended.stdout.split()


class Vector:
    """One directory. `base`: begins as a copy of that vector's stream; `same`: is judged over that
    vector's stream itself."""

    def __init__(self, name, about, exit_code, options=None, base=None, script=None, approver=False,
                 same=None):
        self.name, self.about, self.exit = name, about, exit_code
        self.directory = HERE / name
        self.stream = self.directory / "stream"
        self.options = PUBLIC + ESCROW if options is None else list(options)
        self.directories = ["stream"]
        self.faults = []
        shutil.rmtree(self.directory, ignore_errors=True)
        self.receipts = []
        if same:
            self.directory.mkdir()
            self.stream = HERE / same / "stream"
            self.directories = [f"../{same}/stream"]
            return
        self.stream.mkdir(parents=True)
        if base:
            shutil.rmtree(self.stream)
            shutil.copytree(HERE / base / "stream", self.stream)
        if script:
            self.receipts = write(self.stream, script, approver)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0]:
            return
        for name in ("lock", "key"):
            (self.stream / name).unlink(missing_ok=True)
        for leaves in self.stream.glob("*.leaves"):
            leaves.unlink()
        expected = {"about": self.about, "directories": self.directories, "options": self.options,
                    "exit": self.exit, "faults": self.faults}
        (self.directory / "expect.json").write_text(json.dumps(expected, indent=1) + "\n")

    def segments(self):
        return segments(self.stream)

    def edit(self, number, change):
        """Lets `change` work on the list of the lines of a segment."""
        path = self.segments()[number]
        lines = lines_of(path)
        change(lines)
        path.write_bytes(b"".join(lines))

    def lines(self):
        return [line for path in self.segments() for line in lines_of(path)]

    def origin(self):
        return m.field(self.lines()[0], "origin")

    def fault(self, number, line, seq):
        """Expected at a line, from 1, of a segment as it is now; one after the last is its end."""
        path = self.segments()[number] if isinstance(number, int) else self.stream / number
        before = lines_of(path)[:line - 1] if line else []
        found = {"file": f"{self.directories[0]}/{path.name}", "line": line, "offset": sum(map(len, before))}
        self.faults.append(found if seq is None else {**found, "seq": seq})

    def fault_checkpoint(self, seq=None):
        found = {"file": f"{self.directories[0]}/checkpoint", "line": 0, "offset": 0}
        self.faults.append(found if seq is None else {**found, "seq": seq})

    def drop_checkpoint(self):
        (self.stream / "checkpoint").unlink()

    def receipt(self, text):
        self.options += ["--receipt", text]

    def note_of(self, seq):
        """The signed checkpoint that a record carries."""
        return json.loads(self.lines()[seq]).get("note") or json.loads(self.lines()[seq])["previous"]


def make_keys():
    if KEYS.exists():
        return
    KEYS.mkdir()
    for name in ("signing", "other", "approver", "witness", "stranger", "unknown"):
        m.make_ed25519(name)
    m.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out",
              KEYS / "escrow.pem")
    m.openssl("pkey", "-in", KEYS / "escrow.pem", "-pubout", "-out", KEYS / "escrow.pub")
    (KEYS / "evidence.key").write_text("e" * 64 + "\n")
    for name in ("witness", "unknown"):
        (KEYS / f"{name}.vkey").write_text(f"# for tests\n{m.verifier_key(name)}\n")
    for name in ("tsa", "unknown"):
        m.make_authority(name)
    for path in KEYS.iterdir():
        path.chmod(0o600)


# ------------------------------------------------------------------------------ good


def good_streams():
    with Vector("one_segment", "One segment of all that a caller causes. Unanchored.", 3,
                script=["open", "draft change \"what\":\"policy\"", "decision allow 0", "outcome 0",
                        "decision deny 1", "draft shed \"count\":3", "close"]) as v:
        v.receipt(v.receipts[1])
    with Vector("two_segments", "Two segments.", 3, script=TWO) as v:
        for receipt in v.receipts:
            v.receipt(receipt)
    with Vector("three_segments", "Three segments.", 3, script=THREE):
        pass
    with Vector("no_keys", "Without any key: chain and tree only.", 3, [], same="one_segment"):
        pass
    with Vector("too_large", "A decision that was too large to record.", 3,
                script=["open", "large 0", "decision deny 1", "close"]):
        pass
    with Vector("clock_step", "A clock that was set back, in a segment and between two.", 3,
                script=["open", "decision deny 0", "step -3600", "decision deny 1", "step -60",
                        "close", "open", "decision deny 2", "close"]):
        pass
    with Vector("checkpoints", "Checkpoints on demand.", 3,
                script=["open", "decision deny 0", "checkpoint", "decision deny 1", "checkpoint",
                        "close"]):
        pass
    with tempfile.TemporaryDirectory() as work:
        with Vector("open_alone", "A log that has only begun.", 3,
                    script=["open", f"snapshot {work}/begun"]) as v:
            shutil.rmtree(v.stream)
            shutil.copytree(f"{work}/begun", v.stream)
            v.edit(0, lambda lines: lines.__delitem__(slice(1, None)))
        with Vector("still_open", "A copy of a log that is being written: unwritten space at its "
                    "end.", 3, script=TWO[:3] + ["open", "decision allow 3", f"snapshot {work}/copy",
                                             "close"]) as v:
            shutil.rmtree(v.stream)
            shutil.copytree(f"{work}/copy", v.stream)
            v.edit(1, lambda lines: lines.__setitem__(-1, bytes(512)))
            shutil.copytree(v.stream, f"{work}/open")
        with Vector("recovered", "A torn write, put into quarantine by the next start.", 3) as v:
            shutil.rmtree(v.stream)
            shutil.copytree(f"{work}/open", v.stream)
            path = v.segments()[1]
            data = path.read_bytes().rstrip(b"\0")
            last = lines_of(path)[1]
            path.write_bytes(data + last[:400] + bytes(4096))
            write(v.stream, ["open", "decision deny 4", "close"])
        for path in [*(HERE / "still_open/stream").glob("*"), *pathlib.Path(f"{work}/open").glob("*")]:
            if path.name in ("key", "lock"):
                path.unlink()
    with Vector("compressed", "The first segment compressed; beside the second, a leftover.", 3,
                base="three_segments") as v:
        first, second, _ = v.segments()
        for path in (first, second):
            subprocess.run(["zstd", "-q", "-19", "--check", str(path)], check=True)
        first.unlink()
        second.with_suffix(".jsonl.zst").write_bytes(b"left over")


def approved(name, about, exit_code, lines, apply):
    """A log whose last segment holds a retention record with this approval; then `apply` changes
    the files."""
    with Vector(name, about, exit_code, PUBLIC + ESCROW + APPROVER, script=TWO, approver=True) as v:
        leaves = [m.leaf_of(line) for line in v.lines()]
        dropped = []
        for line in lines:
            verb, first, last = line.split()
            if verb == "drop":
                first, last = int(first), int(last)
                roots = m.subtree_roots(first, leaves[first:last + 1])
                dropped.append({"first": first, "last": last, "roots": [r.hex() for r in roots]})
        note = m.approval(v.origin(), *lines)
        members = json.dumps({"approval": note, "dropped": dropped}, separators=(",", ":"),
                             ensure_ascii=False)[1:-1]
        write(v.stream, ["open", f"draft retention {members}", "close"], approver=True)
        apply(v)


def erase(v, number, index):
    v.edit(number, lambda lines: lines.__setitem__(index, m.erased(lines[index])))


def retention():
    def erase_two(v):
        erase(v, 0, 1)
        erase(v, 1, 2)
    approved("erased", "Two records erased under an approval.", 3, ["erase 1 1", "erase 6 6"],
             erase_two)
    approved("drop_middle", "The second segment dropped under an approval.", 3, ["drop 4 8"],
             lambda v: v.segments()[1].unlink())

    def drop_first(v):
        v.edit(0, lambda lines: lines.__delitem__(slice(1, None)))
        v.segments()[1].unlink()
    approved("drop_first", "The first two segments dropped: record 0 stays.", 3, ["drop 1 8"],
             drop_first)

    def damage(v):
        v.edit(0, lambda lines: lines.__setitem__(1, lines[1].replace(b"anna", b"emma")))
        v.segments()[1].unlink()
    approved("acknowledged", "Damage and a gap that are known.", 3,
             ["acknowledge 1 1", "acknowledge 4 8"], damage)

    def erase_wrong(v):
        erase(v, 1, 1)
        v.fault(1, 2, 5)
    approved("erased_unlisted", "A record erased that no approval names.", 1, ["erase 1 1"],
             erase_wrong)

    with Vector("erased_other_approver", "An approval by a key that is not the approver's.", 1,
                PUBLIC + ["--approver-key", "../keys/other.pub"], same="erased") as v:
        v.fault(0, 2, 1)
        v.fault(1, 3, 6)
        v.fault(2, 2, 10)

    def drop_other(v):
        v.segments()[1].unlink()
        v.fault(1, 1, 9)
    approved("drop_unlisted", "A segment missing that no approval names.", 4, ["erase 1 1"],
             drop_other)

    def spoil_erased(v):
        def change(lines):
            lines[1] = re.sub(rb'"h":"[0-9a-f]{8}', b'"h":"01234567', m.erased(lines[1]))
        v.edit(0, change)
        v.fault(0, 2, None)
    approved("erased_spoilt", "An erased line, lawful, whose hash was changed.", 1, ["erase 1 1"],
             spoil_erased)


def anchored():
    with Vector("time_stamped", "Anchored by a time-stamp authority.", 0, PUBLIC + ESCROW + TSA,
                script=ONE) as v:
        note = v.note_of(2)
        reply = base64.b64encode(m.time_stamp("tsa", note)).decode()
        members = json.dumps({"kind": "time_stamp", "note": note, "reply": reply},
                             separators=(",", ":"), ensure_ascii=False)[1:-1]
        v.receipts += write(v.stream, ["open", f"draft anchor {members}", "close"])
    with Vector("time_stamped_by_unknown", "The same, but its authority was not given.", 3,
                PUBLIC + ["--tsa-certificate", "../keys/unknown-ca.pem"], same="time_stamped"):
        pass
    with Vector("anchored_self_asserted", "The same, but the public key was not given.", 3, TSA,
                same="time_stamped"):
        pass
    with Vector("time_stamp_spoilt", "A time-stamp of another checkpoint of this log.", 1,
                PUBLIC + ESCROW + TSA, script=ONE) as v:
        other = (v.stream / "checkpoint").read_text()
        reply = base64.b64encode(m.time_stamp("tsa", other)).decode()
        members = json.dumps({"kind": "time_stamp", "note": v.note_of(2), "reply": reply},
                             separators=(",", ":"), ensure_ascii=False)[1:-1]
        write(v.stream, ["open", f"draft anchor {members}", "close"])
        v.fault(1, 2, 5)

    def witnessed(name, about, exit_code, options, note, script=ONE, change=None):
        with Vector(name, about, exit_code, options, script=script) as v:
            members = json.dumps({"kind": "witness", "note": note(v)}, separators=(",", ":"),
                                 ensure_ascii=False)[1:-1]
            write(v.stream, ["open", f"draft anchor {members}", "close"])
            if change:
                change(v)
    both = PUBLIC + ESCROW + WITNESS
    witnessed("cosigned", "Anchored by a witness; a stranger's line beside it.", 0, both,
              lambda v: m.cosigned(m.cosigned(v.note_of(2), "stranger", START), "witness", START))
    with Vector("cosigned_by_unknown", "The same, but the witness was not given.", 3,
                PUBLIC + ["--witness-key", "../keys/unknown.vkey"], same="cosigned"):
        pass
    with Vector("stale", "The same log, asked for until long after the witness saw it.", 3,
                both + ["--to", "2026-11-22T13:00:00Z"], same="cosigned"):
        pass
    with Vector("stale_allowed", "The same, with more patience.", 0,
                both + ["--to", "2026-11-22T13:00:00Z", "--anchor-age", "2h"], same="cosigned"):
        pass
    witnessed("old_anchor", "Records of hours later than the newest anchor.", 3, both,
              lambda v: m.cosigned(v.note_of(2), "witness", START),
              ONE + ["advance 9000", "open", "decision deny 1", "close"])
    with Vector("old_anchor_range", "The same, but they were not asked for.", 0,
                both + ["--to", "2026-11-22T12:10:00Z"], same="old_anchor"):
        pass
    other_time = lambda v: m.cosigned(v.note_of(2), "witness", START)[:-6] + "AAA=\n"
    witnessed("cosignature_spoilt", "A cosignature that does not verify.", 1, both, other_time,
              change=lambda v: v.fault(1, 2, 5))
    witnessed("anchor_forked", "A cosigned checkpoint of this log's key that is not in this log.", 1,
              both, lambda v: m.cosigned(m.checkpoint_note(v.origin(), 2, bytes(32)), "witness",
                                         START), change=lambda v: v.fault(1, 2, 5))


def outside():
    """Anchors that the auditor kept."""
    kept = ["--anchor", "kept"]
    with Vector("kept_cosigned", "A cosigned checkpoint that was kept outside.", 0,
                PUBLIC + WITNESS + kept, same="two_segments") as v:
        (v.directory / "kept").write_text(m.cosigned(v.note_of(7), "witness", START))
    with Vector("kept_time_stamped", "A checkpoint that was kept with its time-stamp.", 0,
                PUBLIC + TSA + kept, same="two_segments") as v:
        (v.directory / "kept").write_text(v.note_of(7))
        (v.directory / "kept.tsr").write_bytes(m.time_stamp("tsa", v.note_of(7)))
    with Vector("kept_alone", "A checkpoint that was kept, by itself: the log still holds it.", 3,
                PUBLIC + kept, same="two_segments") as v:
        (v.directory / "kept").write_text(v.note_of(7))
    with Vector("tail_cut_kept", "The end cut, the checkpoint too; an anchor was kept.", 1,
                PUBLIC + WITNESS + kept, base="two_segments") as v:
        note = v.note_of(7)
        (v.directory / "kept").write_text(m.cosigned(note, "witness", START))
        v.edit(1, lambda lines: lines.__delitem__(slice(2, None)))
        v.drop_checkpoint()
        v.fault(1, 3, None)
    with Vector("kept_other_log", "An anchor of a log that is not here.", 1,
                PUBLIC + WITNESS + kept, same="one_segment") as v:
        shutil.copy(HERE / "kept_cosigned/kept", v.directory / "kept")
        v.faults.append({"file": "kept", "line": 0, "offset": 0})
    with Vector("manifest", "Two streams, and both must be there.", 3, PUBLIC
                + ["--streams", "manifest"], same="one_segment") as v:
        v.directories.append("../two_segments/stream")
        two = m.field(lines_of(segments(HERE / "two_segments/stream")[0])[0], "origin")
        (v.directory / "manifest").write_text(f"# all\n{v.origin()}\n\n{two}\n")
    with Vector("manifest_missing", "A stream of the manifest is missing.", 1, PUBLIC
                + ["--streams", "manifest"], same="one_segment") as v:
        shutil.copy(HERE / "manifest/manifest", v.directory / "manifest")
        v.faults.append({"file": "manifest", "line": 0, "offset": 0})


def successors():
    """Streams that follow another one, which lies beside them as `old`."""
    def follow(name, about, exit_code, options, script):
        v = Vector(name, about, exit_code, options, script=script)
        (old,) = (v.stream / "retired").iterdir()
        old.rename(v.directory / "old")
        (v.stream / "retired").rmdir()
        for leaves in (v.directory / "old").glob("*.leaves"):
            leaves.unlink()
        return v

    other_key = ["--public-key", "../keys/other.pub"] + ESCROW
    more = ["open", "decision allow 1", "outcome 1", "close"]
    with follow("rotated", "Follows a stream of another key.", 3, other_key,
                ["open", "decision deny 0", "close", "retire rotated"] + more):
        pass
    with Vector("rotated_old", "The stream that was followed, under its own key.", 3,
                same="rotated") as v:
        v.directories = ["../rotated/old"]
    with Vector("rotated_together", "Both: the successor's key vouches for the old one.", 3,
                other_key, same="rotated") as v:
        v.directories.append("../rotated/old")
    with Vector("rotated_anchored", "Both, of which an anchor covers the successor.", 0,
                other_key + WITNESS + ["--anchor", "kept"], same="rotated") as v:
        v.directories.append("../rotated/old")
        note = (v.stream / "checkpoint").read_text()
        (v.directory / "kept").write_text(m.cosigned(note, "witness", START))
    with Vector("rotated_not_vouched", "The old key does not vouch for the new one.", 1,
                same="rotated") as v:
        v.directories.append("../rotated/old")
        v.fault(0, 1, 0)
        v.fault(0, 4, 3)
        v.fault_checkpoint()
    with follow("restored", "Follows a stream of which more was known than there was.", 3, None,
                ["open", "decision deny 0", "close", "retire restored"] + more) as v:
        v.directories.append("old")

    with Vector("predecessor_forged", "The predecessor's note is not signed with its key.", 1,
                base="restored") as v:
        def forge(lines):
            note = json.loads(lines[0])["genesis"]["predecessor"]["note"]
            forged = m.signed_note(note.split("\n\n")[0] + "\n", note.split("\n")[0], "stranger")
            inside = lambda text: json.dumps(text, ensure_ascii=False).encode()
            body = body_of(lines[0]).replace(inside(note), inside(forged))
            lines[:] = [remade(body, m.first_key(v.stream))]
        v.edit(0, forge)
        v.drop_checkpoint()
        v.fault(0, 1, 0)
    with Vector("predecessor_cut", "The end of the predecessor cut off, with what it signed.", 1,
                base="restored") as v:
        shutil.copytree(HERE / "restored/old", v.directory / "old")
        v.directories.append("old")
        (v.directory / "old/checkpoint").unlink()
        last = segments(v.directory / "old")[-1]
        last.write_bytes(b"".join(lines_of(last)[:2]))
        v.fault(0, 1, 0)


# ------------------------------------------------------------------------------ without the keys


def append_segment(stream, *times, key=None):
    """Decisions at the end that nothing signs. Without K_0 no mac is right either."""
    stream = pathlib.Path(stream)
    lines = [line for path in segments(stream) for line in lines_of(path)]
    opening = body_of(next(line for line in lines if b'"type":"open"' in line))
    leaves = [m.leaf_of(line) for line in lines]
    seq = len(leaves)
    head = {"v": 1, "stream": m.field(opening, "stream"), "seq": seq, "prev": leaves[-1].hex(),
            "batch": seq, "epoch": int(m.field(lines[-1], "epoch")) + 1, "time": times[0],
            "salt": "00" * 16}
    members = {**head, "type": "open", "origin": m.field(opening, "origin"),
               "public_key": m.field(opening, "public_key"), "software": "none",
               "frontier": [root.hex() for root in m.subtree_roots(0, leaves)],
               "previous": (stream / "checkpoint").read_text()}
    out = []
    for time in (None, *times):
        if time:
            members = {**head, "seq": seq + len(out), "prev": m.leaf_of(out[-1]).hex(),
                       "batch": seq + len(out), "time": time, "type": "decision",
                       "id": "01a20436-73ce-7199-90a6-36a59bde0d00",
                       "decision": {"effect": "allow"}}
        body = json.dumps(members, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
        out.append(remade(body, key) if key else m.finish(body, bytes(32)))
    (stream / f"{seq:020}.jsonl").write_bytes(b"".join(out))
    return seq


def forgeries():
    """By somebody who holds none of the operator's, auditor's or approver's keys."""
    with Vector("unsigned", "Records that no signature covers.", 5, base="one_segment") as v:
        v.edit(0, lambda lines: lines.__delitem__(slice(2, None)))
        v.drop_checkpoint()
        v.fault(0, 3, None)

    with Vector("approval_unsigned", "A segment dropped by an approval that no signature covers yet, seen "
                "without the key.", 5, PUBLIC + APPROVER, base="drop_middle") as v:
        v.edit(-1, lambda lines: lines.__delitem__(slice(2, None)))
        v.drop_checkpoint()
        v.fault(len(v.segments()) - 1, 3, None)

    soon = "2026-11-22T12:10:00.000000000Z"  # for the anchor is of 12:00
    with Vector("appended", "Records behind the last signature, soon after the anchor; whoever has "
                "no key cannot tell whose they are.", 3, PUBLIC + WITNESS, base="cosigned") as v:
        append_segment(v.stream, soon)
    with Vector("appended_with_key", "The same, seen by a holder of the key.", 1,
                PUBLIC + ESCROW + WITNESS, same="appended") as v:
        at = len(lines_of(v.segments()[0])) + len(lines_of(v.segments()[1]))
        v.fault(2, 1, at)
        v.fault(2, 2, at + 1)
    later = "2026-11-25T12:00:00.000000000Z"
    with Vector("restored_extended", "Records behind those of the predecessor that its successor, "
                "which is anchored, vouches for.", 3, PUBLIC + WITNESS + ["--anchor", "kept"],
                base="restored") as v:
        shutil.copytree(HERE / "restored/old", v.directory / "old")
        v.directories.append("old")
        note = (v.stream / "checkpoint").read_text()
        (v.directory / "kept").write_text(m.cosigned(note, "witness", START))
        append_segment(v.directory / "old", later)
    with Vector("restored_extended_by_holder", "The same, by a holder of the key.", 3,
                PUBLIC + ESCROW + WITNESS + ["--anchor", "../restored_extended/kept"],
                base="restored") as v:
        shutil.copytree(HERE / "restored/old", v.directory / "old")
        v.directories.append("old")
        append_segment(v.directory / "old", later, key=m.first_key(v.directory / "old"))

    with Vector("acknowledged_repeated", "Records behind the last seal that claim the number of one "
                "whose damage is acknowledged.", 1, PUBLIC + ESCROW + APPROVER,
                base="acknowledged") as v:
        def repeat(lines):
            body = body_of(lines[0])
            for name, value in (("seq", b"1"), ("batch", b"1"), ("epoch", b"2")):
                body = re.sub(rb'"%s":[0-9]+' % name.encode(), b'"%s":%s' % (name.encode(), value), body)
            head = body[:body.index(b'"type"')]
            lines.append(m.finish(head + b'"type":"shed","rows":[]', bytes(32)))
        v.edit(-1, repeat)
        v.drop_checkpoint()
        last = len(lines_of(v.segments()[-1]))
        v.fault(len(v.segments()) - 1, last, 1)

    with Vector("cosigned_twice", "Two cosignatures of one witness.", 1,
                PUBLIC + ESCROW + WITNESS + ["--anchor", "kept"], base="one_segment") as v:
        note = m.cosigned((v.stream / "checkpoint").read_text(), "witness", START)
        (v.directory / "kept").write_text(m.cosigned(note, "witness", START + 1))
        v.faults.append({"file": "kept", "line": 0, "offset": 0})
    with Vector("two_commas", "No member between two commas, all hashes made to fit.", 1,
                base="one_segment") as v:
        def empty(lines):
            body = body_of(lines[1])
            head = body[:body.index(b'"type"')]
            lines[1:] = [remade(head + b'"type":"shed",', m.first_key(v.stream))]
        v.edit(0, empty)
        v.drop_checkpoint()
        v.fault(0, 2, None)

    with Vector("opening_edited_before_from", "The first record changed, of a log of which only the "
                "end is asked for: it names the keys.", 1, base="three_segments") as v:
        start = m.field(lines_of(v.segments()[2])[0], "time").replace("0Z", "1Z")
        v.options += ["--from", start]
        v.edit(0, lambda lines: lines.__setitem__(0, lines[0].replace(b"portcullis", b"portcullos")))
        v.fault(0, 1, 0)
    with Vector("drop_first_from", "The first segments dropped, and only the end asked for.", 3,
                PUBLIC + ESCROW + APPROVER, same="drop_first") as v:
        start = m.field(lines_of(v.segments()[-1])[0], "time").replace("0Z", "1Z")
        v.options += ["--from", start]


# ------------------------------------------------------------------------------ bad


def attacks():
    """The rows of the design: each by somebody who holds as much as the row says."""
    def attack(name, about, exit_code, base="two_segments", options=None, same=None):
        return Vector(name, about, exit_code, options, base=None if same else base, same=same)

    def tree_differs(v):
        """What a changed leaf, record 5 or 6, is seen by later."""
        v.fault(1, 4, 7)
        v.fault_checkpoint(8)

    def cut(v):
        v.edit(1, lambda lines: lines.__delitem__(slice(2, None)))
        v.fault(1, 3, None)

    def replace(v, change):
        v.edit(1, lambda lines: lines.__setitem__(1, change(lines[1])))

    with attack("edit", "A byte of a record changed.", 1) as v:
        replace(v, lambda line: line.replace(b"anna", b"emma"))
        v.fault(1, 2, 5)
    with attack("edit_with_leaf", "A record changed, its leaf made to fit.", 1) as v:
        replace(v, lambda line: m.finish(body_of(line).replace(b"anna", b"emma"), m.mac_of(line)))
        v.fault(1, 2, 5)
        v.fault(1, 3, 6)
        tree_differs(v)
    with attack("edit_all_hashes", "A record changed and the whole chain after it, without keys.",
                1, options=PUBLIC) as v:
        def rechain(lines):
            lines[1] = m.finish(body_of(lines[1]).replace(b"anna", b"emma"), m.mac_of(lines[1]))
            for at in range(2, len(lines)):
                prev = b'"prev":"' + m.leaf_of(lines[at - 1]).hex().encode()
                body = re.sub(rb'"prev":"[0-9a-f]{64}', prev, body_of(lines[at]))
                lines[at] = m.finish(body, m.mac_of(lines[at]))
        v.edit(1, rechain)
        tree_differs(v)
    with attack("spoilt_mac", "The mac of a record spoilt, its leaf made to fit.", 1) as v:
        replace(v, lambda line: m.finish(body_of(line), bytes(32)))
        v.fault(1, 2, 5)
        v.fault(1, 3, 6)
        tree_differs(v)
    with attack("delete", "A record taken out.", 1) as v:
        v.edit(1, lambda lines: lines.__delitem__(1))
        v.fault(1, 2, 6)
    with attack("insert", "A record put in twice.", 1) as v:
        v.edit(1, lambda lines: lines.insert(2, lines[1]))
        v.fault(1, 3, 5)
    with attack("reorder", "Two records that changed places.", 1) as v:
        v.edit(1, lambda lines: lines.__setitem__(slice(1, 3), [lines[2], lines[1]]))
        v.fault(1, 2, 6)
        v.fault(1, 3, 5)
        v.fault(1, 4, 7)
    with attack("splice", "A record of another segment in the place of one.", 1) as v:
        other = lines_of(v.segments()[0])[1]
        replace(v, lambda line: other)
        v.fault(1, 2, 1)
        v.fault(1, 3, 6)
    with attack("other_log_segment", "A segment of another log.", 1, base="three_segments") as v:
        shutil.copy(segments(HERE / "two_segments/stream")[1], v.segments()[1])
        for line in range(1, 6):
            v.fault(1, line, 3 + line)
        v.fault(2, 1, 9)
    with attack("after_seal", "A record after the seal.", 1) as v:
        v.edit(1, lambda lines: lines.append(lines[1]))
        v.fault(1, 6, 5)
        v.fault(1, 7, None)
    with attack("garbage", "A line that is no record.", 1) as v:
        v.edit(1, lambda lines: lines.insert(1, b"x\n"))
        v.fault(1, 2, None)
        v.fault(1, 3, 5)
    with attack("nul_inside", "Unwritten space inside of a segment.", 1) as v:
        v.edit(0, lambda lines: lines.insert(1, bytes(9)))
        v.faults.append({"file": "stream/" + v.segments()[0].name, "line": 2,
                         "offset": len(lines_of(v.segments()[0])[0]) + 9})
    with attack("seal_counts", "A seal, by a holder of all keys, that does not count right.", 1,
                options=PUBLIC + ESCROW) as v:
        key = m.first_key(v.stream)
        v.edit(1, lambda lines: lines.__setitem__(-1, remade(
            body_of(lines[-1]).replace(b'"outcome":1', b'"outcome":2'), key)))
        v.fault(1, 5, 8)
        v.fault_checkpoint(8)
    with attack("segment_gone", "The middle segment is missing.", 4, base="three_segments") as v:
        v.segments()[1].unlink()
        v.fault(1, 1, 9)
    with attack("first_segment_gone", "The first segment is missing.", 4, options=PUBLIC) as v:
        v.segments()[0].unlink()
        v.fault(0, 1, 4)
    with attack("middle_end_gone", "The end of a segment in the middle is missing.", 4) as v:
        v.edit(0, lambda lines: lines.__delitem__(slice(2, None)))
        v.fault(0, 3, None)
        v.fault(1, 1, 4)
    with attack("tail_cut", "The end cut; the file checkpoint is still there.", 1) as v:
        cut(v)
    with attack("tail_cut_receipt", "The end cut, the checkpoint too; a receipt was kept.", 1) as v:
        v.receipt(receipt_of("two_segments", 6))
        cut(v)
        v.drop_checkpoint()
    with attack("tail_cut_nothing_kept", "The same, and nothing was kept: unproven, by design.",
                3) as v:
        cut(v)
        v.faults.clear()
        v.drop_checkpoint()
    with attack("cut_then_recovered", "The end cut, then recovered as if after a crash; a receipt "
                "of a record that was there was kept.", 1) as v:
        with tempfile.TemporaryDirectory() as work:
            shutil.rmtree(v.stream)
            v.stream.mkdir()
            write(v.stream, TWO[:5] + [f"snapshot {work}/cut", "outcome 1", "close"])
            receipt = receipt_text(v.lines()[6])
            shutil.rmtree(v.stream)
            shutil.copytree(f"{work}/cut", v.stream)
            write(v.stream, ["open", "close"])
        v.receipt(receipt)
        v.fault(1, 3, 6)
    with attack("forged_receipt", "A receipt that this log's key did not make.", 5,
                same="two_segments") as v:
        v.receipt(receipt_of("two_segments", 6)[:-64] + "0" * 64)
        v.fault(1, 3, 6)
    with attack("receipt_of_other_record", "A genuine receipt, but of another record.", 1,
                same="two_segments") as v:
        line = lines_of(v.segments()[1])[2]
        other = remade(body_of(line).replace(b'"status":200', b'"status":500'),
                       m.first_key(v.stream))
        v.receipt(receipt_text(other))
        v.fault(1, 3, 6)
    with attack("other_log", "Another log in the place of this one; a receipt was kept.", 1,
                same="one_segment") as v:
        v.receipt(receipt_of("two_segments", 1))
        v.faults.append({"file": "--receipt", "line": 0, "offset": 0, "seq": 1})
    with attack("other_signer", "A log, whole in itself, of another signing key.", 1,
                options=["--public-key", "../keys/other.pub"], same="two_segments") as v:
        v.fault(0, 1, 0)
        v.fault(0, 3, 2)
        v.fault(1, 1, 4)
        v.fault(1, 4, 7)
        v.fault_checkpoint()
    with attack("wrong_epoch", "A record of a sealed segment made anew with the key of the next.",
                1) as v:
        key = m.first_key(v.stream)
        v.edit(0, lambda lines: lines.__setitem__(1, remade(
            body_of(lines[1]), m.epoch_key(key, 1), 0)))
        v.fault(0, 2, 1)
        v.fault(0, 3, 2)
        v.fault(1, 1, 4)
    with attack("renamed", "A segment under another name.", 1) as v:
        path = v.segments()[1]
        path.rename(path.with_name("00000000000000000005.jsonl"))
        v.fault(1, 1, 4)
    with attack("unknown_version", "A record of a version that is not known.", 5) as v:
        replace(v, lambda line: line.replace(b'"v":1', b'"v":2'))
        v.fault(1, 2, None)
    with attack("unknown_version_first", "The first record of such a version.", 5,
                options=PUBLIC) as v:
        v.edit(0, lambda lines: lines.__setitem__(0, lines[0].replace(b'"v":1', b'"v":2')))
        v.fault(0, 1, None)
    with attack("torn", "A torn write that the daemon has not recovered yet.", 4) as v:
        v.edit(1, lambda lines: lines.__setitem__(slice(2, None), [lines[2][:300] + bytes(700)]))
        v.drop_checkpoint()
        v.fault(1, 3, None)
    with attack("torn_middle", "A torn write where none can be.", 1) as v:
        v.edit(0, lambda lines: lines.__setitem__(-1, lines[-1][:300]))
        v.fault(0, 4, None)
        v.fault(0, 5, None)
        v.faults[-1]["offset"] = v.segments()[0].stat().st_size
        v.fault(1, 1, 4)
    with attack("checkpoint_spoilt", "The file checkpoint with another size.", 1) as v:
        path = v.stream / "checkpoint"
        path.write_text(path.read_text().replace("\n9\n", "\n8\n"))
        v.fault_checkpoint()
    with attack("compressed_spoilt", "A compressed segment, one byte of it changed.", 5,
                base="compressed", options=PUBLIC) as v:
        path = next(v.stream.glob("*0000.jsonl.zst"))
        data = bytearray(path.read_bytes())
        data[-1] ^= 1  # of the content's checksum
        path.write_bytes(data)
        v.faults.append({"file": f"stream/{path.name}", "line": 0, "offset": 0})
        v.fault(0, 1, 4)
    with attack("empty_directory", "No segment at all.", 5, options=PUBLIC) as v:
        for path in list(v.stream.iterdir()):
            path.unlink()
        (v.stream / "README").write_text("nothing\n")
        v.faults.append({"file": "stream", "line": 0, "offset": 0})
    with attack("usage", "A receipt that is none.", 2, options=["--receipt", "v1:00"],
                same="two_segments"):
        pass


def hostile_json():
    """By a holder of all keys: a record with a right mac that two readers could understand
    differently. The log is still open, so that nothing after it has to be made anew."""
    cases = {"duplicate": b'"a":1,"a":2', "float": b'"a":1.0', "exponent": b'"a":1e3',
             "null": b'"a":null', "lone_surrogate": b'"a":"\\ud800"', "nul": b'"a":"\\u0000"',
             "too_deep": b'"a":' + b"[" * 64 + b"]" * 64, "big_integer": b'"a":9007199254740992',
             "not_utf8": b'"a":"\xc0\x80"', "control": b'"a":"\x01"', "syntax": b'"a":01',
             "trailing": b'"a":1}', "duplicate_escaped": b'"a":1,"\\u0061":2'}
    for name, members in sorted(cases.items()):
        with Vector("json_" + name, "A record whose JSON must be refused: " + name + ".", 1,
                    base="open_alone") as v:
            with_members(v, members)
            v.fault(0, 2, 1)
    with Vector("json_allowed", "What JSON may be: the deepest, the largest, spaces, escapes.", 3,
                base="open_alone") as v:
        with_members(v, b'"a": ' + b"[" * 63 + b"]" * 63 + b', "b":-9007199254740991,"c":"\\ud83d\\ude00",'
               b'"d":-0,"e":{"a":true},"":"\x7f"')


def with_members(v, members):
    """A second record, of type change, by one who holds the key."""
    key = m.first_key(v.stream)

    def change(lines):
        head = re.match(rb'.*?"type":"', body_of(lines[0])).group()
        head = re.sub(rb'"(seq|batch)":\d+', rb'"\1":1', head)
        head = re.sub(rb'"prev":"[0-9a-f]+', b'"prev":"' + m.leaf_of(lines[0]).hex().encode(), head)
        lines.append(remade(head + b'change",' + members, key))
    v.edit(0, change)


def receipt_text(line):
    body = body_of(line)
    return ":".join(["v1", m.field(body, "stream"), m.field(body, "epoch"), m.field(body, "seq"),
                     m.sha256(body).hex(), m.mac_of(line).hex()])


def receipt_of(base, seq):
    lines = [line for path in segments(HERE / base / "stream") for line in lines_of(path)]
    return receipt_text(lines[seq])


# ------------------------------------------------------------------------------ primitives


def primitives():
    key = bytes([0x42]) * 32
    stream = bytes(range(16))
    body = ('{"v":1,"stream":"' + stream.hex() + '","seq":0,"prev":"' + "0" * 64 + '","batch":0,'
            '"epoch":0,"time":"2026-11-22T15:44:01.000000000Z","salt":"' + bytes(range(16, 32)).hex()
            + '","type":"change","note":"caf\\u00e9 \u00e9"}')[:-1].encode()
    line = remade(body, key)
    leaves = [m.sha256(b"\0" + bytes([i])) for i in range(16)]
    note = m.checkpoint_note("vectors/" + stream.hex(), 7, m.root(leaves[:7]))
    out = {
        "record": {"K_0": key.hex(), "S": body.decode(), "h": m.sha256(body).hex(),
                   "mac": m.mac_of(line).hex(), "leaf": m.leaf_of(line).hex(),
                   "line": line.decode(), "erased": m.erased(line).decode(),
                   "receipt": receipt_text(line)},
        "epochs": [{"epoch": e, "K": m.epoch_key(key, e).hex(),
                    "M": m.hkdf(m.epoch_key(key, e), b"portcullis mac v1").hex()} for e in range(4)],
        "leaves": [leaf.hex() for leaf in leaves],
        "roots": [m.root(leaves[:n]).hex() for n in range(len(leaves) + 1)],
        "frontiers": [[r.hex() for r in m.subtree_roots(0, leaves[:n])] for n in range(9)],
        "subtree_roots": [{"first": f, "last": last, "roots":
                           [r.hex() for r in m.subtree_roots(f, leaves[f:last + 1])]}
                          for f, last in ((1, 4), (1, 10), (5, 9), (6, 15), (8, 15))],
        "inclusion": [{"seq": i, "size": n, "proof": [p.hex() for p in m.inclusion(i, leaves[:n])]}
                      for i, n in ((0, 1), (0, 7), (3, 7), (6, 7), (5, 16), (10, 11))],
        "consistency": [{"old": o, "new": n, "proof":
                         [p.hex() for p in m.consistency(o, leaves[:n])]}
                        for o, n in ((1, 2), (3, 7), (4, 7), (6, 7), (7, 7), (8, 16), (11, 16))],
        "notes": {"public_key": m.raw_public_key("signing").hex(),
                  "key_id": m.key_id("vectors/" + stream.hex(), 1,
                                     m.raw_public_key("signing")).hex(),
                  "checkpoint": note, "witness_key": m.verifier_key("witness"),
                  "cosigned": m.cosigned(note, "witness", START), "cosigned_time": START,
                  "approver_key": m.raw_public_key("approver").hex(),
                  "approval": m.approval("vectors/" + stream.hex(), "drop 1 10", "erase 12 12",
                                         "acknowledge 20 29")}}
    (HERE / "primitives.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    make_keys()
    good_streams()
    retention()
    anchored()
    outside()
    successors()
    forgeries()
    attacks()
    hostile_json()
    primitives()

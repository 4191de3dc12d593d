#!/usr/bin/python3
"""Random damage to small logs, judged by both verifiers: the same exit code from both. Where they
name other places, both are printed: after damage, what a record is believed to be is a matter of
taste, and a difference is for people to look at.

usage: differential_test.py [ROUNDS] [SEED]
environment: PORTCULLIS
"""

import json
import pathlib
import random
import re
import shutil
import sys
import tempfile

from both import SecondInProcess, copy_vectors, judge_first, places
from material import body_of, erased, finish, first_key, lines_of, mac_of, remade

BASES = ("two_segments", "three_segments", "one_segment", "clock_step", "still_open", "recovered",
         "compressed", "erased", "drop_middle", "drop_first", "acknowledged", "time_stamped",
         "cosigned", "kept_cosigned", "checkpoints")
TOKENS = [b"\0", b"\n", b'"', b"{", b"}", b"0", b"1", b"9", b",", b"\xff", b"\\", b"e", b"-", b" "]


class Damage:
    """Each method changes the files of `stream`, and says what it did."""

    def __init__(self, chance, stream):
        self.chance, self.stream = chance, stream
        self.paths = sorted(p for p in stream.iterdir()
                            if p.suffix in (".jsonl", ".zst") or p.name == "checkpoint")
        self.segments = [p for p in self.paths if p.suffix == ".jsonl"]
        self.path = chance.choice(self.segments)
        self.lines = lines_of(self.path)

    def at(self):
        return self.chance.randrange(len(self.lines))

    def save(self):
        self.path.write_bytes(b"".join(self.lines))

    def bytes_of_any_file(self, change):
        path = self.chance.choice(self.paths)
        data = bytearray(path.read_bytes())
        if not data:
            return
        change(data, self.chance.randrange(len(data)))
        path.write_bytes(data)

    def flip_bit(self):
        def change(data, at):
            data[at] ^= 1 << self.chance.randrange(8)
        self.bytes_of_any_file(change)

    def replace_byte(self):
        def change(data, at):
            data[at:at + 1] = self.chance.choice(TOKENS)
        self.bytes_of_any_file(change)

    def insert_byte(self):
        def change(data, at):
            data[at:at] = self.chance.choice(TOKENS)
        self.bytes_of_any_file(change)

    def truncate(self):
        def change(data, at):
            del data[at:]
        self.bytes_of_any_file(change)

    def zero_block(self):
        def change(data, at):
            size = min(self.chance.choice((1, 16, 512)), len(data) - at)
            data[at:at + size] = bytes(size)
        self.bytes_of_any_file(change)

    def append(self):
        tail = self.chance.choice((bytes(100), b"x", b"\n", bytes(9) + b"x\n", b"{}\n",
                                   self.lines[-1], self.lines[0][:200],
                                   self.lines[-1][:150] + bytes(2 << 20)))
        with open(self.path, "ab") as file:
            file.write(tail)

    def delete_lines(self):
        at = self.at()
        del self.lines[at:at + self.chance.choice((1, 1, 2))]
        self.save()

    def repeat_line(self):
        self.lines.insert(self.at(), self.lines[self.at()])
        self.save()

    def swap_lines(self):
        a, b = self.at(), self.at()
        self.lines[a], self.lines[b] = self.lines[b], self.lines[a]
        self.save()

    def splice(self):
        other = lines_of(self.chance.choice(self.segments))
        self.lines[self.at()] = self.chance.choice(other)
        self.save()

    def insert_line(self):
        self.lines.insert(self.at(), self.chance.choice(
            (b"\n", b"x\n", b"{}\n", b'{"v":2}\n', b'{"v":1}\n', b'{"v":01}\n', b"x" * 1048725 + b"\n",
             b"x" * 1048724 + b"\n", b'{"erased":1}\n')))
        self.save()

    def remove_file(self):
        self.chance.choice(self.paths).unlink()

    def rename_segment(self):
        seq = self.chance.choice((0, 1, 5, 7, 99, 1 << 53, 1 << 63))
        self.path.rename(self.path.with_name(f"{seq:020}.jsonl"))

    def empty_file(self):
        self.chance.choice(self.paths).write_bytes(b"")

    def erase_line(self):
        at = self.at()
        if self.lines[at].startswith(b'{"v":1'):
            self.lines[at] = erased(self.lines[at])
        self.save()

    def fake_leaf(self):
        at = self.at()
        if self.lines[at].startswith(b'{"v":1'):
            self.lines[at] = finish(self.changed(body_of(self.lines[at])), mac_of(self.lines[at]))
        self.save()

    def fake_mac(self):
        """As a holder of all keys but the signer's."""
        at = self.at()
        if self.lines[at].startswith(b'{"v":1') and (self.stream / "../K_0").exists():
            key = (self.stream / "../K_0").read_bytes()
            self.lines[at] = remade(self.changed(body_of(self.lines[at])), key)
        self.save()

    def changed(self, body):
        """One thing in S, which stays in form."""
        rules = [(rb'"seq":\d+', b'"seq":%d'), (rb'"batch":\d+', b'"batch":%d'),
                 (rb'"epoch":\d+', b'"epoch":%d'), (rb'"time":"2026', b'"time":"20%02d'),
                 (rb'"type":"[a-z_]+', None), (rb'"prev":"[0-9a-f]{64}', None),
                 (rb'"(?:allow|deny)"(?!:)', None), (rb'"size":\d+', b'"size":%d'), (rb"}$", None),
                 (rb'"counts":{', None), (rb'"frontier":\[', None), (rb'"note":"[^"]{9}', None),
                 (rb'"previous":"[^"]{9}', None), (rb'"public_key":"[0-9a-f]', None),
                 (rb'"origin":"[a-z]', None), (rb'"approval":"[^"]{9}', None),
                 (rb'"roots":\["[0-9a-f]', None), (rb'"kind":"[a-z]', None)]
        others = {rb'"type':  [b'"type":"' + t for t in (b"open", b"seal", b"change", b"anchor",
                                                         b"clock_step", b"retention", b"nothing")],
                  rb'"prev': [b'"prev":"' + b"0" * 64], rb'"(?:al': [b'"allow"', b'"deny"', b'"x"'],
                  rb'}$': [b',"a":1}', b',"a":null}', b',"v":1}', b',"a":1.0}']}
        self.chance.shuffle(rules)
        for pattern, form in rules:
            if not re.search(pattern, body):
                continue
            if form:
                new = form % self.chance.choice((0, 1, 2, 4, 5, 7, 13, 27, 99))
            else:
                found = [v for k, v in others.items() if pattern.startswith(k)]
                new = self.chance.choice(found[0]) if found else \
                    re.search(pattern, body).group()[:-1] + self.chance.choice((b"0", b"a", b" "))
            return re.sub(pattern, lambda _: new, body, count=1)
        return body

    def combine(self):
        self.chance.choice((self.flip_bit, self.delete_lines))()
        for path in self.paths:
            if path.name == "checkpoint" and path.exists():
                path.unlink()


ACTS = [name for name in vars(Damage)
        if not name.startswith("_") and name not in ("at", "save", "bytes_of_any_file", "changed")]


def run(rounds, seed):
    chance = random.Random(seed)
    second = SecondInProcess()
    differences = []
    moved = 0
    codes = {}
    with tempfile.TemporaryDirectory() as work:
        root = pathlib.Path(work, "vectors")
        copy_vectors(root)
        for number in range(rounds):
            base = chance.choice(BASES)
            act = chance.choice(ACTS)
            expected = json.loads((root / base / "expect.json").read_text())
            source = (root / base / expected["directories"][0]).resolve()
            here = root / "case"
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(root / base, here)
            if not (here / "stream").exists():
                shutil.copytree(source, here / "stream")
            if list((here / "stream").glob("*0000.jsonl")):
                (here / "K_0").write_bytes(first_key(here / "stream"))
            getattr(Damage(chance, here / "stream"), act)()
            options = [o for o in expected["options"]]
            if chance.random() < 0.3 and "--escrow-key" in options:
                at = options.index("--escrow-key")
                del options[at:at + 2]
            arguments = ["stream"] + options
            first = judge_first(arguments, here)
            other = second(arguments, here)
            codes[first[0]] = codes.get(first[0], 0) + 1
            if first[0] != other[0] or (first[1] and places(first[1]) != places(other[1])):
                moved += first[0] == other[0]
                if first[0] != other[0]:
                    differences.append((number, base, act, first[0], other[0]))
                print(f"round {number}: {act} of {base}: portcullis {first[0]}, verify.py {other[0]}")
                for name, (_, report, said) in (("portcullis", first), ("verify.py", other)):
                    for fault in (report or {"faults": []})["faults"]:
                        print(f"  {name}: {fault['file']}:{fault['line']}:{fault['offset']}:"
                              f"{fault.get('seq', '-')}: [{fault['kind']}] {fault['message']}")
                    if not report:
                        print(f"  {name}: {said[:300]}")
    print(f"{rounds} rounds, seed {seed}, exit codes {dict(sorted(codes.items()))}, "
          f"{len(differences)} other exit codes, {moved} other places")
    return differences


if __name__ == "__main__":
    ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20261122
    sys.exit(1 if run(ROUNDS, SEED) else 0)

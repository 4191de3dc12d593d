#!/usr/bin/env python3
"""A second verifier for Portcullis' audit logs, written from docs/audit-log-format.md. It shares no
code with the program `portcullis`; whoever trusts neither reads this file and runs both.

It needs Python 3.9, its standard library, the program `openssl` (3.0 or newer: signatures,
time-stamps, the escrow key), and for compressed segments the program `zstd` or Python 3.14.
"""

import argparse
import base64
import collections
import contextlib
import datetime
import functools
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile

MANUAL = """\
DIR is a stream's directory; give a copy, it is only read. Each fault is printed as
`file:line:offset:seq: what`, at most 1000 of them, and it goes on after each.

What each option is for:
  --public-key       without it the log's own word says who signed it
  --key, --escrow-key  without one of them macs are not checked. Both forge: keep them secret
  --receipt          proves that its record is, unchanged, in the log
  --anchor           a note that you kept: proves that the log still holds what it held then
  --tsa-certificate, --witness-key
                     whom you believe; without them nothing outside the host says how long the
                     log must be, and the best that can come out is 3

Exit codes, the first that applies of 2, 1, 5, 4, 3, 0:
  0  whole, under a public key from outside, complete to an independent anchor
  1  integrity failure: a record was changed, inserted, removed or moved, or is missing though a
     checkpoint, receipt or anchor names it; or a stream of the manifest is missing
  2  usage: an option, or a key, receipt or anchor that cannot be read
  3  consistent, but unanchored, stale, the key only self-asserted, or not all asked for is covered
  4  a gap between segments, or a torn end that the daemon has not recovered yet
  5  cannot verify: unreadable, of an unknown version, nothing found
"""

INTEGRITY, USAGE, UNANCHORED, GAP, CANNOT = 1, 2, 3, 4, 5
INTEGER_MAX = 2**53 - 1
BODY_MAX = 1 << 20
SUFFIX = 148
LINE_MAX = BODY_MAX + SUFFIX
NOTE_MAX = 65536
APPROVAL_MAX = 32768
FAULTS_SHOWN = 1000
EPOCH_STEPS_MAX = 1 << 22
TYPES = ("open", "decision", "outcome", "checkpoint", "change", "recovered", "clock_step",
         "anchor", "shed", "retention", "seal")
NOT_ERASABLE = {"open", "checkpoint", "anchor", "retention", "recovered", "seal"}

_INT = rb"(0|[1-9][0-9]{0,15})"
VERSION = re.compile(rb'\{"v":' + _INT + rb"(?![0-9])")
HEAD = re.compile(
    rb'\{"v":1,"stream":"([0-9a-f]{32})","seq":' + _INT + rb',"prev":"([0-9a-f]{64})","batch":'
    + _INT + rb',"epoch":' + _INT + rb',"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:'
    rb'[0-9]{2}\.[0-9]{9}Z)","salt":"[0-9a-f]{32}","type":"([a-z_]+)"')
TAIL = re.compile(rb',"leaf":"([0-9a-f]{64})","mac":"([0-9a-f]{64})"\}')
ERASED = re.compile(rb'\{"erased":' + _INT + rb',"h":"([0-9a-f]{64})","leaf":"([0-9a-f]{64})",'
                    rb'"mac":"([0-9a-f]{64})"\}')
RECEIPT = re.compile(r"v1:([0-9a-f]{32}):(0|[1-9][0-9]{0,15}):(0|[1-9][0-9]{0,15}):"
                     r"([0-9a-f]{64}):([0-9a-f]{64})")
SEGMENT = re.compile(r"([0-9]{20})\.jsonl(\.zst)?")


class Unusable(Exception):
    """What was asked for cannot be used: exit 2."""


class Bad(Exception):
    """A text is not what it must be; says why."""


class Unknown(Bad):
    """The same, but no evidence of anything: an authority or version that nobody named."""


# ------------------------------------------------------------------------------ bytes and JSON


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(key, info):
    """RFC 5869 with SHA-256, empty salt, 32 bytes."""
    return hmac256(hmac256(bytes(32), key), info + b"\x01")


def unbase64(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad("not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Bad("not canonical base64")
    return raw


def is_hex(value, digits):
    return isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def _object(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Bad("a member that stands twice in one object")
    return found


def _integer(text):
    if len(text) > 17 or abs(int(text)) > INTEGER_MAX:
        raise Bad("an integer beyond 2^53")
    return int(text)


def _no_number(text):
    raise Bad("a number that is no integer")


def _check_value(value, level):
    if isinstance(value, str):
        if "\0" in value or re.search("[\ud800-\udfff]", value):
            raise Bad("a NUL or a lone surrogate")
    elif isinstance(value, (dict, list)):
        if level > 64:
            raise Bad("more than 64 levels")
        for name in value if isinstance(value, dict) else ():
            _check_value(name, level)
        for item in value.values() if isinstance(value, dict) else value:
            _check_value(item, level + 1)
    elif value is None:
        raise Bad("null")


def strict_json(line):
    """The object that a line is; Bad if two readers could understand it differently."""
    try:
        text = line.decode("utf-8")
        if re.search("[\0-\x1f]", text):
            raise Bad("control characters")
        value = json.loads(text, object_pairs_hook=_object, parse_int=_integer,
                           parse_float=_no_number, parse_constant=_no_number)
        _check_value(value, 1)
    except RecursionError:
        raise Bad("more than 64 levels") from None
    except ValueError as error:
        raise Bad(f"a syntax error ({error})") from None
    return value


# ------------------------------------------------------------------------------ the tree


class Tree:
    """RFC 9162, section 2.1, as the roots of its perfect subtrees, left to right."""

    def __init__(self, size=0, roots=()):
        self.size, self.roots = size, list(roots)

    def append(self, root, leaves=1):
        """A perfect subtree of `leaves` leaves, on which self.size is aligned."""
        size = self.size
        self.size += leaves
        while size & leaves:
            root = sha256(b"\x01" + self.roots.pop() + root)
            leaves *= 2
        self.roots.append(root)

    def root(self):
        if not self.roots:
            return sha256(b"")
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = sha256(b"\x01" + left + root)
        return root

    def copy(self):
        return Tree(self.size, self.roots)

    def same(self, other):
        return self.size == other.size and self.roots == other.roots


def perfect_subtrees(first, end):
    """Sizes of the maximal aligned perfect subtrees of leaves first to end - 1."""
    sizes = []
    while first < end:
        size = 1 << (end - first).bit_length() - 1
        if first:
            size = min(size, first & -first)
        sizes.append(size)
        first += size
    return sizes


# ------------------------------------------------------------------------------ openssl


class OpenSsl:
    """The program, and a directory for its files."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="portcullis-verify-")

    def run(self, *arguments, **files):
        """Each `{name}` in the arguments becomes a file that holds files[name]."""
        names = {}
        for name, content in files.items():
            names[name] = os.path.join(self.directory.name, name)
            with open(names[name], "wb") as file:
                file.write(content)
        try:
            return subprocess.run(["openssl", *(a.format(**names) for a in arguments)],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        except OSError as error:
            raise Unusable(f"cannot run openssl: {error}") from None
        finally:
            for path in names.values():
                os.unlink(path)

    @functools.lru_cache(maxsize=4096)
    def verifies(self, public_key, message, signature):
        """Ed25519 (RFC 8032)."""
        der = bytes.fromhex("302a300506032b6570032100") + public_key
        return self.run("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                        "{key}", "-sigfile", "{signature}", "-in", "{message}", key=der,
                        signature=signature, message=message).returncode == 0

    def ed25519_public_key(self, pem):
        der = self.run("pkey", "-pubin", "-in", "{pem}", "-outform", "DER", pem=pem).stdout
        if len(der) != 44 or not der.startswith(bytes.fromhex("302a300506032b6570032100")):
            raise Bad("not an Ed25519 public key in PEM")
        return der[12:]

    def is_rsa_private_key(self, pem):
        ended = self.run("rsa", "-in", "{pem}", "-noout", "-passin", "pass:", pem=pem)
        return ended.returncode == 0

    def unwrap(self, pem, wrapped):
        ended = self.run("pkeyutl", "-decrypt", "-inkey", "{pem}", "-in", "{wrapped}", "-passin",
                         "pass:", "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt",
                         "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256", pem=pem,
                         wrapped=wrapped)
        if ended.returncode != 0 or len(ended.stdout) != 32:
            raise Bad("the escrow key does not open the wrapped key")
        return ended.stdout

    def time_stamp(self, reply, note, authorities):
        """The time, in seconds since 1970, at which a trusted authority stamped the note."""
        shown = self.run("ts", "-reply", "-text", "-in", "{reply}", reply=reply)
        text = shown.stdout.decode("utf-8", "replace")
        time = re.search(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", text,
                         re.M)
        if shown.returncode != 0 or not time:
            raise Bad("not a time-stamp")
        if not re.search(r"^Hash Algorithm: sha256$", text, re.M):
            raise Bad("the time-stamp's imprint is not SHA-256")
        moment = datetime.datetime.strptime(" ".join(time.groups()), "%b %d %H:%M:%S %Y")
        seconds = int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())
        ended = self.run("ts", "-verify", "-data", "{note}", "-in", "{reply}", "-CAfile", "{ca}",
                         "-attime", str(seconds), note=note, reply=reply, ca=authorities)
        if ended.returncode == 0:
            return seconds
        if b"certificate verify error" in ended.stderr:
            raise Unknown("the time-stamp does not lead to a given certificate")
        raise Bad("the time-stamp is not one of this note")


# ------------------------------------------------------------------------------ signed notes


Signature = collections.namedtuple("Signature", "name key_id bytes")
Checkpoint = collections.namedtuple("Checkpoint", "origin size root")
Witness = collections.namedtuple("Witness", "name key")


def key_id(name, algorithm, key):
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + key)[:4]


def open_note(note):
    """(the signed text, its signature lines) of a C2SP signed note."""
    raw = note.encode("utf-8", "surrogatepass")
    if len(raw) > NOTE_MAX or re.search("[\0-\x09\x0b-\x1f\ud800-\udfff]", note):
        raise Bad("the note is too long, or no plain text")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Bad("the note has no signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        found = re.fullmatch("\u2014 ([!-*,-~]{1,256}) ([A-Za-z0-9+/=]+)", line)
        if not found:
            raise Bad("a signature line of the note is not in form")
        value = unbase64(found.group(2))
        if len(value) < 5:
            raise Bad("a signature of the note is too short")
        signatures.append(Signature(found.group(1), value[:4], value[4:]))
    if len(signatures) > 64:
        raise Bad("the note has too many signatures")
    return text + "\n", signatures


def open_signed(note, name, key, openssl):
    """The text of a note that `key` signed under this name (None: the text's first line)."""
    text, signatures = open_note(note)
    name = name or text.split("\n", 1)[0]
    own = [s for s in signatures if (s.name, s.key_id) == (name, key_id(name, 1, key))]
    if len(own) != 1 or not openssl.verifies(key, text.encode(), own[0].bytes):
        raise Bad("the note is not signed by the key that must have signed it")
    return text


def parse_checkpoint(text):
    found = re.fullmatch(r"([!-*,-~]{1,256})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]+)\n", text)
    if not found or int(found.group(2)) > INTEGER_MAX:
        raise Bad("the checkpoint is not in form")
    root = unbase64(found.group(3))
    if len(root) != 32:
        raise Bad("the checkpoint's root is not 32 bytes")
    return Checkpoint(found.group(1), int(found.group(2)), root)


def open_checkpoint(note, key, openssl):
    return parse_checkpoint(open_signed(note, None, key, openssl))


def open_cosignatures(note, witnesses, openssl):
    """The times, in seconds, at which trusted witnesses cosigned."""
    text, signatures = open_note(note)
    times, seen = [], set()
    for line in signatures:
        for witness in witnesses:
            if (line.name, line.key_id) != (witness.name, key_id(witness.name, 4, witness.key)):
                continue
            time = int.from_bytes(line.bytes[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            if len(line.bytes) != 72 or time >= 1 << 63 \
                    or not openssl.verifies(witness.key, message, line.bytes[8:]):
                raise Bad(f"the cosignature of {witness.name} does not verify")
            if witness.name in seen:
                raise Bad(f"two cosignatures of {witness.name}")
            seen.add(witness.name)
            times.append(time)
    return times


def parse_witness_key(text):
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[!-*,-~]{1,256}", parts[0]):
        raise Bad("not a verifier key")
    raw = unbase64(parts[2])
    if len(raw) != 33 or raw[0] != 4 or key_id(parts[0], 4, raw[1:]).hex() != parts[1]:
        raise Bad("not a verifier key for cosignatures")
    return Witness(parts[0], raw[1:])


Approval = collections.namedtuple("Approval", "origin drop erase acknowledge")


def open_approval(note, key, openssl):
    if len(note.encode("utf-8", "surrogatepass")) > APPROVAL_MAX:
        raise Bad("the approval is too long")
    lines = open_signed(note, "approver", key, openssl).split("\n")[:-1]
    if len(lines) < 3 or lines[0] != "portcullis approval v1":
        raise Bad("the approval is not in form")
    approval = Approval(lines[1], [], [], [])
    due = 0
    for line in lines[2:]:
        found = re.fullmatch(r"(drop|erase|acknowledge) (0|[1-9]\d{0,15}) (0|[1-9]\d{0,15})", line,
                             re.A)
        if not found or not due <= int(found.group(2)) <= int(found.group(3)) <= INTEGER_MAX:
            raise Bad("the approval's ranges are not in form")
        getattr(approval, found.group(1)).append((int(found.group(2)), int(found.group(3))))
        due = int(found.group(3)) + 1
    return approval


def missing_text(first, last):
    return f"record {first} is missing" if first == last else f"records {first} to {last} are missing"


def holds(ranges, first, last):
    """Whether the ranges, in any order, together hold all of first to last."""
    due = first
    for low, high in sorted(ranges):
        if low > due:
            break
        due = max(due, high + 1)
    return due > last


# ------------------------------------------------------------------------------ segments


Line = collections.namedtuple("Line", "kind text number offset")


def read_lines(read):
    """`read(n)` gives the next bytes. Kinds: record, torn, too_long, unwritten, end."""
    buffer, position, offset, number, ended = b"", 0, 0, 0, False

    def fill():
        nonlocal buffer, position, ended
        more = b"" if ended else read(1 << 18)
        ended = not more
        buffer, position = buffer[position:] + more, 0
        return not ended

    while True:
        if position == len(buffer) and not fill():
            yield Line("end", b"", number + 1, offset)
            return
        if buffer[position] == 0:
            line = Line("unwritten", b"", number + 1, offset)
            while True:
                rest = len(buffer) - position
                run = rest - len(buffer[position:].lstrip(b"\0"))
                position, offset = position + run, offset + run
                if run < rest or not fill():
                    break
            yield line
            continue
        number += 1
        end = buffer.find(b"\n", position)
        while end < 0 and len(buffer) - position <= LINE_MAX and fill():
            end = buffer.find(b"\n", position)
        if end >= 0 and end - position <= LINE_MAX:
            yield Line("record", buffer[position:end], number, offset)
            offset += end + 1 - position
            position = end + 1
            continue
        # Too long, unless it is torn and only NULs make it so.
        length = solid = 0
        start = offset
        while True:
            end = buffer.find(b"\n", position)
            part = buffer[position:] if end < 0 else buffer[position:end]
            if part.strip(b"\0"):
                solid = length + len(part.rstrip(b"\0"))
            length += len(part)
            position = len(buffer) if end < 0 else end + 1
            if end >= 0 or not fill():
                break
        offset += length + (end >= 0)
        torn = end < 0 and solid <= LINE_MAX
        yield Line("torn" if torn else "too_long", b"", number, start)


def check_frame(file):
    """One zstd frame (RFC 8878) with content size and checksum, no dictionary, and nothing else."""
    start = file.read(5)
    if len(start) < 5 or start[:4] != b"\x28\xb5\x2f\xfd":
        raise Bad("not a zstd frame")
    flags = start[4]
    single = flags >> 5 & 1
    if not (flags >> 6 or single) or not flags & 4 or flags & 0x1b:
        raise Bad("not one frame with content size and checksum")
    file.seek((1 - single) + {0: 1, 1: 2, 2: 4, 3: 8}[flags >> 6], os.SEEK_CUR)
    last = False
    while not last:
        header = file.read(3)
        if len(header) < 3:
            raise Bad("the frame ends too early")
        block = int.from_bytes(header, "little")
        last = block & 1
        file.seek(1 if block >> 1 & 3 == 1 else block >> 3, os.SEEK_CUR)
    if len(file.read(5)) != 4:
        raise Bad("bytes follow the frame, or its checksum is missing")


@contextlib.contextmanager
def open_segment(path):
    """A function that reads the segment's bytes, decompressed; OSError and Bad if it cannot."""
    if not os.path.isfile(path):  # a pipe would never be opened
        raise Bad("it is not a regular file")
    with open(path, "rb") as file:
        if not path.endswith(".zst"):
            yield file.read
            return
        check_frame(file)
        file.seek(0)
        try:
            from compression import zstd
        except ImportError:
            pass
        else:
            try:
                with zstd.open(file) as plain:
                    yield plain.read
            except (zstd.ZstdError, EOFError) as error:
                raise Bad(f"the frame does not decompress: {error}") from None
            return
        try:
            child = subprocess.Popen(["zstd", "-dcq"], stdin=file, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
        except OSError:
            raise Bad("compressed, and there is no program `zstd`") from None

        def read(count):
            data = child.stdout.read(count)
            if not data and child.wait() != 0:
                raise Bad("the frame does not decompress")
            return data
        try:
            yield read
        finally:
            child.stdout.close()
            child.wait()


def list_segments(directory):
    """[(first seq, name)], in order; a .zst beside its .jsonl does not count."""
    found = {}
    for name in sorted(os.listdir(directory)):  # .jsonl comes before .jsonl.zst
        match = SEGMENT.fullmatch(name)
        if match and int(match.group(1)) < 1 << 64:
            found.setdefault(int(match.group(1)), name)
    return sorted(found.items())


Record = collections.namedtuple("Record",
                                "stream seq prev batch epoch time type members leaf mac h")


def parse_record(line):
    version = VERSION.match(line)
    if not version or int(version.group(1)) > INTEGER_MAX:
        raise Bad("not a record")
    if version.group(1) != b"1":
        raise Unknown(f"record version {version.group(1).decode()} is not known to this program")
    head = HEAD.match(line)
    tail = TAIL.fullmatch(line[-SUFFIX:])
    if not head or not tail or head.end() > len(line) - SUFFIX:
        raise Bad("not a record: its head, or leaf and mac at its end, are not in form")
    stream, seq, prev, batch, epoch, time, kind = head.groups()
    seq, batch, epoch = int(seq), int(batch), int(epoch)
    members = line[head.end():-SUFFIX]
    kind = kind.decode()
    if max(seq, batch, epoch) > INTEGER_MAX or kind not in TYPES \
            or members and (members[:1] != b"," or members == b","):
        raise Bad("not a record: a number, its type, or what follows it is not in form")
    if len(line) > LINE_MAX:
        raise Bad("not a record: larger than version 1 allows")
    leaf, mac = (bytes.fromhex(part.decode()) for part in tail.groups())
    return Record(stream.decode(), seq, prev.decode(), batch, epoch, time.decode(), kind,
                  members[1:], leaf, mac, sha256(line[:-SUFFIX]))


# ------------------------------------------------------------------------------ reports


class Fault:
    """`missing`: the records (first, last) that are damaged or missing, for approvals."""

    def __init__(self, kind, file, line, offset, seq, message, missing=None):
        self.kind, self.file, self.line, self.offset = kind, file, line, offset
        self.seq, self.message, self.missing = seq, message, missing

    def __str__(self):
        seq = "-" if self.seq is None else self.seq
        return f"{self.file}:{self.line}:{self.offset}:{seq}: {self.message}"

    def json(self):
        found = {"file": self.file, "line": self.line, "offset": self.offset}
        if self.seq is not None:
            found["seq"] = self.seq
        return {**found, "kind": self.kind, "message": self.message}


class Report:
    def __init__(self):
        self.faults, self.notes, self.not_checked = [], [], []
        self.decisions = self.outcomes = self.records = 0

    def fault(self, kind, place, message, seq=None):
        self.faults.append(Fault(kind, *place, seq, message))

    def unchecked(self, text):
        if text not in self.not_checked:
            self.not_checked.append(text)


Receipt = collections.namedtuple("Receipt", "text stream epoch seq h mac")
OutsideAnchor = collections.namedtuple("OutsideAnchor", "path note checkpoint reply")
GoodAnchor = collections.namedtuple("GoodAnchor", "size time who")


def rfc3339(seconds):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + ".000000000Z"


# ------------------------------------------------------------------------------ one stream


def read_opening(directory):
    """The first record of a stream, not checked; {} if there is none to be read."""
    try:
        (_, name), *_ = list_segments(directory)
        with open_segment(os.path.join(directory, name)) as read:
            value = strict_json(next(read_lines(read)).text)
    except (OSError, Bad, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_predecessor(opening):
    """What a genesis says of the stream before it, or None; form and signature are checked."""
    genesis = opening.get("genesis")
    before = genesis.get("predecessor") if isinstance(genesis, dict) else None
    if before is None:
        return None
    if not isinstance(before, dict) or not is_hex(before.get("public_key"), 64) \
            or before.get("reason") not in ("rotated", "restored") \
            or not isinstance(before.get("note"), str):
        raise Bad("it is not in form")
    return before


def vouched_keys(key, openings):
    """The key from outside, and those that a stream under such a key names as its predecessor's."""
    keys = [key.hex()] if key else []
    for vouching in keys:
        for opening in openings:
            try:
                before = opening.get("public_key") == vouching and read_predecessor(opening)
            except Bad:
                continue
            if before and before["public_key"] not in keys:
                keys.append(before["public_key"])
    return keys


class Stream:
    """Follows the records of one directory. `public_key` is the one it must be signed with, or
    None."""

    def __init__(self, directory, public_key, trust, report, openssl):
        self.directory, self.trust, self.report, self.openssl = directory, trust, report, openssl
        self.faults = []  # of this stream; some are settled by approvals at its end
        self.stream = self.origin = None
        self.public_key = public_key
        self.approver_key = trust.approver_key
        self.first_key = self.key = None  # K_0; (epoch, K_e)
        # What is due next; None: not known, and believed.
        self.seq, self.prev, self.batch, self.time = 0, bytes(32).hex(), None, ""
        self.tree = Tree()
        self.epoch = 0
        self.first_segment = True
        self.checkpoint = None  # of the file: None, not read yet; False: none to be had
        self.record_notes = {}  # size: the root that a record's note signs
        self.signed_size = 0    # the largest tree that a signature covers
        self.newest_permission = -1
        self.lost = []          # ranges of records that could not be read
        self.gaps = []          # (fault, tree before, frontier after)
        self.erased = []        # (fault, seq)
        self.dropped = []       # (first, last, roots)
        self.drop_ranges, self.erase_ranges, self.acknowledged = [], [], []
        self.good_anchors = []
        self.outside = []       # anchors from outside, of this stream
        self.late = []          # (seq, time) of records asked for: later ones are all earlier
        self.predecessor = None  # what the genesis says; with its checkpoint and its place
        self.open_decisions = set()
        self.count = 0
        self.file = directory
        self.line = Line("end", b"", 0, 0)

    def fault(self, kind, message, seq=None, missing=None):
        found = Fault(kind, self.file, self.line.number, self.line.offset, seq, message, missing)
        self.faults.append(found)
        return found

    # -------------------------------------------------------------- reading

    def run(self):
        try:
            segments = list_segments(self.directory)
        except OSError as error:
            return self.fault(CANNOT, f"cannot list it: {error.strerror}")
        if not segments:
            return self.fault(CANNOT, "no segment was found here")
        self.find_first_key(segments[0][1])
        for number, (first, name) in enumerate(segments):
            following = segments[number + 1][0] if number + 1 < len(segments) else None
            self.read_segment(first, name, following)
        return self.finish()

    def find_first_key(self, name):
        self.first_key = self.trust.first_key
        if self.trust.escrow_key:
            self.file = os.path.join(self.directory, name)
            try:
                with open_segment(self.file) as read:
                    line = next(read_lines(read))
                genesis = strict_json(line.text)["genesis"]
                wrapped = unbase64(genesis["wrapped_key"])
                self.first_key = self.openssl.unwrap(self.trust.escrow_key, wrapped)
            except (OSError, Bad) as error:
                self.fault(CANNOT, f"macs cannot be checked: {error}", 0)
            except (KeyError, TypeError):
                self.fault(CANNOT, "no wrapped key here: macs cannot be checked", 0)
        if self.first_key:
            self.key = (0, self.first_key)

    def read_segment(self, first, name, following):
        self.file = os.path.join(self.directory, name)
        self.line = Line("end", b"", 0, 0)
        self.first_seq, self.at_start, self.sealed = first, True, False
        self.epoch_known, self.whole = False, True  # whole: its tally can be judged
        self.segment_origin = None
        self.mac_key = None
        self.counts, self.effects = collections.Counter(), collections.Counter()
        self.first_time = self.last_time = ""
        self.erased_here = []
        self.unwritten = False
        try:
            with open_segment(self.file) as read:
                for self.line in read_lines(read):
                    self.take_line(following is None)
        except (OSError, Bad) as error:
            self.line = Line("end", b"", 0, 0)
            self.fault(CANNOT, f"cannot be read: {error}")
            return
        if self.unwritten and (self.sealed or following is not None):
            self.fault(INTEGRITY if following is not None else GAP,
                       "unwritten space at the end of a segment that is not being written")
        for line, seq in () if self.sealed else self.erased_here:
            self.faults.append(Fault(INTEGRITY, self.file, line.number, line.offset, seq,
                                     "an erased line in a segment that is not sealed", (seq, seq)))
        if not self.sealed and following is not None:
            self.fault(GAP, "the segment has no seal: its end is missing",
                       missing=(self.seq, max(self.seq, following - 1)))

    def take_line(self, last):
        kind = self.line.kind
        tear = GAP if last and not self.sealed else INTEGRITY
        if self.unwritten and kind not in ("unwritten", "end"):
            self.fault(tear, "bytes follow unwritten space", missing=(self.seq, self.seq))
        if kind != "end":
            self.unwritten = kind == "unwritten"
        if kind == "torn":
            self.fault(tear, "a record without its end", missing=(self.seq, self.seq))
        elif kind == "too_long":
            self.lose_line(INTEGRITY, "a line longer than any record")
        elif kind == "record":
            erased = ERASED.fullmatch(self.line.text)
            if erased and int(erased.group(1)) <= INTEGER_MAX:
                h, leaf, mac = (bytes.fromhex(part.decode()) for part in erased.groups()[1:])
                if sha256(b"\0" + h + mac) == leaf:
                    return self.take_erased(int(erased.group(1)), h, leaf, mac)
            try:
                record = parse_record(self.line.text)
            except Bad as error:
                return self.lose_line(CANNOT if isinstance(error, Unknown) else INTEGRITY,
                                      str(error))
            self.take_record(record)
        return None

    def lose_line(self, kind, message):
        if self.at_start:
            self.first_segment = self.at_start = False
            if self.seq < self.first_seq <= INTEGER_MAX:  # the file's name is all there is
                gap = self.fault(GAP, missing_text(self.seq, self.first_seq - 1),
                                 missing=(self.seq, self.first_seq - 1))
                self.gaps.append((gap, self.tree, None))
                self.lost.append(gap.missing)
                self.seq = self.first_seq
        self.fault(kind, message, missing=(self.seq, self.seq))
        self.lost.append((self.seq, self.seq))
        self.forget()
        self.seq += 1

    def forget(self):
        self.prev = self.batch = self.tree = None
        self.whole = False

    # -------------------------------------------------------------- one record

    def take_record(self, record):
        # Where it stands, whatever it claims: an approval must name that place.
        here = (max(self.seq, record.seq),) * 2

        def wrong(message, kind=INTEGRITY, missing=here):
            return self.fault(kind, message, record.seq, missing)

        gap = self.check_place(record, wrong)
        self.check_hashes(record, wrong)
        try:
            value = strict_json(self.line.text)
        except Bad as error:
            wrong(f"the record holds {error}")
            value, self.whole = None, False
        if value is not None:
            self.check_members(record, value, wrong)
        if gap:
            self.gaps.append((gap, self.tree_before_gap, self.tree and self.tree.copy()))
        self.advance(record, value)
        self.check_at_size()
        self.check_receipts(record.seq, record.epoch, record.h, record.mac)

    def check_place(self, record, wrong):
        """Returns the fault if records are missing before this one, which begins a segment."""
        self.stream = self.stream or record.stream
        if record.stream != self.stream:
            wrong(f"wrong stream: {record.stream}")
        if self.sealed:
            wrong("a record follows the seal of its segment")
        starts, gap = self.at_start, None
        if starts:
            self.check_segment_start(record, wrong)
        if not self.epoch_known:
            self.enter_epoch(record.epoch, wrong)
        if record.seq != self.seq:
            if record.seq < self.seq:
                wrong(f"record {self.seq} is due here: one was inserted, repeated or moved")
            else:
                found = wrong(missing_text(self.seq, record.seq - 1),
                              GAP if starts else INTEGRITY, (self.seq, record.seq - 1))
                self.lost.append(found.missing)
                if starts:
                    gap, self.tree_before_gap = found, self.tree
            self.forget()
            self.whole = starts
        if self.prev is not None and record.prev != self.prev:
            wrong("prev is not the leaf of the record before: one of the two was replaced")
        if not starts and record.type == "open":
            wrong("a record of type open inside a segment")
        if not starts and record.epoch != self.epoch:
            wrong(f"wrong epoch: {record.epoch} in the segment of epoch {self.epoch}")
        known = record.batch == self.batch if self.batch is not None else record.batch < record.seq
        if record.batch != record.seq and not known:
            wrong("batch is not that of this or the record before")
        if record.time < self.time and record.type != "clock_step":
            wrong("time goes back without a record of type clock_step")
        return gap

    def check_segment_start(self, record, wrong):
        if record.type != "open":
            wrong("a segment that does not begin with open")
        if record.seq != self.first_seq:
            wrong(f"the segment's name says that it begins with record {self.first_seq}")
        due = 0 if self.first_segment else self.epoch + 1
        if record.epoch < due or (record.epoch > due and record.seq <= self.seq):
            wrong(f"wrong epoch: {record.epoch} where {due} is due")
        self.first_segment = self.at_start = False

    def enter_epoch(self, epoch, wrong):
        self.epoch, self.epoch_known = epoch, True
        if not self.key:
            return
        at, key = self.key
        if not 0 <= epoch - at <= EPOCH_STEPS_MAX:
            wrong(f"macs of epoch {epoch} cannot be checked with a key of {at}")
            return
        for _ in range(epoch - at):
            key = hkdf(key, b"portcullis evolve v1")
        self.key = (epoch, key)
        self.mac_key = hkdf(key, b"portcullis mac v1")

    def mac(self, key, epoch, seq, h):
        return hmac256(key, b"portcullis audit record v1\n" + bytes.fromhex(self.stream)
                       + epoch.to_bytes(8, "big") + seq.to_bytes(8, "big") + h)

    def check_hashes(self, record, wrong):
        if sha256(b"\0" + record.h + record.mac) != record.leaf:
            wrong("the record was changed: it does not have the leaf that it carries")
        elif self.mac_key and record.mac != self.mac(self.mac_key, self.epoch, record.seq, record.h):
            wrong(f"the mac is wrong: not written by a holder of the key of epoch {self.epoch}")

    def check_members(self, record, value, wrong):
        if record.type == "decision":
            decision = value.get("decision")
            effect = decision.get("effect") if isinstance(decision, dict) else None
            plain = effect in ("allow", "deny") and b'"effect":"%s"' % effect.encode() in record.members
            if not plain:  # escaped, it would read differently to others
                wrong("a decision without an effect")
        elif record.type == "seal":
            self.check_seal(record, value, wrong)
        elif record.type == "open":
            self.check_open(record, value, wrong)
        elif record.type == "checkpoint":
            self.check_note(record, value.get("note"), wrong)
        elif record.type == "anchor":
            self.check_anchor(record, value, wrong)
        elif record.type == "retention":
            self.check_retention(record, value, wrong)

    def check_seal(self, record, value, wrong):
        if not self.whole:
            return
        counts, effects = collections.Counter(self.counts), collections.Counter(self.effects)
        good = True
        if self.erased_here:  # then the seal says what they were
            stated = value.get("counts"), value.get("effects")
            good = all(isinstance(s, dict) and all(isinstance(n, int) for n in s.values())
                       for s in stated)
            if good:
                more = {name: stated[0].get(name, 0) - counts[name] for name in TYPES}
                effects_more = {name: stated[1].get(name, 0) - effects[name]
                                for name in ("allow", "deny")}
                good = (sum(more.values()) == len(self.erased_here)
                        and sum(effects_more.values()) == more["decision"]
                        and min(*more.values(), *effects_more.values()) >= 0
                        and not any(more[name] for name in NOT_ERASABLE))
                counts.update(more)
                effects.update(effects_more)
        tally = {"counts": {name: counts[name] for name in TYPES if counts[name]},
                 "effects": {name: effects[name] for name in ("allow", "deny")},
                 "first_time": self.first_time, "last_time": self.last_time}
        if not good or json.dumps(tally, separators=(",", ":"))[1:-1].encode() != record.members:
            wrong("the seal does not say what stands in its segment")

    def check_open(self, record, value, wrong):
        key = value.get("public_key")
        if not is_hex(key, 64):
            wrong("an open record without a public key")
        elif self.public_key and key != self.public_key.hex():
            wrong("the log names another public key than the one it is verified with")
        else:
            self.public_key = bytes.fromhex(key)
        origin = value.get("origin")
        origin = origin if isinstance(origin, str) else ""
        if self.origin and origin != self.origin:
            wrong("the origin changes within the stream")
        if not origin.endswith("/" + record.stream):
            wrong("the origin does not name the stream")
        self.segment_origin = origin
        self.origin = self.origin or origin
        self.check_frontier(record, value.get("frontier"), wrong)
        if record.seq > 0:
            return self.check_note(record, value.get("previous"), wrong)
        return self.check_genesis(value.get("genesis"), wrong)

    def check_frontier(self, record, roots, wrong):
        if not isinstance(roots, list) or not all(is_hex(root, 64) for root in roots) \
                or len(roots) != bin(record.seq).count("1"):
            return wrong("an open record without a frontier of its size")
        stored = Tree(record.seq, (bytes.fromhex(root) for root in roots))
        if self.tree and not self.tree.same(stored):
            wrong("the frontier is not that of the records before")
        self.tree = stored
        return None

    def check_genesis(self, genesis, wrong):
        if not isinstance(genesis, dict):
            return
        approver = genesis.get("approver")
        if approver is not None and not is_hex(approver, 64):
            wrong("the approver's key is not in form")
        elif approver and not self.approver_key:
            self.approver_key = bytes.fromhex(approver)
        try:
            before = read_predecessor({"genesis": genesis})
            if before is None:
                return
            old_key = bytes.fromhex(before["public_key"])
            note = open_checkpoint(before["note"], old_key, self.openssl)
        except Bad as error:
            wrong(f"the predecessor is not one: {error}")
            return
        self.predecessor = {**before, "checkpoint": note,
                            "place": (self.file, self.line.number, self.line.offset)}
        self.report.notes.append(f"{self.origin} follows {note.origin}, which was "
                                 f"{before['reason']} at {note.size} records")

    def check_note(self, record, note, wrong):
        if not isinstance(note, str):
            wrong("a signed checkpoint is missing")
        elif self.public_key:
            try:
                checkpoint = open_checkpoint(note, self.public_key, self.openssl)
            except Bad as error:
                wrong(str(error))
                return
            self.origin = self.origin or checkpoint.origin  # an `open` that was lost
            origin = self.segment_origin or self.origin
            if (checkpoint.origin, checkpoint.size) != (origin, record.seq) \
                    or not checkpoint.origin.endswith("/" + record.stream):
                wrong("the checkpoint is not one of the records before it")
                return
            self.record_notes[checkpoint.size] = checkpoint.root
            self.signed_size = max(self.signed_size, checkpoint.size)
            if self.tree and self.tree.root() != checkpoint.root:
                wrong("the records before are not those that the checkpoint signs")

    # -------------------------------------------------------------- anchors and approvals

    def check_anchor(self, record, value, wrong):
        note = value.get("note")
        try:
            if value.get("kind") not in ("time_stamp", "witness") or not isinstance(note, str):
                raise Bad("the anchor is not in form")
            if not self.public_key:
                return
            checkpoint = open_checkpoint(note, self.public_key, self.openssl)
            size = checkpoint.size
            if checkpoint.origin != self.origin or size > record.seq:
                raise Bad("the anchor is not one of this log")
            signed = self.record_notes.get(size)
            if signed != checkpoint.root and not (signed is None and holds(self.lost, size, size)):
                raise Bad("the anchor's checkpoint is not in this log")
            reply = None
            if value["kind"] == "time_stamp":
                if not isinstance(value.get("reply"), str):
                    raise Bad("the time-stamp has no reply")
                reply = unbase64(value["reply"])
            self.judge_anchor(note, size, value["kind"], reply)
        except Bad as error:
            wrong(str(error))

    def judge_anchor(self, note, size, kind, reply):
        """Adds it to the good ones if somebody trusted signed it; Bad if it cannot be genuine."""
        if kind == "witness":
            if not self.trust.witnesses:
                return self.report.unchecked("cosignatures: no --witness-key was given")
            times = open_cosignatures(note, self.trust.witnesses, self.openssl)
            if times:
                self.good_anchors.append(GoodAnchor(size, max(times), kind))
            else:
                self.report.unchecked("cosignatures of witnesses whose key was not given")
        elif not self.trust.authorities:
            self.report.unchecked("time-stamps: no --tsa-certificate was given")
        else:
            try:
                time = self.openssl.time_stamp(reply, note.encode(), self.trust.authorities)
                self.good_anchors.append(GoodAnchor(size, time, kind))
            except Unknown:
                self.report.unchecked("time-stamps of authorities whose certificate was not given")
        return None

    def check_retention(self, record, value, wrong):
        if not self.approver_key:
            return self.report.unchecked("approvals: no approver's key is known")
        try:
            if not isinstance(value.get("approval"), str):
                raise Bad("it has no approval")
            approval = open_approval(value["approval"], self.approver_key, self.openssl)
            if approval.origin != self.origin:
                raise Bad("the approval is for another log")
            ranges = approval.drop + approval.erase + approval.acknowledge
            if max(last for _, last in ranges) >= self.first_seq:
                raise Bad("the approval names records that are not in an earlier segment")
            if any(first == 0 for first, _ in approval.drop):
                raise Bad("record 0 cannot be dropped")
            dropped = value.get("dropped")
            if not isinstance(dropped, list):
                raise Bad("it does not say what was dropped")
            entries = []
            for entry in dropped:
                if not isinstance(entry, dict) or not isinstance(entry.get("roots"), list):
                    raise Bad("what was dropped is not in form")
                first, last, roots = entry.get("first"), entry.get("last"), entry["roots"]
                if (first, last) not in approval.drop \
                        or not all(is_hex(root, 64) for root in roots) \
                        or len(roots) != len(perfect_subtrees(first, last + 1)):
                    raise Bad("what was dropped is not what was approved")
                entries.append((first, last, [bytes.fromhex(root) for root in roots]))
            if [entry[:2] for entry in entries] != approval.drop:
                raise Bad("what was dropped is not what was approved")
        except Bad as error:
            return wrong(f"the retention record permits nothing: {error}")
        self.newest_permission = record.seq
        self.dropped += entries
        self.drop_ranges += approval.drop
        self.erase_ranges += approval.erase
        self.acknowledged += approval.acknowledge
        return None

    def take_erased(self, seq, h, leaf, mac):
        here = (max(self.seq, seq),) * 2

        def wrong(message):
            self.fault(INTEGRITY, message, seq, here)

        if self.sealed:
            wrong("a line follows the seal of its segment")
        if self.at_start:
            wrong("a segment that does not begin with open")
            self.first_segment = self.at_start = False
        if seq != self.seq:
            if seq < self.seq:
                wrong(f"record {self.seq} is due here: one was inserted, repeated or moved")
            else:
                self.fault(INTEGRITY, missing_text(self.seq, seq - 1), seq, (self.seq, seq - 1))
                self.lost.append((self.seq, seq - 1))
            self.forget()
        if self.mac_key and self.mac(self.mac_key, self.epoch, seq, h) != mac:
            wrong("the mac of the erased line is wrong")
        self.erased.append((self.fault(INTEGRITY, "a record was erased without an approval", seq,
                                       here), seq))
        self.erased_here.append((self.line, seq))
        self.lost.append(here)
        self.seq, self.prev, self.batch, self.time = seq + 1, leaf.hex(), None, ""
        if self.tree:
            self.tree.append(leaf)
        self.check_at_size()
        self.check_receipts(seq, self.epoch, h, mac)

    # -------------------------------------------------------------- after a record

    def advance(self, record, value):
        self.count += 1
        self.report.records += 1
        self.counts[record.type] += 1
        if record.type == "decision":
            self.report.decisions += 1
            decision = (value or {}).get("decision")
            effect = decision.get("effect") if isinstance(decision, dict) else None
            self.effects[effect if isinstance(effect, str) else None] += 1
            if effect == "allow":
                self.open_decisions.add(str(value.get("id")))
        elif record.type == "outcome":
            self.report.outcomes += 1
            self.open_decisions.discard(str((value or {}).get("id")))
        elif record.type == "recovered":
            self.report.notes.append(f"record {record.seq}: recovered after a crash")
        elif record.type == "clock_step":
            self.report.notes.append(f"record {record.seq}: the clock was set back")
        self.first_time = self.first_time or record.time
        self.last_time = self.time = record.time
        self.seq, self.prev, self.batch = record.seq + 1, record.leaf.hex(), record.batch
        if self.tree:
            self.tree.append(record.leaf)
        self.sealed = self.sealed or record.type == "seal"
        if self.trust.start <= record.time <= self.trust.end:
            while self.late and self.late[-1][1] <= record.time:
                self.late.pop()
            self.late.append((record.seq, record.time))

    def load_checkpoint(self):
        """The file `checkpoint`, and the anchors from outside that are of this stream."""
        self.checkpoint = False
        path = os.path.join(self.directory, "checkpoint")
        place = (path, 0, 0)
        try:
            with open(path, "rb") as file:
                note = file.read(NOTE_MAX + 1)
            if not self.public_key:
                self.faults.append(Fault(CANNOT, *place, None, "no public key to check it with"))
            else:
                self.checkpoint = open_checkpoint(note.decode("utf-8", "surrogateescape"),
                                                  self.public_key, self.openssl)
        except FileNotFoundError:
            self.report.not_checked.append(f"length: there is no {path}")
        except OSError as error:
            self.faults.append(Fault(CANNOT, *place, None, f"cannot be read: {error.strerror}"))
        except Bad as error:
            self.faults.append(Fault(INTEGRITY, *place, None, str(error)))
        self.outside = [a for a in self.trust.anchors
                        if self.stream and a.checkpoint.origin.endswith("/" + self.stream)]

    def check_at_size(self):
        if self.checkpoint is None and self.stream:
            self.load_checkpoint()
        if not self.tree:
            return
        signed = self.checkpoint
        if signed and signed.size == self.seq:
            if (signed.root, signed.origin) == (self.tree.root(), self.origin):
                self.signed_size = max(self.signed_size, self.seq)
            else:
                self.faults.append(Fault(
                    INTEGRITY, os.path.join(self.directory, "checkpoint"), 0, 0, self.seq - 1,
                    "the checkpoint signs other records than these"))
        for anchor in [a for a in self.outside if a.checkpoint.size == self.seq]:
            self.outside.remove(anchor)
            self.check_outside(anchor)

    def check_outside(self, anchor):
        def wrong(kind, message):
            self.faults.append(Fault(kind, anchor.path, 0, 0, None, message))
        try:
            open_checkpoint(anchor.note, self.public_key or bytes(32), self.openssl)
            if anchor.checkpoint.origin != self.origin \
                    or anchor.checkpoint.root != self.tree.root():
                raise Bad("the anchor signs other records than these")
            self.signed_size = max(self.signed_size, self.seq)
            self.judge_outside(anchor)
        except Bad as error:
            wrong(INTEGRITY, str(error))

    def judge_outside(self, anchor):
        if len(open_note(anchor.note)[1]) > 1:
            self.judge_anchor(anchor.note, anchor.checkpoint.size, "witness", None)
        if anchor.reply is not None:
            self.judge_anchor(anchor.note, anchor.checkpoint.size, "time_stamp", anchor.reply)

    def is_forged(self, receipt):
        """Only a holder of K_0 can tell; without it every receipt is believed."""
        if not self.first_key:
            return False
        if receipt.epoch > EPOCH_STEPS_MAX:
            return True
        key = self.first_key
        for _ in range(receipt.epoch):
            key = hkdf(key, b"portcullis evolve v1")
        key = hkdf(key, b"portcullis mac v1")
        return self.mac(key, receipt.epoch, receipt.seq, receipt.h) != receipt.mac

    def fault_receipt(self, receipt, why, seq):
        if self.is_forged(receipt):
            self.fault(CANNOT, f"a receipt was not made with this log's key: {receipt.text}", seq)
        else:
            self.fault(INTEGRITY, f"a receipt was given for record {receipt.seq}{why}", seq)

    def check_receipts(self, seq, epoch, h, mac):
        for receipt in self.trust.receipts.pop((self.stream, seq), ()):
            if (receipt.epoch, receipt.h, receipt.mac) != (epoch, h, mac):
                self.fault_receipt(receipt, ", but another record than this", seq)

    # -------------------------------------------------------------- at the end

    def finish(self):
        if self.count == 0:
            self.fault(CANNOT, "no record was found here")
        if self.checkpoint is None:
            self.load_checkpoint()
        if self.checkpoint and self.checkpoint.size > self.seq:
            self.fault(INTEGRITY, f"the log ends after {self.seq} records, its checkpoint signs "
                                  f"{self.checkpoint.size}")
        for anchor in self.outside:  # whose size was not reached, or whose tree is not known
            if anchor.checkpoint.size > self.seq:
                self.fault(INTEGRITY, f"the log ends after {self.seq} records, {anchor.path} signs "
                                      f"{anchor.checkpoint.size}")
            else:
                self.report.unchecked(f"{anchor.path}: the tree of its size is not known")
        for place in sorted(key for key in self.trust.receipts if key[0] == self.stream):
            for receipt in self.trust.receipts.pop(place):
                dropped = holds(self.drop_ranges, receipt.seq, receipt.seq)
                if dropped and not self.is_forged(receipt):
                    self.report.unchecked(f"the receipt for record {receipt.seq}: the record was "
                                          "dropped by permission")
                    continue
                beyond = receipt.seq >= self.seq
                self.fault_receipt(receipt, ", which is beyond the end of the log" if beyond
                                   else ", which is not here", None)
        self.settle_approvals()

    def settle_approvals(self):
        for fault, before, after in self.gaps:
            first, last = fault.missing
            if not holds(self.drop_ranges, first, last):
                continue
            fault.kind = None
            fault.message = f"records {first} to {last} were dropped by permission"
            joined = self.join(before, last + 1)
            if joined and after and not joined.same(after):
                fault.kind = INTEGRITY
                fault.message = f"the roots of records {first} to {last} are not those of the tree"
            elif not joined:
                self.report.unchecked(f"the tree over the dropped records {first} to {last}")
        for fault, seq in self.erased:
            if holds(self.erase_ranges, seq, seq):
                fault.kind, fault.message = None, f"record {seq} was erased by permission"
        for fault in self.faults:
            if fault.kind == GAP and fault.missing and holds(self.drop_ranges, *fault.missing):
                fault.kind, fault.message = None, "the segment ends here by permission"
            if fault.kind in (INTEGRITY, GAP) and fault.missing \
                    and holds(self.acknowledged, *fault.missing):
                fault.kind = None
                fault.message += " (acknowledged)"
        self.report.notes += [str(fault) for fault in self.faults if fault.kind is None]
        self.report.faults += [fault for fault in self.faults if fault.kind is not None]

    def join(self, before, end):
        """The tree over a gap, by the roots that were kept; None if they do not tell."""
        if before is None:
            return None
        tree = before.copy()
        while tree.size < end:
            fits = [entry for entry in self.dropped if entry[0] == tree.size and entry[1] < end]
            if not fits:
                return None
            first, last, roots = max(fits, key=lambda entry: entry[1])
            for size, root in zip(perfect_subtrees(first, last + 1), roots):
                tree.append(root, size)
        return tree

    def why_not_signed(self):
        """None if a signature, or macs under a key that was given, vouch for all that was asked."""
        beyond = self.late and self.late[-1][0] >= self.signed_size
        if self.first_key or not beyond:
            return None
        return (f"signer of records {self.signed_size} to {self.seq - 1} of {self.origin}: no "
                "checkpoint covers them yet, and no key was given to check their macs")

    def why_not_anchored(self):
        """None if all that was asked for is covered by an independent anchor."""
        if not self.trust.public_key:
            return "signer: the public key is only the log's own word"
        name = self.origin or self.directory
        if not self.good_anchors:
            return (f"tail of {name}: nothing independent from outside the host says how long the "
                    "log must be; records at the end can have been cut off")
        covered = max(anchor.size for anchor in self.good_anchors)
        newest = max(anchor.time for anchor in self.good_anchors)
        limit = rfc3339(newest + self.trust.anchor_age)
        beyond = [time for seq, time in self.late if seq >= covered and time > limit]
        if beyond:
            return (f"{name}: records up to {beyond[0]}, the newest good anchor is of "
                    f"{rfc3339(newest)} and covers {covered} records")
        if self.trust.end != Trust.END and self.trust.end > limit:
            return (f"{name}: what was cut off before {self.trust.end}: the newest good anchor is "
                    f"of {rfc3339(newest)}")
        return None


# ------------------------------------------------------------------------------ the program


class Trust:
    """What was given from outside the directories."""
    START, END = "", "~"

    def __init__(self, options, openssl):
        self.openssl = openssl
        self.public_key = self.read_key(options.public_key)
        self.approver_key = self.read_key(options.approver_key)
        self.first_key = self.escrow_key = None
        if options.key:
            text = self.read(options.key, NOTE_MAX).decode("ascii", "replace")
            if not is_hex(text[:-1] if text.endswith("\n") else text, 64):
                raise Unusable(f"{options.key} must hold 64 lower-case hex digits")
            self.first_key = bytes.fromhex(text[:64])
        if options.escrow_key:
            self.escrow_key = self.read(options.escrow_key, NOTE_MAX)
            if not openssl.is_rsa_private_key(self.escrow_key):
                raise Unusable(f"{options.escrow_key} is not an RSA private key in PEM")
        self.authorities = b"\n".join(self.read_certificates(p) for p in options.tsa_certificate)
        self.witnesses = [w for path in options.witness_key for w in self.read_witnesses(path)]
        self.anchors = [self.read_anchor(path) for path in options.anchor]
        self.receipts = {}
        for text in options.receipt:
            self.add_receipt(text)
        self.start, self.end = options.start or self.START, options.end or self.END
        self.anchor_age = options.anchor_age
        self.manifest = None
        if options.streams:
            lines = self.read(options.streams, 1 << 24).decode("utf-8", "replace").splitlines()
            lines = [line.strip() for line in lines]
            self.manifest = [line for line in lines if line and not line.startswith("#")]

    @staticmethod
    def read(path, limit):
        try:
            with open(path, "rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise Unusable(f"cannot read {path}: {error.strerror}") from None
        if len(data) > limit:
            raise Unusable(f"{path} is too large")
        return data

    def read_key(self, path):
        if not path:
            return None
        try:
            return self.openssl.ed25519_public_key(self.read(path, NOTE_MAX))
        except Bad as error:
            raise Unusable(f"{path}: {error}") from None

    def read_certificates(self, path):
        pem = self.read(path, 1 << 20)
        if self.openssl.run("x509", "-in", "{pem}", "-noout", pem=pem).returncode != 0:
            raise Unusable(f"{path} holds no certificate in PEM")
        return pem

    def read_witnesses(self, path):
        lines = self.read(path, 1 << 20).decode("utf-8", "replace").splitlines()
        lines = [line for line in lines if line and not line.startswith("#")]
        try:
            if not lines:
                raise Bad("no verifier key")
            return [parse_witness_key(line) for line in lines]
        except Bad as error:
            raise Unusable(f"{path}: {error}") from None

    def read_anchor(self, path):
        try:
            note = self.read(path, NOTE_MAX).decode("utf-8")
            checkpoint = parse_checkpoint(open_note(note)[0])
        except (Bad, ValueError) as error:
            raise Unusable(f"{path} is not a signed checkpoint: {error}") from None
        stamp = path + ".tsr"
        reply = self.read(stamp, 1 << 16) if os.path.exists(stamp) else None
        return OutsideAnchor(path, note, checkpoint, reply)

    def add_receipt(self, text):
        found = RECEIPT.fullmatch(text)
        if not found or max(int(found.group(2)), int(found.group(3))) > INTEGER_MAX:
            raise Unusable("not a receipt: v1:stream:epoch:seq:hash:mac")
        stream, epoch, seq, h, mac = found.groups()
        receipt = Receipt(text, stream, int(epoch), int(seq), bytes.fromhex(h), bytes.fromhex(mac))
        self.receipts.setdefault((stream, int(seq)), []).append(receipt)


def check_predecessors(streams, report):
    """A stream that names its predecessor must have it right, if that one is here as well. What an
    anchored stream says of its predecessor is anchored with it."""
    followed = {}
    for stream in [stream for stream in streams if stream.predecessor]:
        note = stream.predecessor["checkpoint"]
        old = next((s for s in streams if s is not stream and s.origin == note.origin), None)
        if old is None:
            report.unchecked(f"predecessor: {note.origin} was not given, so what came before "
                             f"{stream.origin} is not proved")
            continue
        root = old.record_notes.get(note.size)
        if note.size == old.seq and old.tree:
            root = old.tree.root()
        wrong = None
        if old.public_key and old.public_key.hex() != stream.predecessor["public_key"]:
            wrong = f"the predecessor's key is not that of {old.directory}"
        elif note.size > old.seq:
            wrong = f"the predecessor has {note.size} records, {old.directory} only {old.seq}"
        elif stream.predecessor["reason"] == "rotated" and old.seq > note.size:
            wrong = f"{old.directory} goes on after record {note.size}, where it was rotated"
        elif root is not None and root != note.root:
            wrong = f"the predecessor is not {old.directory}"
        if wrong:
            report.fault(INTEGRITY, stream.predecessor["place"], wrong, 0)
        elif root is not None:
            old.signed_size = max(old.signed_size, note.size)
            followed[old.directory] = (old, stream, note.size)
    for _ in streams:
        for old, stream, size in list(followed.values()):
            if stream.good_anchors:
                oldest = min(stream.good_anchors, key=lambda anchor: anchor.time)
                old.good_anchors.append(oldest._replace(size=size))
                del followed[old.directory]


def check_signatures(streams, report):
    """A log can be made whole without the key whose name it bears, but for signatures."""
    own = [fault for stream in streams for fault in stream.faults]
    if any(fault not in own for fault in report.faults):
        return
    for stream in streams:
        if not stream.count or any(fault.kind is not None for fault in stream.faults):
            continue
        what = None
        if not stream.signed_size:
            what = "the first records"
        elif not stream.first_key and stream.newest_permission >= stream.signed_size:
            what = f"the approval in record {stream.newest_permission}"
        if what:
            report.fault(CANNOT, (stream.file, stream.line.number, stream.line.offset),
                         f"no signature covers {what}: anybody can have written it", None)


def verify(options, openssl):
    report = Report()
    trust = Trust(options, openssl)
    streams = []
    openings = [read_opening(directory) for directory in options.directories]
    vouched = vouched_keys(trust.public_key, openings)
    for directory, opening in zip(options.directories, openings):
        own = opening.get("public_key")
        key = bytes.fromhex(own) if own in vouched else trust.public_key
        stream = Stream(directory, key, trust, report, openssl)
        stream.run()
        if stream.count == 0:  # run() ended before its approvals could be settled
            report.faults += [f for f in stream.faults if f not in report.faults]
        streams.append(stream)
    check_predecessors(streams, report)
    for receipts in trust.receipts.values():
        for receipt in receipts:
            report.fault(INTEGRITY, ("--receipt", 0, 0), "no directory holds the stream of "
                         + receipt.text, receipt.seq)
    here = {stream.stream for stream in streams}
    for anchor in trust.anchors:
        if anchor.checkpoint.origin.rpartition("/")[2] not in here:
            report.fault(INTEGRITY, (anchor.path, 0, 0), "no directory holds this stream")
    if trust.manifest is not None:
        origins = {stream.origin for stream in streams if stream.count}
        for origin in trust.manifest:
            if origin not in origins:
                report.fault(INTEGRITY, (options.streams, 0, 0), f"{origin} is missing")
        for origin in sorted(filter(None, origins - set(trust.manifest))):
            report.notes.append(f"{origin} is not in the manifest")
    check_signatures(streams, report)
    if not trust.first_key and not trust.escrow_key:
        report.unchecked("macs: no key was given")
    kinds = {fault.kind for fault in report.faults}
    for code in (INTEGRITY, CANNOT, GAP):
        if code in kinds:
            return code, report, streams
    reasons = [why for s in streams for why in (s.why_not_anchored(), s.why_not_signed())]
    for reason in filter(None, reasons):
        report.unchecked(reason)
    return UNANCHORED if any(reasons) else 0, report, streams


VERDICTS = {0: "VERIFIED", 1: "FAILED: the log was changed", 3: "VERIFIED (unanchored)",
            4: "INCOMPLETE: a gap or a torn end", 5: "NOT VERIFIED: cannot be read"}


def show(code, report, streams, as_json):
    open_decisions = sum(len(stream.open_decisions) for stream in streams)
    if as_json:
        print(json.dumps({
            "exit": code, "verdict": VERDICTS[code],
            "streams": [{"directory": s.directory, "origin": s.origin or "", "records": s.count,
                         "root": s.tree.root().hex() if s.tree and s.count else "",
                         "anchors": [a._asdict() for a in s.good_anchors]} for s in streams],
            "faults": [fault.json() for fault in report.faults[:FAULTS_SHOWN]],
            "fault_count": len(report.faults), "records": report.records,
            "decisions": report.decisions, "outcomes": report.outcomes,
            "open_decisions": open_decisions, "notes": report.notes,
            "not_checked": report.not_checked}))
        return

    def say(text):  # nothing from a log reaches the terminal as a control character
        print("".join(c if c.isprintable() else "?" for c in text))
    for s in streams:
        say(f"{s.directory}: {s.origin or 'no stream'}, {s.count} records, root "
            + (s.tree.root().hex() if s.tree and s.count else "unknown"))
        for anchor in s.good_anchors[-1:]:
            say(f"  anchored: {anchor.size} records at {rfc3339(anchor.time)} ({anchor.who})")
    say(f"decisions {report.decisions}, outcomes {report.outcomes}, allowed without an outcome "
        f"{open_decisions}")
    for fault in report.faults[:FAULTS_SHOWN]:
        say(str(fault))
    if len(report.faults) > FAULTS_SHOWN:
        say(f"... and {len(report.faults) - FAULTS_SHOWN} more faults")
    for note in report.notes:
        say("note: " + note)
    for what in report.not_checked:
        say("not checked: " + what)
    say(VERDICTS[code])


def moment(text):
    """RFC 3339 to the form that records have."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?"
                         r"([Zz]|[+-]\d\d:\d\d)", text, re.A)
    if not found:
        raise argparse.ArgumentTypeError("not a time like 2026-11-22T15:44:01Z")
    zone = "+00:00" if found.group(4) in "Zz" else found.group(4)
    when = datetime.datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}{zone}")
    when = when.astimezone(datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + (found.group(3) or "").ljust(9, "0") + "Z"


def duration(text):
    found = re.fullmatch(r"(\d{1,9})(s|m|h|d)", text, re.A)
    if not found:
        raise argparse.ArgumentTypeError("not a duration like 30m")
    return int(found.group(1)) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found.group(2)]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("directories", metavar="DIR", nargs="+", help="a stream's directory")
    add("--public-key", metavar="F", help="the signer's Ed25519 public key, PEM")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", metavar="F", help="K_0, 64 hex digits in a file")
    keys.add_argument("--escrow-key", metavar="F", help="the RSA private key that opens K_0, PEM")
    add("--approver-key", metavar="F", help="the approver's Ed25519 public key, PEM; else the log's")
    add("--tsa-certificate", metavar="F", action="append", default=[],
        help="certificates of trusted time-stamp authorities, PEM; may be repeated")
    add("--witness-key", metavar="F", action="append", default=[],
        help="verifier keys of trusted witnesses, one a line; may be repeated")
    add("--anchor", metavar="F", action="append", default=[],
        help="a checkpoint that you kept; F.tsr beside it is its time-stamp; may be repeated")
    add("--anchor-age", metavar="T", type=duration, default=1800,
        help="how much later than the newest anchor a record may be (30m)")
    add("--receipt", metavar="R", action="append", default=[],
        help="a Portcullis-Receipt; may be repeated")
    add("--streams", metavar="F", help="the streams that must be there, <deployment>/<stream> a line")
    add("--from", metavar="T", dest="start", type=moment, help="only records from then on are asked for")
    add("--to", metavar="T", dest="end", type=moment, help="only records up to then are asked for")
    add("--jobs", metavar="N", type=int, help="taken, and without effect: one process does it all")
    add("--json", action="store_true", help="one JSON object instead of text")
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        code, report, streams = verify(options, OpenSsl())
    except Unusable as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return USAGE
    show(code, report, streams, options.json)
    return code


if __name__ == "__main__":
    sys.exit(main())

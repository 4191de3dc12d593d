#!/usr/bin/python3
"""Takes each check of the verifier out, one at a time, and expects a test to fail.

usage: mutation_test.py --check            every pattern stands in the source, exactly once (ctest)
       mutation_test.py BUILD [NAME...]    the whole run, by hand or at night: minutes to an hour

The run works in BUILD/mutation: a copy of the sources, built like BUILD, whose target verifier_test
is built and run for each mutant. docs: CONTRIBUTING.md.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AUDIT = "src/audit/"

# (file, the check as it stands, what it is without it)
CHECKS = {
    # One record
    "wrong stream": ("follow.cpp", "if (head.stream != *stream_)", "if (false)"),
    "after the seal": ("follow.cpp", "if (sealed_) judge.fault(\"a record", "if (false) judge.fault(\"a record"),
    "begins with open": ("follow.cpp", "if (head.type != RecordType::open) judge", "if (false) judge"),
    "name of the segment": ("follow.cpp", "if (head.seq != next_seq_) {", "if (head.seq != next_seq_) next_seq_ = head.seq;\n  if (false) {"),
    "first prev": ("follow.cpp", "if (head.seq == 0) prev_ = Digest{};", ""),
    "prev": ("follow.cpp", "if (prev_ && head.prev != *prev_)", "if (false)"),
    "open inside": ("follow.cpp", "if (!starts_segment && head.type == RecordType::open)", "if (false)"),
    "epoch in a segment": ("follow.cpp", "if (head.epoch != *epoch_)", "if (false)"),
    "record inserted": ("follow.cpp", "if (seq < next_seq_) {", "if (seq < next_seq_) {} else if (false) {"),
    "record missing": ("follow.cpp", "judge.missing({next_seq_, seq - 1});", ""),
    "batch": ("follow.cpp", "if (!new_batch && !same_batch)", "if (false)"),
    "batch of the record before": ("follow.cpp", "batch_ ? head.batch == *batch_ : head.batch < head.seq", "head.batch < head.seq"),
    "time": ("follow.cpp", "if (head.time < last_time_ && head.type != RecordType::clock_step)", "if (false)"),
    "leaf": ("follow.cpp", "if (leaf_hash(hash, record.mac) != record.leaf)", "if (false)"),
    "mac": ("follow.cpp", "if (mac_ && (*mac_)(record.head.seq, hash) != record.mac)", "if (false)"),
    "JSON": ("follow.cpp", "if (const auto problem = json_.check_members(record.members, facts_)) {", "if (const auto problem = json_.check_members(record.members, facts_); false) {"),
    "effect": ("follow.cpp", "if (!facts_.effect)", "if (false)"),
    "forms of an opening": ("follow.cpp", "for (const std::string& problem : opening_->problems) judge.fault(problem);", ""),
    "public key is there": ("follow.cpp", "if (!opening_->public_key) {", "if (!opening_->public_key) {} else if (false) {"),
    "public key": ("follow.cpp", "} else if (public_key_ && opening_->public_key != public_key_) {", "} else if (false) {"),
    "origin names the stream": ("follow.cpp", "if (!origin_.ends_with('/' + hex(head.stream)))", "if (false)"),
    "frontier is there": ("follow.cpp", "if (!tree_) return judge.fault", "if (!tree_) return; if (false) return judge.fault"),
    "previous note": ("follow.cpp", "if (head.seq > 0) check_note", "if (false) check_note"),
    "note is there": ("follow.cpp", "if (!note) return judge.fault(\"a signed checkpoint is missing\");", "if (!note) return;"),
    "note's signature": ("follow.cpp", "if (!checkpoint) return judge.fault(checkpoint.error().message);", "if (!checkpoint) return;"),
    "note's origin": ("follow.cpp", "if (other_origin || checkpoint->size", "if (checkpoint->size"),
    "note's size": ("follow.cpp", "if (other_origin || checkpoint->size != head.seq)", "if (other_origin)"),
    "note's root": ("follow.cpp", "if (tree_ && tree_->root() != checkpoint->root)", "if (false)"),
    "seal": ("follow.cpp", "if (!explained || record.members != tally.members())", "if (false)"),
    "erased, by the seal": ("follow.cpp", "return records == erased && decisions == 0;", "return true;"),
    "erased, number": ("follow.cpp", "return records == erased && decisions == 0;", "return decisions == 0;"),
    "erased after the seal": ("follow.cpp", "if (sealed_) judge.fault(\"a line", "if (false) judge.fault(\"a line"),
    "erased, mac": ("follow.cpp", "if (mac_ && (*mac_)(record.seq, record.hash) != record.mac)", "if (false)"),
    # One segment
    "torn": ("verify_segment.cpp", "return fault(line, tear, \"a record without its end\", here);", "return;"),
    "tear in the middle": ("verify_segment.cpp", "is_last() && !follower_.sealed() ? VerifyExit::gap", "true ? VerifyExit::gap"),
    "line too long": ("verify_segment.cpp", "return lose(line, VerifyExit::integrity, \"a line longer", "return; lose(line, VerifyExit::integrity, \"a line longer"),
    "after unwritten space": ("verify_segment.cpp", "if (after_unwritten) fault", "if (false) fault"),
    "unwritten space": ("verify_segment.cpp", "if (unwritten_ && (sealed || !is_last()))", "if (false)"),
    "no record": ("verify_segment.cpp", "lose(line, unsupported ?", "if (false) lose(line, unsupported ?"),
    "unknown version": ("verify_segment.cpp", "const bool unsupported = record.error().cause == Cause::unsupported;", "const bool unsupported = false;"),
    "receipt": ("verify_segment.cpp", "if (same) continue;", "continue;"),
    "receipt's mac": ("verify_segment.cpp", "receipt.hash == actual.hash && receipt.mac == actual.mac &&", "receipt.hash == actual.hash &&"),
    "forged receipt": ("verify_segment.cpp", "if (keys == nullptr) return false;", "return false;"),
    "unreadable": ("verify_segment.cpp", "fault({}, VerifyExit::cannot, line.error().message);", ""),
    # How segments join
    "join: stream": ("stitch.cpp", "if (segment.stream && out_.stream && *segment.stream != *out_.stream)", "if (false)"),
    "join: origin": ("stitch.cpp", "if (segment.opening && !out_.origin.empty() && segment.opening->origin != out_.origin)", "if (false)"),
    "join: epoch": ("stitch.cpp", "if (segment.epoch) check_epoch(segment, first);", ""),
    "join: repeated": ("stitch.cpp", "if (first < next_seq_) {", "if (first < next_seq_) {} else if (false) {"),
    "join: gap": ("stitch.cpp", "found_.add(std::move(gap.found));\n      continue;", "continue;"),
    "join: prev": ("stitch.cpp", "if (prev_ && head.prev != *prev_)", "if (false)"),
    "join: frontier": ("stitch.cpp", "if (tree_ && stored && *tree_ != *stored)", "if (false)"),
    "join: batch": ("stitch.cpp", "if (batch_ && head.batch != head.seq && head.batch != *batch_)", "if (false)"),
    "join: time": ("stitch.cpp", "if (segment.start->time < last_time_)", "if (false)"),
    "no seal": ("stitch.cpp", "if (position == Position::last && !empty) return;", "if (position == Position::last ? !empty : true) return;"),
    "empty segment": ("stitch.cpp", "if (position == Position::last && !empty) return;", "if (position == Position::last) return;"),
    "erased unsealed": ("stitch.cpp", "for (const ErasedLine& line : segment.erased) {\n    found_", "for (const ErasedLine& line : std::vector<ErasedLine>()) {\n    found_"),
    # Anchors and approvals
    "anchor's form": ("stitch.cpp", "return \"the anchor is not in form\";", "return {};"),
    "anchor's signature": ("stitch.cpp", "if (!checkpoint) return checkpoint.error().message;", "if (!checkpoint) return {};"),
    "anchor of this log": ("stitch.cpp", "if (checkpoint.origin != out_.origin || checkpoint.size > seq) {", "if (false) {"),
    "anchor's note": ("stitch.cpp", "if (good) return {};", "return {};"),
    "witness": ("verify_anchor.cpp", "if (!cosignatures) return {{}, {}, cosignatures.error().message};", "if (!cosignatures) return {};"),
    "time-stamp's imprint": ("verify_anchor.cpp", "if (!names_note(*claim.reply, claim.note)) {", "if (false) {"),
    "time-stamp's trust": ("verify_anchor.cpp", "if (!stamp) return {{}, \"a time-stamp: \" + stamp.error().message, {}};", "if (!stamp) return {GoodAnchor{claim.size, 1893456000, \"time_stamp\", \"\"}, {}, {}};"),
    "erased unapproved": ("stitch.cpp", "if (permissions_.may_erase(here)) {", "if (true) {"),
    "dropped unapproved": ("stitch.cpp", "if (!permissions_.may_drop(missing)) {", "if (false) {"),
    "dropped roots": ("stitch.cpp", "} else if (*joined != *gap.after) {", "} else if (false) {"),
    "approval's signature": ("permission.cpp", "if (!approval) return approval.error().message;", "if (!approval) return std::nullopt;"),
    "retention refused": ("stitch.cpp", "return problem ? \"the retention record permits nothing: \" + *problem : std::string();", "return {};"),
    "approval's origin": ("permission.cpp", "if (approval->origin != claim.origin)", "if (false)"),
    "approval of later records": ("permission.cpp", "ranges.empty() || ranges.back().last < end", "true"),
    "record 0 stays": ("permission.cpp", "if (!approval->drop.empty() && approval->drop.front().first == 0)", "if (false)"),
    "dropped as approved": ("permission.cpp", "if (!dropped) return \"what was dropped is not what was approved\";", "if (!dropped) dropped.emplace();"),
    # What stands outside the segments
    "checkpoint's signature": ("verify_stream.cpp", "if (!checkpoint) return fault(path, VerifyExit::integrity, checkpoint.error().message);", "if (!checkpoint) return;"),
    "checkpoint's size": ("verify_stream.cpp", "if (checkpoint_->size > size) {", "if (false) {"),
    "checkpoint's root": ("verify_stream.cpp", "const bool other_root = root && *root != checkpoint_->root;", "const bool other_root = false;"),
    "checkpoint's origin": ("verify_stream.cpp", "if (other_root || checkpoint_->origin != out_.stitched.origin) {", "if (other_root) {"),
    "outside anchor's signature": ("verify_stream.cpp", "if (!checkpoint) {\n    return fault(anchor.path, VerifyExit::integrity, checkpoint.error().message);", "if (!checkpoint) {\n    return;"),
    "outside anchor's size": ("verify_stream.cpp", "if (size > out_.stitched.size) {", "if (false) {"),
    "outside anchor's root": ("verify_stream.cpp", "if ((root && *root != checkpoint->root) ||", "if ("),
    "outside anchor's verdict": ("verify_stream.cpp", "if (!verdict.fault.empty()) fault(path", "if (false) fault(path"),
    "receipt not here": ("verify_stream.cpp", "const bool beyond = receipt.seq >= out_.stitched.size;", "continue; const bool beyond = false;"),
    "nothing found": ("verify_stream.cpp", "if (stitched.records == 0) fault_at_end", "if (false) fault_at_end"),
    "no segment": ("verify_stream.cpp", "fault(task_.directory, VerifyExit::cannot,\n          segments ?", "if (false) fault(task_.directory, VerifyExit::cannot,\n          segments ?"),
    # The verdict
    "key from outside": ("verify.cpp", "if (!trust_.public_key) {\n    reasons", "if (false) {\n    reasons"),
    "no anchor": ("verdict.cpp", "if (stitched.anchors.empty()) {", "if (stitched.anchors.empty()) return std::nullopt;\n  if (false) {"),
    "stale": ("verdict.cpp", "if (seq < size || time <= limit) continue;", "continue;"),
    "asked beyond": ("verdict.cpp", "if (!stream.followed && !trust.to.empty() && trust.to > limit) {", "if (false) {"),
    "manifest": ("verify.cpp", "fault(options_.streams_file, \"the stream \" + origin + \" is missing\");", ""),
    "stream of a receipt": ("verify.cpp", "if (receipts.contains(i)) continue;", "continue;"),
    "stream of an anchor": ("verify.cpp", "if (anchors.contains(i)) continue;", "continue;"),
    "predecessor's note": ("verify.cpp", "if (!note) { return fault_genesis(stream, \"the predecessor is not one: \" + note.error().message); }", "if (!note) return;"),
    "predecessor's key": ("verify.cpp", "if (old->stitched.public_key != predecessor.public_key) {", "if (false) {"),
    "predecessor's size": ("verify.cpp", "} else if (old->stitched.size < note->size) {", "} else if (false) {"),
    "predecessor goes on": ("verify.cpp", "} else if (predecessor.reason == \"rotated\" && old->stitched.size > note->size) {", "} else if (false) {"),
    "predecessor's root": ("verify.cpp", "} else if (root && *root != note->root) {", "} else if (false) {"),
    "precedence": ("verify.cpp", "{VerifyExit::integrity, VerifyExit::cannot, VerifyExit::gap}", "{VerifyExit::gap, VerifyExit::cannot, VerifyExit::integrity}"),
    # The bytes
    "frame's form": ("source.cpp", "if (!has_size || !has_checksum || !plain) {", "if (false) {"),
    "after the frame": ("source.cpp", "if (*got > 0 || input_.pos < input_.size) return", "if (false) return"),
    "names that stand twice": ("strict_json.cpp", "if (std::any_of(names_.end() -", "if (false && std::any_of(names_.end() -"),
    "UTF-8": ("strict_json.cpp", "if (bytes == 0) return refuse", "if (bytes == 0) { ++at_; continue; } if (false) return refuse"),
    "levels": ("strict_json.h", "depth_max = 64;", "depth_max = 128;"),
    # Signatures
    "signed at all": ("verify.cpp", "if (!stitched.is_genesis_signed) {", "if (false) {"),
    "signed approval": ("verify.cpp", "*permission >= stitched.signed_size", "false"),
    "signed tail": ("verdict.cpp", "if (stream.macs_checked || stitched.signed_size >= stitched.size)", "if (true)"),
    "signed, what was asked for": ("verdict.cpp", "if (!tail || late.empty() || late.back().first < tail->first)", "if (true)"),
    "what the successor's note covers": ("verify.cpp", "{next->second.size, oldest->seconds,", "{stream.stitched.size, oldest->seconds,"),
    "acknowledged where it stands": ("follow.cpp", "std::max(next_seq_, record.head.seq)", "record.head.seq"),
    "first segment before --from": ("verify_stream.cpp", "stitch.pass_over(*begins_at_);", "{ const auto all = options; stitch = Stitch(all); stitch.pass_over(*begins_at_); }"),
    "members after the comma": ("record.cpp", "(!take(record.members, \",\") || record.members.empty())", "!take(record.members, \",\")"),
    "witness twice": ("cosignature.cpp", "if (std::any_of(out.begin(), out.end(), same)) {", "if (false) {"),
    "lone surrogates": ("strict_json.cpp", "if (is_low_surrogate(code)) return refuse(\"a lone surrogate\");", ""),
}


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def pattern(check):
    """Matches the check however clang-format breaks its lines."""
    return re.compile(r"\s+".join(re.escape(word) for word in check.split()))


def check_all():
    bad = []
    for name, (file, text, without) in CHECKS.items():
        found = pattern(text).findall((ROOT / AUDIT / file).read_text())
        if len(found) != 1:
            bad.append(f"{name}: {len(found)} times in {file}: {text}")
        if squeezed(text) == squeezed(without):
            bad.append(f"{name}: changes nothing")
    print("\n".join(bad) or f"{len(CHECKS)} checks, each found once")
    return 1 if bad else 0


class Mill:
    """A copy of the sources beside a build directory, and a build of the copy."""

    def __init__(self, build):
        self.copy = build.resolve() / "mutation" / "source"
        self.build = build.resolve() / "mutation" / "build"
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                                 check=True).stdout.splitlines()
        shutil.rmtree(self.copy, ignore_errors=True)
        for name in tracked:
            if (ROOT / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.copy / name)
        for path in (self.copy / "cmake").glob("*.cmake"):  # a mutant may leave things unused
            path.write_text(path.read_text().replace(" -Werror", ""))
        subprocess.run(["cmake", "--preset", "dev", "-B", str(self.build),
                        "-DCMAKE_CXX_FLAGS_DEBUG=-O0"], cwd=self.copy, check=True,
                       stdout=subprocess.DEVNULL)
        if not self.make() or not self.passes():
            sys.exit("the tests do not pass without any mutation")

    def make(self):
        made = subprocess.run(["ninja", "-C", str(self.build), "verifier_test"],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            print(made.stdout[-2000:])
        return made.returncode == 0

    def passes(self):
        # Without damage at every place, which takes too long to be asked for every mutant.
        ended = subprocess.run(
            [str(self.build / "tests/audit/verifier_test"), "--gtest_fail_fast",
             "--gtest_filter=-Damage*:LiveLog*"],
            capture_output=True, timeout=600, check=False)
        return ended.returncode == 0

    def survives(self, name):
        file, text, without = CHECKS[name]
        path = self.copy / AUDIT / file
        good = path.read_text()
        path.write_text(pattern(text).sub(lambda _: without, good, count=1))
        try:
            if not self.make():
                return "does not compile"
            return "SURVIVES" if self.passes() else ""
        finally:
            path.write_text(good)


def main():
    if sys.argv[1:2] == ["--check"] or len(sys.argv) < 2:
        return check_all()
    if check_all() != 0:
        return 1
    mill = Mill(pathlib.Path(sys.argv[1]))
    left = []
    for name in sys.argv[2:] or CHECKS:
        begin = time.monotonic()
        verdict = mill.survives(name)
        print(f"{verdict or 'caught'}: {name} ({time.monotonic() - begin:.0f} s)", flush=True)
        if verdict:
            left.append(name)
    print(f"{len(left)} not caught" + (": " + ", ".join(left) if left else ""))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

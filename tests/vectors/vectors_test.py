#!/usr/bin/python3
"""Every vector through both verifiers: the exit code, and the same places.

usage: vectors_test.py [NAME...]
environment: PORTCULLIS
"""

import json
import pathlib
import sys
import tempfile
import unittest

from both import copy_vectors, judge_first, judge_second, places, vectors

BYTES_MAX = 600_000


class Vectors(unittest.TestCase):
    maxDiff = None

    def check(self, verifier, vector, directory):
        expected = json.loads((vector / "expect.json").read_text())
        code, report, said = verifier(expected["directories"] + expected["options"], directory)
        self.assertEqual(code, expected["exit"], said)
        if code != 2:
            self.assertEqual(places(report), places(expected), said)

    def test_both_verifiers_agree_with_the_expectation(self):
        names = sys.argv[1:]
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        root = pathlib.Path(work.name, "vectors")
        copy_vectors(root)
        for vector in vectors():
            if names and vector.name not in names:
                continue
            with self.subTest(vector.name, verifier="portcullis"):
                self.check(judge_first, vector, root / vector.name)
            with self.subTest(vector.name, verifier="verify.py"):
                self.check(judge_second, vector, root / vector.name)

    def test_there_are_many_and_they_are_small(self):
        self.assertGreater(len(vectors()), 60)
        codes = {json.loads((v / "expect.json").read_text())["exit"] for v in vectors()}
        self.assertEqual(codes, {0, 1, 2, 3, 4, 5})
        files = [path for path in pathlib.Path(__file__).parent.rglob("*") if path.is_file()]
        self.assertLess(sum(path.stat().st_size for path in files
                            if "__pycache__" not in str(path)), BYTES_MAX)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

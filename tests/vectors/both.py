"""Runs the two verifiers, which share no code, on the same directories."""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PORTCULLIS = os.environ["PORTCULLIS"]
VERIFY_PY = HERE.parents[1] / "docs" / "verify.py"


def vectors():
    return sorted(path.parent for path in HERE.glob("*/expect.json"))


def copy_vectors(to):
    """All of them, with keys as git does not keep them: secrets that only their owner reads."""
    shutil.copytree(HERE, to, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in (to / "keys").iterdir():
        path.chmod(0o600)


def places(report):
    return {(f["file"], f["line"], f["offset"], f.get("seq")) for f in report["faults"]}


def judge(command, directory):
    """(exit code, report or None, what was said) of a verifier."""
    ended = subprocess.run([*command, "--json"], cwd=directory, capture_output=True, text=True,
                           timeout=120)
    said = ended.stdout + ended.stderr
    report = json.loads(ended.stdout) if ended.stdout.startswith("{") else None
    return ended.returncode, report, said


def judge_first(arguments, directory):
    return judge([PORTCULLIS, "audit", "verify", *arguments], directory)


def judge_second(arguments, directory):
    return judge([sys.executable, "-B", VERIFY_PY, *arguments], directory)


class SecondInProcess:
    """The second verifier without a process each, and with signatures checked once: for many runs."""

    def __init__(self):
        spec = importlib.util.spec_from_file_location("second_verifier", VERIFY_PY)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.openssl = self.module.OpenSsl()

    def __call__(self, arguments, directory):
        old, sys.argv = sys.argv, ["verify.py", *arguments, "--json"]
        before = os.getcwd()
        os.chdir(directory)
        out = io.StringIO()
        try:
            options = self.module.parse_arguments()
            code, report, streams = self.module.verify(options, self.openssl)
            with contextlib.redirect_stdout(out):
                self.module.show(code, report, streams, True)
        finally:
            os.chdir(before)
            sys.argv = old
        return code, json.loads(out.getvalue()), out.getvalue()

"""Small file systems that a test may fill or freeze. They need root: without it, a test is skipped
with the reason, on standard error too, so that nobody takes it for passed."""

import contextlib
import os
import pathlib
import subprocess
import sys
import unittest


def run(*command):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30,
                              env={**os.environ, "PATH": path})
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def skip(reason):
    print(f"\nSKIPPED: {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def mount(case, directory, *arguments):
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    done = run("mount", *arguments, str(directory))
    if done.returncode != 0:
        skip(f"cannot mount here: {done.stderr.strip()}")
    case.addCleanup(run, "umount", "--lazy", str(directory))


def mount_tmpfs(case, directory, size):
    mount(case, directory, "-t", "tmpfs", "-o", f"size={size}", "none")


def mount_ext4(case, directory, image):
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    made = run("mkfs.ext4", "-q", str(image))
    if made.returncode != 0:
        skip(f"cannot make a file system here: {made.stderr.strip()}")
    mount(case, directory, "-o", "loop", str(image))


@contextlib.contextmanager
def frozen(directory):
    """Writes and syncs below it wait until the end."""
    done = run("fsfreeze", "--freeze", str(directory))
    if done.returncode != 0:
        skip(f"cannot freeze a file system here: {done.stderr.strip()}")
    try:
        yield
    finally:
        run("fsfreeze", "--unfreeze", str(directory))


def fill(directory, leave):
    """Leaves about `leave` bytes of free space."""
    stats = os.statvfs(directory)
    with open(pathlib.Path(directory, "ballast"), "wb") as file:
        block = b"x" * 65536
        for _ in range((stats.f_bavail * stats.f_frsize - leave) // len(block)):
            file.write(block)

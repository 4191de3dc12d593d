#!/usr/bin/python3
"""Power cuts and I/O errors on a real block layer: after each, the log starts again and verifies,
and every receipt that was given before the device failed is of a record that is there.

A virtual machine with Debian's own kernel (QEMU; emulation will do) runs the log on ext4 on
dm-flakey, which drops all writes, or fails them, from a random moment on: flakey_disk_guest.sh. A
dropped write is acknowledged. What the device had before, it keeps: a volatile cache, which loses
writes that were not flushed, is not part of it.

usage: flakey_disk_test.py BUILD [CUTS] [ERRORS] [SEED]      by hand: 10 s a round
       flakey_disk_test.py BUILD --without-sync              fdatasync does nothing: finds losses

Works in BUILD/flakey: there are the kernel and, in run, the disks, the log and what was printed in
each round of the last run. Exits with 77, and the reason, where something is missing. docs:
CONTRIBUTING.md.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tarfile
import time

GUEST = pathlib.Path(__file__).with_name("flakey_disk_guest.sh")
MODULES = ("virtio_pci", "virtio_blk", "dm-mod", "dm-flakey", "crc32c_generic", "ext4")
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static",
            "dmsetup": "dmsetup", "mke2fs": "e2fsprogs", "cpio": "cpio", "zstd": "zstd"}
SUFFIX_BYTES = 148        # of a line: leaf and mac, after what is hashed
DISK_BYTES = 1 << 30
LOAD_S = (0.0, 2.5)       # from the first receipt to the failure
START_S = (0.0, 1.0)      # from the start to the failure, when it is to meet the recovery
ROUND_S = 120             # more than any round takes


def skip(reason):
    print(f"SKIPPED: {reason}", file=sys.stderr)
    sys.exit(77)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def need_programs():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        skip(f"apt-get install --no-install-recommends {' '.join(missing)}")


def fetch_kernel(work):
    """The newest kernel of the distribution, unpacked below `work`; nothing is installed."""
    unpacked = work / "kernel"
    if not list(unpacked.glob("boot/vmlinuz-*")):
        depends = subprocess.run(["apt-cache", "depends", "linux-image-amd64"],
                                 capture_output=True, text=True).stdout
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if not package:
            skip("apt knows no linux-image-amd64")
        if subprocess.run(["apt-get", "download", package[1]], cwd=work).returncode != 0:
            skip(f"cannot download {package[1]}")
        run("dpkg", "-x", next(work.glob("linux-image-*.deb")), unpacked)
    return next(unpacked.glob("boot/vmlinuz-*")), next(unpacked.glob("lib/modules/*"))


def copy_modules(modules, root):
    """With what they depend on, and in which order they can be loaded."""
    files = {path.stem.replace("-", "_"): path for path in modules.rglob("*.ko")}
    order = []

    def add(name):
        name = name.replace("-", "_")
        if name not in files or files[name].name in order:
            return  # built in, or there already
        module = files[name].read_bytes()
        for other in re.search(rb"\0depends=([^\0]*)\0", module)[1].decode().split(","):
            add(other)
        (root / "modules" / files[name].name).write_bytes(module)
        order.append(files[name].name)

    for name in MODULES:
        add(name)
    (root / "modules" / "order").write_text("".join(f"{name}\n" for name in order))


def copy_program(program, root):
    """With its libraries, where it looks for them."""
    shutil.copy(program, root / "bin")
    listed = run("ldd", program, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)


def build_without_sync(root):
    source = root / "without_sync.c"
    source.write_text("int fdatasync(int file) { return file < 0; }\n"
                      "int fsync(int file) { return file < 0; }\n")
    run("clang-16", "-shared", "-fPIC", "-o", root / "without_sync.so", source)


def make_root(build, modules, plan, without_sync):
    root = build / "flakey" / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "dev", "proc", "sys", "mnt", "out", "tmp", "modules"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
    for program in (build / "portcullis", build / "tests/fault/log_writer",
                    shutil.which("dmsetup")):
        copy_program(program, root)
    copy_modules(modules, root)
    run(build / "portcullis", "keys", "init", "--escrow", "--directory", root / "keys",
        stdout=subprocess.DEVNULL)
    (root / "plan").write_text("".join(f"{kind} {seconds:.3f}\n" for kind, seconds in plan))
    shutil.copy(GUEST, root / "init")
    (root / "init").chmod(0o755)
    if without_sync:
        build_without_sync(root)
    return root


def pack(root, initrd):
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with open(initrd, "wb") as file:
        run("cpio", "--quiet", "-o", "-H", "newc", cwd=root, input=names.encode(), stdout=file)


def make_disks(directory):
    log, results = directory / "log.img", directory / "results.img"
    for image in (log, results):
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
    run("mke2fs", "-q", "-t", "ext4", "-F", log)
    return log, results


def boot(kernel, initrd, disks, rounds, without_sync):
    """The guest's last word. Its disks are files, which outlive it: the host need not sync."""
    preload = "preload=/without_sync.so" if without_sync else ""
    command = ["timeout", str(rounds * ROUND_S), "qemu-system-x86_64", "-machine", "accel=tcg",
               "-smp", "2", "-m", "1024", "-nographic", "-no-reboot", "-nodefaults",
               "-serial", "stdio", "-kernel", str(kernel), "-initrd", str(initrd),
               "-append", f"console=ttyS0 quiet panic=-1 {preload}"]
    for disk in disks:
        command += ["-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"]
    last = "failed: the virtual machine said nothing"
    output = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as machine:
        for line in machine.stdout:
            output.append(line.rstrip())
            if "PORTCULLIS " in line:
                last = line.rstrip().partition("PORTCULLIS ")[2]
                print(last, flush=True)
    if last != "done":
        print("\n".join(output[-30:]), file=sys.stderr)
    return last


def lines_of(segment):
    """Whole records only: the open segment may end in space that is not written yet."""
    content = segment.read_bytes()
    if segment.suffix == ".zst":
        content = run("zstd", "-dcq", segment, capture_output=True).stdout
    return content.rstrip(b"\0").split(b"\n")[:-1]


def receipts_of(directory):
    """Of every record in the log, read without the product's help."""
    found = set()
    for segment in [*directory.glob("*.jsonl"), *directory.glob("*.jsonl.zst")]:
        for line in lines_of(segment):
            record = json.loads(line)
            digest = hashlib.sha256(line[:-SUFFIX_BYTES]).hexdigest()
            found.add(f"v1:{record['stream']}:{record['epoch']}:{record['seq']}:{digest}:"
                      f"{record['mac']}")
    return found


def count_lost(directory):
    """(receipts held, of them without their record)"""
    present = receipts_of(directory / "mnt" / "log")
    held = lost = 0
    for file in sorted(directory.glob("out/*.held"), key=lambda path: int(path.stem)):
        receipts = file.read_text().split()
        gone = [receipt for receipt in receipts if receipt not in present]
        if gone:
            print(f"round {file.stem}: {len(gone)} of {len(receipts)} receipts are of records that "
                  f"are not there, the first: {gone[0]}")
        held += len(receipts)
        lost += len(gone)
    return held, lost


def make_plan(cuts, errors, chance):
    kinds = [chance.choice(("cut", "cut", "start")) for _ in range(cuts)]
    kinds += [("error", "restart")[number % 2] for number in range(errors)]
    chance.shuffle(kinds)
    return [(kind, chance.uniform(*(START_S if kind == "start" else LOAD_S))) for kind in kinds]


def test(build, plan, without_sync):
    need_programs()
    work = build / "flakey"
    work.mkdir(exist_ok=True)
    kernel, modules = fetch_kernel(work)
    root = make_root(build, modules, plan, without_sync)
    pack(root, work / "initrd")
    directory = work / "run"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    disks = make_disks(directory)
    last = boot(kernel, work / "initrd", disks, len(plan), without_sync)
    try:
        with tarfile.open(disks[1]) as results:
            results.extractall(directory)
    except tarfile.ReadError:
        return f"{last}, and left no results", 0, 0
    return last, *count_lost(directory)


def prove_that_losses_are_found(build):
    last, held, lost = test(build, [("cut", 1.0)], without_sync=True)
    print(f"without syncs: {lost} of {held} receipts are of records that are not there; {last}")
    return lost > 0


def fail_disks(build, numbers):
    cuts, errors, seed = numbers + [10, 5, time.time_ns() % 100_000][len(numbers):]
    print(f"{cuts} power cuts and {errors} times I/O errors, seed {seed}", flush=True)
    plan = make_plan(cuts, errors, random.Random(seed))
    last, held, lost = test(build, plan, without_sync=False)
    print(f"{held} receipts were held, {lost} of records that are not there; {last}")
    return last == "done" and held > 0 and lost == 0


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if sys.argv[2:] == ["--without-sync"]:
        return 0 if prove_that_losses_are_found(build) else 1
    return 0 if fail_disks(build, [int(number) for number in sys.argv[2:]]) else 1


if __name__ == "__main__":
    sys.exit(main())

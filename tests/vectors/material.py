"""What the vectors are made of: keys, macs, notes, time-stamps. Shares no code with docs/verify.py;
whoever breaks a stream as somebody who holds its keys needs all of this as well."""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KEYS = HERE / "keys"
SUFFIX = 148


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(key, info):
    return hmac256(hmac256(bytes(32), key), info + b"\x01")


def openssl(*arguments, data=None):
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


# ------------------------------------------------------------------------------ keys


def make_ed25519(name, directory=KEYS):
    private = directory / f"{name}.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    os.chmod(private, 0o600)
    openssl("pkey", "-in", private, "-pubout", "-out", directory / f"{name}.pub")


def raw_public_key(name, directory=KEYS):
    return openssl("pkey", "-pubin", "-in", directory / f"{name}.pub", "-outform", "DER")[12:]


def sign(name, message, directory=KEYS):
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", directory / f"{name}.pem", "-in",
                       file.name)


def make_authority(name):
    """A self-signed root `<name>-ca.pem` and a time-stamping key under it."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", KEYS / f"{name}-ca.key", "-out", KEYS / f"{name}-ca.pem", "-days", "36500",
            "-subj", f"/CN={name} root", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")
    request = openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", KEYS / f"{name}.key", "-subj", f"/CN={name}")
    with tempfile.NamedTemporaryFile("w") as extensions:
        extensions.write("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                         "extendedKeyUsage=critical,timeStamping\n")
        extensions.flush()
        certificate = openssl("x509", "-req", "-CA", KEYS / f"{name}-ca.pem", "-CAkey",
                              KEYS / f"{name}-ca.key", "-days", "36500", "-extfile",
                              extensions.name, data=request)
    (KEYS / f"{name}.crt").write_bytes(certificate)


def time_stamp(name, note):
    """The DER reply of the authority; its time is now."""
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "note").write_text(note)
        (work / "serial").write_text("01\n")
        (work / "conf").write_text(
            f"[tsa]\nserial={work}/serial\nsigner_cert={KEYS}/{name}.crt\n"
            f"signer_key={KEYS}/{name}.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
            "digests=sha256\naccuracy=secs:1\n")
        openssl("ts", "-query", "-data", work / "note", "-sha256", "-cert", "-out", work / "query")
        openssl("ts", "-reply", "-config", work / "conf", "-section", "tsa", "-queryfile",
                work / "query", "-out", work / "reply")
        return (work / "reply").read_bytes()


# ------------------------------------------------------------------------------ notes


def key_id(name, algorithm, key):
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + key)[:4]


def signature_line(name, identifier, signature):
    return f"\u2014 {name} {base64.b64encode(identifier + signature).decode()}\n"


def signed_note(text, name, key, directory=KEYS):
    identifier = key_id(name, 1, raw_public_key(key, directory))
    return text + "\n" + signature_line(name, identifier, sign(key, text.encode(), directory))


def checkpoint_note(origin, size, root, key="signing"):
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    return signed_note(text, origin, key)


def cosigned(note, witness, time):
    """The note with one more line. The witness' name is that of its key."""
    text = note[:note.rindex("\n\n") + 1]
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    identifier = key_id(witness, 4, raw_public_key(witness))
    return note + signature_line(witness, identifier,
                                 time.to_bytes(8, "big") + sign(witness, message))


def verifier_key(witness):
    raw = raw_public_key(witness)
    encoded = base64.b64encode(b"\x04" + raw).decode()
    return f"{witness}+{key_id(witness, 4, raw).hex()}+{encoded}"


def approval(origin, *lines, key="approver"):
    text = "portcullis approval v1\n" + origin + "\n" + "".join(line + "\n" for line in lines)
    return signed_note(text, "approver", key)


# ------------------------------------------------------------------------------ records


def first_key(stream):
    """K_0, as the auditor has it: opened with the escrow key."""
    text = next(p for p in segments(stream)).read_text()
    wrapped = base64.b64decode(re.search('"wrapped_key":"([^"]+)"', text).group(1))
    with tempfile.NamedTemporaryFile() as file:
        file.write(wrapped)
        file.flush()
        return openssl("pkeyutl", "-decrypt", "-inkey", KEYS / "escrow.pem", "-in", file.name,
                       "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256",
                       "-pkeyopt", "rsa_mgf1_md:sha256")


def epoch_key(first, epoch):
    for _ in range(epoch):
        first = hkdf(first, b"portcullis evolve v1")
    return first


def segments(stream):
    return sorted(pathlib.Path(stream).glob("*.jsonl"))


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def field(line, name):
    return re.search(rb'"%s":"?([^",]*)' % name.encode(), line).group(1).decode()


def leaf_of(line):
    return bytes.fromhex(line[-140:-76].decode())


def mac_of(line):
    return bytes.fromhex(line[-67:-3].decode())


def body_of(line):
    return line[:-SUFFIX - 1]


def finish(body, mac):
    leaf = sha256(b"\0" + sha256(body) + mac)
    return body + b',"leaf":"' + leaf.hex().encode() + b'","mac":"' + mac.hex().encode() + b'"}\n'


def remade(body, key, epoch=None):
    """The line for S, by one who holds the epoch's key."""
    epoch = int(field(body, "epoch")) if epoch is None else epoch
    mac_key = hkdf(epoch_key(key, epoch), b"portcullis mac v1")
    place = epoch.to_bytes(8, "big") + int(field(body, "seq")).to_bytes(8, "big")
    stream = bytes.fromhex(field(body, "stream"))
    message = b"portcullis audit record v1\n" + stream + place + sha256(body)
    return finish(body, hmac256(mac_key, message))


def erased(line):
    h = sha256(body_of(line)).hex()
    return (f'{{"erased":{field(line, "seq")},"h":"{h}","leaf":"{leaf_of(line).hex()}",'
            f'"mac":"{mac_of(line).hex()}"}}\n').encode()


# ------------------------------------------------------------------------------ the tree


def root(leaves):
    """MTH of RFC 9162, section 2.1.1, as it stands there."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:]))


def consistency(old, leaves):
    """PROOF of RFC 9162, section 2.1.4.1."""
    def subproof(m, part, whole):
        if m == len(part):
            return [] if whole else [root(part)]
        split = 1 << (len(part) - 1).bit_length() - 1
        if m <= split:
            return subproof(m, part[:split], whole) + [root(part[split:])]
        return subproof(m - split, part[split:], False) + [root(part[:split])]
    return subproof(old, leaves, True)


def inclusion(index, leaves):
    """PATH of RFC 9162, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return inclusion(index, leaves[:split]) + [root(leaves[split:])]
    return inclusion(index - split, leaves[split:]) + [root(leaves[:split])]


def subtree_roots(first, leaves):
    """Of the maximal aligned perfect subtrees; `leaves` are those from `first` on."""
    roots = []
    while leaves:
        size = 1
        while first % (2 * size) == 0 and 2 * size <= len(leaves):
            size *= 2
        roots.append(root(leaves[:size]))
        first, leaves = first + size, leaves[size:]
    return roots

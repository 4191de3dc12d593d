#!/usr/bin/python3
"""Writes oracle.tsv: type, canonical value, 1 if python-stdnum accepts it, else 0.

Run once with Debian's python3-stdnum 1.18; the result is committed. Half of the rows are random
values of the right form, the other half are repaired so that most are valid.
"""
import random

from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.gb import nhs
from stdnum.nl import bsn
from stdnum.pl import nip, pesel
from stdnum.us import rtn

DIGITS = "0123456789"
# stdnum checks the sum only; ours also checks the Federal Reserve district.
DISTRICTS = [f"{n:02d}" for n in [*range(1, 13), *range(21, 33), *range(61, 73), 80]]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(count):
    return "".join(random.choice(DIGITS) for _ in range(count))


def de_tax_id():
    head = random.sample(DIGITS, 9)
    head.insert(random.randrange(10), random.choice(head))
    return "".join(head) + random.choice(DIGITS)


def repaired(make, valid):
    for _ in range(5000):
        value = make()
        if valid(value):
            return value
    raise SystemExit("no valid value found")


TYPES = {
    "luhn": (lambda: digits(12), luhn.is_valid),
    "aba_routing": (lambda: random.choice(DISTRICTS) + digits(7), rtn.is_valid),
    "mod11_nhs": (lambda: digits(10), nhs.is_valid),
    "nl_bsn": (lambda: digits(9), bsn.is_valid),
    "de_tax_id": (de_tax_id, idnr.is_valid),
    "es_dni": (lambda: digits(8) + random.choice(LETTERS), dni.is_valid),
    "es_nie": (lambda: random.choice("XYZ") + digits(7) + random.choice(LETTERS), nie.is_valid),
    "pl_pesel": (lambda: digits(2) + random.choice(["0", "1", "2", "3"]) + digits(8), pesel.is_valid),
    "pl_nip": (lambda: digits(10), nip.is_valid),
    "iban": (lambda: "DE" + digits(20), iban.is_valid),
}

random.seed(20261122)
with open("oracle.tsv", "w") as out:
    for name, (make, valid) in TYPES.items():
        for index in range(120):
            value = make() if index % 2 else repaired(make, valid)
            out.write(f"{name}\t{value}\t{int(valid(value))}\n")

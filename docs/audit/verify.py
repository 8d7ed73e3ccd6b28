#!/usr/bin/env python3
"""Check receipts and exports of an Equinomix audit log. Needs Python 3.9 or later and the package `cryptography`.

    verify.py receipt FILE --key KEYFILE
    verify.py log EXPORT --key KEYFILE [--witness FILE]

KEYFILE holds the public key of the log as one line: ask for it once, from somebody you trust, not from who handed you
the receipt. WITNESS holds states of the log that were signed earlier and kept elsewhere. The exit status is 0 when all
is as it should be, 1 when something is wrong, 2 when a file cannot be read.

Nothing of the product is needed or asked. The formats: RFC 9162 (tree and proofs), C2SP signed-note and
tlog-checkpoint (signatures), JSON with sorted names and no spaces (entries).
"""

import argparse
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EM_DASH = "\u2014"


def main():
    """Read the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("receipt", "log"))
    parser.add_argument("file")
    parser.add_argument("--key", required=True, help="file with the public key of the log")
    parser.add_argument("--witness", help="file with states that were signed earlier")
    asked = parser.parse_args()
    try:
        with open(asked.key, encoding="utf-8") as file:
            key = file.read().strip()
        witness = read_witness(asked.witness, key) if asked.witness else {}
        wrong = check_receipt(asked.file, key) if asked.what == "receipt" else check_log(asked.file, key, witness)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(f"{asked.file} cannot be read: {problem!r}", file=sys.stderr)
        return 2
    for words in wrong:
        print(f"WRONG: {words}")
    if not wrong:
        print("All of it is as it was signed.")
    return 1 if wrong else 0


def check_receipt(path, key):
    """What is wrong with a receipt: a list of sentences, empty when nothing is."""
    with open(path, encoding="utf-8") as file:
        receipt = json.load(file)
    checkpoint = open_note(receipt["checkpoint"], key)
    if checkpoint is None:
        return ["The state of the log in this receipt does not bear the signature of this key."]
    size, root = checkpoint
    wrong = []
    for item in receipt["entries"]:
        entry, position = item["entry"], item["position"]
        proof = [base64.b64decode(part) for part in item["proof"]]
        where = f"entry {entry['id']} (position {position}, {entry['action']})"
        if root_of(leaf_hash(entry), position, size, proof) != root:
            wrong.append(f"{where} is not in the log that was signed: it was changed, or never written.")
        if [entry["subject_kind"], entry["subject_id"]] != receipt["subject"]:
            wrong.append(f"{where} is about something else than this receipt.")
    print(f"{len(receipt['entries'])} entries about {' '.join(receipt['subject'])}, in a log of {size} entries:")
    for item in receipt["entries"]:
        entry = item["entry"]
        print(f"  {entry['at']}  {entry['action']}  by {entry['actor_name']}")
    return wrong


def check_log(path, key, witness):
    """What is wrong with an export of the whole log: a list of sentences, empty when nothing is."""
    wrong, frontier, link, size, roots, notes = [], [], bytes(32), 0, {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            item = json.loads(line)
            if "checkpoint" in item:
                notes.append(item["checkpoint"])
                continue
            wrong.extend(find_wrong_line(item, size))
            leaf = base64.b64decode(item["leaf"])
            link = hashlib.sha256(link + leaf).digest()
            if link != base64.b64decode(item["chain"]):
                wrong.append(f"Position {item['position']}: the chain breaks here.")
                link = base64.b64decode(item["chain"])
            grow(frontier, leaf)
            size += 1
            roots[size] = root_over(frontier)
    states = {}
    for note in notes:
        checkpoint = open_note(note, key)
        if checkpoint is None:
            wrong.append(f"A state of the log does not bear the signature of this key: {note.splitlines()[1]} entries.")
        else:
            states[checkpoint[0]] = checkpoint[1]
    for source, known in (("signed in the log", states), ("kept by the witness", witness)):
        for length, root in sorted(known.items()):
            if length > size:
                wrong.append(f"A state of {length} entries was {source}; the log has only {size}: its end is missing.")
            elif length and roots[length] != root:
                wrong.append(f"The log is not what was {source} at {length} entries: it was rewritten.")
    print(f"{size} entries, {len(states)} signed states, {len(witness)} states of the witness.")
    return wrong


def find_wrong_line(item, size):
    """What is wrong with one line of an export."""
    position, entry = item["position"], item["entry"]
    if position != size:
        yield f"Position {size} is missing: the log goes on with {position}."
    if entry is None:
        yield f"Position {position}: the entry was deleted."
    elif leaf_hash(entry) != base64.b64decode(item["leaf"]):
        yield f"Position {position} (entry {entry['id']}): the entry is not what was logged; it was changed."


def leaf_hash(entry):
    """The hash of an entry as it stands in the tree."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def node_hash(left, right):
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf, position, size, proof):
    """The root that a proof of inclusion leads to (RFC 9162 section 2.1.3.2); None when it does not fit."""
    if not 0 <= position < size:
        return None
    inner, last, value = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if inner % 2 or inner == last:
            value = node_hash(sibling, value)
            while inner % 2 == 0 and inner:
                inner, last = inner >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        inner, last = inner >> 1, last >> 1
    return value if last == 0 else None


def grow(frontier, leaf):
    """Add a leaf to the complete subtrees of a growing tree."""
    level, value = 0, leaf
    while frontier and frontier[-1][0] == level:
        value = node_hash(frontier.pop()[1], value)
        level += 1
    frontier.append((level, value))


def root_over(frontier):
    """The root over the complete subtrees."""
    root = None
    for _, value in reversed(frontier):
        root = value if root is None else node_hash(value, root)
    return root


def open_note(note, key):
    """Size and root of a signed state of the log; None when this key has not signed it."""
    text, found, signatures = note.rpartition("\n\n")
    if not found:
        return None
    text += "\n"
    name, _, rest = key.partition("+")
    public = base64.b64decode(rest.partition("+")[2])[1:]
    key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    for line in signatures.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[:2] != [EM_DASH, name]:
            continue
        raw = base64.b64decode(parts[2])
        if raw[:4] != key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
        except InvalidSignature:
            continue
        lines = text.splitlines()
        return int(lines[1]), base64.b64decode(lines[2])
    return None


def read_witness(path, key):
    """The states of the log in a witness file, by their size. Raises ValueError for one that this key did not sign."""
    with open(path, encoding="utf-8") as file:
        notes = [note.strip("\n") + "\n" for note in file.read().split("\n\n\n") if note.strip()]
    states = {}
    for note in notes:
        checkpoint = open_note(note, key)
        if checkpoint is None:
            raise ValueError(f"the witness holds a state that this key did not sign: {note[:60]!r}")
        states[checkpoint[0]] = checkpoint[1]
    return states


if __name__ == "__main__":
    sys.exit(main())

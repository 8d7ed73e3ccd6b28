#!/usr/bin/env python3
"""Check receipts and exports of an Equinomix audit log. Needs Python 3.9 or later and the package `cryptography`.

    verify.py receipt FILE --key KEYFILE
    verify.py log EXPORT --key KEYFILE [--witness FILE]
    verify.py consistency FILE --key KEYFILE [--witness FILE]

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
UNSIGNED = "does not bear the signature of this key"
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)


def main():
    """Read the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("receipt", "log", "consistency"))
    parser.add_argument("file")
    parser.add_argument("--key", required=True, help="file with the public key of the log")
    parser.add_argument("--witness", help="file with states that were signed earlier")
    asked = parser.parse_args()
    reading = asked.key
    try:
        key = read_key(asked.key)
        reading = asked.witness
        witness = read_witness(asked.witness, key) if asked.witness else {}
        reading = asked.file
        if asked.what == "receipt":
            wrong = check_receipt(asked.file, key, witness)
        elif asked.what == "log":
            wrong = check_log(asked.file, key, witness)
        else:
            wrong = check_consistency(asked.file, key, witness)
    except UNREADABLE as problem:
        print(f"{reading} cannot be read as what it should be: {problem!r}", file=sys.stderr)
        return 2
    for words in wrong:
        print(f"WRONG: {words}")
    if not wrong:
        print("All of it is as it was signed.")
    return 1 if wrong else 0


def check_receipt(path, key, witness):
    """What is wrong with a receipt: a list of sentences, empty when nothing is."""
    with open(path, encoding="utf-8") as file:
        receipt = read_json(file.read())
    checkpoint = open_note(receipt["checkpoint"], key)
    if checkpoint is None:
        return [f"The state of the log in this receipt {UNSIGNED}."]
    size, root = checkpoint
    wrong, seen = [], set()
    if not receipt["entries"]:
        wrong.append("The receipt holds no entry: it proves nothing.")
    if witness.get(size, root) != root:
        wrong.append(f"The log of {size} entries is not the one that the witness kept: there are two of them.")
    print(f"{len(receipt['entries'])} entries about {' '.join(receipt['subject'])}, in a log of {size} entries:")
    for item in receipt["entries"]:
        entry = item["entry"]
        print(f"  {entry['at']}  {entry['action']}  by {entry['actor_name']}")
        wrong.extend(find_wrong_entry(item, receipt["subject"], size, root))
        if item["position"] in seen:
            wrong.append(f"The entry at position {item['position']} stands here twice.")
        seen.add(item["position"])
    return wrong


def find_wrong_entry(item, subject, size, root):
    """What is wrong with one entry of a receipt."""
    entry, position = item["entry"], item["position"]
    proof = [base64.b64decode(part, validate=True) for part in item["proof"]]
    where = f"entry {entry['id']} (position {position}, {entry['action']})"
    if root_of(leaf_hash(entry), position, size, proof) != root:
        yield f"{where} is not in the log that was signed: it was changed, or never written."
    if [entry["subject_kind"], entry["subject_id"]] != subject:
        yield f"{where} is about something else than this receipt."


def check_log(path, key, witness):
    """What is wrong with an export of the whole log: a list of sentences, empty when nothing is."""
    wrong, signed = read_states(path, key)
    seen = witness.keys() - signed.keys()
    wrong.extend(f"The witness kept a state of {length} entries that is missing here." for length in sorted(seen))
    for length, root in witness.items():
        signed.setdefault(length, set()).add(root)
    frontier, link, size, count, good = [], bytes(32), 0, 0, 0
    for item in read_lines(path):
        if "checkpoint" in item:
            continue
        position, leaf, chain = item["position"], *(base64.b64decode(item[name]) for name in ("leaf", "chain"))
        if position != size:
            wrong.append(f"Positions {size} to {position - 1} are missing.")
        wrong.extend(find_wrong_line(item, leaf))
        link = hashlib.sha256(link + leaf).digest()
        if link != chain:
            wrong.append(f"Position {position}: the chain breaks here; this leaf or the one before it was changed.")
            link = chain
        grow(frontier, leaf)
        count, size = count + 1, position + 1
        # A tree from which leaves are missing has no root to compare; that they are missing has been said.
        if count == size and size in signed:
            if signed[size] == {root_over(frontier)}:
                good = size
            else:
                wrong.append(
                    f"The log is not what was signed at {size} entries:"
                    f" something in positions {good} to {size - 1} was rewritten."
                )
    print(f"{count} entries, {len(signed)} signed states, {len(witness)} states of the witness.")
    return wrong + list(find_wrong_end(size, signed))


def find_wrong_end(size, signed):
    """What is wrong with the end of an export; says also how much of it no signature is over."""
    for length in sorted(length for length in signed if length > size):
        yield f"A state of {length} entries was signed; the log ends after {size}: its end is missing."
    if not signed:
        yield "No state of this log was signed: nothing says that it is the one it should be."
    elif size > max(signed):
        print(f"The last {size - max(signed)} entries came after the last signed state: no signature is over them yet.")


def find_wrong_line(item, leaf):
    """What is wrong with one line of an export."""
    position, entry = item["position"], item["entry"]
    if entry is None:
        yield f"Position {position}: the entry was deleted."
    elif leaf_hash(entry) != leaf:
        yield f"Position {position} (entry {entry['id']}): the entry is not what was logged; it was changed."


def read_states(path, key):
    """What is wrong with the signed states of an export; and their roots, by size."""
    wrong, signed = [], {}
    for item in read_lines(path):
        if "checkpoint" in item:
            checkpoint = open_note(item["checkpoint"], key)
            if checkpoint is None:
                words = " ".join(item["checkpoint"].splitlines()[1:2])
                wrong.append(f"A state of the log {UNSIGNED}: the one of {words} entries.")
            else:
                signed.setdefault(checkpoint[0], set()).add(checkpoint[1])
    return wrong, signed


def check_consistency(path, key, witness):
    """What is wrong with a proof that the log only grew: a list of sentences, empty when nothing is."""
    with open(path, encoding="utf-8") as file:
        claim = read_json(file.read())
    old, new = open_note(claim["old"], key), open_note(claim["new"], key)
    if old is None or new is None:
        return [f"The {'older' if old is None else 'newer'} state of the log {UNSIGNED}."]
    proof = [base64.b64decode(part, validate=True) for part in claim["proof"]]
    print(f"From {old[0]} entries to {new[0]}.")
    wrong = []
    if not only_grew(old, new, proof):
        wrong.append(f"The log of {new[0]} entries does not begin with that of {old[0]}: it was rewritten.")
    for size, root in (old, new):
        if witness.get(size, root) != root:
            wrong.append(f"The log of {size} entries is not the one that the witness kept: there are two of them.")
    if witness and not {old[0], new[0]} & witness.keys():
        wrong.append("The witness kept neither of the two states: ask for the proof from one that it kept.")
    return wrong


def only_grew(old, new, proof):
    """Whether the newer tree begins with the older (RFC 9162 section 2.1.4.2); each is a size and a root."""
    if not 0 < old[0] <= new[0]:
        return False
    if old[0] == new[0]:
        return not proof and old[1] == new[1]
    rest = list(proof)
    if old[0] & (old[0] - 1) == 0:
        rest.insert(0, old[1])
    if not rest:
        return False
    inner, last = old[0] - 1, new[0] - 1
    while inner % 2:
        inner, last = inner >> 1, last >> 1
    first = second = rest[0]
    for value in rest[1:]:
        if last == 0:
            return False
        if inner % 2 or inner == last:
            first, second = node_hash(value, first), node_hash(value, second)
            while inner % 2 == 0 and inner:
                inner, last = inner >> 1, last >> 1
        else:
            second = node_hash(second, value)
        inner, last = inner >> 1, last >> 1
    return (first, second, last) == (old[1], new[1], 0)


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
        if len(parts) == 3 and parts[:2] == [EM_DASH, name] and is_signed(text.encode(), public, key_id, parts[2]):
            lines = text.splitlines()
            return (int(lines[1]), base64.b64decode(lines[2])) if lines[0] == name else None
    return None


def is_signed(text, public, key_id, signature):
    """Whether this key made the signature over the text."""
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text)
    except (InvalidSignature, ValueError):
        return False
    return raw[:4] == key_id


def read_key(path):
    """The public key of the log, as one line `name+key id+key`. Raises ValueError when it is none."""
    with open(path, encoding="utf-8") as file:
        key = file.read().strip()
    name, key_id, rest = key.split("+", 2)
    raw = base64.b64decode(rest, validate=True)
    if len(raw) != 33 or hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != key_id:
        raise ValueError("this is not the public key of a log, or a letter of it is wrong")
    return key


def read_witness(path, key):
    """The states of the log in a witness file, by their size. What is not one of this key is told of and left out."""
    with open(path, encoding="utf-8", errors="replace") as file:
        parts = [part.strip("\n") + "\n" for part in file.read().split("\n\n\n") if part.strip()]
    states = {}
    for part in parts:
        checkpoint = open_note(part, key)
        if checkpoint is None:
            print(f"Left out of the witness, since it {UNSIGNED}: {part[:60]!r}")
        else:
            states[checkpoint[0]] = checkpoint[1]
    if not states:
        raise ValueError("no state in the witness file bears the signature of this key")
    return states


def read_lines(path):
    """What stands on each line of an export."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield read_json(line)


def read_json(text):
    """Strict JSON: a name that stands twice could show one thing and prove another."""
    return json.loads(text, object_pairs_hook=once, parse_constant=no_constant)


def once(pairs):
    """An object whose names all differ. Raises ValueError when two are the same."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def no_constant(word):
    """Raises ValueError: NaN and infinities are no JSON."""
    raise ValueError(f"{word} is no number")


if __name__ == "__main__":
    sys.exit(main())

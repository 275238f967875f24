"""Writes bucketing.json to standard output. See README.md."""

import json
import sys

MASK = 0xFFFFFFFF


def rotate(value, by):
    return ((value << by) | (value >> (32 - by))) & MASK


def murmur3_x86_32(data, seed=0):
    """MurmurHash3 x86 32 bit, block by block as in Austin Appleby's reference (public domain)."""
    state = seed
    for start in range(0, len(data), 4):
        block = data[start : start + 4]
        k = int.from_bytes(block, "little") * 0xCC9E2D51 & MASK
        k = rotate(k, 15) * 0x1B873593 & MASK
        state ^= k
        if len(block) == 4:
            state = (rotate(state, 13) * 5 + 0xE6546B64) & MASK
    state ^= len(data)
    state ^= state >> 16
    state = state * 0x85EBCA6B & MASK
    state ^= state >> 13
    state = state * 0xC2B2AE35 & MASK
    return state ^ (state >> 16)


# Published values, written out by hand: the generator itself is held to them.
PUBLISHED = [
    (b"", 0x00000000, 0x00000000),
    (b"", 0x00000001, 0x514E28B7),
    (b"", 0xFFFFFFFF, 0x81F16F39),
    (b"\xff\xff\xff\xff", 0x00000000, 0x76293B50),
    (b"\x21\x43\x65\x87", 0x00000000, 0xF55B516B),
    (b"\x21\x43\x65\x87", 0x5082EDEE, 0x2362F9DE),
    (b"\x21\x43\x65", 0x00000000, 0x7E4A8634),
    (b"\x21\x43", 0x00000000, 0xA0F7B07A),
    (b"\x21", 0x00000000, 0x72661CF4),
    (b"\x00\x00\x00\x00", 0x00000000, 0x2362F9DE),
    (b"\x00\x00\x00", 0x00000000, 0x85F0B427),
    (b"\x00\x00", 0x00000000, 0x30F4C306),
    (b"\x00", 0x00000000, 0x514E28B7),
    (b"aaaa", 0x9747B28C, 0x5A97808A),
    (b"aaa", 0x9747B28C, 0x283E0130),
    (b"aa", 0x9747B28C, 0x5D211726),
    (b"a", 0x9747B28C, 0x7FA09EA6),
    (b"abcd", 0x9747B28C, 0xF0478627),
    (b"abc", 0x9747B28C, 0xC84A62DD),
    (b"ab", 0x9747B28C, 0x74875592),
    (b"Hello, world!", 0x9747B28C, 0x24884CBA),
    ("\u03c0" * 8, 0x9747B28C, 0xD58063C1),
    (b"a" * 256, 0x9747B28C, 0x37405BDC),
    (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
]

# Names of every length modulo 4, so that prefixes end at each place in a block.
MODULES = [
    ("arche", "memory-engine"),
    ("arche", "memory_store"),
    ("arche", "tools"),
    ("arche", "a"),
    ("billing-2026", "ledger"),
    ("m", "x"),
    ("m" * 64, "z" * 64),
]

SUBJECTS = (
    [f"user-{n}" for n in range(12)]
    + ["x" * n for n in range(1, 10)]
    + [" ", "0", "/", ".", "\u0000", "null", "\n", "user 1", "a/b", "USER-1", "user-1 "]
    + ["zażółć gęślą jaźń", "ünïcödé", "用户一", "пользователь", "مستخدم", "🦀", "👩‍👩‍👧", "é", "e\u0301", "\u200b", "\ufeffbom"]
    + ["3f0c1a52-7d0e-4b6b-9a55-0c6a4a6f1b7e", "someone@example.org", "10.0.0.1:443", "l" * 255, "long-" * 1000, "ü" * 333]
)

EXPOSURES = [1, 100, 1000, 2500, 5000, 9000, 9999]


def subject_vector(migration, module, subject):
    hash_ = murmur3_x86_32(f"{migration}.{module}/{subject}".encode())
    bucket = hash_ * 10000 >> 32
    new = {str(exposure): bucket < exposure for exposure in EXPOSURES}
    return {"migration": migration, "module": module, "subject": subject, "hash": hash_, "bucket": bucket, "new": new}


def evaluation(mode, exposure, kill_switch, retired, subject):
    case = {
        "migration": "arche",
        "module": "memory-engine",
        "mode": mode,
        "exposure": exposure,
        "killSwitch": kill_switch,
        "retired": retired,
        "subject": subject,
    }
    effective, share = mode, exposure
    if retired:
        effective, share = "new_only", 10000
    elif kill_switch:
        effective, share = "old_only", 0
    if effective == "gradual_rollout" and not subject:
        return case | {"error": "TARGETING_KEY_MISSING"}
    if effective == "gradual_rollout":
        new = subject_vector("arche", "memory-engine", subject)["bucket"] < share
    else:
        new = effective == "new_only"
    return case | {
        "serve": "new" if new else "old",
        "reason": "SPLIT" if effective == "gradual_rollout" else "STATIC",
        "effectiveMode": effective,
        "effectiveExposure": share,
        "compare": effective == "both_validate",
    }


def main():
    published = [(text.encode() if isinstance(text, str) else text, seed, hash_) for text, seed, hash_ in PUBLISHED]
    for data, seed, hash_ in published:
        if murmur3_x86_32(data, seed) != hash_:
            sys.exit(f"this generator disagrees with the published value of {data!r}, seed {seed:#x}")
    states = [("old_only", 0), ("both_validate", 0), ("new_only", 10000)]
    states += [("gradual_rollout", exposure) for exposure in (1, 1000, 5000, 9999)]
    lists = {
        "murmur3": [{"hex": data.hex(), "seed": seed, "hash": hash_} for data, seed, hash_ in published],
        "subjects": [subject_vector(*names, subject) for names in MODULES for subject in SUBJECTS],
        "evaluations": [
            evaluation(*state, kill_switch, retired, subject)
            for state in states
            for kill_switch in (False, True)
            for retired in (False, True)
            for subject in (None, "", "user-0", "user-1", "用户一")
        ],
    }
    # One item a line, so that a change shows as the lines it touches.
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(item, ensure_ascii=True) for item in items) + "\n]"
        for name, items in lists.items()
    ]
    print("{\n" + ",\n".join(parts) + "\n}")


main()

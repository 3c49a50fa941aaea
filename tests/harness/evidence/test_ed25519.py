"""The verifier's own Ed25519 says what the library says, and what RFC 8032 says."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evidence.signing import public_bytes, verify_signature
from harness.evidence.verifier import _BASE, _NEUTRAL, _ORDER, _P, Ed25519, _combined, _encoded, verify_ed25519

VECTORS = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}
"""RFC 8032, section 7.1: secret key, public key, message, signature."""


@pytest.mark.parametrize("verify", [verify_ed25519, verify_signature])
@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vectors_of_the_rfc(vector: tuple[str, ...], verify: Ed25519) -> None:
    secret, public, message, signature = map(bytes.fromhex, vector)
    assert Ed25519PrivateKey.from_private_bytes(secret).sign(message) == signature
    assert verify(public, signature, message)
    assert not verify(public, signature, message + b"\x00")
    assert not verify(public, signature[:-1], message)
    assert not verify(public[:-1], signature, message)


@settings(max_examples=60, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), at=st.integers(0, 95), mask=st.integers(0, 255))
def test_both_agree_on_what_is_signed_and_on_what_was_changed(seed: bytes, message: bytes, at: int, mask: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    changed = bytearray(public_bytes(key) + key.sign(message))
    changed[at] ^= mask
    public, signature = bytes(changed[:32]), bytes(changed[32:])
    assert verify_ed25519(public, signature, message) is verify_signature(public, signature, message) is (mask == 0)


def number(value: int) -> bytes:
    return value.to_bytes(32, "little")


ONE = number(1)
"""The neutral point, as it is written: y = 1. With it as a key every S with R = S B fits."""
FIVE = _encoded(_combined(5, _BASE, 0, _NEUTRAL))

STRICT = {
    "as it should be": (ONE, FIVE + number(5), True),
    "R that is the neutral point": (ONE, ONE + number(0), True),
    "S not below the order": (ONE, FIVE + number(5 + _ORDER), False),
    "key with y not below p": (number(_P + 1), FIVE + number(5), False),
    "key with x = 0 and a sign": (number(1 | 1 << 255), FIVE + number(5), False),
    "key that is no point": (number(2), FIVE + number(5), False),
    "R with y not below p": (ONE, number(_P + 1) + number(0), False),
    "R with x = 0 and a sign": (ONE, number(1 | 1 << 255) + number(0), False),
}


@pytest.mark.parametrize(("public", "signature", "holds"), STRICT.values(), ids=STRICT)
def test_there_is_one_way_to_write_a_signature(public: bytes, signature: bytes, holds: bool) -> None:
    assert verify_ed25519(public, signature, b"message") is holds

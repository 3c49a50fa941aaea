"""Keys and signatures (Ed25519, by ``cryptography``).

Who holds a key is for the organisation to say; there are no accounts here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from harness.disk import replace_file
from harness.evidence.verifier import (
    MANIFEST,
    SIGNATURES,
    SIGNATURES_SCHEMA,
    Files,
    FolderFiles,
    check_run,
    fingerprint,
    independence_problem,
    read_public_key,
    rendered,
    sha256,
    signature_hash,
    signed_bytes,
    what_is_wrong,
)
from instruments.errors import ConfigError


def verify_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether they fit together (Ed25519)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of its public key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def make_key(path: Path, passphrase: bytes = b"") -> str:
    """Make a private key (PEM, PKCS 8, readable by its owner alone) and ``path.pub`` beside it (64 hex digits).

    Returns the fingerprint. Raises ConfigError when one of the two files is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    how: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    _write_new(public_path(path), f"{public_bytes(key).hex()}\n".encode("ascii"), 0o644, only_if_none=path)
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how), 0o600)
    return fingerprint(public_bytes(key))


def public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _write_new(path: Path, data: bytes, mode: int, only_if_none: Path | None = None) -> None:
    try:
        if only_if_none is not None and only_if_none.exists():
            raise FileExistsError(17, "there is such a file already", str(only_if_none))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as err:
        raise ConfigError(f"{err.filename}: is there already, and a key is never overwritten; choose another name") from err
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror})") from err


def load_key(path: Path, passphrase: Callable[[], str]) -> Ed25519PrivateKey:
    """A private key from its file; ``passphrase`` is asked only when the file needs one. Raises ConfigError when it is none."""
    try:
        text = path.read_bytes()
        secret = passphrase().encode("utf-8") if b"ENCRYPTED" in text else None
        key = load_pem_private_key(text, secret)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); `dosebench key` makes a key") from err
    except (ValueError, TypeError, UnsupportedAlgorithm) as err:
        raise ConfigError(f"{path}: is not a private key (PEM), or the passphrase is another one") from err
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: is a private key of another kind; an Ed25519 key, as `dosebench key` makes it, is needed")
    return key


def load_public_key(path: Path) -> bytes:
    """The 32 bytes of a public key file. Raises ConfigError when it is none."""
    try:
        return read_public_key(path)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror})") from err
    except ValueError as err:
        raise ConfigError(f"{path}: is not a public key; a file with 64 hex digits is, as `dosebench key` writes it") from err


def seal(folder: Path, key: Ed25519PrivateKey, name: str, meaning: str, at: datetime) -> dict[str, Any]:
    """Add a signature to a closed run on real instruments that holds in every part.

    ``meaning`` is executed, reviewed or approved; the last two not by the key that executed. Returns the signature as it stands
    in ``signatures.json``. Raises ConfigError when the run cannot be signed, or not by this key.
    """
    if not name.strip():
        raise ConfigError("a signature needs the printed name of who signs; give it with --name")
    files = FolderFiles(folder)
    _refuse_what_does_not_hold(folder, files)
    manifest = json.loads(files[MANIFEST])
    if manifest["data_source"] != "real":
        told = f"{folder}: is a {manifest['data_source']} run and is not signed"
        raise ConfigError(f"{told}; only runs on real instruments are verification evidence")
    before = json.loads(files[SIGNATURES])["signatures"] if SIGNATURES in files else []
    signature = _signed(key, sha256(files[MANIFEST]), before, {"name": name, "meaning": meaning, "time": _utc(at)})
    if problem := independence_problem(signature, [*before, signature]):
        raise ConfigError(f"{folder}: {problem}; let somebody else sign, with another key")
    _write(folder, [*before, signature])
    return signature


def _refuse_what_does_not_hold(folder: Path, files: Files) -> None:
    if wrong := what_is_wrong(check_run(files, ed25519=verify_signature)):
        raise ConfigError(f"{folder}: is not signed, as it does not hold: {wrong[0]}")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _signed(key: Ed25519PrivateKey, manifest_sha256: str, before: list[dict[str, Any]], told: dict[str, str]) -> dict[str, Any]:
    previous = signature_hash(before[-1] if before else None)
    plain = {"manifest_sha256": manifest_sha256, "public_key": public_bytes(key).hex(), "previous": previous, **told}
    return {**plain, "signature": key.sign(signed_bytes(plain)).hex()}


def _write(folder: Path, signatures: list[dict[str, Any]]) -> None:
    try:
        replace_file(folder / SIGNATURES, rendered({"schema": SIGNATURES_SCHEMA, "signatures": signatures}))
    except OSError as err:
        raise ConfigError(f"{folder}: the signature cannot be written ({err.strerror})") from err

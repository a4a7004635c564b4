"""Who answers for an image or a student: Ed25519 signatures beside the files, and their check."""

from toolchain.signing.folder import (
    check_build,
    check_student,
    is_build,
    read_signed_build,
    sign_build,
    sign_student,
)
from toolchain.signing.keys import Signer, fingerprint, load_public_key, load_signer, new_keys
from toolchain.signing.signature import SIGNATURE_FILE, Signature

__all__ = [
    "SIGNATURE_FILE",
    "Signature",
    "Signer",
    "check_build",
    "check_student",
    "fingerprint",
    "is_build",
    "load_public_key",
    "load_signer",
    "new_keys",
    "read_signed_build",
    "sign_build",
    "sign_student",
]

"""UF2, the file format of boot loaders that show up as a drive (Microsoft's USB Flashing Format specification)."""

import struct

from toolchain.target.schema import UF2_PAYLOAD_BYTES

_MAGIC_START = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FLAG_FAMILY_ID_PRESENT = 0x00002000

#: Bytes of a block's data field, of which only the payload is used.
_DATA_BYTES = 476
BLOCK_BYTES = 512


def to_uf2(image: bytes, address: int, family_id: int) -> bytes:
    """Return ``image`` as UF2 blocks of 512 bytes; the last one is filled up with zeros.

    Args:
        image: what goes into flash, at least one byte.
        address: where its first byte goes, a multiple of 256.
        family_id: the chip family's number, which the boot loader compares with its own.
    """
    assert image and address % UF2_PAYLOAD_BYTES == 0
    payloads = [image[start : start + UF2_PAYLOAD_BYTES] for start in range(0, len(image), UF2_PAYLOAD_BYTES)]
    return b"".join(
        _block(payload, address + number * UF2_PAYLOAD_BYTES, number, len(payloads), family_id)
        for number, payload in enumerate(payloads)
    )


def _block(payload: bytes, address: int, number: int, count: int, family_id: int) -> bytes:
    header = (*_MAGIC_START, _FLAG_FAMILY_ID_PRESENT, address, UF2_PAYLOAD_BYTES, number, count, family_id)
    return struct.pack("<8I", *header) + payload.ljust(_DATA_BYTES, b"\0") + struct.pack("<I", _MAGIC_END)

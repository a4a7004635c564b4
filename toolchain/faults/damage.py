"""The faults of one direction, applied to the bytes that go that way. Nothing here waits, reads or writes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from toolchain.faults.fault import OF_FRAMES, OF_THE_LINE, Fault, Kind

#: What a boot loader prints: bytes of a wrong baud rate, delimiters among them, and the ROM's banner.
BOOT_NOISE = b"\xff\x00\xe0\xfc\x80\r\nets Jun  8 2016 00:22:57\r\n\x00\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n"

_DELIMITER = 0


@dataclass(frozen=True)
class PassedFrame:
    """A frame that came in: the number of its first byte, and its bytes, delimiter included."""

    start: int
    length: int


class Damage:
    """Takes the bytes of one direction and gives what becomes of them.

    Args:
        faults: of this direction.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._at_byte: dict[int, list[Fault]] = defaultdict(list)
        self._in_frame: dict[tuple[int, int], list[Fault]] = defaultdict(list)
        self._at_delimiter: dict[int, list[Fault]] = defaultdict(list)
        self._lost_frames: dict[int, Fault] = {}
        for fault in faults:
            if fault.kind not in OF_FRAMES:
                self._at_byte[fault.position].append(fault)
            elif fault.kind is Kind.LOSE_FRAME:
                self._lost_frames[fault.position] = fault
            elif fault.kind in (Kind.REPEAT_FRAME, Kind.MERGE):
                self._at_delimiter[fault.position].append(fault)
            else:
                self._in_frame[fault.position, fault.value].append(fault)
        #: Bytes that came in so far, and the frames that are complete; a frame ends with the delimiter after something.
        self.bytes = 0
        self.frames: list[PassedFrame] = []
        #: Faults that have happened.
        self.happened: list[Fault] = []
        self._frame = bytearray()  # what came in of the frame that is not complete
        self._dropping = 0
        self._held = b""  # comes after the next byte

    def feed(self, data: bytes) -> list[bytes | Fault]:
        """Take the next bytes; return what goes on, with the faults of the line at their places in it."""
        out: list[bytes | Fault] = []
        passed = bytearray()
        for byte in data:
            faults = self._faults_here(byte)
            for fault in faults:
                if fault.kind in OF_THE_LINE:
                    if passed:
                        out.append(bytes(passed))
                        passed.clear()
                    out.append(fault)
            passed += self._pass(byte, faults)
            self._count(byte)
        if passed:
            out.append(bytes(passed))
        return out

    def _faults_here(self, byte: int) -> list[Fault]:
        """The faults at this byte; none of them is met again."""
        faults = self._at_byte.pop(self.bytes, [])
        if byte != _DELIMITER or self._frame:
            number = len(self.frames)
            faults = faults + self._in_frame.pop((number, len(self._frame)), [])
            if byte == _DELIMITER:
                faults = faults + self._at_delimiter.pop(number, [])
        self.happened += faults
        return faults

    def _is_of_lost_frame(self, byte: int) -> bool:
        fault = self._lost_frames.get(len(self.frames))
        if fault is None or (byte == _DELIMITER and not self._frame):
            return False
        if byte == _DELIMITER:
            self.happened.append(fault)
        return True

    def _pass(self, byte: int, faults: list[Fault]) -> bytes:
        out = bytes((byte,))
        hold = False
        for fault in faults:
            match fault.kind:
                case Kind.FLIP:
                    out = out[:-1] + bytes((out[-1] ^ 1 << fault.value,)) if out else out
                case Kind.DROP:
                    self._dropping = fault.value
                case Kind.DUPLICATE:
                    out *= 2
                case Kind.INSERT:
                    out = bytes((fault.value,)) + out
                case Kind.REORDER:
                    hold = True
                case Kind.CUT:
                    out = bytes((_DELIMITER,)) + out
                case Kind.NOISE:
                    out = BOOT_NOISE + out
                case Kind.REPEAT_FRAME:
                    out += bytes(self._frame) + bytes((byte,))
                case Kind.MERGE:
                    out = b""
        if self._is_of_lost_frame(byte):
            out = b""
        if self._dropping:
            self._dropping -= 1
            out = b""
        if hold:
            self._held += out
            return b""
        out, self._held = out + self._held, b""
        return out

    def _count(self, byte: int) -> None:
        self.bytes += 1
        if byte != _DELIMITER:
            self._frame.append(byte)
        elif self._frame:
            length = len(self._frame) + 1
            self.frames.append(PassedFrame(self.bytes - length, length))
            self._frame.clear()

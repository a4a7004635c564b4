"""Images that boot in labwired, which simulates chips by their register maps. It is young: this is a smoke test."""

import pytest
from labwired import Sim

from tests.builds import build_once
from toolchain.link.frames import Frame, FrameReader, encode
from toolchain.link.protocol import Hello, HelloReply, MessageType
from toolchain.target import load_target

pytestmark = pytest.mark.board

MODEL = "wav2small-17k"
TOKEN = b"token #1"

NVIC_ISER = 0xE000E100
NVIC_ISPR = 0xE000E200


def test_an_rp2040_boots_and_says_what_it_is():
    """Its PL011 raises no interrupts, so the test does: the driver takes the bytes from the receive FIFO."""
    build, uart = build_once("rp2040", MODEL), load_target("rp2040").board.uart
    with Sim(build.elf, chip="rp2040", uart="uart0") as chip:
        chip.run_for("5ms")  # most of them for the check of its image
        assert chip.read_u32(NVIC_ISER) == 1 << uart.receive_irq
        chip.send_bytes(encode(Frame(MessageType.HELLO, 0, Hello(TOKEN).pack())))
        chip.write_u32(NVIC_ISPR, 1 << uart.receive_irq)
        chip.run_for("5ms")
        *_, frame = FrameReader().feed(chip.read_uart_bytes())  # after the one that announces its start
    reply = HelloReply.unpack(frame.payload)
    assert frame.type == MessageType.HELLO_REPLY
    assert (reply.token, reply.build_id, reply.model_hash) == (TOKEN, build.build_id, build.model_hash)
    assert (reply.target, reply.model, reply.ticks_hz) == ("rp2040", MODEL, 1_000_000)


def test_an_nrf52840_starts_its_crystal_and_sets_up_its_uart():
    """Its UART has no console there. Registers: nRF52840 Product Specification, "CLOCK", "UART" and "GPIO"."""
    board = load_target("nrf52840").board
    clock_started, uart_enable, uart_txd, uart_rxd, uart_baudrate, gpio_dir = (
        0x40000100,
        board.uart.base + 0x500,
        board.uart.base + 0x50C,
        board.uart.base + 0x514,
        board.uart.base + 0x524,
        0x50000514,
    )
    with Sim(build_once("nrf52840", MODEL).elf, chip="nrf52840") as chip:
        chip.run_for("1ms")
        assert chip.read_u32(clock_started) == 1
        assert chip.read_u32(uart_enable) == 4
        assert (chip.read_u32(uart_txd), chip.read_u32(uart_rxd)) == (6, 8)
        assert chip.read_u32(uart_baudrate) == 0x01D7E000  # the specification's value for 115200
        assert chip.read_u32(gpio_dir) == 1 << 6
        interrupts = (board.uart.receive_irq, board.microphone.irq, board.watchdog.irq)
        assert chip.read_u32(NVIC_ISER) == sum(1 << number for number in interrupts)

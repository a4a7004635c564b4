// Runs a UF2 image on rp2040js, with UART0 on a TCP port of this computer, until standard input ends.
//
//     node rp2040js_runner.cjs RP2040JS_FOLDER IMAGE.uf2 BAUD
//
// The first line of output is "listening on PORT". There is no boot ROM: what it does for an image in flash is done here.
"use strict";

const fs = require("fs");
const net = require("net");

const FLASH_START = 0x10000000;
const RAM_START = 0x20000000;

// RP2040 Datasheet, 2.8.1: the boot ROM checks 256 bytes of flash, copies them to the end of the RAM and jumps there.
const BOOT_LOADER_BYTES = 256;
const BOOT_LOADER_ADDRESS = 0x20041f00;

const UF2_BLOCK_BYTES = 512;
const UF2_MAGICS = [[0, 0x0a324655], [4, 0x9e5d5157], [508, 0x0ab16f30]];
const RP2040_FAMILY = 0xe48bff56;

const BITS_PER_BYTE = 10;
const BAUD_TOLERANCE = 0.02; // a receiver that samples in the middle of ten bits still finds the last one
const SLICE_MS = 5; // of simulation between looks at the socket
const INSTRUCTIONS_PER_LOOK = 200;

function fail(message) {
  console.log(`rp2040js: ${message}`);
  process.exit(1);
}

function loadUf2(path, flash) {
  const file = fs.readFileSync(path);
  for (let start = 0; start < file.length; start += UF2_BLOCK_BYTES) {
    const block = file.subarray(start, start + UF2_BLOCK_BYTES);
    const isUf2 = block.length === UF2_BLOCK_BYTES && UF2_MAGICS.every(([at, magic]) => block.readUInt32LE(at) === magic);
    if (!isUf2) fail(`${path} is not a UF2 file`);
    if (block.readUInt32LE(28) !== RP2040_FAMILY) fail(`${path} is not for the RP2040`);
    const address = block.readUInt32LE(12);
    flash.set(block.subarray(32, 32 + block.readUInt32LE(16)), address - FLASH_START);
  }
}

// CRC-32 without reflection or final inversion (2.8.1.3.1).
function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

function boot(chip) {
  const loader = Buffer.from(chip.flash.subarray(0, BOOT_LOADER_BYTES));
  if (checksum(loader.subarray(0, -4)) !== loader.readUInt32LE(BOOT_LOADER_BYTES - 4)) {
    fail("the boot loader's checksum is wrong, a boot ROM would not run it");
  }
  chip.sram.set(loader, BOOT_LOADER_ADDRESS - RAM_START);
  chip.core.PC = BOOT_LOADER_ADDRESS;
}

// UART0 takes bytes at the rate it is set to, and only if that is the line's.
class Line {
  constructor(chip, baud) {
    this.uart = chip.uart[0];
    this.clock = chip.clock;
    this.baud = baud;
    this.arriving = [];
    this.leaving = [];
    this.nextByteNanos = 0;
    this.uart.onByte = (byte) => {
      this.check();
      this.leaving.push(byte);
    };
  }

  check() {
    const rate = this.uart.baudRate;
    if (Math.abs(rate / this.baud - 1) > BAUD_TOLERANCE) fail(`the UART runs at ${rate} baud instead of ${this.baud}`);
  }

  isIdle() {
    return this.arriving.length === 0;
  }

  nanosToNextByte() {
    return Math.max(0, this.nextByteNanos - this.clock.nanos);
  }

  feed() {
    if (this.isIdle() || this.nanosToNextByte() > 0 || !this.uart.enabled) return;
    this.check();
    this.uart.feedByte(this.arriving.shift());
    this.nextByteNanos = this.clock.nanos + (BITS_PER_BYTE * 1e9) / this.baud;
  }
}

// Simulates for a while; true if the core sleeps and nothing is on its way to it.
function simulate(chip, line) {
  const { core, clock } = chip;
  const end = Date.now() + SLICE_MS;
  while (Date.now() < end) {
    line.feed();
    for (let i = 0; i < INSTRUCTIONS_PER_LOOK && !core.waiting; i++) {
      clock.tick((core.executeInstruction() * 1e9) / chip.clkSys);
    }
    if (!core.waiting) continue;
    if (core.pendingInterrupts & core.enabledInterrupts) {
      core.waiting = false; // also where PRIMASK keeps the interrupt from being served (Armv6-M, B1.5.19)
      continue;
    }
    if (line.isIdle()) return true;
    clock.tick(line.nanosToNextByte());
  }
  return false;
}

function run(chip, line, socket) {
  let slept = 0;
  const step = () => {
    if (slept) chip.clock.tick((Date.now() - slept) * 1e6); // a sleeping chip's time is the computer's
    const sleeps = simulate(chip, line);
    slept = sleeps ? Date.now() : 0;
    const bytes = Buffer.from(line.leaving.splice(0));
    if (bytes.length && socket.open) socket.open.write(bytes);
    if (sleeps) setTimeout(step, 1);
    else setImmediate(step);
  };
  step();
}

function main([library, image, baud]) {
  const { Simulator } = require(library);
  const chip = new Simulator().rp2040;
  const say = (part, message) => console.log(`[${part}] ${message}`);
  chip.logger = { debug() {}, info() {}, warn: say, error: say };
  loadUf2(image, chip.flash);
  boot(chip);

  const line = new Line(chip, Number(baud));
  const socket = { open: null };
  const server = net.createServer((connection) => {
    connection.setNoDelay(true);
    connection.on("data", (bytes) => line.arriving.push(...bytes));
    connection.on("error", () => {});
    connection.on("close", () => {
      if (socket.open === connection) socket.open = null;
    });
    line.arriving.length = 0;
    socket.open = connection;
  });
  server.listen(0, "127.0.0.1", () => {
    console.log(`listening on ${server.address().port}`);
    run(chip, line, socket);
  });
  process.stdin.on("end", () => process.exit(0)).resume();
}

main(process.argv.slice(2));

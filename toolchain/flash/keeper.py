"""Runs a command and ends it when standard input ends.

An emulator then never outlives the program that started it, even one that is killed. Run as
``python keeper.py command ...``; gives back the command's exit code.
"""

import os
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run ``command`` until it ends by itself or standard input does."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end_with_input() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        process.kill()

    threading.Thread(target=end_with_input, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``python -m toolchain``, the same as the console script ``toolchain``."""

from toolchain.cli.app import main

if __name__ == "__main__":
    main()

"""``python -m staticroutes``."""

from staticroutes.cli import main

if __name__ == "__main__":
    main()

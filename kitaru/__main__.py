"""``python -m kitaru``: the command line, for this interpreter."""

from kitaru.cli import main

if __name__ == "__main__":
    main()

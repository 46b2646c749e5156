"""The entry: `run.py VERB …`, also installed as `ninefifteen`."""

from cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()

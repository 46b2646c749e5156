"""The entry: `run.py VERB …`, also installed as `ninefifteen`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run a verb. Importing takes most of a second, in which Ctrl-C is no error either."""
    try:
        from cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

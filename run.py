"""The entry: `run.py VERB …`, also installed as `ninefifteen`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run a verb. Importing takes most of a second, in which Ctrl-C is no error either."""
    try:
        if sys.argv[1:2] == ["simulator"]:  # it needs none of the rest, whose import takes most of its start
            from cli.simulate import main as run
        else:
            from cli.app import main as run
        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

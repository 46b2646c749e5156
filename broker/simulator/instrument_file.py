"""The instrument file as it is served: the bytes that were read, with the lines that corporate actions changed."""

import csv
import io
from collections.abc import Mapping


class InstrumentFile:
    """`content` is what a download gets from now on."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def revise(self, symbol: str, changes: dict[str, str]) -> None:
        """Write new values into columns (named without their trailing blanks) of the line of the trading symbol."""
        self.revise_all({symbol: changes})

    def revise_all(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """The same for many symbols."""
        header, *lines = self.content.decode("utf-8-sig").splitlines()
        columns = [name.strip() for name in header.split(",")]
        place = columns.index("pTrdSymbol")
        for number, line in enumerate(lines):
            (cells,) = csv.reader([line])
            if len(cells) > place and cells[place] in changes:
                lines[number] = _line(dict(zip(columns, cells, strict=False)) | dict(changes[cells[place]]))
        self.content = "\n".join([header, *lines, ""]).encode()


def _line(row: dict[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row.values())
    return text.getvalue()

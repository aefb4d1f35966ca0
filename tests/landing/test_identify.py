"""One pass over a file's bytes: who it is, and whether the fast reader can be trusted with it."""

from __future__ import annotations

import hashlib
import io

import pytest

from hitparade.landing.identify import CHUNK, fingerprint
from hitparade.model import Fingerprint


def printed(data: bytes, delimiter: str = ",") -> Fingerprint:
    return fingerprint(io.BytesIO(data), delimiter=delimiter)


def test_a_file_is_known_by_its_content() -> None:
    data = b"a,b\n1,2\n" * 300_000

    found = printed(data)

    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.size, found.lines) == (len(data), 600_000)


@pytest.mark.parametrize(
    ("data", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\r\nb\r\n", 2), (b"\n\n", 2)]
)
def test_a_last_line_without_an_end_is_a_line(data: bytes, lines: int) -> None:
    assert printed(data).lines == lines


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b'a,b\n"1","2"\n"""x"",y",2\n',
        b"a,b\n1, 2 \n 3,4\n",
        "a,b\nä,日本\n".encode(),
        b"\xef\xbb\xbfa,b\n1,2\n",
        b'a,b\n"1\n2",3\n',
        b"",
    ],
)
def test_what_the_fast_reader_reads_rightly(data: bytes) -> None:
    assert not printed(data).doubtful


MISREAD = {
    "NUL": b"x\0y",
    "delimiter at the end of a line": b"1,\n",
    "delimiter at the end of a line, CRLF": b"1,\r\n",
    "space before a quote": b'1, "x"',
    "tab before a quote": b'1,\t"x"',
    "space after a quote": b'"x" ,1',
    "tab after a quote": b'"x"\t,1',
    "empty quoted field at the end of a line": b'1,""',
    "padded empty quoted field": b'1, ""',
    "carriage return alone": b"1\r2",
    "carriage return doubled": b"1\r\r\n2",
    "not UTF-8": b"caf\xe9,1",
    "half a surrogate": b"\xed\xa0\x80",
}


@pytest.mark.parametrize("mark", MISREAD.values(), ids=MISREAD.keys())
def test_what_the_fast_reader_misreads(mark: bytes) -> None:
    assert printed(b"a,b\n" + mark + b"\n1,2\n").doubtful
    assert printed(b"a,b\n1,2\n" + mark.rstrip(b"\n")).doubtful


@pytest.mark.parametrize("mark", MISREAD.values(), ids=MISREAD.keys())
def test_nothing_hides_where_two_chunks_meet(mark: bytes) -> None:
    filler = b"1,2\n"
    for before in range(CHUNK - len(mark) - 1, CHUNK + 2):
        data = filler * (before // len(filler)) + b"1" * (before % len(filler)) + mark + b"\n" + filler
        assert printed(data).doubtful, f"{mark!r} at {before}"


def test_a_carriage_return_at_the_very_end_is_alone() -> None:
    assert printed(b"a,b\r\n1,2\r").doubtful


@pytest.mark.parametrize("text", [b"\r\n", "é".encode(), "日".encode(), "😀".encode(), b'""', b'","'])
def test_nothing_is_suspected_where_two_chunks_meet(text: bytes) -> None:
    for before in range(CHUNK - len(text) - 1, CHUNK + 2):
        data = b"1" * before + text + b"1,2\n"
        assert not printed(data).doubtful, f"{text!r} at {before}"


@pytest.mark.parametrize(
    ("delimiter", "data", "doubtful"),
    [
        ("\t", b'a\tb\n"1"\t"2"\n', False),
        ("\t", b'a\tb\n"1" \t2\n', True),
        ("\t", b"a\tb\n1\t\n", True),
        (" ", b'a b\n"1" "2"\n', False),
        (" ", b'a b\n"1"\t"2"\n', True),
        (";", b"a;b\n1;\n", True),
        (";", b"a;b\n1,\n", False),
        ("¦", "a¦b\n1¦\n".encode(), True),
        ("¦", "a¦b\n1¦2\n".encode(), False),
    ],
)
def test_the_delimiter_decides_what_is_misread(delimiter: str, data: bytes, doubtful: bool) -> None:
    assert printed(data, delimiter).doubtful is doubtful


def test_a_long_delimiter_at_the_end_of_a_line_does_not_hide_where_two_chunks_meet() -> None:
    mark = "¦\n".encode()
    for before in range(CHUNK - len(mark) - 1, CHUNK + 2):
        assert printed(b"1" * before + mark, "¦").doubtful, before


@pytest.mark.parametrize(
    ("data", "quotes", "blanks"),
    [
        (b"a b\n", False, False),
        (b'"a"\n', True, False),
        (b"a\tb", False, True),
        (b"\x0b", False, True),
        (b"\x0c", False, True),
    ],
)
def test_quotes_and_white_space_are_noted(data: bytes, quotes: bool, blanks: bool) -> None:
    found = printed(data)

    assert (found.quotes, found.blanks) == (quotes, blanks)

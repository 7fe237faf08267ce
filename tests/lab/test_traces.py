"""Traces: two formats told apart by their content, and every line that cannot
be used refused by its number.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.traces import TraceError, TraceRequest, read_trace

AZURE = Path(__file__).parents[3] / "shared/data"
AZURE /= "azure_llm_trace_conversation.csv"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
MOONCAKE = {"timestamp": 0, "input_length": 600, "output_length": 9}


def trace_file(folder: Path, *lines: str) -> Path:
    """A file of these lines, whose name says nothing."""
    file = folder / "trace"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def mooncake(**fields: object) -> str:
    return json.dumps(MOONCAKE | fields)


def test_an_azure_trace_counts_its_seconds_from_the_first_request(
    tmp_path: Path,
) -> None:
    file = trace_file(
        tmp_path,
        HEADER,
        "2023-11-16 23:59:59.5000000,374,44",
        "2023-11-17 00:00:01.7500000,396,0",
    )
    assert read_trace(file) == [
        TraceRequest(0.0, 374, 44),
        TraceRequest(2.25, 396, 0),
    ]


def test_the_azure_trace_of_2024_has_a_time_zone(tmp_path: Path) -> None:
    file = trace_file(
        tmp_path,
        HEADER,
        "2024-05-10 00:00:00.009930+00:00,2162,5",
        "2024-05-10 02:00:00.509930+02:00,2399,6",
    )
    assert [request.due_seconds for request in read_trace(file)] == [0, 0.5]


def test_columns_are_found_by_name_whatever_a_spreadsheet_did(
    tmp_path: Path,
) -> None:
    file = tmp_path / "trace"
    file.write_bytes(
        b"\xef\xbb\xbfGeneratedTokens,city,ContextTokens,TIMESTAMP\r\n"
        b'44,"Oslo, North",374,2023-11-16 18:15:46\r\n\r\n'
    )
    assert read_trace(file) == [TraceRequest(0.0, 374, 44)]


def test_column_names_may_be_quoted(tmp_path: Path) -> None:
    header = '"TIMESTAMP","ContextTokens","GeneratedTokens"'
    file = trace_file(tmp_path, header, "2023-11-16 18:15:46,374,44")
    assert read_trace(file) == [TraceRequest(0.0, 374, 44)]


def test_a_mooncake_trace_has_milliseconds_and_prefix_ids(
    tmp_path: Path,
) -> None:
    file = trace_file(
        tmp_path,
        mooncake(timestamp=1000, hash_ids=[46, 47]),
        mooncake(timestamp=3500, hash_ids=[46, 99]),
        mooncake(timestamp=3500),
    )
    assert read_trace(file) == [
        TraceRequest(0.0, 600, 9, (0, 1)),
        TraceRequest(2.5, 600, 9, (0, 2)),
        TraceRequest(2.5, 600, 9),
    ]


def test_prefix_ids_may_be_texts(tmp_path: Path) -> None:
    file = trace_file(tmp_path, mooncake(hash_ids=["9f1c", "77ab", "9f1c"]))
    assert read_trace(file)[0].prefix_ids == (0, 1, 0)


def test_what_comes_after_the_limit_is_not_looked_at(tmp_path: Path) -> None:
    file = trace_file(tmp_path, mooncake(), mooncake(), "broken")
    assert len(read_trace(file, limit=2)) == 2
    with pytest.raises(TraceError, match="line 3"):
        read_trace(file, limit=3)
    with pytest.raises(ValueError, match="limit must be from 1, not 0"):
        read_trace(file, limit=0)


LATE, SOON = "2023-11-16 18:15:46.6,374,44", "2023-11-16 18:15:45.1,374,44"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "line 1: there are no requests"),
        ([HEADER], "line 1: there are no requests"),
        (["text,category", "a,b"], "line 1: no known format.*Azure.*Mooncake"),
        (["[1, 2]"], "line 1: no known format"),
        (["TIMESTAMP,ContextTokens"], "line 1: no column GeneratedTokens"),
        ([HEADER, LATE, SOON], "line 3: earlier than the line before"),
        ([HEADER, "soon,374,44"], "line 2: TIMESTAMP 'soon' is no time"),
        ([HEADER, LATE, "2023-11-16,374"], "line 3: 2 columns, not 3"),
        (
            [HEADER, "2023-11-16,-1,44"],
            "line 2: ContextTokens .*not '-1'",
        ),
        ([HEADER, "2023-11-16,NaN,44"], "line 2: ContextTokens must"),
        ([HEADER, "2023-11-16,1.5,44"], "line 2: ContextTokens must"),
        ([HEADER, "2023-11-16,1,٣"], "line 2: GeneratedTokens must"),
        (
            [HEADER, "2023-11-16,1," + "9" * 9999],
            "GeneratedTokens must be.*9$",
        ),
        ([HEADER, "2023-11-16,\x1b[2J,1"], r"not '\\x1b\[2J'"),
        (["TIMESTAMP," + HEADER], "line 1: two columns TIMESTAMP"),
        (
            [HEADER, "2023-11-16,1,1", "2023-12-18,1,1"],
            "line 3: more than 31 days after",
        ),
        ([HEADER, '"' + "9" * 200_000], "line 2: field larger"),
        ([HEADER, "2023-11-16,1,\0"], "line 2: this is no text file"),
        (["{"], "line 1: this is not JSON"),
        ([mooncake(), "[1]"], "line 2: this is no JSON object"),
        ([mooncake(), '{"a":' + "[" * 99_999], "line 2: this is not JSON"),
        (['{"timestamp": 1}'], "line 1: no input_length, output_length"),
        ([mooncake(timestamp=float("nan"))], "line 1: timestamp must"),
        ([mooncake(timestamp=-1)], "line 1: timestamp must"),
        ([mooncake(timestamp="1")], "line 1: timestamp must"),
        ([mooncake(timestamp=True)], "line 1: timestamp must"),
        ([mooncake(input_length=1.5)], "line 1: input_length must"),
        ([mooncake(input_length=None)], "line 1: input_length must"),
        ([mooncake(output_length=10**9)], "line 1: output_length must"),
        ([mooncake(hash_ids=7)], "line 1: hash_ids must"),
        ([mooncake(hash_ids=[[7]])], "line 1: hash_ids must"),
        ([mooncake(timestamp=9), "", mooncake()], "line 3: earlier"),
    ],
)
def test_a_trace_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], problem: str
) -> None:
    with pytest.raises(TraceError, match=f"trace, .*{problem}") as refused:
        read_trace(trace_file(tmp_path, *lines))
    assert len(str(refused.value)) < 400 + len(str(tmp_path))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(TraceError, match="line 1: this is not UTF-8 text"):
        read_trace(file)
    file.write_bytes(b"{" * 2 * 1024**2)  # a line without an end
    with pytest.raises(TraceError, match="line 1: this line is longer"):
        read_trace(file)
    file.write_bytes(b"\0" * 2 * 1024**2)
    with pytest.raises(TraceError, match="line 1: this is no text file"):
        read_trace(file)


def test_a_file_that_is_not_there_or_too_large_is_refused_by_name(
    tmp_path: Path,
) -> None:
    with pytest.raises(TraceError, match=r"there is no file .*nowhere"):
        read_trace(tmp_path / "nowhere")
    with pytest.raises(TraceError, match="is no file"):
        read_trace(tmp_path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1024**3 + 1)  # sparse: takes no room on the disk
    with pytest.raises(TraceError, match="large is larger than 1 GiB"):
        read_trace(tmp_path / "large")


@pytest.mark.skipif(not AZURE.exists(), reason=f"no {AZURE.name} here")
def test_an_hour_of_a_real_service_is_read() -> None:
    trace = read_trace(AZURE)
    assert len(trace) == 19_366
    assert 3_500 < trace[-1].due_seconds < 3_540
    assert sum(request.output_tokens for request in trace) == 4_088_665

"""Whether a board, and the computer that drives it, is at the end as it was after the first clips."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, combinations
from statistics import median

from toolchain.errors import DriftError
from toolchain.soak.report import Batch, Change, Figures, Row

#: The first and the last part of a run are compared; a session's first part warms it up.
_PARTS = 10

#: A count of ticks is rounded for every frame, which comes to less than an instruction.
_ROUNDING_INSTRUCTIONS = 1.0

#: KiB by which memory may grow over a whole run, all of it: over 10,000 clips, 200 bytes each.
GROWTH_KIB = 2048


def finished(row: Row, health: str | None) -> Row:
    """The row of a board that has run all its clips; its batches are let go of if it passed."""
    done = row.model_copy(update={"figures": figures_of(row), "health": health, "error": None})
    return done if problems(done) else done.model_copy(update={"batches": ()})


def figures_of(row: Row) -> Figures:
    """What a board's batches come to."""
    batches = row.batches
    settled = _settled_sessions(row)
    compared, drift = _drift(row)
    return Figures(
        clips=row.done,
        sessions=row.sessions,
        seconds=round(sum(batch.seconds for batch in batches), 1),
        **{
            name: sum(getattr(batch, name) for batch in batches)
            for name in ("equal", "lost", "damaged", "repeated", "restarts")
        },
        ticks_compared=compared,
        drift_instructions=drift,
        stack=_change(settled, lambda batch: batch.stack_used),
        host_files=_change(settled, lambda batch: batch.host.files),
        host_threads=_change(settled, lambda batch: batch.host.threads),
        board_files=_change(settled, lambda batch: batch.board.files),
        host_growth_kib=_growth(row, lambda batch: batch.host.resident_kib),
        board_growth_kib=_growth(row, lambda batch: batch.board.resident_kib),
    )


def problems(row: Row) -> list[str]:
    """Why a board did not pass; empty if it did."""
    figures = row.figures
    if row.error is not None or figures is None:
        return [row.error or f"only {row.done:,} of {row.wanted:,} clips were run"]
    found = [
        (figures.clips < row.wanted, f"only {figures.clips:,} of {row.wanted:,} clips were run"),
        (figures.equal < figures.clips, f"{figures.clips - figures.equal:,} results are wrong"),
        (figures.lost > 0, f"{figures.lost:,} frames were lost"),
        (figures.damaged > 0, f"{figures.damaged:,} frames were damaged"),
        (figures.restarts > 0, f"the board restarted {figures.restarts:,} times"),
        (row.health != "sound", f"at the end the board is not sound: {row.health}"),
        *_drift_problems(row, figures),
        *_change_problems(figures),
        *_growth_problems(figures),
    ]
    return [text for is_so, text in found if is_so]


def require_no_drift(rows: Iterable[Row]) -> None:
    """Refuse boards that did not pass.

    Raises:
        DriftError: naming each of them, and why.
    """
    rows = list(rows)
    bad = [f"{row.board}: {'; '.join(found)}" for row in rows if (found := problems(row))]
    if bad:
        raise DriftError(
            f"{len(bad)} of {len(rows)} boards did not pass the soak; {' | '.join(bad)}",
            "the file of --json keeps what each board did; boards that stopped go on with --resume",
        )


def _drift_problems(row: Row, figures: Figures) -> list[tuple[bool, str]]:
    if row.ticks_per_instruction is None:
        return []
    drift = figures.drift_instructions
    return [
        (figures.ticks_compared == 0, "no clip ran undisturbed in the first and in the last tenth"),
        (
            drift is not None and drift > _ROUNDING_INSTRUCTIONS,
            f"the same clip takes {drift or 0:,.0f} instructions more or less at the end",
        ),
    ]


def _change_problems(figures: Figures) -> list[tuple[bool, str]]:
    changes = {
        "the most the board's stack has held": figures.stack,
        "open files of this computer's process": figures.host_files,
        "threads of this computer's process": figures.host_threads,
        "open files of the emulator": figures.board_files,
    }
    return [
        (
            change is None or change.first != change.last,
            f"{what} changed from {change.first:,} to {change.last:,}" if change else f"{what} was not measured",
        )
        for what, change in changes.items()
    ]


def _growth_problems(figures: Figures) -> list[tuple[bool, str]]:
    growths = {
        "this computer's process": figures.host_growth_kib,
        "the emulator": figures.board_growth_kib,
    }
    return [
        (
            growth is None or growth > GROWTH_KIB,
            f"the memory of {what} " + (f"grew by {growth:,} KiB" if growth is not None else "was not measured"),
        )
        for what, growth in growths.items()
    ]


def _part(row: Row) -> int:
    """Clips in the first, and in the last, part."""
    return max(1, row.wanted // _PARTS)


def _first(batches: Sequence[Batch], clips: int) -> int:
    """How many batches hold the first ``clips`` clips."""
    totals = accumulate(batch.clips for batch in batches)
    return next((number for number, total in enumerate(totals, 1) if total >= clips), len(batches))


def _settled_sessions(row: Row) -> list[list[Batch]]:
    """Of every session long enough, the batches from the one that completes its first part on."""
    sessions = []
    for session in range(1, row.sessions + 1):
        batches = [batch for batch in row.batches if batch.session == session]
        settled = batches[_first(batches, _part(row)) - 1 :]
        if len(settled) > 1:
            sessions.append(settled)
    return sessions


def _change(sessions: list[list[Batch]], value: Callable[[Batch], int]) -> Change | None:
    """The session in which a figure changed most between its first part and its end, or the last one."""
    changes = [Change(first=value(batches[0]), last=value(batches[-1])) for batches in sessions]
    return max(reversed(changes), key=lambda change: abs(change.last - change.first), default=None)


def _growth(row: Row, value: Callable[[Batch], int]) -> int | None:
    """Growth over all clips in KiB, after Theil and Sen: the median of the slopes between all pairs of batches."""
    slopes = []
    for batches in _settled_sessions(row):
        ends = list(accumulate(batch.clips for batch in batches))
        points = list(zip(ends, map(value, batches), strict=True))
        slopes += [(last - first) / (end - begin) for (begin, first), (end, last) in combinations(points, 2)]
    return round(median(slopes) * row.wanted) if slopes else None


def _drift(row: Row) -> tuple[int, float | None]:
    """How many clips can be compared, and the most instructions by which one of them differs."""
    if row.ticks_per_instruction is None:
        return 0, None
    first = _fewest(row.batches[: _first(row.batches, _part(row))])
    backwards = row.batches[::-1]
    last = _fewest(backwards[: _first(backwards, _part(row))])
    common = first.keys() & last.keys()
    most = max((abs(last[clip] - first[clip]) for clip in common), default=0)
    return len(common), round(most / row.ticks_per_instruction, 1)


def _fewest(batches: Iterable[Batch]) -> dict[int, int]:
    fewest: dict[int, int] = {}
    for batch in batches:
        for clip, ticks in batch.ticks.items():
            fewest[clip] = min(ticks, fewest.get(clip, ticks))
    return fewest

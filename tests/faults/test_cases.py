"""The enumeration has every fault once, and the same ones again from the same seed."""

from dataclasses import replace

from toolchain.faults import RANDOM, Plan, find_case
from toolchain.faults.cases import Case, spread
from toolchain.faults.fault import OF_FRAMES, Direction
from toolchain.faults.session import Passed

PASSED = Passed(
    {Direction.TO_BOARD: 100, Direction.TO_HOST: 40},
    {Direction.TO_BOARD: ((1, 59), (61, 39)), Direction.TO_HOST: ((0, 40),)},
)
PLAN = Plan(PASSED, seed=7, random_sessions=1000)


def test_every_byte_and_bit_and_frame_has_its_cases():
    counts = {kind: len(numbers) for kind, numbers in PLAN.cases().items()}
    assert counts["bit flipped"] == 8 * 140
    assert counts["byte dropped"] == counts["byte duplicated"] == 140
    assert counts["byte inserted"] == 3 * 140
    assert counts["two bytes reordered"] == 140 - 2
    assert counts["frame lost"] == counts["frames merged"] == counts["board killed"] == 3
    assert counts["board reset"] == counts["boot noise"] == counts["port moved"] == 2 * 3
    assert counts[RANDOM] == 1000


def test_no_two_single_faults_are_the_same():
    faults = [fault for kind in PLAN.singles().values() for fault in kind]
    assert len(set(faults)) == len(faults)


def test_every_single_fault_is_at_a_byte_or_frame_that_there_is():
    for faults in PLAN.singles().values():
        for fault in faults:
            places = PASSED.frames if fault.kind in OF_FRAMES else PASSED.bytes
            bound = places[fault.direction]
            assert fault.position < (bound if isinstance(bound, int) else len(bound))


def test_the_same_seed_gives_the_same_random_sessions_and_another_one_others():
    first = [PLAN.random_faults(number) for number in range(50)]
    assert first == [PLAN.random_faults(number) for number in range(50)]
    assert first != [replace(PLAN, seed=8).random_faults(number) for number in range(50)]
    assert {len(faults) for faults in first} == set(range(2, 9))
    case = find_case(PLAN, f"{RANDOM}:3")
    assert case.entropy()(8) == case.entropy()(8) != case.entropy(1)(8)


def test_of_random_faults_one_at_least_is_where_a_session_comes_by():
    for number in range(2000):
        first = PLAN.random_faults(number)[0]
        if first.kind not in OF_FRAMES:
            assert first.position < PASSED.bytes[first.direction]
            continue
        _, length = PASSED.frames[first.direction][first.position]
        assert first.value < max(2, length)


def test_a_session_none_of_whose_faults_happened_is_no_case():
    assert find_case(PLAN, f"{RANDOM}:3").must_happen == 1
    assert find_case(PLAN, "frame lost:1").must_happen == 1
    assert Case("recovery", 0, (), "seed").must_happen == 0


def test_a_share_is_spread_evenly_and_never_empty():
    assert spread(1000, 0.01) == list(range(0, 1000, 100))
    assert spread(1000, 1.0) == list(range(1000))
    assert spread(3, 0.001) == [0]
    assert all(PLAN.cases().values())
    assert len(replace(PLAN, share=0.1).cases()["bit flipped"]) == 112


def test_a_case_is_found_by_its_name():
    case = find_case(PLAN, "bit flipped:17")
    assert str(case.faults[0]) == "flip (1) at byte 2 to-board"
    for name in ("bit flipped:1120", "bit flipped:-1", "bit flipped", "nonsense:0", ""):
        assert find_case(PLAN, name) is None

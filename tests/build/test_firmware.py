"""Images: reproducible, complete, checked against their budget, and never half-written."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tests.builds import build_once, deployments, strict, student_of
from toolchain.build import budget, build_firmware, identify, read_build
from toolchain.build import firmware as firmware_module
from toolchain.build.folder import sealed
from toolchain.build.sources import firmware_sources
from toolchain.errors import BuildError, DoesNotFitError, MissingToolError, UsageError
from toolchain.model_names import MODELS
from toolchain.target import load_target, target_names

MODEL = "wav2small-17k"
ARM = "mps2-an386"


def changed(name, part, **changes):
    """A target of which some fields of one part differ."""
    target = load_target(name)
    return target.model_copy(update={part: getattr(target, part).model_copy(update=changes)})


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("target_name", "model"), deployments())
def test_every_student_builds_for_every_target_that_holds_it(target_name, model):
    """Without a warning, which would be an error."""
    build = build_once(target_name, model)
    assert build.image.is_file()
    assert build.manifest["target"] == target_name
    assert build.model_hash == student_of(model).digest()[:8]
    assert build.build_id in build.elf.read_bytes()


@pytest.mark.parametrize("target_name", target_names())
def test_two_builds_in_different_folders_have_the_same_bytes(target_name, tmp_path):
    first = build_once(target_name, MODEL)
    again = build_firmware(student_of(MODEL), strict(load_target(target_name)), tmp_path / "deeper" / "elsewhere")
    assert files(again.folder) == files(first.folder)


def test_an_image_s_id_is_known_before_it_is_built():
    assert identify(student_of(MODEL), strict(load_target(ARM))) == build_once(ARM, MODEL).build_id


def test_another_flag_or_student_is_another_build():
    first = build_once("host", MODEL)
    assert build_once("host", MODEL, sanitized=True).build_id != first.build_id
    other = build_once("host", "wav2small-72k")
    assert other.build_id != first.build_id
    assert other.model_hash != first.model_hash


def test_an_image_that_is_profiled_has_the_same_engine(tmp_path):
    target = load_target(ARM)
    plain = firmware_sources(student_of(MODEL), target)
    profiled = firmware_sources(student_of(MODEL), target, profiled=True)
    assert profiled.keys() - plain.keys() == {"app/profile.c", "app/profile.h"}
    assert {name for name, text in plain.items() if profiled[name] != text} == {"app/config.h"}
    build = build_firmware(student_of(MODEL), strict(target), tmp_path / "build", profiled=True)
    assert build.build_id != build_once(ARM, MODEL).build_id
    assert build.sizes.objects["engine/w2s_backbone"] == build_once(ARM, MODEL).sizes.objects["engine/w2s_backbone"]


@pytest.mark.parametrize("model", MODELS)
def test_the_engine_uses_no_floating_point_and_no_heap(model):
    with build_once(ARM, model).elf.open("rb") as file:
        names = {symbol.name for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    assert "w2s_push" in names
    soft_float = ("__aeabi_f", "__aeabi_d", "__aeabi_i2f", "__aeabi_i2d", "__aeabi_l2f")
    assert not [name for name in names if name.startswith(soft_float)]
    assert not names & {"malloc", "free", "_sbrk", "printf"}


#: Below the stack, where a push faults.
GUARD_BYTES = 32


def test_sizes_add_up():
    build = build_once(ARM, MODEL)
    sizes = build.sizes
    assert sizes.flash_bytes == build.image.stat().st_size
    assert sizes.stack_bytes == load_target(ARM).memory.stack_bytes + GUARD_BYTES
    by_name = {section.name: section.bytes for section in sizes.sections}
    assert sizes.ram_static_bytes == by_name[".bss"] + by_name[".noinit"]
    # Alignment between objects is the linker's, not any object's.
    assert 0 <= sizes.flash_bytes - sum(flash for flash, _ in sizes.objects.values()) < 128
    assert 0 <= sizes.ram_static_bytes - sum(ram for _, ram in sizes.objects.values()) < 128
    assert sizes.objects["app/receive_ring"][1] >= 1024


def test_link_and_live_audio_take_little_memory():
    """All but the engine, its window and what keeps watch: the link's two rings of bytes, live audio's of samples."""
    target, objects = load_target(ARM), build_once(ARM, MODEL).sizes.objects
    others = ("app/window", "app/health", "board/fault", "board/memory", "board/startup")
    app = [sizes for name, sizes in objects.items() if name.startswith(("app/", "board/")) and name not in others]
    samples = 2 * target.board.microphone.ring_samples
    assert sum(flash for flash, _ in app) < 4096
    assert sum(ram for _, ram in app) - samples - target.link.receive_ring_bytes < 800


def test_an_image_over_budget_is_refused_with_its_excess_and_largest_part(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "target_names", lambda: [ARM])
    sizes = build_once(ARM, MODEL).sizes
    target = changed(ARM, "budget", flash_bytes={MODEL: sizes.flash_bytes - 100})
    with pytest.raises(DoesNotFitError, match=r"of flash, 100 more than its .* engine/w2s_tables with [\d,]+ bytes"):
        build_firmware(student_of(MODEL), target, tmp_path / "out")
    ram_bytes = sizes.ram_static_bytes + sizes.stack_bytes
    target = changed(ARM, "budget", ram_bytes={MODEL: ram_bytes - 1})
    with pytest.raises(DoesNotFitError, match=r"of RAM, 1 more than its .* app/window with [\d,]+ bytes") as caught:
        build_firmware(student_of(MODEL), target, tmp_path / "out")
    assert "smaller model" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_an_image_over_budget_names_a_target_that_holds_it(tmp_path, monkeypatch):
    small = load_target(ARM).model_copy(update={"name": "tiny"})
    small = small.model_copy(update={"budget": small.budget.model_copy(update={"ram_bytes": {MODEL: 1000}})})
    with pytest.raises(BuildError) as caught:
        build_firmware(student_of(MODEL), small, tmp_path / "out")
    assert ARM in caught.value.hint


@pytest.mark.parametrize(
    ("region", "length", "name", "largest"),
    [("ram", 8192, "RAM", "app/window"), ("flash", 16_384, "flash", "engine/w2s_tables")],
)
def test_an_image_larger_than_the_memory_is_refused_with_its_excess(tmp_path, region, length, name, largest):
    smaller = getattr(load_target(ARM).memory, region).model_copy(update={"length": length})
    target = changed(ARM, "memory", **{region: smaller})
    excess = rf"does not fit the {name} of mps2-an386: [\d,]+ bytes too many"
    with pytest.raises(DoesNotFitError, match=rf"{excess}; the largest part is {largest} with [\d,]+ bytes"):
        build_firmware(student_of(MODEL), target, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_missing_compiler_names_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="arm-none-eabi-gcc") as caught:
        build_firmware(student_of(MODEL), load_target(ARM), tmp_path / "out")
    packages = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
    assert caught.value.hint == f"run: sudo apt-get install --no-install-recommends {packages}"


def test_a_source_that_does_not_compile_is_quoted(tmp_path, monkeypatch):
    def broken(student, target, **options):
        return {**firmware_sources(student, target, **options), "app/main.c": "int main(void) { return nonsense; }\n"}

    monkeypatch.setattr(firmware_module, "firmware_sources", broken)
    with pytest.raises(BuildError, match=r"src/app/main\.c:1:\d+: error: .nonsense. undeclared"):
        build_firmware(student_of(MODEL), load_target("host"), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_unknown_drivers_and_flags_are_named(tmp_path):
    target = load_target(ARM)
    uart = target.board.uart.model_copy(update={"driver": "teletype"})
    odd = target.model_copy(update={"board": target.board.model_copy(update={"uart": uart})})
    with pytest.raises(BuildError, match="no uart driver 'teletype'") as caught:
        build_firmware(student_of(MODEL), odd, tmp_path / "out")
    assert "cmsdk" in caught.value.hint
    with pytest.raises(BuildError, match="no template folder boards/abacus"):
        build_firmware(student_of(MODEL), changed(ARM, "board", template="abacus"), tmp_path / "out")
    with pytest.raises(BuildError, match="cortex-m99"):
        build_firmware(student_of(MODEL), changed(ARM, "compiler", flags=["-mcpu=cortex-m99"]), tmp_path / "out")


@pytest.mark.parametrize(
    ("update", "said"),
    [({"driver": "cerberus"}, "no watchdog driver 'cerberus'"), ({"seconds": 1000}, "the counter has 32 bits")],
)
def test_a_watchdog_that_cannot_be_is_named(tmp_path, update, said):
    target = load_target(ARM)
    watchdog = target.board.watchdog.model_copy(update=update)
    odd = target.model_copy(update={"board": target.board.model_copy(update={"watchdog": watchdog})})
    with pytest.raises(BuildError, match=said):
        build_firmware(student_of(MODEL), odd, tmp_path / "out")


def test_a_failed_build_leaves_the_previous_one_and_other_files_alone(tmp_path):
    out = tmp_path / "out"
    build_firmware(student_of(MODEL), load_target("host"), out)
    (out / "report.json").write_text("{}")
    before = files(out)
    with pytest.raises(BuildError):
        build_firmware(student_of(MODEL), changed("host", "compiler", flags=["-fno-such-flag"]), out)
    assert files(out) == before
    build_firmware(student_of(MODEL), load_target("host"), out)
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def change(manifest: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads(manifest.read_text())
    edit(facts)
    manifest.write_text(json.dumps(sealed(facts)))


@pytest.mark.parametrize(
    "damage",
    [
        "no manifest",
        "no image",
        "other image",
        "not json",
        "other json",
        "deep json",
        "file outside",
        "endless file",
        "image outside",
        "short build id",
        "sizes that are no numbers",
        "negative sizes",
        "other sizes",
    ],
)
def test_a_build_that_is_not_whole_is_not_read(tmp_path, damage):
    folder = tmp_path / "build"
    shutil.copytree(build_once("host", MODEL).folder, folder)
    (tmp_path / "outside").write_bytes(b"")
    manifest = folder / "manifest.json"
    match damage:
        case "no manifest":
            manifest.unlink()
        case "no image":
            (folder / "firmware.elf").unlink()
        case "other image":
            (folder / "firmware.elf").write_bytes(b"other")
        case "not json":
            manifest.write_text("{")
        case "other json":
            manifest.write_text(json.dumps({"files": {}}))
        case "deep json":
            manifest.write_text("[" * 100_000)
        case "file outside":
            change(manifest, lambda facts: facts["files"].update({"../outside": sha256(b"").hexdigest()}))
        case "endless file":
            change(manifest, lambda facts: facts["files"].update({"/dev/zero": ""}))
        case "image outside":
            change(manifest, lambda facts: facts.update(image="../outside"))
        case "short build id":
            change(manifest, lambda facts: facts.update(build_id="00"))
        case "sizes that are no numbers":
            change(manifest, lambda facts: facts["sizes"].update(flash_bytes=[]))
        case "negative sizes":
            change(manifest, lambda facts: facts["sizes"].update(flash_bytes=-5))
        case "other sizes":
            flash = str(json.loads(manifest.read_text())["sizes"]["flash_bytes"])
            manifest.write_text(manifest.read_text().replace(flash, f"9{flash[1:]}"))
    with pytest.raises(UsageError) as caught:
        read_build(folder)
    assert "toolchain build" in caught.value.hint


def test_an_output_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="cannot write the build to"):
        build_firmware(student_of(MODEL), load_target("host"), tmp_path / "file" / "out")


@pytest.mark.parametrize(("target_name", "flash", "ram"), [("hearing-aid-m33", 256, 64), ("hearing-aid-m55", 512, 128)])
def test_a_hearing_aid_holds_both_students_within_its_budget(target_name, flash, ram):
    target = load_target(target_name)
    assert (target.memory.flash.length, target.memory.ram.length) == (flash * 1024, ram * 1024)
    for model in MODELS:
        sizes = build_once(target_name, model).sizes
        assert sizes.flash_bytes <= target.budget.flash_bytes[model] == flash * 1024
        assert sizes.ram_static_bytes + sizes.stack_bytes <= target.budget.ram_bytes[model] == ram * 1024


def test_the_smallest_board_holds_the_17k_and_refuses_the_72k(tmp_path):
    microbit = load_target("microbit")
    sizes = build_once("microbit", MODEL).sizes
    assert sizes.ram_static_bytes + sizes.stack_bytes <= microbit.memory.ram.length == 16 * 1024
    assert sizes.flash_bytes <= microbit.memory.flash.length == 256 * 1024
    with pytest.raises(BuildError, match="microbit"):
        build_firmware(student_of("wav2small-72k"), microbit, tmp_path / "out")

"""ESP-IDF projects: what they hold, and that they compile and run against stand-ins for ESP-IDF."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.builds import student_of
from tests.idf_projects import (
    CHIPS,
    I2S_PINS,
    STUBS,
    compile_project,
    configure,
    esp_target,
    program_once,
    project_once,
    running,
)
from toolchain.build import read_project, write_project
from toolchain.build.folder import sealed
from toolchain.build.idf_project import project_target
from toolchain.errors import BuildError, UsageError
from toolchain.files import sha256_file
from toolchain.link import Board
from toolchain.reference.engine import run
from toolchain.resources import templates_dir
from toolchain.target import EspImage, load_target, target_names

MODEL = "wav2small-17k"

#: Names of settings, each looked up in the Kconfig files of ESP-IDF 5.3, 5.5.5 and 6.0: components esp_system,
#: esp_stdio (the console, since 6.0), bootloader, log, esptool_py and spi_flash (the flash's frequency, since 5.4).
KCONFIG = {
    "BOOTLOADER_LOG_LEVEL_NONE",
    "COMPILER_OPTIMIZATION_PERF",
    "ESPTOOLPY_FLASHFREQ_40M",
    "ESPTOOLPY_FLASHFREQ_80M",
    "ESPTOOLPY_FLASHMODE_DIO",
    "ESPTOOLPY_FLASHSIZE_4MB",
    "ESP_CONSOLE_NONE",
    "ESP_CONSOLE_SECONDARY_NONE",
    "ESP_DEFAULT_CPU_FREQ_MHZ_160",
    "ESP_DEFAULT_CPU_FREQ_MHZ_240",
    "ESP_MAIN_TASK_AFFINITY_CPU0",
    "ESP_MAIN_TASK_STACK_SIZE",
    "ESP_SYSTEM_PANIC_SILENT_REBOOT",
    "ESP_TASK_WDT_CHECK_IDLE_TASK_CPU0",
    "ESP_TASK_WDT_CHECK_IDLE_TASK_CPU1",
    "ESP_TASK_WDT_PANIC",
    "ESP_TASK_WDT_TIMEOUT_S",
    "IDF_TARGET",
    "LOG_DEFAULT_LEVEL_NONE",
}

#: Fields of idf_component.yml (ESP-IDF Component Manager, "idf_component.yml Manifest File Format Reference").
MANIFEST_FIELDS = {
    "dependencies", "description", "discussion", "documentation", "examples", "files", "issues", "license",
    "maintainers", "repository", "repository_info", "tags", "targets", "url", "version",
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def settings(folder: Path) -> dict[str, str]:
    text = (folder / "sdkconfig.defaults").read_text()
    return dict(line.removeprefix("CONFIG_").split("=", 1) for line in text.splitlines() if line.startswith("CONFIG_"))


def noise(samples: int) -> np.ndarray:
    return (np.random.default_rng(samples).normal(size=samples) * 4000).astype(np.int16)


# --- the program ---------------------------------------------------------------------------------------------------


@pytest.fixture(
    scope="module",
    params=[("esp32", MODEL, True), ("esp32c3", "wav2small-72k", False)],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def session(request):
    """A project's program while it runs, and a link to it."""
    chip, model, microphone = request.param
    program = program_once(chip, model, microphone=microphone)
    with running(program) as (url, uart), Board(url) as board:
        yield project_once(chip, model, microphone=microphone), uart, board


def test_the_board_says_what_it_is(session):
    project, _, board = session
    hello = board.require(build_id=project.build_id, model_hash=project.model_hash)
    assert hello.target == project.manifest["target"]
    assert hello.model == project.manifest["model"]
    assert hello.ticks_hz == project_target(esp_target(hello.target)).board.ticks.hz


def test_its_results_are_those_of_the_reference(session):
    project, _, board = session
    for samples in (1600, 16_000):
        result = board.infer(noise(samples))
        assert np.array_equal(result.values, run(student_of(project.manifest["model"]), noise(samples)).output)
        assert result.ticks > 0


def test_it_says_what_memory_it_takes(session):
    _, _, board = session
    memory = board.memory()
    assert memory.static_bytes > 10_000
    # FreeRTOS says how much of a stack was never used, the stand-in always the same.
    assert memory.stack_bytes - memory.stack_used == 1000
    assert memory.stack_bytes == 4096 + 512


def test_the_line_is_uart0_on_the_chips_own_pins(session):
    project, uart, _ = session
    pins = {"esp32": "TX 1, RX 3", "esp32c3": "TX 21, RX 20"}[project.manifest["chip"]]
    assert uart == f"UART0, 115200 baud, {pins}"


def test_another_clock_than_that_of_the_ticks_does_not_compile(tmp_path):
    folder = write_project(student_of(MODEL), esp_target("esp32s3"), tmp_path / "project").folder
    defaults = folder / "sdkconfig.defaults"
    defaults.write_text(defaults.read_text().replace("FREQ_MHZ_240", "FREQ_MHZ_160"))
    assert configure(folder).returncode == 0
    assert "TICKS_HZ in config.h must be the frequency" in compile_project(folder).stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("main/CMakeLists.txt", '        "app/link.c"\n', "", "component main has"),
        ("main/CMakeLists.txt", "esp_driver_uart", "esp_uart", "Failed to resolve component 'esp_uart' required"),
        ("components/wav2small/CMakeLists.txt", '"include"', '"includes"', "is not a directory"),
        ("components/wav2small/CMakeLists.txt", "INCLUDE_DIRS", "INCLUDES", "component wav2small has"),
        ("sdkconfig.defaults", "CONFIG_ESP_CONSOLE", "ESP_CONSOLE", "sdkconfig.defaults: ESP_CONSOLE"),
    ],
)
def test_the_stand_in_finds_mistakes(tmp_path, file, old, new, complaint):
    """Or else it would prove nothing when it finds none."""
    folder = write_project(student_of(MODEL), esp_target("esp32"), tmp_path / "project").folder
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    done = configure(folder)
    assert done.returncode != 0
    assert complaint in re.sub(r"\s+", " ", done.stderr)


def test_a_driver_that_is_not_required_is_not_found(tmp_path):
    folder = write_project(student_of(MODEL), esp_target("esp32"), tmp_path / "project").folder
    cmake = folder / "main" / "CMakeLists.txt"
    cmake.write_text(cmake.read_text().replace("esp_driver_uart", "esp_driver_i2s"))
    assert configure(folder).returncode == 0
    assert "driver/uart.h: No such file" in compile_project(folder).stderr


def test_the_microphone_gives_16_khz_from_the_left_slot(tmp_path):
    """Every sample in order, the upper 16 bits of 32, and none after it was stopped."""
    main = project_once("esp32", MODEL, microphone=True).folder / "main"
    includes = [main / "app", main / "board", *(STUBS / "components").glob("*/include")]
    sources = [main / "board/microphone.c", main / "app/pcm_ring.c", STUBS / "host/i2s.c"]
    driver = Path(__file__).with_name("microphone_driver.c")
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined", "-pthread"]
    subprocess.run(
        [*command, *(f"-I{path}" for path in includes), *sources, driver, "-o", tmp_path / "driver"], check=True
    )
    done = subprocess.run([tmp_path / "driver"], capture_output=True, text=True, timeout=30, check=True)
    setup, *lines = done.stdout.splitlines()
    pins = "BCLK {bclk}, WS {ws}, DIN {din}".format(**I2S_PINS)
    assert setup == f"16000 Hz, slots 1, {pins}"
    runs = [line.split() for line in lines]
    assert [(kind, int(first), int(count)) for kind, first, count in runs] == [
        ("started", 0, 200),
        ("stopped", 0, 0),
        ("again", int(runs[2][1]), 200),
    ]
    assert int(runs[2][1]) % 128 == 0


# --- its files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", CHIPS)
def test_two_projects_have_the_same_bytes(chip, tmp_path):
    again = write_project(student_of(MODEL), esp_target(chip), tmp_path / "deeper" / "elsewhere")
    project = project_once(chip, MODEL)
    assert files(again.folder).items() <= files(project.folder).items()
    assert again == read_project(again.folder)
    assert again.manifest == project.manifest


def test_the_manifest_has_every_file_and_the_id_is_in_the_source():
    project = project_once("esp32s3", MODEL)
    hashes = {name: sha256_file(project.folder / name) for name in files(project.folder) if name != "manifest.json"}
    assert project.manifest["files"] == hashes
    assert project.model_hash == student_of(MODEL).digest()[:8]
    literal = ", ".join(f"0x{byte:02X}" for byte in project.build_id)
    assert literal in (project.folder / "main/app/build_id.c").read_text()
    assert project.build_id.hex() in (project.folder / "README.md").read_text()


def test_another_chip_student_or_microphone_is_another_build():
    projects = [project_once(chip, MODEL) for chip in CHIPS]
    projects += [project_once("esp32", MODEL, microphone=True), project_once("esp32c3", "wav2small-72k")]
    assert len({project.build_id for project in projects}) == len(projects)


def test_the_application_is_that_of_every_board():
    present = {path.name for path in (project_once("esp32", MODEL).folder / "main" / "app").iterdir()}
    assert present == {path.name.removesuffix(".j2") for path in (templates_dir() / "app").iterdir()}


@pytest.mark.parametrize("chip", CHIPS)
def test_settings_are_known_ones_and_the_chips(chip):
    known = settings(project_once(chip, MODEL).folder)
    assert known.keys() <= KCONFIG
    assert known["IDF_TARGET"] == f'"{chip}"'
    clock = project_target(esp_target(chip)).board.clock_hz // 1_000_000
    assert known[f"ESP_DEFAULT_CPU_FREQ_MHZ_{clock}"] == "y"
    assert ("ESP_CONSOLE_SECONDARY_NONE" in known) == (chip != "esp32")
    assert ("ESP_TASK_WDT_CHECK_IDLE_TASK_CPU1" in known) == (chip != "esp32c3")


@pytest.mark.parametrize("name", [name for name in target_names() if isinstance(load_target(name).image, EspImage)])
def test_every_espressif_target_has_a_project(name, tmp_path):
    target = load_target(name)
    project = write_project(student_of(MODEL), target, tmp_path / "project")
    assert settings(project.folder).keys() <= KCONFIG
    assert f"ESPTOOLPY_FLASHFREQ_{target.image.flash_freq.upper()}" in settings(project.folder)
    config = (project.folder / "main/app/config.h").read_text()
    assert f'#define TARGET_NAME "{name}"' in config
    assert f"#define UART_BAUD {target.baud}u" in config
    assert not re.search(r"_BASE|_IRQ", config)
    done = configure(project.folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("part", "upload"), [("main", "false"), ("components/wav2small", "component")])
def test_manifests_keep_to_the_component_managers_rules(part, upload):
    """Its own validator, as strict as for an upload where that could be; it lets unknown fields pass."""
    manager = pytest.importorskip("idf_component_tools.manager", reason="idf-component-manager is not installed")
    folder = project_once("esp32", MODEL).folder / part
    checked = manager.ManifestManager(folder, "", upload_mode=manager.UploadMode(upload)).validate()
    assert checked.validation_errors == []
    text = (folder / "idf_component.yml").read_text()
    fields = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    assert "dependencies" in fields <= MANIFEST_FIELDS
    assert re.findall(r"^  (\w+): ", text, re.MULTILINE) == ["idf"]


def test_a_user_of_the_engine_needs_one_header(tmp_path):
    include = project_once("esp32", MODEL).folder / "components" / "wav2small" / "include"
    assert [path.name for path in include.iterdir()] == ["wav2small.h"]
    (tmp_path / "user.c").write_text('#include "wav2small.h"\nw2s_engine engine;\n')
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{include}", "-c", "user.c"]
    subprocess.run(command, check=True, cwd=tmp_path)


def test_what_esp_idf_and_the_user_put_there_is_left_alone(tmp_path):
    out = tmp_path / "project"
    write_project(student_of(MODEL), esp_target("esp32"), out)
    (out / "build").mkdir()
    for name in ("sdkconfig", "build/wav2small.elf"):
        (out / name).write_text("theirs")
    write_project(student_of(MODEL), esp_target("esp32"), out)
    assert (out / "sdkconfig").read_text() == (out / "build/wav2small.elf").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_a_project_that_is_not_whole_is_not_read(tmp_path):
    out = tmp_path / "project"
    shutil.copytree(project_once("esp32s3", MODEL).folder, out)
    (out / "main/app/link.c").write_text("// other\n")
    with pytest.raises(UsageError, match=r"link\.c is not what the build made") as caught:
        read_project(out)
    assert caught.value.hint == "run 'toolchain build --framework esp-idf' again"
    (out / "manifest.json").write_text(json.dumps({"files": {}}))
    with pytest.raises(UsageError, match=r"manifest\.json is not what the build made"):
        read_project(out)
    (out / "manifest.json").write_text(json.dumps(sealed({"files": {}})))
    with pytest.raises(UsageError, match="there is no finished build in"):
        read_project(out)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="cannot write the build to"):
        write_project(student_of(MODEL), esp_target("esp32"), tmp_path / "file" / "out")


def test_other_chips_are_refused(tmp_path):
    with pytest.raises(UsageError, match="ESP-IDF does not know mps2-an386"):
        write_project(student_of(MODEL), load_target("mps2-an386"), tmp_path / "project")
    assert not list(tmp_path.iterdir())

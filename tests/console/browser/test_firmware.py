"""Firmware in a browser: uploads that name crashes by themselves, links made by hand and taken back."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.people.roles import Role
from tests.analyzer.golden import GOLDEN
from tests.console.browser.axe import findings
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation, build_id_of

pytestmark = pytest.mark.services

DROPPED, FORM, LOST = "cortex-m/isr-fault-Os-fpu", "cortex-m/deadlock-Os-lto", "cortex-m/div-zero-Os-fpu"
WAIT_MS = 30_000


def elf(case: str) -> Path:
    return GOLDEN / case / "firmware.elf"


def symbols_of_page(page: Page, event_id: str, state: str) -> None:
    """Wait until the crash has symbols, or has none any more."""
    for _ in range(60):
        page.goto(f"/crashes/{event_id}")
        if page.get_by_role("definition").filter(has_text=state).count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("main").inner_text())


def test_a_dropped_file_names_the_crashes_that_wait_for_it(installation: Installation, visit: Visit) -> None:
    build_id = build_id_of(DROPPED)
    event_id = installation.crash(DROPPED, "lab-drop", "--firmware", "weather")
    page = visit()
    symbols_of_page(page, event_id, "missing")
    page.goto("/firmware")
    missing = page.locator("#missing").get_by_role("row").filter(has_text=build_id)
    expect(missing.get_by_role("link", name="Upload")).to_be_visible()
    page.evaluate(
        """async ([name, content]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([":020000040000FA"], "zephyr.hex"));
            data.items.add(new File([bytes], name));
            const form = document.querySelector("form[data-drop]");
            form.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
            form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        ["dropped.elf", base64.b64encode(elf(DROPPED).read_bytes()).decode()],
    )
    uploads = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(uploads.nth(0)).to_contain_text("is no ELF file")
    expect(uploads.nth(1)).to_contain_text("its index is being built")
    row = page.locator("#firmware-list").get_by_role("row").filter(has_text="dropped.elf")
    expect(row.get_by_text("ready")).to_be_visible(timeout=WAIT_MS)
    expect(missing).to_have_count(0, timeout=WAIT_MS)
    symbols_of_page(page, event_id, "matched")


def test_files_are_chosen_by_the_keyboard(installation: Installation, visit: Visit) -> None:
    assert installation
    page = visit()
    page.goto("/firmware")
    expect(page.get_by_text("or drop them here")).to_be_visible()  # its script runs
    chooser = page.get_by_label("Add ELF files")
    chooser.focus()
    expect(chooser).to_be_focused()
    with page.expect_file_chooser() as asked:
        page.wait_for_timeout(100)  # the browser has to hear first that choosers are caught
        page.keyboard.press("Enter")
    asked.value.set_files([elf(DROPPED), elf(DROPPED)])
    uploads = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(uploads).to_have_count(2)
    expect(uploads.nth(1)).to_contain_text("its index is being built", timeout=WAIT_MS)


def test_without_scripts_a_form_takes_the_file(installation: Installation, visit: Visit) -> None:
    assert installation
    page = visit(java_script_enabled=False)
    page.goto("/firmware")
    page.get_by_label("Add ELF files").set_input_files(elf(FORM))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/firmware")
    row = page.locator("#firmware-list").get_by_role("row").filter(has_text="firmware.elf").first
    for _ in range(60):
        if row.get_by_text("ready").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    row.get_by_role("link").first.click()
    expect(page.get_by_text(build_id_of(FORM))).to_be_visible()


def test_a_firmware_is_chosen_by_hand_and_taken_back(installation: Installation, visit: Visit) -> None:
    installation.run("firmware", "add", elf(LOST))
    event_id = installation.crash(LOST, "lab-lost", build_id="10570000bb")
    page = visit()
    symbols_of_page(page, event_id, "missing")
    page.goto("/firmware")
    row = page.locator("#missing").get_by_role("row").filter(has_text="10570000bb")
    row.get_by_role("link", name="by hand").click()
    page.wait_for_url("**/link?for=build")
    own = page.get_by_role("row").filter(has_text=build_id_of(LOST)[:16])
    for _ in range(30):  # the console looks for it in the store from time to time
        if own.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(own.get_by_text("fits", exact=True)).to_be_visible(timeout=WAIT_MS)
    assert findings(page) == []
    own.get_by_role("link").first.click()
    expect(page.get_by_text("Threads")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Link and analyse again").click()
    expect(page.locator("#linked")).to_contain_text("by engineer")
    symbols_of_page(page, event_id, "matched")
    expect(page.locator("#linked")).to_contain_text("for all dumps of this build")
    page.locator("#linked summary").click()
    page.get_by_role("button", name="Undo the link").click()
    symbols_of_page(page, event_id, "missing")
    expect(page.locator("#linked")).to_have_count(0)


def test_the_own_file_takes_the_place_of_a_link(installation: Installation, visit: Visit, tmp_path: Path) -> None:
    installation.run("firmware", "add", elf(LOST))
    own = bytes.fromhex(build_id_of(LOST))
    lost = own[::-1]
    installation.run("firmware", "link", lost.hex(), own.hex())
    event_id = installation.crash(LOST, "lab-own", build_id=lost.hex())
    page = visit()
    symbols_of_page(page, event_id, "matched")
    for _ in range(30):  # the console looks for it in the store from time to time
        if page.get_by_text("the command line").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#linked")).to_contain_text("the command line")
    found = tmp_path / "found.elf"
    found.write_bytes(elf(LOST).read_bytes().replace(own, lost))
    installation.run("firmware", "add", found)
    linked = page.locator("#linked")
    for _ in range(60):
        page.goto(f"/crashes/{event_id}")
        if not page.get_by_text("Linked to").count() and not linked.count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("Linked to")).to_have_count(0)
    expect(linked).to_have_count(0)
    symbols_of_page(page, event_id, "matched")


def test_without_scripts_a_large_file_of_another_kind_is_refused(visit: Visit, tmp_path: Path) -> None:
    large = tmp_path / "image.bin"
    large.write_bytes(bytes(30 << 20))
    page = visit(java_script_enabled=False)
    page.goto("/firmware")
    page.get_by_label("Add ELF files").set_input_files(large)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("this is no ELF file")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (375, "dark")])
def test_the_pages_have_no_grave_finding_and_fit(
    installation: Installation, visit: Visit, width: int, theme: str
) -> None:
    installation.run("firmware", "add", elf(LOST))
    installation.crash("cortex-m/oops-Og", "lab-zero", build_id="0" * 40)
    page = visit(Role.ENGINEER, viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto("/firmware")
    for _ in range(60):
        if page.get_by_text("no file can fit").count() and page.locator("a.open").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    one = page.locator("a.open").first.get_attribute("href")
    for path in ("/firmware", "/firmware?q=nothing", one, f"{one}/delete"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

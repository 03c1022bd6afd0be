"""What a person does on the page, in a browser."""

from playwright.async_api import Browser, expect

from tests.console.crashes.conftest import EVENT, Bench

CASE = "cortex-m/null-deref-Os"


async def test_a_pointer_is_opened_and_a_register_cast(bench: Bench, address: str, browser: Browser) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    page = await browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    await page.goto(f"{address}/crashes/{EVENT}")

    frame = page.locator("details.crashed details.frame").nth(2)
    await frame.locator("summary").click()
    opener = frame.get_by_role("button", name="Open channel")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(opener).to_have_attribute("aria-expanded", "true")
    target = opener.locator("xpath=..").locator("ul").first
    inside = target.get_by_role("button").first
    await expect(inside).to_be_visible()
    await inside.click()
    await expect(target.locator(".name", has_text="calibration")).to_be_visible()
    await page.keyboard.press("Shift+Tab")

    await frame.get_by_role("button", name="Registers").click()
    row = frame.locator(".registers li").filter(has=page.get_by_label("Show r4 as", exact=True))
    await row.get_by_label("Show r4 as", exact=True).select_option("pointer")
    await expect(row.locator("output")).to_contain_text("0x20000054 <station+44>")
    await row.get_by_label("Show r4 as a type of the program").fill("no such type")
    await row.get_by_label("Show r4 as a type of the program").press("Enter")
    await expect(row.locator("output")).to_contain_text("no type")
    assert [one for one in wrong if "404" not in one] == []


async def test_global_variables_are_found_while_typing(bench: Bench, address: str, browser: Browser) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    page = await browser.new_page()
    await page.goto(f"{address}/crashes/{EVENT}")
    await page.get_by_label("Search global variables").fill("station")
    shown = page.get_by_role("button", name="Show station", exact=True)
    await expect(page.locator("#globals-found .globals > li")).to_have_count(2)
    await shown.click()
    await expect(page.locator("#globals-found .value").first).to_be_visible()

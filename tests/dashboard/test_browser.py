"""The health page in a real browser: with and without scripts, wide and narrow, and for everybody (axe)."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
import uvicorn
from candour_dashboard.assembly import build
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.dashboard.conftest import Clock, settings_for
from tests.dashboard.gateway_double import GatewayDouble, owed

AXE = files("axe_playwright_python").joinpath("axe.min.js")
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def address(gateway: GatewayDouble, clock: Clock) -> AsyncIterator[str]:
    """A served health page whose gateway has something of everything to tell."""
    _something_of_everything(gateway)
    client = httpx.AsyncClient(transport=gateway.transport())
    dashboard = build(settings_for(gateway), clock, client)
    await dashboard.start()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(dashboard.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    await dashboard.stop()
    server.should_exit = True
    await serving


def _something_of_everything(gateway: GatewayDouble) -> None:
    gateway.log.grow(1733)
    gateway.verdicts = {"passed": 1702, "flagged": 18, "held": 1, "refused": 13}
    gateway.returned = {"R02": 6, "R05": 4, "R08": 2, "late": 1}
    gateway.obligations = [
        owed("delivery", since=timedelta(minutes=11), due=-timedelta(minutes=9), owed_by="testshire-camhs"),
        owed("acknowledgement", since=timedelta(minutes=42), due=timedelta(minutes=18)),
        owed(
            "acknowledgement",
            since=timedelta(minutes=5),
            due=timedelta(hours=3),
            urgency=None,
            owed_by="testborough-gp",
        ),
        owed("decision", since=timedelta(minutes=42), due=timedelta(hours=6)),
        owed(
            "answer",
            since=timedelta(hours=3),
            due=timedelta(hours=1),
            owed_by="testshire-police",
            owed_to="testborough-csc",
        ),
        owed(
            "debt",
            since=timedelta(hours=2),
            due=timedelta(hours=2),
            owed_by="testshire-ambulance",
            owed_to="testborough-csc",
        ),
        owed("outcome", since=timedelta(days=3), due=None, urgency=None, owed_to="testshire-police"),
    ]
    gateway.ready = {"status": "warning", "checks": {"transport": {"status": "warning", "reason": "slow"}}}


async def _violations(page: Page) -> list[str]:
    """What axe finds; every rule it has, best practices included."""
    await page.add_script_tag(content=AXE.read_text("utf-8"))
    found = await page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


async def _picture(page: Page, name: str) -> None:
    """Keep a screenshot where whoever works on the page asked for it."""
    folder = os.environ.get("CANDOUR_SCREENSHOTS")
    if folder:
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_page_is_accessible_and_fits_wide_and_narrow(
    chromium: Browser, address: str, width: int
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = await context.new_page()
    await page.goto(address)

    violations = await _violations(page)

    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    await _picture(page, f"page-{width}")
    assert violations == []
    assert overflow == 0


async def test_a_page_in_trouble_is_accessible_too(
    chromium: Browser, address: str, gateway: GatewayDouble, clock: Clock
) -> None:
    async with httpx.AsyncClient() as first:
        await first.get(address)
    gateway.down = True
    gateway.node_down = True
    clock.move(timedelta(minutes=12))
    context = await chromium.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(address)

    violations = await _violations(page)

    await _picture(page, "down")
    await expect(page.get_by_role("heading", name="The gateway does not answer")).to_be_visible()
    assert violations == []


async def test_everything_is_there_without_scripts(chromium: Browser, address: str) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(address)

    await _picture(page, "no-script")
    await expect(page.get_by_role("heading", name="Yes: 1 has not arrived in time")).to_be_visible()
    await expect(page.get_by_role("row", name="Concern to follow")).to_be_visible()
    await expect(page.get_by_role("link", name="Look again")).to_be_visible()


async def test_an_open_page_follows_what_happens(
    chromium: Browser, address: str, gateway: GatewayDouble
) -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(address)
    await expect(page.get_by_role("heading", name="Yes: 1 has not arrived in time")).to_be_visible()

    gateway.obligations = []

    await expect(page.get_by_role("heading", name="No child's message is stuck")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("No child's message is stuck")
    await expect(page).to_have_title("No child's message is stuck – health of the exchange – Candour")
    assert await page.locator("#mode").text_content() == "· kept current"


async def test_the_browser_asks_nobody_else_and_complains_of_nothing(chromium: Browser, address: str) -> None:
    page = await (await chromium.new_context()).new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))

    await page.goto(address)
    await expect(page.locator("#mode")).to_have_text("· kept current")

    assert {url.removeprefix(address) for url in asked} == {
        "",
        "static/candour.css",
        "static/live.js",
        "static/mark.svg",
        "events",
    }
    assert complaints == []


async def test_the_page_prints(chromium: Browser, address: str) -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(address)

    printed = await page.pdf(format="A4")

    assert printed.startswith(b"%PDF")

"""What the page says, read as somebody without scripts reads it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.dashboard.conftest import Clock
from tests.dashboard.gateway_double import MESSAGE, GatewayDouble, owed


async def _read(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


async def test_an_empty_exchange_says_that_nothing_is_stuck(browser: httpx.AsyncClient) -> None:
    page = await _read(browser)

    assert "No child&#39;s message is stuck" in page
    assert page.count("Nothing is waiting.") == 3
    assert "Nobody owes anybody anything." in page
    assert "Nothing has been returned." in page


async def test_a_stuck_message_is_the_first_thing_said_with_who_and_for_how_long(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [owed("delivery", since=timedelta(hours=3), due=-timedelta(hours=2, minutes=58))]

    page = await _read(browser)

    headline = page.index("Yes: 1 has not arrived in time")
    assert headline < page.index("Who owes whom")
    assert "to reach their system, owed by testborough-csc to testborough-hill" in page
    assert "late by 2 hours 58 minutes" in page
    assert '<time datetime="2026-11-23T02:02:00Z" title="23 November 2026, 02:02:00 UTC">' in page


async def test_the_oldest_of_each_kind_is_shown_with_its_age(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [
        owed("acknowledgement", since=timedelta(minutes=5), due=timedelta(minutes=55)),
        owed("acknowledgement", since=timedelta(minutes=42), due=timedelta(minutes=18)),
        owed("answer", since=timedelta(days=2, hours=4), due=timedelta(hours=1), owed_by="testshire-police"),
    ]

    page = await _read(browser)

    assert '>42 minutes</time></b>: <span class="agency">testborough-csc</span> owes' in page
    assert '>2 days 4 hours</time></b>: <span class="agency">testshire-police</span> owes' in page


async def test_what_is_late_comes_before_what_is_due_and_what_has_no_time_comes_last(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [
        owed("outcome", since=timedelta(days=1), due=None, owed_by="third-agency"),
        owed("decision", since=timedelta(hours=1), due=timedelta(hours=3), owed_by="second-agency"),
        owed("debt", since=timedelta(hours=9), due=-timedelta(hours=5), owed_by="first-agency"),
    ]

    page = await _read(browser)

    rows = page[page.index("Who owes whom") :]
    assert rows.index("first-agency") < rows.index("second-agency") < rows.index("third-agency")
    assert "Concern to follow" in rows
    assert "no set time" in rows


async def test_an_age_of_a_century_is_still_said(browser: httpx.AsyncClient, gateway: GatewayDouble) -> None:
    gateway.obligations = [owed("answer", since=timedelta(days=36_525), due=-timedelta(days=36_524))]

    page = await _read(browser)

    assert "36,525 days" in page
    assert "late by 36,524 days" in page


async def test_only_the_most_urgent_rows_are_listed_and_the_rest_are_counted(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [
        owed("decision", since=timedelta(hours=1), due=timedelta(hours=hour)) for hour in range(1, 61)
    ]

    page = await _read(browser)

    assert page.count('<th scope="row">A decision<') == 50
    assert "And 10 more, all due later than these" in page


async def test_returns_are_counted_by_rule_with_the_rule_in_plain_words(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.returned = {"R02": 2, "R05": 1, "late": 1, "unheard-of": 1, "R01": 0}

    page = await _read(browser)

    assert '<th scope="row">R02</th>' in page
    assert "It came after its time" in page
    assert '<th scope="row">unheard-of</th>' in page
    assert '<th scope="row">R01</th>' not in page


async def test_when_the_gateway_is_down_the_page_says_so_and_keeps_what_it_knew(
    browser: httpx.AsyncClient, gateway: GatewayDouble, clock: Clock
) -> None:
    gateway.obligations = [owed("answer", since=timedelta(minutes=9), due=timedelta(minutes=1))]
    await _read(browser)
    gateway.down = True
    clock.move(timedelta(minutes=12))

    page = await _read(browser)

    assert "The gateway does not answer" in page
    assert ">12 minutes</time> ago" in page
    assert "If a child may be at risk now, phone." in page
    assert "late by 11 minutes" in page, "what was owed goes on ageing while nobody can be asked"


async def test_when_the_gateway_never_answered_the_page_claims_nothing(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.down = True

    page = await _read(browser)

    assert "Nothing is known yet" in page
    assert "stuck</" not in page
    assert "Nobody owes anybody" not in page


async def test_an_answer_that_makes_no_sense_is_told_apart_from_silence(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.nonsense = True

    page = await _read(browser)

    assert "Its answer could not be understood" in page


async def test_a_service_that_is_not_ready_gives_its_reasons(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.ready = {
        "status": "failed",
        "checks": {"database": {"status": "failed", "reason": "disk full"}, "log": {"status": "ok"}},
    }
    gateway.ready_status = 503
    gateway.node_down = True

    page = await _read(browser)

    assert "Not ready</strong> <b>gateway</b><ul><li>database: disk full</li></ul>" in page
    assert "Does not answer</strong> <b>testborough-hill</b><ul><li>no connection</li></ul>" in page


async def test_a_warning_does_not_count_as_not_ready(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.ready = {"status": "warning", "checks": {"transport": {"status": "warning", "reason": "slow"}}}

    page = await _read(browser)

    assert "Ready, with a warning</strong> <b>gateway</b>" in page


async def test_a_node_lists_its_checks_in_its_own_way(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.node_checks = [
        {"name": "database", "status": "ok", "reason": ""},
        {"name": "outbox", "status": "warning", "reason": "3 outstanding"},
    ]

    page = await _read(browser)

    assert (
        "Ready, with a warning</strong> <b>testborough-hill</b><ul><li>outbox: 3 outstanding</li></ul>"
        in page
    )


async def test_ids_are_escaped_wherever_they_stand(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    bad = "<script>alert(1)</script>\"'&"
    gateway.obligations = [
        owed(bad, since=timedelta(hours=1), due=-timedelta(1), owed_by=bad, owed_to=bad, id=bad, urgency=bad)
    ]
    gateway.returned = {bad: 1}
    gateway.ready = {"status": bad, "checks": {bad: {"status": bad, "reason": bad}}}

    page = await _read(browser)

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in page


async def test_the_page_never_fetches_from_elsewhere_and_runs_no_foreign_script(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "<style" not in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize(
    "path", ["/static/../settings.py", "/static/page.html", "/static/", "/docs", "/openapi.json"]
)
async def test_nothing_else_is_served(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 404


async def test_the_page_names_the_message_that_somebody_must_look_for(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [owed("answer", since=timedelta(hours=1), due=timedelta(hours=1))]

    page = await _read(browser)

    assert f"An answer<br><code>{MESSAGE}</code>" in page


async def test_a_page_in_front_of_a_silent_gateway_is_ready_with_a_warning(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.down = True
    await browser.get("/")

    answer = await browser.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["gateway"] == {"status": "warning", "reason": "it does not answer"}
    assert (await browser.get("/livez")).json() == {"status": "ok"}


async def test_the_token_is_never_sent_anywhere_but_to_the_gateway(
    browser: httpx.AsyncClient, gateway: GatewayDouble
) -> None:
    gateway.obligations = [owed("answer", since=timedelta(hours=1), due=None)]

    await browser.get("/")

    assert gateway.tokens == ["Bearer a-token"] * 2

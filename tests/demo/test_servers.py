import smtplib
from email.message import EmailMessage

import httpx
import pytest

from bot.configuration import starter_folder
from bot.demo.servers import Site, feed_server, read_later, read_sites, receiver, smtp_server

FEED = Site(path="/rss", title="Wire", tags=(), content_type="application/rss+xml", body=b"<rss/>")


def test_the_sites_are_those_listed_with_their_documents() -> None:
    sites = read_sites(starter_folder() / "demo")
    assert len(sites) >= 12
    assert len({site.path for site in sites}) == len(sites)
    assert all(site.body for site in sites)
    assert {site.status for site in sites} == {200, 500}


def test_what_a_site_serves_later_takes_the_place_of_its_document() -> None:
    samples = starter_folder() / "demo"
    sites = read_sites(samples)
    (later,) = read_later(samples, sites)
    (before,) = (site for site in sites if site.path == later.path)
    assert later.title == before.title
    assert b"raises its offer" in later.body
    assert b"raises its offer" not in before.body


def test_a_feed_is_served_with_its_type_and_a_validator() -> None:
    with feed_server((FEED,)) as base:
        first = httpx.get(f"{base}/rss")
        assert (first.status_code, first.content) == (200, b"<rss/>")
        assert first.headers["content-type"] == "application/rss+xml"
        again = httpx.get(f"{base}/rss", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert httpx.get(f"{base}/other").status_code == 404


def test_a_broken_site_stays_broken_and_a_slow_one_slow() -> None:
    broken = Site(path="/b", title="B", tags=(), content_type="text/html", body=b"oops", status=500)
    slow = Site(path="/s", title="S", tags=(), content_type="text/xml", body=b"<rss/>", delay=0.3)
    with feed_server((broken, slow)) as base:
        answer = httpx.get(f"{base}/b")
        again = httpx.get(f"{base}/b", headers={"If-None-Match": answer.headers["etag"]})
        assert (answer.status_code, again.status_code) == (500, 500)
        assert httpx.get(f"{base}/s").elapsed.total_seconds() >= 0.3


def test_what_is_posted_is_kept_as_it_came() -> None:
    with receiver() as (base, received):
        assert httpx.post(f"{base}/hook", content=b'{"a": 1}', headers={"X-Kind": "test"}).text == "ok"
    (request,) = received
    assert (request.path, request.body, request.headers["X-Kind"]) == ("/hook", b'{"a": 1}', "test")


def test_letters_are_kept_as_they_came() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@harbor.example", "b@harbor.example", "Ferries"
    letter.set_content("One more.")
    with smtp_server() as (port, mailbox), smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(letter)
        client.quit()
        (kept,) = mailbox.messages
    assert b"Subject: Ferries\r\n" in kept
    assert b"One more." in kept


def test_afterwards_nothing_listens() -> None:
    with feed_server((FEED,)) as feeds, receiver() as (hooks, _), smtp_server() as (port, _):
        pass
    for address in (feeds, hooks, f"http://127.0.0.1:{port}"):
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)

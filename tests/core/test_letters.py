from email.message import EmailMessage

from bot.core.letters import in_words, readable_parts
from bot.model import Message


def test_both_parts_come_out_decoded() -> None:
    message = EmailMessage()
    message["Subject"] = "Größe"
    message.set_content("Größe: 5 €\n", cte="quoted-printable")
    message.add_alternative("<p>Größe</p>\n", subtype="html", cte="base64")
    parts = readable_parts(bytes(message))
    assert parts[".txt"].decode() == "Größe: 5 €\n"
    assert parts[".html"].decode() == "<p>Größe</p>\n"


def test_bytes_that_are_no_letter_are_text() -> None:
    assert list(readable_parts(b"\xff\x00")) == [".txt"]


def test_a_letter_in_words_is_its_headers_and_its_text() -> None:
    letter = EmailMessage()
    letter["Subject"] = "Größe"
    letter.set_content("Größe: 5 €\n", cte="base64")
    message = Message(subject="Größe", content_type="message/rfc822", body=bytes(letter))
    headers, text = in_words(message)
    assert (headers["Subject"], text) == ("Größe", "Größe: 5 €\n")


def test_json_is_spread_and_other_text_is_itself() -> None:
    event = Message(subject="", content_type="application/json; charset=utf-8", body='{"ü":[1]}'.encode())
    assert in_words(event) == ({}, '{\n  "ü": [\n    1\n  ]\n}')
    page = Message(subject="", content_type="text/html", body=b"<p>\xff</p>")
    assert in_words(page) == ({}, "<p>\ufffd</p>")

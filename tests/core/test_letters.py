from email.message import EmailMessage

from bot.core.letters import readable_parts


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

"""The text of a page: what a reader sees, whole, and nothing else."""

from __future__ import annotations

import pytest

from rtadapt.events.markup import text_of_markup


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p>\n<p>Two\nlines</p>", "One\nTwo lines"),
        ("One<br/>two", "One\ntwo"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("Profit < 5% & more, 1 < 2", "Profit < 5% & more, 1 < 2"),
        ("Caf&eacute; &#8217; &amp;lt; x&nbsp;y", "Café ’ &lt; x y"),
        ("a<!-- <p>not</p> > -->b", "ab"),
        ('<p title="a > b" onclick="x()">seen</p>', "seen"),
        ("<p>x<script>var a = '<p>no</p>'</script>y<style>p {}</style></p>", "xy"),
        ("<html><head><title>no</title></head><body><h1>yes</h1></body></html>", "yes"),
        ("<?xml version='1.0' encoding='UTF-8'?><div>Zoë</div>", "Zoë"),
        ("<![CDATA[<p>in it</p>]]>", "in it"),
        ("<p hidden>no</p><div style='display: none'>no</div>yes", "yes"),
        ("<table><tr><th>Team<th>Points<tr><td><p>Rovers</p><td>12</table>", "Team | Points\nRovers | 12"),
        ("<table><tr><td><p>One</p><p>Two</p><table><tr><td>a<td>b</table></table>", "One\nTwo\na | b"),
        ("प्रधानमंत्री <b>मोदी</b> 東京", "प्रधानमंत्री मोदी 東京"),
        ("", ""),
        ("<!-- only -->", ""),
        ("</p></b>", ""),
    ],
)
def test_the_text_is_what_a_reader_sees(markup: str, text: str) -> None:
    assert text_of_markup(markup) == text


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<table><tr><td>", "<blockquote>"])
def test_what_is_nested_too_deep_to_be_read_whole_is_not_read(tag: str) -> None:
    with pytest.raises(ValueError, match="too deep"):
        text_of_markup(tag * 3000 + "the end")


def test_markup_that_never_closes_is_read_in_one_pass() -> None:
    openings = ("<", "<script>", "<a href='", "&", "<p>", "<!--", "<![CDATA[", "<td>", "x<br>", "<b><p>", "</b>")
    for opening in openings:
        text_of_markup(opening * (160_000 // len(opening)))  # would take minutes if it looked ahead from each

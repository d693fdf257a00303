"""How many links a text has, however they are written."""

from __future__ import annotations

import pytest

from jamserver.links_out import count


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("http://a.example and HTTPS://B.EXAMPLE/x", 2),
        ("see www.a.example, or shop.example.com/now", 2),
        ("Buy at GOLD.EXAMPLE.COM.", 1),
        ("[here](//a.example) and [there](<http://b.com/x y>)", 2),
        ("[one], [ One ] and [this][one]\n\n[one]: //a.example", 4),
        ("> [x]: a.example\n\n[x] [x]", 3),
        ("ex\u200bample\u3002com and ｅｘａｍｐｌｅ．ｃｏｍ", 2),
        ("пример.com, xn--e1afmkfd.xn--p1ai", 2),
        ("<a href='//a.example'>x</a> or ![](http://a.com/x.png)", 2),
        ("mailto:a@b.example", 1),
        ("<http://a.example><http://b.example><http://c.example>", 3),
        ("http://a.example,https://b.example|www.c.example;d.com", 4),
        ("http://a.examplehttp://b.example", 2),
        ("_www.a.example_, *b.com* and __c.com__", 3),
        ("中" * 70 + "a.com中文 and a.com—b.net—c.org", 4),
        ("a.com/b.com/x?c.com and either/or.com, http:d.com", 3),
        ("text\n[a]:http://a.example\n[a]:http://b.example,http://c.example", 3),
        ("a.com- and b.com--now, not x.is-good", 2),
        ("bbc.co.uk; self.id_of and x.to_json()", 1),
        ("e.g. main.py, README.md.txt, 3.14 or 1.2.3; i.e. this... and that.Then", 0),
        ("- [ ] to do\n- [x] done [a note]", 0),
        ("a time 10:30, a ratio 3:1, C++, //", 0),
    ],
)
def test_links_are_counted_however_they_are_written(text: str, links: int) -> None:
    assert count(text) == links


@pytest.mark.parametrize(
    ("piece", "links"),
    [
        ("a.", 0), ("[a", 0), ("](", 5_000), ("//", 1), ("[a]: x\n", 2_857), ("http:", 0), ("é", 0), ("a.com.", 3_333),
        (f"{'b' * 60}.", 0), ("www.", 1), ("[", 0), ("]", 0), ("–", 0), ("a-", 0), ("\u33c2", 0), ("\ufb03", 0),
    ],
)  # fmt: skip
def test_a_long_text_is_counted_to_its_end(piece: str, links: int) -> None:
    """Of 20,000 characters, each kind would take minutes if one place were tried again from all others."""
    assert count((piece * 20_000)[:20_000]) == links

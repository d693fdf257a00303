"""Names: what of them is shown, who looks like whom, and what they claim; honest ones of many scripts stay unmarked."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from jamtui import names
from jamtui.archive import Person
from jamtui.names import claim, keys, mixed, same, shown, skeleton
from jamtui.store import connection, mirror
from jamtui.store.looks import Look, Looks
from jamtui.store.mirror import Loading, Mirror

DATA = Path(__file__).parent.parent / "data"

# Names as people have them, of many scripts and habits: with initials, particles, apostrophes, hyphens, both orders.
HONEST = """
Ana López|José Núñez|Jose Nunez|Mária Kovács|Søren Høst|Jan Host|Jan K. Host|Host, Jan|Joe Root|
Zoë Expert-Smith|D'Arcy Moore|Siobhán O'Brien|Jean-Luc Picard|Anne-Marie van der Berg|María de los Ángeles|
J. R. R. Tolkien|Łukasz Żółć|Şükrü Yıldız|Øystein Ås|Þórunn Guðmundsdóttir|Nguyễn Thị Minh Khai|Đỗ Mười|
Zoltán Kodály|Štěpán Říha|Ľubomír Ďuriš|Živilė Ąžuolaitė|Ülle Õunapuu|Иван Петров|Мария Смирнова|Ольга О'Коннор|
Олександр Їжакевич|Ѓорѓи Ќосев|Љиљана Њагул|Ўладзімір|Ғалымжан Әлиев|Сара|Роман Роса|Вера Рак|
Γιώργος Παπαδόπουλος|Ελένη|Νίκος Κ. Ωνάσης|Անահիտ Սարգսյան|თამარ მეფე|ალექსანდრე|محمد بن سلمان|فاطمة الزهراء|
علی رضایی|عائشة|נועה לוי|דוד בן־גוריון|יעל|አበበ ቢቂላ|ትርንጎ|अनिता शर्मा|राजेश कुमार|প্রিয়া সেন|ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ|
પ્રિયા પટેલ|சுந்தர் பிச்சை|లక్ష్మి|ಸುಧಾ ಮೂರ್ತಿ|മോഹൻലാൽ|සුනිල් පෙරේරා|สมชาย ใจดี|ສົມພອນ|အောင်ဆန်း|សុខ សាន្ត|
王小明|李娜|陳大文|欧阳修|山田太郎|佐藤 さくら|ヤマダ タロウ|高橋ケンジ|김민수|이서연|박 지훈|
Ivan (Иван) Petrov|Li Na 李娜|김민수 (Minsu Kim)|Taro 山田|Мария Smith|Wei Chen (陈伟)|Анна K.|Σοφία Müller|
Björk|Madonna|X Æ A-12|Prince|R2-D2|Bob 2|agent007|Ana 😀|🌻 Rosa|Team Lead Ana|Jamie Teamer|Modi Narendra|
Hostess Anna|Moderato Cantabile|Adminka Petrova|Supportive Sam|Stafford|Expertise Jones|Officialdom|Ana, Madrid|
Ben (ACME)|Chris - Berlin|Dr. Ute Müller|Prof. K. Sato|Maxim|Milla|Mila|Ella|Elia|Ali|Al|Kai|Kal|Ian|
lan Fleming|Carl|Karl|Clara|Dora|Rnold|Arnold|Wally|Vivian|Participant 10|Participant 11
""".replace("\n", "").split("|")

# (name, handle) of who imitates, and of whom.
IMITATED = [
    ("Аna López", "ana.lopez2", "Ana López", "ana.lopez"),  # a Cyrillic letter
    ("Ana L\u00f3pez\u200b", "ana3", "Ana López", "ana.lopez"),  # a space of no width
    ("Ana\u00a0\u00a0Ló\u00adpez", "ana4", "Ana López", "ana.lopez"),
    ("𝐀𝐧𝐚 𝐋ó𝐩𝐞𝐳", "ana5", "Ana López", "ana.lopez"),
    ("Ａｎａ López", "ana6", "Ana López", "ana.lopez"),
    ("ᴀnᴀ López", "ana7", "Ana López", "ana.lopez"),
    ("@ana.lopez", "someone", "Ana López", "ana.lopez"),
    ("PaypaI", "pay2", "Paypal", "pay"),
    ("Rnoira Kelly", "rk", "Moira Kelly", "mk"),
    ("VValter Hill", "vh", "Walter Hill", "wh"),
    ("Somebody", "ana.1opez", "Ana López", "ana.lopez"),
    ("Somebody", "аnа.lореz", "Ana López", "ana.lopez"),
    ("Somebody", "ana.lopez.", "Ana López", "ana.lopez"),
    ("Somebody", "ANA.LOPEZ", "Ana López", "ana.lopez"),
    ("Somebody", "ana.lopez ", "Ana López", "ana.lopez"),
    ("рахуа", "r", "paxya", "p"),  # a word that is wholly Cyrillic
    ("Ana López ✓", "a8", "Ana López ✔", "a9"),
]
CLAIMS = [
    ("Admin", "admin"), ("ADMIN", "admin"), ("Admin2", "admin"), ("Ana Admin", "admin"), ("adm1n", "admin"),
    ("ⓐⓓⓜⓘⓝ", "admin"), ("🅰🅳🅼🅸🅽", "admin"), ("ÁDMÍN", "admin"), ("ＡＤＭＩＮ", "admin"), ("админ", "admin"),
    ("管理员", "admin"), ("管理员小王", "admin"), ("관리자", "admin"), ("ᴀᴅᴍɪɴ", "admin"), ("a.d.m.i.n", "admin"),
    ("Moderator", "moderator"), ("m0derator", "moderator"), ("M o d e r a t o r", "moderator"), ("Mod", "moderator"),
    ("Ana - moderator", "moderator"), ("[mod] Ana", "moderator"), ("Ana | MOD", "moderator"),
    ("Модератор", "moderator"),
    ("版主", "moderator"), ("モデレーター", "moderator"), ("مشرف", "moderator"), ("Moderadora", "moderator"),
    ("Ana (host)", "host"), ("Ana [Host]", "host"), ("Ana, host", "host"), ("Host", "host"), ("主持人", "host"),
    ("Gastgeberin", "host"), ("Ana ◆ host", "host"), ("Ana 【host】", "host"), ("Ana • expert", "expert"),
    ("Jam team", "the Jam"), ("The Jarn Team", "the Jam"), ("JamTUI Team", "the Jam"), ("jamtui", "the Jam"),
    ("Official", "the Jam"), ("Ana ✓ Official", "the Jam"), ("Support", "the Jam"), ("客服", "the Jam"),
    ("Ana ‖ host", "host"), ("Ana ∣ host", "host"), ("Ana =host=", "host"), ("Ana +host", "host"),
    ("Ana _host_", "host"),
    ("Ana «host»", "host"), ("Ana ⌈host⌋", "host"), ("Ana ⎡host⎦", "host"), ("Ana ⌷host⌷", "host"),
    ("Ana ⟨host⟩", "host"), ("Ana ’host’", "host"), ("Ana - host", "host"), ("Ana 𝗵𝗼𝘀𝘁", "host"), ("Ana ʜᴏsᴛ", "host"),
    ("Ana ᵐᵒᵈ", "moderator"), ("ᴹᵒᵈᵉʳᵃᵗᵒʳ", "moderator"), ("the mods", "moderator"), ("mod-ana", "moderator"),
    ("Site administration", "admin"), ("The Host", "host"), ("Ada you", names.YOU), ("Ada ʏᴏᴜ", names.YOU),
    ("\u0430dmin", names.MIXED), ("Αna", names.MIXED), ("Ivаn Petrov", names.MIXED), ("Оlga", names.MIXED),
]  # fmt: skip


def load(tmp_path: Path, people: list[dict[str, str]]) -> Looks:
    """A mirror with these people, in this order."""
    db = connection.connect(tmp_path / "mirror.db", mirror.SCHEMA)
    jam = {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": "2026-01-01T00:00:00Z",
           "closes_at": "2026-01-02T00:00:00Z"}  # fmt: skip
    loading = Loading(Mirror(db), "1-aaaa")
    for kind, data in [("jam", jam), *(("person", one) for one in people)]:
        loading.feed(json.dumps({"type": kind, "data": data}).encode())
    loading.finish("2026-01-01T00:00:00.000Z")
    return Looks(db)


def looks(found: Looks) -> list[Look]:
    db = found._db
    people = {int(str(n)): _person(raw) for n, raw in db.execute("SELECT n, raw FROM people ORDER BY n")}
    told = found.of(people)
    return [told[n] for n in sorted(told)]


def _person(raw: object) -> Person:
    data = json.loads(bytes(raw))  # type: ignore[call-overload]
    return Person(**data)


def person(at: int, name: str, handle: str, role: str = "participant") -> dict[str, str]:
    return {"id": f"p{at}", "handle": handle, "name": name, "role": role}


def test_honest_names_of_many_scripts_are_not_marked(tmp_path: Path, figure: Callable[..., None]) -> None:
    people = [person(at, name, f"p-{at}") for at, name in enumerate(HONEST)]
    marked = [
        (one["name"], look) for one, look in zip(people, looks(load(tmp_path, people)), strict=True) if look.alike
    ]
    lines = (DATA / "real-jam" / "open-conversations.jsonl").read_text("utf-8").splitlines()
    real = [one["data"] for one in map(json.loads, lines) if one["type"] == "person"]
    (tmp_path / "real").mkdir()
    marked += [
        (one["name"], look) for one, look in zip(real, looks(load(tmp_path / "real", real)), strict=True) if look.alike
    ]
    figure(f"look-alikes: {len(marked)} of {len(people)} honest names and {len(real)} people of the real Jam marked")
    assert marked == []


def test_who_imitates_is_marked_and_who_is_imitated_is_not(tmp_path: Path, figure: Callable[..., None]) -> None:
    missed = []
    for at, (name, handle, original, whose) in enumerate(IMITATED):
        folder = tmp_path / str(at)
        folder.mkdir()
        first, second = looks(load(folder, [person(0, original, whose), person(1, name, handle)]))
        if first != Look() or second.alike != f"@{whose}":
            missed.append((name, handle, first, second))
    figure(f"look-alikes: {len(IMITATED) - len(missed)} of {len(IMITATED)} imitations marked")
    assert missed == []


def test_claims_of_a_role_are_marked_in_names_and_handles(figure: Callable[..., None]) -> None:
    missed = [
        (name, claimed, found) for name, claimed in CLAIMS if (found := claim("x", name, "participant")) != claimed
    ]
    figure(f"look-alikes: {len(CLAIMS) - len(missed)} of {len(CLAIMS)} claims of a role marked")
    assert missed == []
    handles = ("admin", "jam-team", "host.ana", "ana.mod", "moderator1", "the-host")
    claimed = [claim(handle, "Ana", "participant") for handle in handles]
    assert claimed == ["admin", "the Jam", "host", "moderator", "moderator", "host"]
    assert claim("jan.host", "Jan Host", "participant") == ""
    for name in ("Anna Meyer-Host", "Jan O’Host", "Jan O'Host", "𝗝𝗮𝗻 𝗛𝗼𝘀𝘁", "Li You", "Jan K. Host", "Anna & Team"):
        assert claim("x", name, "participant") == ""
    # Who has the role may say so.
    assert claim("moderator", "Moderator", "moderator") == claim("x", "Ana (host)", "host") == ""
    assert claim("x", "Ana (expert)", "expert") == ""
    assert claim("x", "Ana (host)", "expert") == "host"


@pytest.mark.parametrize("shy", [False, True])
def test_every_word_that_claims_is_found_alone(shy: bool) -> None:
    listed = names._SHY_WORDS if shy else names._WORDS
    words = [(word, role) for role, some in listed.items() for word in some.split()]
    assert len(words) > 50
    assert [(word, role) for word, role in words if claim("x", word.title(), "participant") != role] == []


def test_the_original_is_who_has_a_role_and_else_who_came_first(tmp_path: Path) -> None:
    found = looks(load(tmp_path, [person(0, "Аna", "one"), person(1, "Ana", "two"), person(2, "Ana", "three", "host")]))
    assert found[0].alike == "@three"
    assert found[1].alike == "@three"  # the same name, without the role
    assert found[2] == Look("", True)
    (tmp_path / "again").mkdir()
    found = looks(load(tmp_path / "again", [person(0, "Аna", "one"), person(1, "Ana", "two")]))
    assert [look.alike for look in found] == ["@two", ""]  # who came first with letters of two alphabets is none


def test_a_handle_within_a_name_is_its_owner_s_whoever_came_first(tmp_path: Path) -> None:
    people = [person(0, "Grace @grace · 2h", "eve"), person(1, "Grace", "grace"), person(2, "Bo (@bo)", "bo"),
              person(3, "x@grace", "x"), person(4, "Al ＠ɢʀᴀᴄᴇ", "al")]  # fmt: skip
    assert [look.alike for look in looks(load(tmp_path, people))] == ["@grace", "", "", "", "@grace"]


def test_namesakes_are_told_apart_and_not_marked(tmp_path: Path) -> None:
    found = looks(load(tmp_path, [person(0, "Ana", "one"), person(1, "ANA ", "two"), person(2, "Eva", "three")]))
    assert found == [Look("", True), Look("", True), Look()]


def test_marks_follow_changes_of_names(tmp_path: Path) -> None:
    found = load(tmp_path, [person(0, "Ana López", "ana"), person(1, "Ben", "ben")])
    writer = Mirror(found._db)
    assert looks(found)[1] == Look()
    writer.apply([("person", json.dumps(person(1, "Anа López", "ben")).encode())], "2-bbbb")
    found.forget()
    assert looks(found)[1].alike == "@ana"
    writer.apply([("person", json.dumps(person(1, "Ana Iópez", "ben")).encode())], "3-cccc")
    found.forget()
    assert looks(found)[1].alike == "@ana"
    writer.apply([("person", json.dumps(person(1, "Ana Lόpez", "ben")).encode())], "4-dddd")
    found.forget()
    assert looks(found)[1].alike == "@ana"
    writer.apply([("person", json.dumps(person(1, "Ben", "ben")).encode())], "5-eeee")
    found.forget()
    assert looks(found)[1] == Look()
    assert set(found._db.execute("SELECT key, rank FROM looks WHERE n = 2")) == {("hben", 1), ("nben", 1)}


def test_a_screen_of_people_is_looked_at_in_a_few_reads(tmp_path: Path, figure: Callable[..., None]) -> None:
    """Everybody here has namesakes, and half of them somebody's handle within their name."""
    people = [person(at, f"Ana {at % 9}" + (f" (@ben{at % 4})" if at % 2 else ""), f"ben{at}") for at in range(60)]
    found = load(tmp_path, people)
    asked: list[str] = []

    def trace(_: object, sql: str, __: object) -> bool:
        asked.append(sql)
        return True

    found._db.exec_trace = trace
    marks = looks(found)
    found._db.exec_trace = None
    figure(f"look-alikes: {len(asked)} statements for the marks of {len(people)} people")
    assert [marks[0], marks[1], marks[9]] == [Look("", True), Look("", True), Look("@ben1")]
    assert len(asked) <= 6


def test_a_name_holds_nothing_that_jamtui_draws() -> None:
    assert shown("Ana [host]") == "Ana (host)"
    assert shown("Ana ［host］【x】") == "Ana (host)(x)"
    assert shown("● Ana ★ ◆ featured │ ≠ @eva") == "\ufffd Ana \ufffd \ufffd featured \ufffd \ufffd \ufffdeva"
    assert shown("Ana" + " " * 300 + "\u2800\u3000x") == "Ana x"
    assert shown("Ana\x1b[31m\n\u202eeva") == "Ana␛(31m �eva"
    assert shown("Grace @grace · 2h") == "Grace \ufffdgrace - 2h"
    assert shown("Ana · edited ·featured") == "Ana - edited -featured"
    for one in ("⌈x⌋", "⸢x⸥", "⦋x⦌", "⟨x⟩", "⟪x⟫", "⸨x⸩", "⟮x⟯", "«x»", "⁽x⁾", "﹝x﹞", "{x}", "[x]"):
        assert shown(f"Ana {one}") == "Ana (x)"
    every = {char for char in map(chr, range(0x80, 0x110000)) if unicodedata.category(char) in ("Ps", "Pe", "Pi", "Pf")}
    assert every - set(names._brackets()) == set("‘’‚‛“”„‟‹›")
    for one in ("O’Brien", "Jean-Luc", "Ana (Berlin)", "Gal·la", "ana@acme.example", "Ana @ ACME", "“Bo” Li"):
        assert shown(one) == one
    assert len(shown("a" * 500)) == names.MAX_NAME
    assert shown("Zoë O'Brien-Smith (ACME) 😀") == "Zoë O'Brien-Smith (ACME) 😀"
    for mark in "●○◐◌◉•★▲↑↩✓✗✎⚠⋯│▎◆■🛡✅🅰⌷⎡⎦⌈⌋":
        assert mark not in shown(f"Ana {mark}")


@pytest.mark.parametrize("name", [*HONEST, *(one[0] for one in CLAIMS), "a" * 500, "[" * 300])
def test_showing_twice_is_showing_once(name: str) -> None:
    assert shown(shown(name)) == shown(name)
    assert "[" not in shown(name)
    assert "  " not in shown(name)


def test_skeletons() -> None:
    assert skeleton("раураl") == skeleton("paypal")
    assert skeleton("José") != skeleton("Jose")
    assert not set(keys("a", "Kai")) & set(keys("b", "Kal"))
    assert same("ana  lópez ", "Ana Lo\u0301pez")
    assert not same("Ana\u200b", "Ana")
    assert mixed("Ivаn")
    assert not mixed("Иван Ivan")
    assert not mixed("山田Taro")


def test_the_table_is_unicode_s_own_and_closed() -> None:
    table = names._table()
    assert table[0x430] == "a"
    assert len(table) > 2_700
    # What a character is taken for is taken for nothing else: looking once is enough.
    for char, prototype in table.items():
        assert unicodedata.normalize("NFKD", prototype).translate(table) == unicodedata.normalize("NFKD", prototype), (
            hex(char)
        )

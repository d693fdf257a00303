"""What people call themselves: without signs of ours, and who looks like whom.

A name is shown with none of the signs that jamtui draws itself (`shown`), so that nothing in it can pass for a badge,
an unread mark or a frame. Names and handles are compared by their skeletons (Unicode TS 39): texts with one skeleton
look alike. `keys` are what a person is found by when somebody else looks like them, `same` says whether two names
differ by case and space alone, and `claim` what a name says of itself that the person's role does not.

The table of Unicode is read when the first text needs it that is not ASCII. A start looks at the names of its first
screen: what that takes are tables of a few hundred signs, while a pattern of as many takes milliseconds to compile.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from jamtui.safe_text import safe_line

MAX_NAME = 80  # characters of a name that are shown
MAX_COMPARED = 200
ROLES = frozenset({"moderator", "host", "expert"})  # those that have a badge
MIXED = "mixed letters"
YOU = "you"  # as jamtui says it behind one's own name; people called You have a capital letter

# -- shown

# What jamtui draws beside, before and behind names: its marks, guides, frames and bars, and signs that people take for
# badges. Brackets of every kind become round ones; a role stands in square ones.
_OURS = "●○◐◌◉◦•▪■□▣▮▯◆◇★☆✪✯⭐🌟▲△▼▽▾▸▹▶◂◀◁▷↑↓←→↩↳↵⏎‹›✓✔✅☑🗸✗✘✎⚠⋯≠❖🛡👑🔰🏅🎖🔒📌🔔🚨🆗🔴🟢🔵⚫⚪🟠🟡🟣🟤⌷⌸⎕"
_BLANKS = "\u2800\u3164\uffa0\u115f\u1160"  # letters and patterns that are nothing but space
# Box drawing, pieces of brackets, blocks; and letters in boxes.
_LINES = ((0x2500, 0x25A0), (0x239B, 0x23BE), (0x2758, 0x275B), (0x1FB00, 0x1FBB0))
_BOXED = ((0x1F130, 0x1F14A), (0x1F150, 0x1F16A), (0x1F170, 0x1F1AD))
_QUOTES = "‘’‚‛“”„‟"  # Unicode counts them among the brackets, O’Brien does not
_TYPED = "[]{}@"  # all of it that is ASCII: most names have none and are not looked through
# What stands before a handle, and between what the head of a post says.
_ATS = "@\uff20\ufe6b"
_DOTS = "·∙⋅‧・･᛫⸱ꞏ"


# Where Unicode has its brackets: to look through all of it takes time that no start has.
_BRACKETS_IN = (
    (0xAB, 0xBC), (0xF3A, 0xF3E), (0x169B, 0x169D), (0x2018, 0x2090), (0x2308, 0x232B), (0x2768, 0x2776),
    (0x27C5, 0x27F0), (0x2983, 0x29FE), (0x2E02, 0x2E5D), (0x3008, 0x3020), (0xFD3E, 0xFD40), (0xFE17, 0xFE5F),
    (0xFF08, 0xFF64),
)  # fmt: skip


@cache
def _brackets() -> dict[str, str]:
    """Every bracket there is, as the round one that it is shown as; angle quotation marks, too."""
    chars = [*"[]{}", *(chr(code) for first, last in _BRACKETS_IN for code in range(first, last))]
    round_ones = {"Ps": "(", "Pi": "(", "Pe": ")", "Pf": ")"}
    found = {char: round_ones.get(unicodedata.category(char), "") for char in chars if char not in _QUOTES + _OURS}
    return {char: as_round for char, as_round in found.items() if as_round}


@cache
def _signs() -> dict[int, str]:
    """What no name is shown with, and what it is shown with instead."""
    signs = dict.fromkeys(_codes(_LINES, _BOXED), "\ufffd") | dict.fromkeys(map(ord, _OURS), "\ufffd")
    return signs | dict.fromkeys(map(ord, _BLANKS), " ") | {ord(one): as_round for one, as_round in _brackets().items()}


@cache
def _unseen() -> dict[int, str]:
    """What says nothing of whom a name looks like, since nobody gets to see it: what we draw, what shows nothing."""
    unseen = dict.fromkeys(_codes(_LINES), " ") | dict.fromkeys(map(ord, _OURS + _BLANKS), " ")
    return unseen | dict.fromkeys(_codes(_HIDDEN), "")


def _codes(*blocks: tuple[tuple[int, int], ...]) -> list[int]:
    return [code for block in blocks for first, end in block for code in range(first, end)]


@cache
def _at() -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])[{_ATS}](?=\S)")


@cache
def _between() -> re.Pattern[str]:
    return re.compile(f"(?<!\\S)[{_DOTS}]+|[{_DOTS}]+(?!\\S)")


def shown(name: str) -> str:
    """A name or handle as one harmless line, its space evened out, with nothing in it that jamtui draws itself."""
    text = safe_line(" ".join(name[:2_000].split()), MAX_NAME)
    if text.isascii() and not any(sign in text for sign in _TYPED):
        return text if "  " not in text and text == text.strip() else " ".join(text.split())
    text = " ".join(text.translate(_signs()).split())
    if any(sign in text for sign in _ATS):
        text = _at().sub("\ufffd", text)
    return _between().sub("-", text) if any(dot in text for dot in _DOTS) else text


# -- skeletons

# What Unicode's table says of ASCII; capital I is one of those that look like l.
# ...and two letters v are one w.
_ASCII = str.maketrans({"0": "o", "O": "o", "1": "l", "I": "l", "|": "l", "m": "rn", "w": "vv", "`": "'", '"': "''"})
# What shows nothing, or only that something was here; tags and selectors, which are thousands, begin at `_TAGS`.
_HIDDEN = ((0x200C, 0x2010), (0x61C, 0x61D), (0x180B, 0x1810), (0xFE00, 0xFE10), (0xFFFD, 0xFFFE))
_TAGS, _TAGS_END = "\U000e0000", "\U000e0fff"
_EDGES = " .-_'\u2024\u2027\u00b7"  # at the end of a name nobody sees them


@cache
def _table() -> dict[int, str]:
    """Unicode's confusables, all but those of ASCII. A line of the file has code points, the next what they look like:
    as little is made of it here as can be."""
    text = Path(__file__).with_name("confusables.txt").read_text("utf-8")
    lines = text[text.index("\n\n") + 2 : -1].split("\n")
    codes, prototypes = " ".join(lines[::2]).split(" "), "␟".join(lines[1::2]).split("␟")
    return dict(zip([int(code, 16) for code in codes], prototypes, strict=True))


def skeleton(text: str) -> str:
    """What ``text`` looks like: equal for texts that can be taken for one another. Case is kept as far as it shows."""
    if not text.isascii():
        if max(text) >= _TAGS:
            text = "".join(char for char in text if not _TAGS <= char <= _TAGS_END)
        text = text.translate(_unseen())
        text = unicodedata.normalize("NFKD", text).translate(_table())  # whose prototypes are decomposed, too
    text = text.translate(_ASCII)
    if "  " in text or not text.isprintable():
        text = " ".join(text.split())
    return text.strip(_EDGES)


def _looks(text: str) -> tuple[str, ...]:
    """Skeletons without case: of the text as it is (paypaI), and of its small letters (PAYPAL)."""
    if not (text.isascii() and text.isprintable() and len(text) <= MAX_COMPARED):
        text = safe_line(text, MAX_COMPARED)
    small = text.casefold()
    found = skeleton(small).casefold()
    # Of capitals that are ASCII, these alone look otherwise than their small letters.
    if small == text or (text.isascii() and not ("I" in text or "M" in text or "W" in text)):
        return (found,)
    other = skeleton(text).casefold()
    return (found,) if other == found else (found, other)


def keys(handle: str, name: str) -> tuple[str, ...]:
    """By what a person is found when somebody looks like them; most have two. A name that begins with @ is taken for
    a handle."""
    found = [f"h{one}" for one in _looks(handle) if one]
    if name[:1] == "@" or name.lstrip()[:1] == "@":
        found += [f"h{one}" for one in _looks(name.lstrip()[1:]) if one]
    else:
        found += [f"n{one}" for one in _looks(name) if one]
    return tuple(dict.fromkeys(found))


def handles_in(name: str) -> tuple[str, ...]:
    """What is found by each ``@handle`` within a name: whoever has that handle is who it looks like."""
    if name.isascii() and "@" not in name:
        return ()
    words = (found[1] for found in _handle().finditer(unicodedata.normalize("NFKC", safe_line(name, MAX_COMPARED))))
    return tuple(dict.fromkeys(f"h{one}" for word in words for one in _looks(word) if one))


@cache
def _handle() -> re.Pattern[str]:
    return re.compile(r"(?<![^\W_])@([^\s@()\[\]{},;:!?]+)")


def same(one: str, other: str) -> bool:
    """Whether two names are the same but for case and space: namesakes, where others only look like it."""
    return one == other or _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


# -- claims

# What calls itself so and has no such role is marked. Each word in the scripts and languages that many Jams have.
_WORDS = {
    "moderator": (
        "moderator moderators moderatorin moderation mods moderateur moderatrice modérateur modératrice moderador "
        "moderadora moderatore moderaattori moderátor модератор модератори модератор модератка мадэратар συντονιστής "
        "moderatör moderatør moderatorius moderátorka 版主 モデレーター モデレータ 모더레이터 مشرف المشرف מנחה "
        "ผู้ดูแล मॉडरेटर মডারেটর"
    ),
    "admin": (
        "admin admins administration administrator administrators administratorin administrateur administrador "
        "administradora sysadmin amministratore beheerder ylläpitäjä rendszergazda yönetici админ админы администратор "
        "адмін адміністратор διαχειριστής 管理员 管理員 관리자  ผู้ดูแลระบบ व्यवस्थापक প্রশাসক superuser webmaster"
    ),
    "the Jam": "jamtui jamserver jamteam jam-team",
}
# Words that are also names or parts of honest ones: only alone, in brackets, or behind a sign that sets them off.
_SHY_WORDS = {
    "moderator": "mod модер modo",
    "host": (
        "host hosts hosting gastgeber gastgeberin hôte hôtesse anfitrión anfitriona anfitriã anfitrião ospite ведущий "
        "ведущая ведучий gospodarz οικοδεσπότης 主持人 主持 ホスト 司会 호스트 진행자 مضيف المضيف מארח होस्ट"
    ),
    "expert": (
        "expert experts expertin experte experto experta esperto esperta эксперт експерт 专家 專家 エキスパート 전문가 "
        "خبير מומחה"
    ),
    "admin": "root مدير المدير מנהל 管理者 管理人",
    "the Jam": (
        "staff official support helpdesk system team crew organizer organiser organizers veranstalter organisator "
        "organisateur organizador organizzatore организатор поддержка система служба 官方 客服 工作人员 系统 公式 運営 "
        "サポート 공식 운영자 운영진 지원 الدعم رسمي תמיכה צוות"
    ),
}
_TEAM = r"\b(?:the )?jarn(?:tul)?[ ._-]?(?:tearn|host|staff|support|adrnln|rnod|rnoderator)s?\b"
_BREAKS = r"[\s!-/:-@\[-`{-~\u00a0-\u00bf\u2010-\u205f\u3000-\u303f\uff00-\uff0f]+"
_DIGITS = "0123456789olse"
# What sets a word off from a name: "Ana (host)", "Ana | mod", "Ana =host="; "Jan K. Host" and "Meyer-Host" are names.
_INSIDE = frozenset(".-'‘’´`&,\u05be\u05f3\u05f4・･\u2010\u2011")  # these do only beside a space, or in none's name
_AT_EDGE = r"(?:(?<=\s)|^)['‘’´`]|['‘’´`](?=\s|$)|\s[.\-・･\u2010\u2011]+\s"
_UNSPACED = (("\u0e00", "\u0e7f"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7af"))


def _fold(text: str) -> str:
    """Without case, accents and the difference of i and l: how a claim is read, not how it is written."""
    folded = skeleton(unicodedata.normalize("NFKC", text).casefold()).casefold()
    if not folded.isascii():
        folded = "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))
    return folded.translate(_READ)


_READ = str.maketrans({"i": "l", "3": "e", "4": "a", "5": "s", "@": "a"})


@cache
def _claims(shy: bool) -> dict[str, str]:
    words = _SHY_WORDS if shy else _WORDS
    return {_squashed(_fold(word)): role for role, listed in words.items() for word in listed.split()}


# Each word of the lists that is ASCII when it is folded holds one of these: a text that has none of them claims nothing
# in ASCII and is looked at no further.
_STEMS = (
    "rnod", "adrnln", "anfltr", "arnrnln", "beheerder", "crevv", "expert", "esperto", "esperta", "gastgeber",
    "gospodarz", "helpdesk", "host", "hote", "jarn", "offlclal", "organl", "osplte", "ouvtovlotno", "rendszergazda",
    "root", "staff", "superuser", "support", "systern", "tearn", "veranstalter", "vvebrnaster", "yllapltaja",
    "yonetlcl",
)  # fmt: skip


@cache
def _other_claims() -> tuple[str, ...]:
    """The words of the lists that are not ASCII."""
    return tuple(word for word in (*_claims(False), *_claims(True)) if not word.isascii())


def _squashed(folded: str) -> str:
    """Its letters and digits."""
    return "".join(filter(str.isalnum, folded))


@lru_cache(maxsize=16_384)
def claim(handle: str, name: str, role: str) -> str:
    """The role that a handle or a name claims and that the person does not have, in a word (``moderator``); `MIXED`
    when a word of it has letters of several alphabets that look alike; `YOU` when it ends as one's own does; "" for an
    honest one."""
    name, handle = safe_line(name, MAX_COMPARED), safe_line(handle, MAX_COMPARED)
    both = f"{name}\n{handle}"
    if not both.isascii() and mixed(both):
        return MIXED
    if len(words := name.split()) > 1 and skeleton(words[-1]) == YOU:
        return YOU
    if role in ("moderator", "host"):
        return ""
    squashed = _squashed(_fold(both))
    if not any(stem in squashed for stem in _STEMS) and (
        squashed.isascii() or not any(word in squashed for word in _other_claims())
    ):
        return ""
    found = _claimed(name, False) or _claimed(handle, True)
    return found if found != role else ""


def _claimed(text: str, is_handle: bool) -> str:
    whole = _fold(text)
    squashed = _squashed(whole)
    loud, shy = _claims(False), _claims(True)
    for one in (squashed, squashed.rstrip(_DIGITS), squashed.removeprefix("the")):
        if one in loud or one in shy:
            return loud.get(one) or shy[one]
    if re.search(_TEAM, whole):
        return "the Jam"
    words = [_squashed(word) for word in re.split(_BREAKS, whole)]
    for word in words:
        if word in loud or word.rstrip(_DIGITS) in loud:
            return loud.get(word) or loud[word.rstrip(_DIGITS)]
    if any(map(_unspaced, whole)):
        for word, role in loud.items():
            if word in whole and _unspaced(word[0]):
                return role
    if not is_handle and " " not in text.strip() and "rnod" in (words[0], words[-1]):
        return "moderator"
    if is_handle:  # "host.ana", and "ana.mod", but "jan.host" may well be called so
        return next((shy[word] for word in (*words[:1], *(w for w in words[1:] if w == "rnod")) if word in shy), "")
    found = [*_set_off(unicodedata.normalize("NFKC", shown(text))), *_styled(text.split())]
    folded = [_squashed(_fold(piece)) for piece in found]
    return next((shy[piece] for piece in folded if piece in shy), "")


def _unspaced(char: str) -> bool:
    """Whether it is a letter of those that are written without spaces between words."""
    return any(first <= char <= last for first, last in _UNSPACED)


def _set_off(text: str) -> list[str]:
    """The pieces of a name that has something between them; and what stands behind a comma, since "Ana, host" says
    what Ana is, where "Host, Jan" does not."""
    apart = "".join("\n" if _sets_off(char) else char for char in re.sub(_AT_EDGE, "\n", text))
    pieces = apart.split("\n")
    return [*(pieces if len(pieces) > 1 else ()), *text.split(",")[1:]]


def _sets_off(char: str) -> bool:
    return char not in _INSIDE and (char == "\ufffd" or unicodedata.category(char)[0] in "PS")


def _styled(words: list[str]) -> list[str]:
    """The words in letters of another style than the others: small capitals, bold, raised."""
    styled = [word for word in words if not word.isascii() and _is_styled(word)]
    return styled if len(styled) < len(words) else []


def _is_styled(word: str) -> bool:
    return unicodedata.normalize("NFKC", word) != unicodedata.normalize("NFC", word) or any(
        "SMALL CAPITAL" in unicodedata.name(char, "") for char in word
    )


def beside(alike: str) -> str:
    """What stands behind the name of somebody who looks like another (`jamtui.store.looks`); "" for an honest one."""
    return f" ≠ {alike}" if alike else ""


# -- scripts

# Alphabets whose letters look alike: two of them in one word are made to deceive, or a mistake (TS 39, moderately
# restrictive: Latin may stand with any other script but these).
_ALIKE = (
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARMENIAN",
    "CHEROKEE",
    "COPTIC",
    "LISU",
    "DESERET",
    "GOTHIC",
    "TIFINAGH",
    "WARANG",
)
_JOINED = frozenset({"HIRAGANA", "KATAKANA", "CJK", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "LATIN"})


def mixed(text: str) -> bool:
    """Whether a word of ``text`` has letters of several alphabets that look alike."""
    if text.isascii():
        return False
    return any(
        _mixed_word(word) for word in re.split(r"[\W_]+", unicodedata.normalize("NFKC", text)) if not word.isascii()
    )


def _mixed_word(word: str) -> bool:
    scripts = {_script(char) for char in word if char.isalpha()}
    return len(scripts.intersection(_ALIKE)) > 1


def scripts(text: str) -> frozenset[str]:
    """The scripts of the letters of ``text``, by the first word of their Unicode names."""
    return frozenset(_script(char) for char in text if char.isalpha())


def one_script(text: str) -> bool:
    """Whether ``text`` keeps to one script, or to those that Japanese, Chinese and Korean are written in."""
    found = scripts(text)
    return len(found) <= 1 or found <= _JOINED


@lru_cache(maxsize=2048)
def _script(char: str) -> str:
    name = unicodedata.name(char, "").replace("FULLWIDTH ", "").replace("HALFWIDTH ", "")
    return name.partition(" ")[0]

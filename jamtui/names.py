"""What people call themselves: without signs of ours, and who looks like whom.

A name is shown with none of the signs that jamtui draws itself (`shown`), so that nothing in it can pass for a badge,
an unread mark or a frame. Names and handles are compared by their skeletons (Unicode TS 39): texts with one skeleton
look alike. `keys` are what a person is found by when somebody else looks like them, `same` says whether two names
differ by case and space alone, and `claim` what a name says of itself that the person's role does not.

The table of Unicode is read when the first text needs it that is not ASCII.
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
_LINES = "\u2500-\u259f\u239b-\u23bd\u2758-\u275a\U0001fb00-\U0001fbaf"  # box drawing, pieces of brackets, blocks
_BOXED = "\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f1ac"  # letters in boxes
_QUOTES = "‘’‚‛“”„‟"  # Unicode counts them among the brackets, O’Brien does not
_TYPED = "[]{}@"  # all of it that is ASCII: most names have none and are not looked through
# What stands before a handle, and between what the head of a post says.
_AT = re.compile(r"(?<![^\W_])[@\uff20\ufe6b](?=\S)")
_BETWEEN = re.compile("(?<!\\S)[·∙⋅‧・･᛫⸱ꞏ]+|[·∙⋅‧・･᛫⸱ꞏ]+(?!\\S)")


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
def _signs() -> re.Pattern[str]:
    """What no name is shown with."""
    brackets = "".join(map(re.escape, _brackets()))
    return re.compile(f"[{_LINES}{_BOXED}{re.escape(_OURS)}{_BLANKS}{brackets}]")


@cache
def _drawn() -> re.Pattern[str]:
    """What says nothing of whom a name looks like, since nobody gets to see it."""
    return re.compile(f"[{_LINES}{re.escape(_OURS)}{_BLANKS}]")


@cache
def _unseen() -> re.Pattern[str]:
    """Whether there is anything of that, or anything that shows nothing."""
    return re.compile(f"{_drawn().pattern}|{_HIDDEN.pattern}")


def shown(name: str) -> str:
    """A name or handle as one harmless line, its space evened out, with nothing in it that jamtui draws itself."""
    text = safe_line(" ".join(name[:2_000].split()), MAX_NAME)
    if text.isascii() and not any(sign in text for sign in _TYPED):
        return text if "  " not in text and text == text.strip() else " ".join(text.split())
    text = " ".join(_signs().sub(_replaced, text).split())
    return _BETWEEN.sub("-", _AT.sub("\ufffd", text))


def _replaced(found: re.Match[str]) -> str:
    char = found[0]
    return _brackets().get(char) or (" " if char in _BLANKS else "\ufffd")


# -- skeletons

# What Unicode's table says of ASCII; capital I is one of those that look like l.
# ...and two letters v are one w.
_ASCII = str.maketrans({"0": "o", "O": "o", "1": "l", "I": "l", "|": "l", "m": "rn", "w": "vv", "`": "'", '"': "''"})
_HIDDEN = re.compile("[\u200c-\u200f\u061c\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff\ufffd]")
_EDGES = " .-_'\u2024\u2027\u00b7"  # at the end of a name nobody sees them


@cache
def _table() -> dict[int, str]:
    """Unicode's confusables, all but those of ASCII."""
    table: dict[int, str] = {}
    for line in Path(__file__).with_name("confusables.txt").read_text("utf-8").splitlines():
        if line[:1] != "#":
            shown_as, _, chars = line.partition(":")
            prototype = "".join(chr(int(code, 16)) for code in shown_as.split())
            table |= dict.fromkeys((int(code, 16) for code in chars.split()), prototype)
    return table


def skeleton(text: str) -> str:
    """What ``text`` looks like: equal for texts that can be taken for one another. Case is kept as far as it shows."""
    if not text.isascii():
        if _unseen().search(text):
            text = _HIDDEN.sub("", _drawn().sub(" ", text))
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
    words = (found[1] for found in _HANDLE.finditer(unicodedata.normalize("NFKC", safe_line(name, MAX_COMPARED))))
    return tuple(dict.fromkeys(f"h{one}" for word in words for one in _looks(word) if one))


_HANDLE = re.compile(r"(?<![^\W_])@([^\s@()\[\]{},;:!?]+)")


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
_TEAM = re.compile(r"\b(?:the )?jarn(?:tul)?[ ._-]?(?:tearn|host|staff|support|adrnln|rnod|rnoderator)s?\b")
_PARTS = re.compile(r"[^\W_]+")
_BREAKS = re.compile(r"[\s!-/:-@\[-`{-~\u00a0-\u00bf\u2010-\u205f\u3000-\u303f\uff00-\uff0f]+")
_DIGITS = "0123456789olse"
# What sets a word off from a name: "Ana (host)", "Ana | mod", "Ana =host="; "Jan K. Host" and "Meyer-Host" are names.
_INSIDE = frozenset(".-'‘’´`&,\u05be\u05f3\u05f4・･\u2010\u2011")  # these do only beside a space, or in none's name
_AT_EDGE = re.compile(r"(?:(?<=\s)|^)['‘’´`]|['‘’´`](?=\s|$)|\s[.\-・･\u2010\u2011]+\s")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


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


# What most words of the lists have in them when they are folded; `_stems` adds those that have none of it.
_STEMS = (
    "rnod", "adrnln", "host", "expert", "esperto", "esperta", "staff", "offlclal", "support", "systern", "tearn",
    "organl", "gastgeber", "jarntul",
)  # fmt: skip


@cache
def _stems() -> tuple[str, ...]:
    """A text that has none of these claims nothing in ASCII and is looked at no further."""
    words = sorted(word for word in (*_claims(False), *_claims(True)) if word.isascii())
    return (*_STEMS, *(word for word in words if not any(stem in word for stem in _STEMS)))


@cache
def _other_claims() -> re.Pattern[str]:
    """The words of the lists that are not ASCII."""
    words = sorted({word for word in (*_claims(False), *_claims(True)) if not word.isascii()})
    return re.compile("|".join(map(re.escape, words)))


def _squashed(folded: str) -> str:
    return "".join(_PARTS.findall(folded))


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
    if not any(stem in squashed for stem in _stems()) and (squashed.isascii() or not _other_claims().search(squashed)):
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
    if _TEAM.search(whole):
        return "the Jam"
    words = [_squashed(word) for word in _BREAKS.split(whole)]
    for word in words:
        if word in loud or word.rstrip(_DIGITS) in loud:
            return loud.get(word) or loud[word.rstrip(_DIGITS)]
    if _UNSPACED.search(whole):
        for word, role in loud.items():
            if word in whole and _UNSPACED.match(word):
                return role
    if not is_handle and " " not in text.strip() and "rnod" in (words[0], words[-1]):
        return "moderator"
    if is_handle:  # "host.ana", and "ana.mod", but "jan.host" may well be called so
        return next((shy[word] for word in (*words[:1], *(w for w in words[1:] if w == "rnod")) if word in shy), "")
    found = [*_set_off(unicodedata.normalize("NFKC", shown(text))), *_styled(text.split())]
    folded = [_squashed(_fold(piece)) for piece in found]
    return next((shy[piece] for piece in folded if piece in shy), "")


def _set_off(text: str) -> list[str]:
    """The pieces of a name that has something between them; and what stands behind a comma, since "Ana, host" says
    what Ana is, where "Host, Jan" does not."""
    apart = "".join("\n" if _sets_off(char) else char for char in _AT_EDGE.sub("\n", text))
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

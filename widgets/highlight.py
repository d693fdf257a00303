"""Colours for code in posts: words, strings, comments and numbers, in time linear in the code.

Not by Pygments: its lexers take a second and more for 2,000 characters made for it (`PythonLexer` for ``a`` and a
thousand times line feed and space), in one step of the regular expression engine that nothing in this process can
interrupt, and loading one takes longer than a post may. Here each language is a row of a table, and each piece of
its expression is possessive: no piece is ever tried in two ways.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

MAX_CODE = 8 * 1024  # characters; longer code is drawn plain

CodeLine = list[tuple[str, str]]  # runs of text and their styles

_STRING = r"{0}(?:[^{0}\\\n]|\\.)*+{0}?+"
_LONG_STRING = r"{0}{0}{0}(?:[^{0}\\]|\\[\s\S]|{0}(?!{0}{0}))*+(?:{0}{0}{0})?+"
_PIECES = {
    "slash": r"//[^\n]*+",
    "block": r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?+",
    "hash": r"#[^\n]*+",
    "shell-hash": r"(?<![^\s;])#[^\n]*+",
    "dash": r"--[^\n]*+",
    "semicolon": r"(?m:^[ ]{0,8}+[;#][^\n]*+)",
    "markup": r"<!--(?:[^-]|-(?!->))*+(?:-->)?+",
    "double": _STRING.format('"'),
    "single": _STRING.format("'"),
    "char": r"'(?:[^'\\\n]|\\.)'",  # a lone ' is a lifetime or an apostrophe
    "sql-single": r"'[^'\n]*+'?+",
    "back": r"`(?:[^`\\]|\\[\s\S])*+`?+",
    "raw-back": r"`[^`]*+`?+",
    "triple": _LONG_STRING.format('"') + "|" + _LONG_STRING.format("'"),
}


class _Language(Struct, frozen=True):
    """``comments`` and ``strings`` are names of pieces, tried in this order; ``keywords`` are separated by spaces."""

    comments: str
    strings: str
    keywords: str = ""
    names: str = r"\w++(?=\()"  # words that name something: by default those that are called
    caseless: bool = False


_C = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register"
    " return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false NULL"
)
_JS = (
    "async await break case catch class const continue debugger default delete do else export extends false finally for"
    " from function get if import in instanceof let new null of return set static super switch this throw true try"
    " typeof undefined var void while with yield"
)
_LANGUAGES = {
    "bash": _Language(
        "shell-hash",
        "double sql-single",
        "if then else elif fi for while until do done case esac in function return local export set unset readonly exit"
        " source alias cd echo printf read shift test trap eval exec sudo",
        r"\$(?:\w+|\{\w+)",
    ),
    "c": _Language("slash block", "double char", _C, r"\w++(?=\()|(?m:^[ ]{0,8}#[ ]{0,8}\w+)"),
    "cpp": _Language(
        "slash block",
        "double char",
        _C + " class namespace template typename public private protected virtual override final using new delete this"
        " try catch throw nullptr constexpr operator friend explicit noexcept concept requires co_await co_return",
        r"\w++(?=\()|(?m:^[ ]{0,8}#[ ]{0,8}\w+)",
    ),
    "csharp": _Language(
        "slash block",
        "double char",
        "abstract as async await base bool break case catch class const continue decimal default delegate do"
        " double else"
        " enum event false finally for foreach get if in int interface internal is lock long namespace new null object"
        " out override params partial private protected public readonly record ref return sealed set static string"
        " struct switch this throw true try typeof using var virtual void while yield",
    ),
    "css": _Language("block", "double single", "important", r"[.#@]?+[\w-]{1,60}+(?=[ ]{0,4}[:{,])|[.#@][\w-]++"),
    "go": _Language(
        "slash block",
        "double raw-back char",
        "break case chan const continue default defer else fallthrough for func go goto if import interface map package"
        " range return select struct switch type var nil true false string int int64 bool byte rune error float64 any",
    ),
    "html": _Language("markup", "double single", "", r"</?[\w:-]{1,60}+|/?>|[\w:-]{1,60}+(?==)"),
    "ini": _Language("semicolon", "double", "true false yes no on off", r"(?m:^\[[^\]\n]*+\]?|^[\w .-]{1,60}+(?==))"),
    "java": _Language(
        "slash block",
        "triple double char",
        "abstract assert boolean break byte case catch char class const continue default do double else enum"
        " extends final"
        " finally float for if implements import instanceof int interface long native new null package"
        " private protected"
        " public record return sealed short static super switch synchronized this throw throws transient true false try"
        " var void volatile while yield",
    ),
    "javascript": _Language("slash block", "double single back", _JS),
    "json": _Language("slash block", "double", "true false null", r"(?!)"),
    "kotlin": _Language(
        "slash block",
        "triple double char",
        "as break by catch class companion const continue data do else enum false finally for fun if import"
        " in interface"
        " internal is lateinit null object open override package private protected public return sealed super suspend"
        " this throw true try typealias val var when while",
    ),
    "lua": _Language(
        "dash",
        "double single",
        "and break do else elseif end false for function goto if in local nil not or repeat return then true"
        " until while",
    ),
    "make": _Language(
        "hash", "double single", "ifeq ifdef else endif include export", r"(?m:^[\w./-]{1,60}+(?=:))|\$\(\w+"
    ),
    "php": _Language(
        "slash block hash",
        "double single",
        "abstract array as break case catch class const continue declare default do echo else elseif extends"
        " false final"
        " finally fn for foreach function global if implements include instanceof interface isset match"
        " namespace new null"
        " private protected public readonly require return self static switch this throw trait true try unset use var"
        " while yield",
        r"\$\w+|\w++(?=\()",
    ),
    "python": _Language(
        "hash",
        "triple double single",
        "and as assert async await break case class continue def del elif else except False finally for from global if"
        " import in is lambda match None nonlocal not or pass raise return self True try type while with yield",
        r"@[\w.]+|\w++(?=\()",
    ),
    "r": _Language(
        "hash", "double single", "break else FALSE for function if in Inf NA NaN next NULL repeat return TRUE while"
    ),
    "ruby": _Language(
        "hash",
        "double single",
        "alias and begin break case class def do else elsif end ensure false for if in module next nil not or private"
        " raise redo require rescue retry return self super then true undef unless until when while yield",
        r"[:@]\w+|\w++(?=\()",
    ),
    "rust": _Language(
        "slash block",
        "double char",
        "as async await break const continue crate dyn else enum extern false fn for if impl in let loop"
        " match mod move mut"
        " pub ref return self Self static struct super trait true type unsafe use where while bool char str"
        " String i32 i64"
        " u8 u32 u64 usize f64 Option Result Some None Ok Err Vec",
        r"\w++!?+(?=\()|'\w++|#!?\[\w++",
    ),
    "sql": _Language(
        "dash block",
        "sql-single double",
        "add all alter and as asc begin between by case check column commit constraint create cross database"
        " default delete"
        " desc distinct drop else end exists false foreign from full group having if in index inner insert"
        " into is join key"
        " left like limit not null offset on or order outer primary references returning right rollback"
        " select set table"
        " then true union unique update using values view when where with integer text varchar boolean date timestamp",
        caseless=True,
    ),
    "toml": _Language(
        "hash", "triple double single", "true false", r"(?m:^\[[^\]\n]*+\]{0,2}|^[\w.-]{1,60}+(?=[ ]{0,8}=))"
    ),
    "yaml": _Language(
        "shell-hash",
        "double single",
        "true false null yes no",
        r"(?m:^[ ]{0,40}+(?:-[ ])?+[\w./-]{1,60}+(?=:))|[&*]\w+",
    ),
}
_LANGUAGES["typescript"] = _Language(
    "slash block",
    "double single back",
    _JS + " abstract any as boolean declare enum implements infer interface is keyof namespace never number object"
    " private protected public readonly satisfies string type unknown",
)
_LANGUAGES["xml"] = _LANGUAGES["html"]
_ALIASES = {
    "c#": "csharp",
    "c++": "cpp",
    "console": "bash",
    "cs": "csharp",
    "cxx": "cpp",
    "golang": "go",
    "h": "c",
    "hpp": "cpp",
    "js": "javascript",
    "json5": "json",
    "jsonc": "json",
    "jsx": "javascript",
    "kt": "kotlin",
    "makefile": "make",
    "patch": "diff",
    "py": "python",
    "python3": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "shell": "bash",
    "svg": "xml",
    "ts": "typescript",
    "tsx": "typescript",
    "yml": "yaml",
    "zsh": "bash",
}
LANGUAGES = frozenset(_LANGUAGES) | frozenset(_ALIASES) | {"diff"}


def plain(code: str) -> list[CodeLine]:
    """The lines of ``code`` without colours."""
    return [[(line, "code")] if line else [] for line in code.split("\n")]


def highlight(code: str, language: str) -> list[CodeLine]:
    """The lines of ``code``, coloured when the language is known and the code not too long; else plain.

    Styles are ``code`` and ``code-keyword``, ``-string``, ``-comment``, ``-number``, ``-name``, ``-inserted``,
    ``-deleted``.
    """
    language = language.lower()
    language = _ALIASES.get(language, language)
    if len(code) > MAX_CODE:
        return plain(code)
    if language == "diff":
        return [[(line, _diff_style(line))] if line else [] for line in code.split("\n")]
    if language not in _LANGUAGES:
        return plain(code)
    expression, keywords, caseless = _compiled(language)
    lines: list[CodeLine] = [[]]
    place = 0
    for match in expression.finditer(code):
        style = f"code-{match.lastgroup}"
        if match.lastgroup == "word":
            word = match[0].lower() if caseless else match[0]
            if word not in keywords:
                continue
            style = "code-keyword"
        elif match.lastgroup == "name" and match[0] in keywords:
            style = "code-keyword"
        elif match.lastgroup == "string" and language == "json" and code[match.end() : match.end() + 1] == ":":
            style = "code-name"
        if match.start() > place:
            _append(lines, code[place : match.start()], "code")
        _append(lines, match[0], style)
        place = match.end()
    _append(lines, code[place:], "code")
    return lines


@cache
def _compiled(language: str) -> tuple[re.Pattern[str], frozenset[str], bool]:
    row = _LANGUAGES[language]
    groups = {
        "comment": "|".join(_PIECES[name] for name in row.comments.split()),
        "string": "|".join(_PIECES[name] for name in row.strings.split()),
        "name": row.names,
        "number": r"(?<!\w)(?:0[xXbBoO][0-9a-fA-F_]++|\d[\d_]*+(?:\.\d++)?+(?:[eE][+-]?\d++)?+)\w?+",
        "word": r"[^\W\d]\w*+",
    }
    expression = "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups.items())
    return re.compile(expression), frozenset(row.keywords.split()), row.caseless


def _diff_style(line: str) -> str:
    if line.startswith(("@@", "diff ", "index ", "+++", "---")):
        return "code-name"
    return {"+": "code-inserted", "-": "code-deleted"}.get(line[0], "code")


def _append(lines: list[CodeLine], text: str, style: str) -> None:
    for number, part in enumerate(text.split("\n")):
        if number:
            lines.append([])
        if part:
            lines[-1].append((part, style))

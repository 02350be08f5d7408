"""Text and bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import (
    INTEGERS,
    TEXTS,
    Kind,
    Node,
    Rule,
    call,
    kind,
    known_kind,
    literal_text,
    number,
    text,
)

BLANKS = "".join(
    map(
        chr,
        [
            *range(9, 14),
            *range(28, 33),
            0x1680,
            *range(0x2000, 0x2007),
            *range(0x2008, 0x200B),
            0x2028,
            0x2029,
            0x205F,
            0x3000,
        ],
    )
)
"""What Trino's trim takes for white space."""
UNREAD = re.compile(r"\\[1-9kpPAzZGRXhHvV]|\(\?[<=!>]|\[\[:|[*+?}]\+|&&|\(\?[a-z]*[^:ims)]")
"""Syntax of patterns that RE2 has not, or reads in another way than Joni."""
DIRECTIVE = re.compile(r"%%|%(0?\d*)([a-zA-Z])")


def argument(node: Node, name: str) -> Node:
    """Return an argument that must be there."""
    found = node.args.get(name)
    if found is None:
        raise Limitation(f"{node.key} without {name}")
    return found


def only(node: Node, *names: str) -> None:
    """Refuse any argument beside these."""
    for name, value in node.args.items():
        if value and name not in names:
            raise Limitation(f"{node.key} with {name}: {node.sql('trino')[:60]}")


def substring(node: exp.Substring) -> Node:
    """``substr``: position 0 and positions before the start give nothing."""
    start, length = argument(node, "start"), node.args.get("length")
    if kind(node.this) == Kind.VARBINARY:
        return call("t_substr_bytes", node.this, start, length if length is not None else number(2**31))
    if length is None:
        return call("t_substr", node.this, start)
    return call("t_substr_for", node.this, start, length)


def upper(node: exp.Upper) -> Node:
    """Letter by letter: ``ß`` stays."""
    return call("t_upper_text", node.this)


def lower(node: exp.Lower) -> Node:
    """Letter by letter."""
    return call("t_lower_text", node.this)


def trim(node: exp.Trim) -> Node:
    """Every white space, not only blanks."""
    chars = node.expression or text(BLANKS)
    side = str(node.args.get("position") or "").upper()
    return call({"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim"), node.this, chars)


def split(node: exp.Split) -> Node:
    """``split`` without limit."""
    only(node, "this", "expression")
    return call("t_split", node.this, node.expression)


def split_part(node: exp.SplitPart) -> Node:
    """NULL past the last part."""
    return call("t_split_part", node.this, argument(node, "delimiter"), argument(node, "part_index"))


def position(node: exp.StrPosition) -> Node:
    """``strpos``, also the n-th."""
    only(node, "this", "substr", "occurrence")
    nth = node.args.get("occurrence")
    if nth is None:
        return call("strpos", node.this, argument(node, "substr"))
    return call("t_nth_position", node.this, argument(node, "substr"), nth)


def concatenated(node: exp.Concat) -> Node:
    """NULL if any part is."""
    if len(node.expressions) < 2:
        raise TypeMismatch("There must be two or more concatenation arguments")
    parts = [_text_or_array(part) for part in node.expressions]
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return exp.paren(joined)


def _text_or_array(part: Node) -> Node:
    if known_kind(part, "||") not in TEXTS | {Kind.ARRAY, Kind.VARBINARY}:
        raise Limitation(f"|| of other than text, bytes or arrays: {part.sql('trino')[:40]}; CAST it to varchar")
    return part


def piped(node: exp.DPipe) -> Node:
    """``||`` takes text, bytes or arrays, or an array and an element."""
    sides = [known_kind(side, "||") for side in (node.left, node.right)]
    if sides[0] == Kind.ARRAY and sides[1] != Kind.ARRAY:
        return call("t_append", node.left, node.right)
    if sides[1] == Kind.ARRAY and sides[0] != Kind.ARRAY:
        return call("t_prepend", node.left, node.right)
    _text_or_array(node.left)
    _text_or_array(node.right)
    return exp.DPipe(this=node.left, expression=node.right)


def replaced(node: exp.Replace) -> Node:
    """``replace``."""
    return call("t_replace", node.this, node.expression, node.args.get("replacement") or text(""))


def regexp_replaced(node: exp.RegexpReplace) -> Node:
    """Every match; ``$1`` is a group."""
    pattern(node.expression)
    if re.search(r"(?<!\\)\$", re.sub(r"\[[^]]*\]", "", node.expression.name)):
        raise Limitation("$ in a pattern of regexp_replace")
    replacement = literal_text(node.args.get("replacement"), "regexp_replace's replacement")
    return call("regexp_replace", node.this, node.expression, text(_groups(replacement)), text("g"))


def _groups(replacement: str) -> str:
    if re.search(r"\$(?!\d)|\$\d\d|\\", re.sub(r"\\[\\$]", "", replacement)):
        raise Limitation(f"regexp_replace's replacement {replacement!r}")
    pieces = re.split(r"(\\[\\$]|\$\d)", replacement)
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    if piece.startswith("$"):
        return "\\" + piece[1]
    return {"\\$": "$", "\\\\": "\\\\"}.get(piece, piece)


def regexp_extracted(node: exp.RegexpExtract) -> Node:
    """NULL without a match, and for a group that took no part."""
    pattern(node.expression)
    only(node, "this", "expression", "group", "null_if_pos_overflow")
    group = node.args.get("group")
    if group is None or group.name == "0":
        return call("t_regexp_first", node.this, node.expression)
    return call("t_regexp_extract", node.this, node.expression, group)


def regexp_extracted_all(node: exp.RegexpExtractAll) -> Node:
    """All matches of a group."""
    pattern(node.expression, whole=False)
    only(node, "this", "expression", "group")
    group = node.args.get("group")
    if group is None or group.name == "0":
        return call("regexp_extract_all", node.this, node.expression)
    return call("t_regexp_extract_all", node.this, node.expression, group)


def pattern(node: Node, *, whole: bool = True) -> str:
    """Return a literal pattern that RE2, Python and Joni read alike, or refuse."""
    spelt = literal_text(node, "a pattern")
    if unread := UNREAD.search(spelt):
        raise Limitation(f"{unread.group(0)!r} in the pattern {spelt!r}")
    if not whole and ("$" in re.sub(r"\\.|\[[^]]*\]", "", spelt) or _matches_nothing(spelt)):
        raise Limitation(f"the pattern {spelt!r}, which may match where there is no text")
    return spelt


def _matches_nothing(spelt: str) -> bool:
    try:
        return re.search(spelt, "") is not None
    except re.error:
        return False


def regexp_like(node: exp.RegexpLike) -> Node:
    """Somewhere in the text; ``$`` is also before a last line break."""
    only(node, "this", "expression")
    spelt = pattern(node.expression)
    ending = re.sub(r"\\.|\[[^]]*\]", "", spelt)
    if "$" not in ending:
        return call("regexp_matches", node.this, node.expression)
    if ending.count("$") > 1 or not spelt.endswith("$") or "(?" in spelt or "|" in ending:
        raise Limitation(f"$ inside the pattern {spelt!r}")
    return call("regexp_matches", node.this, text(spelt[:-1] + r"(?:\n?\z)"))


def regexp_split(node: exp.RegexpSplit) -> Node:
    """``regexp_split``."""
    pattern(node.expression, whole=False)
    return call("string_split_regex", node.this, node.expression)


def regexp_count(node: exp.RegexpCount) -> Node:
    """``regexp_count``."""
    pattern(node.expression, whole=False)
    return call("t_regexp_count", node.this, node.expression)


def padded(node: exp.Pad) -> Node:
    """``lpad`` and ``rpad`` of text."""
    if known_kind(node.this, "padding") not in TEXTS:
        raise Limitation("padding of other than text")
    return call(
        "t_lpad" if node.args.get("is_left") else "t_rpad",
        node.this,
        node.expression,
        argument(node, "fill_pattern"),
    )


def length(node: exp.Length) -> Node:
    """Characters of a text; bytes are counted by another function."""
    return call("length" if known_kind(node.this, "length") in TEXTS else "octet_length", node.this)


def formatted(node: exp.Format) -> Node:
    """``format`` with ``%s`` of text and ``%d`` of whole numbers."""
    pattern = literal_text(node.this, "format's pattern")
    wanted = [found.group(2) for found in DIRECTIVE.finditer(pattern) if found.group(2)]
    kinds = [known_kind(value, "format") for value in node.expressions]
    fits = all(one in TEXTS if want == "s" else one in INTEGERS for want, one in zip(wanted, kinds, strict=False))
    if set(wanted) - {"s", "d"} or len(wanted) != len(kinds) or not fits or "%" in DIRECTIVE.sub("", pattern):
        raise Limitation(f"format({pattern!r}); only %s of text and %d of whole numbers")
    return call("printf", text(pattern), *node.expressions)


def reverse(node: exp.Reverse) -> Node:
    """``reverse`` of text, bytes or an array."""
    found = known_kind(node.this, "reverse")
    names = {
        Kind.ARRAY: "list_reverse",
        Kind.VARBINARY: "t_reverse_bytes",
        Kind.VARCHAR: "t_reverse",
        Kind.TEXT: "t_reverse",
    }
    if found not in names:
        raise Limitation(f"reverse of {found.value}")
    return call(names[found], node.this)


def codepoint(node: Node) -> Node:
    """``codepoint`` takes text whose type has one letter."""
    (letter,) = node.expressions
    if not (isinstance(letter, exp.Literal) and len(letter.name) == 1):
        raise Limitation("codepoint of other than a letter")
    return call("unicode", letter)


def hexadecimal(node: exp.HexString) -> Node:
    """``X'00ff'``."""
    digits = re.sub(r"\s", "", node.name)
    if len(digits) % 2 or not re.fullmatch("[0-9A-Fa-f]*", digits):
        raise TypeMismatch("Binary literal must contain an even number of digits")
    return exp.HexString(this=digits)


def renamed(name: str) -> Rule:
    """Return a rule for a function of one value."""
    return lambda node: call(name, node.this)


def escaped(node: exp.UnicodeString) -> Node:
    """``U&'…'`` with four-digit escapes."""
    if node.args.get("escape") or "\\+" in node.name:
        raise Limitation("U&'…' with UESCAPE")
    return text(re.sub(r"\\([0-9A-Fa-f]{4})", lambda found: chr(int(found.group(1), 16)), node.name))


def named(name: str) -> Rule:
    """Return a rule that renames a function and keeps its arguments."""
    return lambda node: call(name, *node.expressions)


def normalized(node: exp.Normalize) -> Node:
    """NFC only."""
    only(node, "this")
    return call("t_normalize", node.this)


def decoded(node: exp.Decode) -> Node:
    """``from_utf8``; bytes that are no UTF-8 are an error here and a replacement there."""
    only(node, "this", "charset")
    return call("t_from_utf8", node.this)


RULES: Mapping[type[Node], Rule] = {
    exp.Substring: substring,
    exp.Upper: upper,
    exp.Lower: lower,
    exp.Trim: trim,
    exp.Split: split,
    exp.SplitPart: split_part,
    exp.StrPosition: position,
    exp.Concat: concatenated,
    exp.DPipe: piped,
    exp.Replace: replaced,
    exp.RegexpReplace: regexp_replaced,
    exp.RegexpExtract: regexp_extracted,
    exp.RegexpExtractAll: regexp_extracted_all,
    exp.RegexpLike: regexp_like,
    exp.RegexpSplit: regexp_split,
    exp.RegexpCount: regexp_count,
    exp.Pad: padded,
    exp.Length: length,
    exp.Format: formatted,
    exp.Reverse: reverse,
    exp.HexString: hexadecimal,
    exp.Chr: lambda node: call("t_chr", *(node.expressions or [node.this])),
    exp.Normalize: normalized,
    exp.Soundex: renamed("t_soundex"),
    exp.MD5Digest: lambda node: call("unhex", call("md5", node.this)),
    exp.SHA: renamed("t_sha1"),
    exp.SHA2Digest: lambda node: call(f"t_sha{argument(node, 'length').name}", node.this),
    exp.Hex: renamed("hex"),
    exp.LowerHex: lambda node: call("lower", call("hex", node.this)),
    exp.Unhex: renamed("t_from_hex"),
    exp.ToBase64: renamed("t_to_base64"),
    exp.FromBase64: renamed("t_from_base64"),
    exp.Encode: renamed("encode"),
    exp.Decode: decoded,
    exp.UnicodeString: escaped,
    exp.Levenshtein: lambda node: call("t_levenshtein", node.this, node.expression),
}
NAMED: Mapping[str, Rule] = {
    "codepoint": codepoint,
    "luhn_check": named("t_luhn"),
    "url_extract_port": named("t_url_port"),
    "to_base64url": named("t_to_base64url"),
    "to_base32": named("t_to_base32"),
    "to_big_endian_64": named("t_big_endian_64"),
    "to_big_endian_32": named("t_big_endian_32"),
    "from_big_endian_64": named("t_from_big_endian_64"),
    "to_ieee754_64": named("t_ieee754_64"),
    **{f"hmac_{name}": named(f"t_hmac_{name}") for name in ("md5", "sha1", "sha256", "sha512")},
    "crc32": named("t_crc32"),
    "hamming_distance": named("t_hamming"),
    "url_encode": named("t_url_encode"),
    "url_decode": named("t_url_decode"),
    "url_extract_host": named("t_url_host"),
    "url_extract_path": named("t_url_path"),
    "url_extract_query": named("t_url_query"),
    "url_extract_protocol": named("t_url_protocol"),
    "url_extract_fragment": named("t_url_fragment"),
    "url_extract_parameter": named("t_url_parameter"),
    "human_readable_seconds": named("t_human_seconds"),
}

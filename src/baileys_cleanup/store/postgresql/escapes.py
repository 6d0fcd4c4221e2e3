"""Escapes that a `json` keeps and the server cannot read: NUL, half an emoji, a character that its encoding has not.

JSON.stringify writes them, and each function that looks into such a text fails. So they are put out of its way, and
back where they were.
"""

import os

from psycopg import sql

_ESCAPE = r"(?<!\\)((?:\\\\)*)\\u(?!00(?:0[1-9a-fA-F]|[1-7]))"
"""The beginning of an escape, after the backslashes before it that are text; but of none that every encoding has."""
_BEGINNING = r"\u"
_MARK = os.urandom(12).hex()
"""Stands for the beginning of such an escape. It is another one in each process: nobody can have written it."""
_WITHOUT = sql.SQL(
    "case when {may_be} then regexp_replace({json}::text, {escape}, {mark}, 'g')::{kind} else {json}::{kind} end"
)


def may_be_in(json: sql.Composable) -> sql.Composable:
    """Return that a `json` may have such an escape: that is cheap to see."""
    return sql.SQL("strpos({}::text, {}) > 0").format(json, sql.Literal(_BEGINNING))


def without(json: sql.Composable, kind: str = "json") -> sql.Composable:
    """Return a `json` without these escapes, as a type of JSON; `restored` brings them back."""
    escape, mark = sql.Literal(_ESCAPE), sql.Literal(rf"\1{_MARK}")
    return _WITHOUT.format(may_be=may_be_in(json), json=json, escape=escape, mark=mark, kind=sql.SQL(kind))


def were_in(json: sql.Composable) -> sql.Composable:
    """Return that a part of a `json` without these escapes had one."""
    return sql.SQL("strpos({}::text, {}) > 0").format(json, sql.Literal(_MARK))


def restored(value: sql.Composable) -> sql.Composable:
    """Return the text of a value that was taken from a `json` without these escapes, as it was."""
    return sql.SQL("replace({}::text, {}, {})").format(value, sql.Literal(_MARK), sql.Literal(_BEGINNING))

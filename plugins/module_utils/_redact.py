# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text and objects without tokens, keys, certificates and passwords. Private to this collection, may change at any time."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from collections.abc import Iterable, Sequence

HIDDEN = "<hidden>"

# Shorter words are no secrets, and hiding them would make text unreadable.
_SHORTEST = 6

# What follows these is secret; what follows the others after "name: " may be a sentence.
_ALWAYS = (
    r"passw(?:or)?d|passphrase|psk|pre[-_ ]?shared[-_ ]?key|(?:api|access|account|private|encryption|signing)[-_]?key"
)
_ALWAYS += r"|passcode|certificate[-_]?key|bind_?pw|(?:client|shared)[-_ ]?secret(?![a-z])"
_ALWAYS += r"|(?:client-)?(?:key|certificate)(?:-authority)?-data|ca\.crt|tls\.(?:key|crt)"
# As in DB_PASS and dbPwd. Alone these are a verdict and a folder, behind a hyphen they may end the name of a node.
_ALWAYS += r"|[a-z0-9]_(?:pass|pwd)(?![a-z])|(?-i:[a-z](?:Pass|Pwd)(?![a-z]))"
_MOSTLY = r"token|secret|authorization|credentials?|signature"
_NO_WORD = r"(?=\\?[\"']|\S{0,200}\d)(?=\S{12})"
_BLANKS = r"[ \t]{0,40}"
_COLON = rf"[\\\"']{{0,2}}{_BLANKS}[:=]{_BLANKS}[\\\"']{{0,2}}"
_IN_OPTIONS = rf"{_ALWAYS}|token|secret|-pass|-pwd"
# What is between two words of a command: on one line, or in a list of JSON or YAML with a line for each.
_NEXT_WORD = r"(?:[\s\"',]{1,4}|[\"']?,?[ \t]{0,10}\r?\n[ \t]{0,100}(?:-[ \t]{1,4})?[\"']?)"
_QUOTED = r"(?:\\\"[^\"]*\"?|\"(?:[^\"\\]|\\[\s\S])*\"?|'[^']*'?)"
# Programs that take a password by a short option; words of the command may stand before it.
_BETWEEN = r"[\s\"',]{1,4}"
_WORDS = rf"(?:{_BETWEEN}[^\s\"',;|&]{{1,200}}){{0,20}}?{_BETWEEN}"
_PASSWORD_OF = re.compile(
    rf"(\b(?:sshpass{_BETWEEN}-p(?:{_BETWEEN})?"
    rf"|(?:mysql|mariadb)(?:-?(?:dump|admin|show|check|import|slap))?{_WORDS}-p(?=[^\s\"',]|[\"'][^\s\"',\]])"
    rf"|(?:login{_WORDS}-p|redis-cli{_WORDS}-a|ldap[a-z]{{1,20}}{_WORDS}-w){_BETWEEN}"
    rf"|skopeo{_WORDS}--(?:src-|dest-)?creds[\s\"',=]{{1,4}}|pass(?:in|out)?{_BETWEEN}pass:))"
    r"(?:\\?\"[^\"\n]*\"?|'[^'\n]*'?|[^\s\"',]+)"
)


def _key(names: str) -> str:
    return rf"(?:{names})[\w-]{{0,40}}[\\\"']{{0,2}}{_BLANKS}"


def _assignment(names: str, after_blank: str) -> t.Pattern[str]:
    """name=value, name:value, and name: value where `after_blank` holds; with any number of blanks."""
    key = rf"({_key(names)}(?:={_BLANKS}|:|:\s{_BLANKS}{after_blank}))"
    return re.compile(key + rf"(?:{_QUOTED}|[^\s,;}}\"'\]]{{3,}})", re.IGNORECASE)


def _unless_named_otherwise(match: t.Match[str]) -> str:
    return match.group(1) + HIDDEN if secret_field(match.group(2)) else match.group(0)


_PATTERNS: tuple[tuple[t.Pattern[str], str | t.Callable[[t.Match[str]], str]], ...] = (
    # PEM, on one line or on many, with real or with written line ends; of a cut one what may belong to it.
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]+-----(?:(?:(?!-----BEGIN )[\s\S]){0,32768}?-----END [A-Z0-9 ]+-----|[\w+/=\s\\]*)"
        ),
        HIDDEN,
    ),
    # The Data of a Secret as Go prints it.
    (re.compile(r"\[\]u?(?:int8|byte)\{[^}]*\}?"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 " + HIDDEN),
    # Of an Authorization header all: of some schemes the secret stands among other words.
    (
        re.compile(
            rf"(\bauthorization{_COLON}(?:token|digest|apikey|negotiate|aws4[\w-]*)[ \t]{{1,4}})[^\r\n]+", re.IGNORECASE
        ),
        r"\1" + HIDDEN,
    ),
    # A token of three parts in JSON; where lines are short it goes on in those that hold one word.
    (
        re.compile(
            r"\beyJ[\w-]{6,}(?:\.[\w-]*)*(?:(?:[ \t]*\r?\n|\\n)[ \t]{0,100}[\w.-]+(?=[\"']?,?[ \t]*(?:\r?\n|\\n|\Z))){0,40}"
        ),
        HIDDEN,
    ),
    # A password as crypt keeps it.
    (re.compile(r"\$(?:[1567y]|gy|2[abxy]|apr1|argon2id?|scrypt)\$[\w./+=,$-]{8,}"), HIDDEN),
    # Who logs in, in a URL: a name with a password, or a token alone.
    (re.compile(r"(://)[^/\s\"']+@"), r"\1" + HIDDEN + "@"),
    # A login in the file of a container registry's client.
    (re.compile(r"([\"']auth\\?[\"']\s*:\s*\\?[\"'])[^\"'\\]+"), r"\1" + HIDDEN),
    # A signature or a key in the query of a URL.
    (re.compile(r"([?&;](?:sig|key|auth|pass|pwd|x-amz-[a-z-]{1,30})=)[^&\s\"'<>]+", re.IGNORECASE), r"\1" + HIDDEN),
    # Of some services a token says itself that it is one: AWS, GitHub, GitLab, Slack, Google, OpenShift, Vault.
    (
        re.compile(
            r"\b(?:A[KS]IA[0-9A-Z]{16}|gh[a-z]_\w{20}|github_pat_\w{20}|glpat-[\w-]{16}|xox[a-z]-[\w-]{10}"
            r"|AIza[\w-]{35}|sha256~[\w-]{20}|hv[sb]\.[\w-]{20})[\w-]*"
        ),
        HIDDEN,
    ),
    (re.compile(r"(\bhooks\.slack\.com/[a-z]{1,20}/)[\w/-]+"), r"\1" + HIDDEN),
    (re.compile(rf"(\b(?:set-)?cookie{_COLON})[^\s\\\"'][^\r\n\\\"']*", re.IGNORECASE), r"\1" + HIDDEN),
    # A login as curl takes it; digits alone are a user and a group.
    (
        re.compile(r"((?<![\w-])(?:-u|-U|--(?:proxy-)?user)[\s\"',=]{1,4})(?!\d+:\d+\b)[^\s:\"',]{1,100}:[^\s\"',]+"),
        r"\1" + HIDDEN,
    ),
    # A login as some programs take it, and as it stands in a netrc.
    (_PASSWORD_OF, r"\1" + HIDDEN),
    (re.compile(r"(\b(?:login|account)\s{1,40}\S{1,100}\s{1,40}password\s{1,40})\S+"), r"\1" + HIDDEN),
    # A sentence that tells a password: what has no digit may be its verdict, and what begins with these a kind or a length.
    (
        re.compile(
            r"(\b(?:password|passphrase|passcode|psk|pre-shared key)(?:\s{1,4}(?:is|was|now|changed|set|to)){1,4}:?\s{1,4}[\"'`]?)"
            r"(?!base64|sha\d|md5|\d+-)(?=[^\s\"'`]{0,200}\d)[^\s\"'`]{6,}",
            re.IGNORECASE,
        ),
        r"\1" + HIDDEN,
    ),
    # A line of ipsec.secrets.
    (re.compile(r"(\b(?:PSK|XAUTH|EAP)\s{1,40})(?:\\?\"[^\"\n]*\"?|'[^'\n]*'?|0[stx][\w+/=]+)"), r"\1" + HIDDEN),
    # A block of YAML: all lines that are indented as its first one is.
    (
        re.compile(
            rf"({_key(_ALWAYS + '|' + _MOSTLY)}:{_BLANKS}[|>][-+0-9]{{0,2}}{_BLANKS}\r?\n([ \t]{{1,200}}))"
            r"\S[^\n]*(?:\n(?:\2[^\n]*|[ \t]{0,200}(?=\n)))*",
            re.IGNORECASE,
        ),
        r"\1" + HIDDEN,
    ),
    # What the kernel keeps secret among its settings.
    (re.compile(r"(\b(?:tcp_fastopen_key|stable_secret)\s{0,4}=\s{0,4})\S+"), r"\1" + HIDDEN),
    # A key of IPsec as the kernel shows it.
    (re.compile(r"\b0x[0-9a-f]{16,}\b", re.IGNORECASE), HIDDEN),
    # A key in hexadecimal digits alone, behind its name.
    (
        re.compile(
            rf"(\b(?:{_key(_ALWAYS + '|' + _MOSTLY)}|key[:=]?[ \t]{{0,4}})[\"']?)[0-9a-f]{{32,}}\b", re.IGNORECASE
        ),
        r"\1" + HIDDEN,
    ),
    # An option of a program, and its value as the next word.
    (
        re.compile(rf"((?<![\w-])--?[\w-]*(?:{_IN_OPTIONS}){_NEXT_WORD})(?![-\s\"',])[^\s\"',]{{3,}}", re.IGNORECASE),
        r"\1" + HIDDEN,
    ),
    # A variable or a header: its name, then its value.
    (
        re.compile(
            rf"(\bname\\?[\"']?{_BLANKS}:{_BLANKS}\\?[\"']?([\w.-]{{1,100}})\\?[\"']?(?:,\s{{0,100}}|\s{{1,100}})"
            rf"\\?[\"']?value\\?[\"']?{_BLANKS}:{_BLANKS})(?:{_QUOTED}|[^\s,}}\"']+)",
            re.IGNORECASE,
        ),
        _unless_named_otherwise,
    ),
    # A line with nothing but a token, as in a kubeconfig; and a header.
    (
        re.compile(
            r"(^[ \t]{0,100}(?:-[ \t]{1,4})?[\w-]{0,40}token:[ \t]{1,4})[^\s\"']{6,}[ \t]*$",
            re.IGNORECASE | re.MULTILINE,
        ),
        r"\1" + HIDDEN,
    ),
    (re.compile(rf"(\b(?:x-[\w-]{{1,40}}|private|job|deploy)-token{_COLON})[^\s\"',]+", re.IGNORECASE), r"\1" + HIDDEN),
    # An element of XML.
    (
        re.compile(r"(<([\w:-]{0,40}(?:password|passphrase|token|secret|psk))>)[^<]{1,4096}", re.IGNORECASE),
        r"\1" + HIDDEN,
    ),
    (_assignment(_ALWAYS, ""), r"\1" + HIDDEN),
    (_assignment(_MOSTLY, _NO_WORD), r"\1" + HIDDEN),
)
# Where a text has a Secret, as a manifest does, what may be the data of it: in JSON, and in YAML.
_SECRET_IN_TEXT = re.compile(r"\bkind\\?[\"']?\s{0,40}:\s{0,40}\\?[\"']?Secret(?:List)?\b")
_DATA = r"\b(?:data|stringData)\\?[\"']?[ \t]{0,40}"
_ITS_DATA = (
    re.compile(rf"({_DATA}:\s{{0,40}}\{{)[^{{}}]+"),
    re.compile(rf"({_DATA}:[ \t]{{0,40}}\r?\n([ \t]{{1,200}}))\S[^\n]*(?:\n(?:\2[^\n]*|[ \t]{{0,200}}(?=\n)))*"),
)
# Wrapped, the last line may be short.
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{40,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]+(?=={0,2}[ \t]*(?:\r?\n|\Z)))*={0,2}")
_BRIEFLY_ENCODED = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{8,}={0,2}(?![\w+/=-])")

# Fields of objects: their names say that the value is secret. Those that merely name a Secret are of use to a reader.
_SECRET_FIELD = re.compile(rf"{_ALWAYS}|{_MOSTLY}|\bauth$|brokerK8sCA$|\bcookie$", re.IGNORECASE)
_NAMES_A_SECRET = re.compile(r"(?:[sS]ecretName|[sS]ecretRef|Secrets|K8sSecret|K8S_SECRET|PSKSecret|PSKSECRET)$")
_OPTION = re.compile(rf"--?[\w-]*(?:{_IN_OPTIONS})[\w-]*", re.IGNORECASE)
_LOGIN_OPTION = re.compile(r"-u|-U|--(?:proxy-)?user")
_NOISE = ("managedFields",)
_COPIES = ("kubectl.kubernetes.io/last-applied-configuration",)
"""Annotations that repeat the object, or an older state of it."""
# What a Secret holds beside secrets.
_PUBLIC_KEYS = frozenset(["namespace", "ca.crt", "service-ca.crt", "tls.crt", "type", "username"])


def hide(words: str, secrets: Sequence[str]) -> str:
    """`words` without any of `secrets`; the longest first, as one may hold another."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            words = words.replace(secret, HIDDEN)
    return words


def redact(words: str, secrets: Sequence[str] = ()) -> str:
    """`words` without `secrets`, and without what looks like a token, a key, a certificate or a password."""
    words = _patterns(hide(words, secrets))
    words = _ENCODED.sub(_unless_a_name, words)
    return _BRIEFLY_ENCODED.sub(lambda match: _unless_harmless(match.group(0), secrets), words)


def _patterns(words: str) -> str:
    if _SECRET_IN_TEXT.search(words):
        for pattern in _ITS_DATA:
            words = pattern.sub(r"\1" + HIDDEN, words)
    for pattern, instead in _PATTERNS:
        words = pattern.sub(instead, words)
    return words


def _unless_a_name(match: t.Match[str]) -> str:
    """Encoded bytes mix upper case, lower case and digits; names, paths and checksums of images do not."""
    run = match.group(0)
    first = run.split("\n", 1)[0]
    mixed = any(c.isupper() for c in first) and any(c.islower() for c in first) and any(c.isdigit() for c in first)
    return HIDDEN if mixed else run


def _unless_harmless(run: str, secrets: Sequence[str]) -> str:
    """Something short that is text once it is decoded, with something to hide in it."""
    said = decoded(run)
    return run if not said or _patterns(hide(said, secrets)) == said else HIDDEN


def decoded(run: str) -> str:
    """The text that base64 stands for, empty when it is none."""
    if len(run.rstrip("=")) % 4 == 1 or run.islower() or run.isdigit():
        return ""
    try:
        body = run.rstrip("=").replace("-", "+").replace("_", "/")
        said = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return said if all(c.isprintable() or c.isspace() for c in said) else ""


def secrets_in(secret: t.Any) -> list[str]:
    """What must not be shown of a Secret object, as text and as it may stand elsewhere encoded."""
    found: set[str] = set()
    for field in ("data", "stringData"):
        values = secret.get(field) if isinstance(secret, dict) else None
        for key, value in (values if isinstance(values, dict) else {}).items():
            if key in _PUBLIC_KEYS or not isinstance(value, str):
                continue
            found.add(value)
            try:
                plain = base64.b64decode(value, validate=True).decode("utf-8") if field == "data" else value
            except (binascii.Error, ValueError):
                continue
            found.update(_forms(plain))
            # Of a document each line may stand elsewhere alone.
            found.update(line.strip() for line in plain.splitlines() if len(line.strip()) >= 4 * _SHORTEST)
    return sorted(found)


def _forms(plain: str) -> Iterable[str]:
    trimmed = plain.strip()
    for words in dict.fromkeys((plain, trimmed)):
        yield words
        yield base64.b64encode(words.encode()).decode()


def redact_object(obj: t.Any, secrets: Sequence[str] = ()) -> t.Any:
    """A copy of an object of Kubernetes (or any other of JSON) that may be shown. Of a Secret only the names of its keys stay."""
    return _shown(obj, secrets)


def _without_values(secret: t.Any) -> t.Any:
    if not isinstance(secret, dict):
        return secret
    kept = {key: value for key, value in secret.items() if key not in ("data", "stringData")}
    for field in ("data", "stringData"):
        if isinstance(secret.get(field), dict):
            kept[field] = {str(key): HIDDEN for key in secret[field]}
    return kept


def _shown(value: t.Any, secrets: Sequence[str], name: str = "") -> t.Any:
    if isinstance(value, dict):
        return _shown_fields(value, secrets)
    if isinstance(value, list):
        return _shown_list(value, secrets, name)
    if isinstance(value, str):
        plain = value.lower() in ("", "true", "false")
        return HIDDEN if secret_field(name) and not plain else redact(value, secrets)
    return HIDDEN if _number(value) and secret_field(name) else value


def _number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown_fields(value: dict[t.Any, t.Any], secrets: Sequence[str]) -> dict[str, t.Any]:
    shown: dict[str, t.Any] = {}
    if value.get("kind") == "Secret":
        value = _without_values(value)
    elif value.get("kind") == "SecretList" and isinstance(value.get("items"), list):
        # Its items need not say their kind.
        value = {**value, "items": [_without_values(item) for item in value["items"]]}
    for key, entry in value.items():
        field = str(key)
        if field in _COPIES:
            shown[field] = HIDDEN
        elif (
            field == "value"
            and (isinstance(entry, str) or _number(entry))
            and secret_field(str(value.get("name") or ""))
        ):
            shown[field] = HIDDEN  # an environment variable, a header
        elif field not in _NOISE:
            shown[redact(field, secrets)] = _shown(entry, secrets, field)
    return shown


def _shown_list(value: list[t.Any], secrets: Sequence[str], name: str) -> list[t.Any]:
    shown: list[t.Any] = []
    before: list[str] = []
    for entry in value:
        shown.append(HIDDEN if isinstance(entry, str) and _follows(before, entry) else _shown(entry, secrets, name))
        before = [*before[-20:], entry] if isinstance(entry, str) else []
    return shown


def _follows(before: list[str], entry: str) -> bool:
    """Whether one argument is the secret that those before announced, or holds it."""
    option, command = (before or [""])[-1], "".join(f"{word}\n" for word in before)
    if any(match.end(1) >= len(command) for match in _PASSWORD_OF.finditer(command + entry)):
        return " " not in entry  # else it is a command of its own
    if _LOGIN_OPTION.fullmatch(option):
        return ":" in entry
    return bool(_OPTION.fullmatch(option)) and not entry.startswith("-")


def secret_field(name: str) -> bool:
    """Whether a field, a variable or a header of this name holds a secret, and not just the name of a Secret."""
    return bool(_SECRET_FIELD.search(name)) and not _NAMES_A_SECRET.search(name)

# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication options before they go to kubernetes.core: what counts, what is secret, what cannot work.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import os
import re
import ssl
import typing as t
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence

ENVIRONMENT_OF_ALL = frozenset({"proxy", "no_proxy", "proxy_headers"})
"""What K8S_AUTH_* says of this machine's network, and so of every cluster."""

IMPERSONATION = {"Impersonate-User": "impersonate_user", "Impersonate-Group": "impersonate_groups"}
"""Header -> option."""

_SECRET = re.compile(r"token|passw|secret|key|credential|_auth$", re.IGNORECASE)
_FILES = ("tokenFile", "client-key")
"""Keys of a kubeconfig whose values are paths, which who looks for a missing file has to see."""
_USERINFO = re.compile(r"://[^/@]*:[^/@]*@")


class Unusable(Exception):
    """Options that cannot be used: C(msg) names them, C(hint) the way out."""

    def __init__(self, msg: str, hint: str) -> None:
        super().__init__(msg)
        self.msg = msg
        self.hint = hint


def given_options(params: Mapping[str, t.Any], known: Collection[str]) -> Json:
    """The authentication options that are set; a kubeconfig that is text becomes the dictionary it stands for."""
    given = {key: value for key, value in params.items() if key in known and value is not None}
    if isinstance(given.get("kubeconfig"), str):
        given["kubeconfig"] = _content(given["kubeconfig"])
    if given.get("impersonate_groups") and not given.get("impersonate_user"):
        raise Unusable(
            "impersonate_groups is set without impersonate_user.", "Kubernetes takes groups only together with a user."
        )
    return given


def _content(kubeconfig: str) -> str | Json:
    if "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{"):
        return kubeconfig
    import yaml

    try:
        document = yaml.safe_load(kubeconfig)
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict):
        # Neither the text nor the parser's words are shown: both may hold credentials.
        raise Unusable(
            "kubeconfig is text, yet not a kubeconfig in YAML or JSON.", "Set it to such a text, or to a file's path."
        )
    return document


def document_at(path: str) -> Json | None:
    """A kubeconfig, unless it cannot be read or says something that depends on where it lies.

    The client's own loader takes 0.4 s for one of 200 contexts, this one 0.03 s.
    """
    import yaml

    try:
        with open(os.path.expanduser(path), encoding="utf-8") as stream:
            document = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe)
    except (OSError, ValueError, yaml.YAMLError):
        return None
    entries = [
        mapping(mapping(entry).get(kind[:-1]))
        for kind in ("clusters", "users")
        for entry in sequence(mapping(document).get(kind))
    ]
    placed = any("exec" in e or any(k in e and not os.path.isabs(str(e[k])) for k in FILES) for e in entries)
    return None if placed else mapping(document)


def counts_for_another(option: str, given: Mapping[str, t.Any]) -> bool:
    """Whether K8S_AUTH_* counts for an option of a cluster that is not the module's own one (broker, sources).

    The environment names one cluster: what it says of that one must not be mixed into the options of another.
    """
    if option in given or option in ENVIRONMENT_OF_ALL:
        return True
    if option == "kubeconfig":
        return not given.get("host")
    return not any(given.get(name) for name in ("kubeconfig", "context", "host"))


def keep_options(configuration: t.Any, options: Json) -> None:
    """Options outrank a kubeconfig, also when the client looks at that one's short-lived token again."""
    look_again = configuration.refresh_api_key_hook
    if look_again is None or "api_key" in options:
        configuration.refresh_api_key_hook = None
        return
    chosen = {name: getattr(configuration, name) for name in options}

    def refresh(configuration: t.Any) -> None:
        look_again(configuration)
        for name, value in chosen.items():
            setattr(configuration, name, value)

    configuration.refresh_api_key_hook = refresh


def trouble(params: Mapping[str, t.Any], error: Exception) -> tuple[str, str]:
    """What the client could not use, and the way out; its words are not for users."""
    text = " ".join(str(error).split())
    kubeconfig, context = params.get("kubeconfig"), params.get("context")
    where = f"kubeconfig {kubeconfig}" if isinstance(kubeconfig, str) and "\n" not in kubeconfig else "the kubeconfig"
    if context and "context" in text.lower():
        return (
            f"The context '{context}' is not in {where}.",
            "List the contexts with 'kubectl config get-contexts' and set submariner_context.",
        )
    return (
        f"{where[0].upper()}{where[1:]} cannot be used: {text.rstrip('.') or type(error).__name__}.",
        "Set submariner_kubeconfig to a readable file and submariner_context to one of its contexts.",
    )


FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Entries of a kubeconfig that are paths, relative ones to where it lies."""

CERTIFICATES = {"ca_cert": "certificate-authority", "client_cert": "client-certificate", "client_key": "client-key"}
"""Options, and what a kubeconfig calls the same."""


def check_certificates(files: Mapping[str, str | None], given: Mapping[str, t.Any]) -> None:
    """Certificates that cannot be loaded are wrong input; found here, before a request fails for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for option, path in files.items():
        if not path:
            continue
        try:
            if option == "ca_cert":
                context.load_verify_locations(cafile=path)
            elif option == "client_key" and files["client_cert"]:
                # Without the answer to a pass phrase OpenSSL would ask the terminal for it.
                context.load_cert_chain(files["client_cert"], path, password=lambda: b"")
            else:
                with open(path, "rb"):
                    pass
        except (OSError, ValueError) as error:
            where = f"{option} ({path})" if option in given else f"{CERTIFICATES[option]} of the kubeconfig"
            raise Unusable(
                f"{where} cannot be used: {_cause(error)}.",
                "It must be readable PEM; a client's key must be that of its certificate, without a pass phrase.",
            ) from error


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or error)


def basic_login(header: str) -> tuple[str, str] | None:
    """User and password of a C(Basic) header, where it is one."""
    scheme, _blank, words = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    username, _colon, password = base64.b64decode(words).decode().partition(":")
    return username, password


def proxy_url(url: str, headers: Mapping[str, str] | None) -> str:
    """The proxy with user and password, for programs that take these from its URL alone."""
    login = basic_login((headers or {}).get("proxy-authorization", ""))
    if login is None:
        return url
    parts = urlsplit(url)
    username, password = (quote(word, safe="") for word in login)
    return urlunsplit(parts._replace(netloc=f"{username}:{password}@{parts.netloc.rpartition('@')[2]}"))


def plain_values(params: Mapping[str, t.Any], given: Mapping[str, t.Any]) -> set[str]:
    """What of a kubeconfig option is no secret: its path, or the names and addresses in its content.

    The option as a whole is one (C(no_log)); Ansible would blank out every cluster's name in the results.
    """
    kubeconfig = given.get("kubeconfig")
    leaves = [(kubeconfig, False)] if isinstance(kubeconfig, str) else list(_leaves(kubeconfig, False))
    secret = {value for value, hidden in (*leaves, *_leaves(params, False)) if hidden}
    return {value for value, _hidden in leaves if value not in secret}


def secret_values(document: t.Any) -> list[str]:
    """What in a kubeconfig, or in options, is not to be shown."""
    return sorted({value for value, hidden in _leaves(document, False) if hidden})


def _leaves(node: t.Any, hidden: bool) -> Iterator[tuple[str, bool]]:
    """Every value in a document, and whether what stands before it says that it is a secret."""
    if isinstance(node, Mapping):
        # Environment variables of an exec plugin are {name, value}: the name tells.
        named = str(node.get("name", "")) if "value" in node else ""
        for key, value in node.items():
            told = (key not in _FILES and _SECRET.search(str(key))) or _SECRET.search(named)
            yield from _leaves(value, hidden or bool(told))
    elif isinstance(node, (list, tuple)):
        flag = ""
        for item in node:
            if isinstance(item, str):
                about = item if item.startswith("-") else flag
                yield item, hidden or bool(_SECRET.search(about)) or bool(_USERINFO.search(item))
                flag = item if item.startswith("-") and "=" not in item else ""
            else:
                yield from _leaves(item, hidden)
    elif node is not None:
        yield str(node), hidden or bool(_USERINFO.search(str(node)))

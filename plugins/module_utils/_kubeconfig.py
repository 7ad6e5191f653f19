# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig of exactly one context that reaches the cluster our own client reaches, for programs that need a file.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import basic_login, proxy_url

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def _documents(kubeconfig: str | Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The kubeconfig documents that an option, or the default, leads to; unreadable ones are left out."""
    if isinstance(kubeconfig, Mapping):
        return [kubeconfig]
    paths = (kubeconfig or os.environ.get("KUBECONFIG") or os.path.join("~", ".kube", "config")).split(os.pathsep)
    import yaml

    found: list[Mapping[str, Any]] = []
    for path in paths:
        try:
            with open(os.path.expanduser(path), encoding="utf-8") as stream:
                document = yaml.safe_load(stream)
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def cluster_name(options: Mapping[str, Any], server: str) -> str:
    """The name that the original kubeconfig gives the cluster: subctl takes it for the cluster's identity.

    Without a kubeconfig it is made from the server's address.
    """
    by_host = options.get("host") and any(options.get(key) for key in ("api_key", "username", "cert_file"))
    documents = [] if by_host else _documents(options.get("kubeconfig"))
    wanted = options.get("context")
    for document in documents:
        wanted = wanted or document.get("current-context")
    for document in documents:
        for entry in document.get("contexts") or []:
            if isinstance(entry, dict) and entry.get("name") == wanted:
                name = (entry.get("context") or {}).get("cluster")
                if name:
                    return str(name)
    return _UNFIT.sub("-", server.partition("://")[2] or server).strip("-") or "cluster"


def _file(path: str) -> str:
    with open(path, "rb") as stream:
        return base64.b64encode(stream.read()).decode("ascii")


def _cluster(api: Api) -> dict[str, Any]:
    configuration = api.configuration
    entry: dict[str, Any] = {"server": api.server}
    if not configuration.verify_ssl:
        entry["insecure-skip-tls-verify"] = True
    elif configuration.ssl_ca_cert:
        entry["certificate-authority-data"] = _file(configuration.ssl_ca_cert)
    name = getattr(configuration, "tls_server_name", None)
    if name:
        entry["tls-server-name"] = name
    if api.proxied:
        entry["proxy-url"] = proxy_url(configuration.proxy, configuration.proxy_headers)
    return entry


def _user(api: Api) -> dict[str, Any]:
    configuration = api.configuration
    entry: dict[str, Any] = {}
    if configuration.cert_file:
        entry["client-certificate-data"] = _file(configuration.cert_file)
    if configuration.key_file:
        entry["client-key-data"] = _file(configuration.key_file)
    header = api.authorization().get("authorization", "")
    login = basic_login(header)
    if login:
        entry["username"], entry["password"] = login
    elif header:
        entry["token"] = header.removeprefix("Bearer ").strip()
    users = [value for name, value in api.impersonation if name == "Impersonate-User"]
    groups = [value for name, value in api.impersonation if name == "Impersonate-Group"]
    if users:
        entry["as"] = users[0]
    if groups:
        entry["as-groups"] = groups
    return entry


def secrets_of(document: Mapping[str, Any]) -> list[str]:
    """What must not show up in any output of a program that was given this kubeconfig."""
    users = [entry["user"] for entry in document["users"]]
    found = [str(user[key]) for user in users for key in ("token", "password", "client-key-data") if user.get(key)]
    for entry in document["clusters"]:
        password = urlsplit(entry["cluster"].get("proxy-url", "")).password
        found += [password, unquote(password)] if password else []
    return found


def single_context(api: Api) -> dict[str, Any]:
    """The kubeconfig document for the cluster that `api` reaches, with the same identity and on the same way."""
    name = cluster_name(api.options, api.server)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": _cluster(api)}],
        "users": [{"name": name, "user": _user(api)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def two_contexts(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """One kubeconfig document with the contexts of two; the second's name changes when it is the first's, too."""
    name, taken = other["current-context"], one["current-context"]
    unique = f"{name}-2" if name == taken else name
    document = dict(one)
    for key, entry in (("clusters", "cluster"), ("users", "user")):
        document[key] = [*one[key], {"name": unique, entry: other[key][0][entry]}]
    context = {"name": unique, "context": {"cluster": unique, "user": unique}}
    document["contexts"] = [*one["contexts"], context]
    return document


def write_private(path: str, content: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(content)


def write_kubeconfig(path: str, document: Mapping[str, Any]) -> None:
    """JSON is YAML: no dumper needed."""
    write_private(path, json.dumps(document))

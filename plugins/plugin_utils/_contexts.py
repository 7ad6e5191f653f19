# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfig files -> the contexts in them, one for each cluster, with names that an inventory can use.

Neither Ansible nor Kubernetes is needed. Private, may change at any time.
"""

from __future__ import annotations

import glob
import os
import re
import typing as t
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

LONGEST = 63
"""Characters of a label by RFC 1123, and so of a cluster ID."""

SAME_PLACE = ("server", "tls-server-name", "proxy-url", "certificate-authority-data", "certificate-authority")
"""Entries of a kubeconfig's cluster that tell where it is: contexts in which all of them agree lead to one cluster."""

WILD = re.compile(r"[*?[]")


@dataclass(frozen=True)
class Context:
    """One way to a cluster. Nothing of the user's entry is in it."""

    name: str
    kubeconfig: str
    """The path, or several with a colon between them as kubectl merges them."""
    cluster: str = ""
    user: str = ""
    server: str = ""
    """Without the credentials that a URL may hold."""
    place: tuple[str, ...] = ()
    """The values of L(SAME_PLACE): may hold a secret, is compared and never shown."""
    current: bool = False
    also: tuple[str, ...] = ()
    """Names of other contexts that lead to the same cluster."""
    host: str = ""

    @property
    def stem(self) -> str:
        """The name of the first file without its ending."""
        return os.path.splitext(os.path.basename(self.kubeconfig.split(os.pathsep)[0]))[0]

    @property
    def label(self) -> str:
        return f"{self.name} of {self.kubeconfig}"


def sanitised(name: str) -> str:
    """A label by RFC 1123 that is as near to C(name) as can be; empty when there is nothing to keep."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return words[:LONGEST].rstrip("-")


def contexts_in(entries: t.Sequence[str], base: str) -> list[Context]:
    """The contexts of all kubeconfigs in their order; relative paths begin at C(base).

    An entry is a path, a pattern for paths, or several of either with a colon between them, which are taken together as
    kubectl takes them. Raises Unusable for what cannot be read: a fleet must not become smaller by a broken file.
    """
    found: dict[tuple[str, str], Context] = {}
    for entry in entries:
        for kubeconfig in _expanded(entry, base):
            for context in _contexts(kubeconfig):
                found.setdefault((context.kubeconfig, context.name), context)
    return list(found.values())


def _expanded(entry: str, base: str) -> list[str]:
    paths = [os.path.join(base, os.path.expanduser(os.path.expandvars(p))) for p in entry.split(os.pathsep) if p]
    if not paths:
        raise Unusable("An entry of kubeconfig is empty.", "Set it to a file's path.")
    if len(paths) > 1 or not WILD.search(entry):
        return [os.pathsep.join(map(os.path.normpath, paths))]
    found = sorted(os.path.normpath(p) for p in glob.glob(paths[0]) if os.path.isfile(p))
    if not found:
        raise Unusable(f"No file matches {paths[0]}.", "Set kubeconfig to the paths of kubeconfig files.")
    return found


def _contexts(kubeconfig: str) -> list[Context]:
    documents = documents_of(kubeconfig)
    clusters: Json = {}
    for entry in (e for d in documents for e in _named(d, "clusters")):
        clusters.setdefault(entry["name"], mapping(entry.get("cluster")))
    current = next((text(d.get("current-context")) for d in documents if d.get("current-context")), "")
    for document in documents:
        _refuse_contexts(kubeconfig, document.get("contexts"))
    found: dict[str, Context] = {}
    for entry in (e for d in documents for e in _named(d, "contexts")):
        inner = mapping(entry.get("context"))
        cluster = mapping(clusters.get(text(inner.get("cluster"))))
        context = Context(
            name=entry["name"],
            kubeconfig=kubeconfig,
            cluster=text(inner.get("cluster")),
            user=text(inner.get("user")),
            server=shown(text(cluster.get("server"))),
            place=tuple(text(cluster.get(key)).rstrip("/") for key in SAME_PLACE),
            current=entry["name"] == current,
        )
        found.setdefault(context.name, context)
    return list(found.values())


def _refuse_contexts(kubeconfig: str, contexts: t.Any) -> None:
    """What would be passed over, of one file: a fleet must not become smaller by it."""
    if contexts is not None and not isinstance(contexts, list):
        raise Unusable(
            f"The contexts of the kubeconfig {kubeconfig} are no list.", "Mend it, or take it out of kubeconfig."
        )
    names = [mapping(entry).get("name") for entry in contexts or []]
    if any(name is None or name == "" for name in names):
        raise Unusable(
            f"The kubeconfig {kubeconfig} has a context without a name.", "Give it one, or take it out there."
        )
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise Unusable(
            f"The kubeconfig {kubeconfig} has the context {odd}, whose name is no text.", "Put it in quotes there."
        )
    # Of two files the first one counts; in one file kubectl takes no name twice.
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise Unusable(f"The kubeconfig {kubeconfig} has two contexts {twice[0]} in one file.", "Rename one of them.")


def documents_of(kubeconfig: str) -> list[Json]:
    """The content of each file: secret."""
    return [d for d in map(_document, kubeconfig.split(os.pathsep)) if d]


def _named(document: Json, key: str) -> list[Json]:
    return [e for e in map(mapping, sequence(document.get(key))) if text(e.get("name"))]


def _document(path: str) -> Json:
    """One file. What the parser says of it is not shown, since it may quote credentials."""
    import yaml

    try:
        with open(path, encoding="utf-8") as stream:
            document = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe)
    except OSError as error:
        raise Unusable(
            f"The kubeconfig {path} cannot be read: {error.strerror or type(error).__name__}.",
            "Set kubeconfig to the paths of readable files.",
        ) from error
    except (ValueError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Unusable(f"The kubeconfig {path} is not YAML{where}.", "Mend it, or take it out of kubeconfig.") from None
    if document is not None and not isinstance(document, dict):
        raise Unusable(f"The file {path} is not a kubeconfig.", "Mend it, or take it out of kubeconfig.")
    return document or {}


def shown(url: str) -> str:
    """A URL without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def chosen(contexts: t.Sequence[Context], include: t.Sequence[str], exclude: t.Sequence[str]) -> list[Context]:
    """Those whose names match a pattern of C(include) and none of C(exclude); a plain name that is nowhere is an error."""
    names = [c.name for c in contexts]
    missing = [p for p in include if not WILD.search(p) and p not in names]
    if missing:
        raise Unusable(
            f"There is no context {', '.join(missing)} in the kubeconfigs; there are: {listed(names)}.",
            "Set contexts to names, or patterns of names, that 'kubectl config get-contexts' shows.",
        )
    return [c for c in contexts if _matches(c.name, include) and not _matches(c.name, exclude)]


def _matches(name: str, patterns: t.Sequence[str]) -> bool:
    return any(name == p or fnmatchcase(name, p) for p in patterns)


def listed(names: t.Collection[str], most: int = 8) -> str:
    """Some names, and how many more there are."""
    return some(list(dict.fromkeys(names)), most) or "none"


def one_for_each_cluster(contexts: t.Sequence[Context]) -> list[Context]:
    """Of the contexts that lead to one cluster the current one, else the first; it knows the names of the others."""
    places: dict[tuple[str, ...], list[Context]] = {}
    for context in contexts:
        # What names no server leads nowhere: each of those is on its own, to be reported.
        place = context.place if context.place and context.place[0] else (context.kubeconfig, context.name)
        places.setdefault(place, []).append(context)
    found = []
    for same in places.values():
        first = next((c for c in same if c.current), same[0])
        found.append(replace(first, also=tuple(dict.fromkeys(c.name for c in same if c is not first))))
    return found


def named(contexts: t.Sequence[Context], name_of: t.Callable[[Context], str]) -> list[Context]:
    """With the names of their hosts: C(name_of) made fit for an inventory, with that of the file where two are equal."""
    names = {c: sanitised(name_of(c)) for c in contexts}
    for context in _clashing(names):
        names[context] = sanitised(f"{names[context]}-{context.stem}")
    clashing = _clashing(names)
    if clashing:
        raise Unusable(
            f"These contexts would be one host: {listed([c.label for c in clashing])}.",
            "Set host_name to an expression that tells them apart, or exclude some.",
        )
    nameless = [c.label for c in contexts if not names[c]]
    if nameless:
        raise Unusable(
            f"No host name can be made of the context {listed(nameless)}.", "Set host_name to an expression for one."
        )
    return [replace(c, host=names[c]) for c in contexts]


def _clashing(names: t.Mapping[Context, str]) -> list[Context]:
    count: dict[str, int] = {}
    for name in names.values():
        count[name] = count.get(name, 0) + 1
    return [c for c, name in names.items() if name and count[name] > 1]

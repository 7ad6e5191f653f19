# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contexts of kubeconfigs: which are there, which lead to one cluster, and what they are called."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._contexts import (
    Context,
    chosen,
    contexts_in,
    named,
    one_for_each_cluster,
    sanitised,
    shown,
)
from tests.unit.inventory_source import kubeconfig_of

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def write(path: pathlib.Path, *contexts: str, **more: object) -> str:
    path.write_text(yaml.safe_dump({**kubeconfig_of({c: f"https://{path.stem}-{c}" for c in contexts}), **more}))
    return str(path)


def made(*names: str, kubeconfig: str = "/a/config", place: str = "") -> list[Context]:
    return [Context(n, kubeconfig, place=(place or n,)) for n in names]


@given(st.text())
def test_a_name_is_a_label_or_nothing(name: str) -> None:
    found = sanitised(name)
    assert found == "" or LABEL.fullmatch(found)
    assert sanitised(found) == found


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True))
def test_a_label_stays_as_it_is_but_for_runs_of_hyphens(name: str) -> None:
    assert sanitised(name) == re.sub("-+", "-", name)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("kubernetes-admin@kubernetes", "kubernetes-admin-kubernetes"),
        ("default/api-east-example-com:6443/kube:admin", "default-api-east-example-com-6443-kube-admin"),
        ("arn:aws:eks:eu-west-1:123456789012:cluster/East", "arn-aws-eks-eu-west-1-123456789012-cluster-east"),
        ("-_-", ""),
        ("x" * 62 + "-yz", "x" * 62),
    ],
)
def test_names_of_real_contexts(name: str, label: str) -> None:
    assert sanitised(name) == label


def test_files_patterns_and_files_taken_together(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "b.yaml", "two")
    write(tmp_path / "a.yaml", "one")
    write(tmp_path / "c.conf", "three")
    assert [c.name for c in contexts_in(["*.yaml"], str(tmp_path))] == ["one", "two"]
    joined = contexts_in([f"a.yaml:{tmp_path}/c.conf"], str(tmp_path))
    assert [c.name for c in joined] == ["one", "three"]
    assert {c.kubeconfig for c in joined} == {f"{tmp_path}/a.yaml:{tmp_path}/c.conf"}
    assert len(contexts_in(["a.yaml", "*.yaml"], str(tmp_path))) == 2, "a file that is named twice counts once"


def test_a_context_whose_cluster_is_in_the_next_file(tmp_path: pathlib.Path) -> None:
    whole = kubeconfig_of({"east": "https://east"})
    (tmp_path / "contexts").write_text(yaml.safe_dump({"contexts": whole["contexts"]}))
    (tmp_path / "clusters").write_text(yaml.safe_dump({"clusters": whole["clusters"]}))
    assert [c.server for c in contexts_in(["contexts:clusters"], str(tmp_path))] == ["https://east"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("users: [{user: {token: hunter2-secret}}\nclusters: ]", "is not YAML at line 2"),
        ("- hunter2-secret", "is not a kubeconfig"),
        ("hunter2-secret", "is not a kubeconfig"),
        ("a: \x00hunter2-secret", "is not YAML"),
        ("contexts: {hunter2-secret: {context: {cluster: a}}}", "are no list"),
        ("contexts: hunter2-secret", "are no list"),
        ("contexts: [{name: a}, hunter2-secret]", "has a context without a name"),
        ("contexts: [{name: a}, {name: }]", "has a context without a name"),
        ("contexts: [{name: a}, {name: ''}]", "has a context without a name"),
    ],
)
def test_a_broken_file_is_named_and_its_content_is_not_shown(tmp_path: pathlib.Path, content: str, said: str) -> None:
    (tmp_path / "broken").write_text(content)
    with pytest.raises(Unusable) as refusal:
        contexts_in(["broken"], str(tmp_path))
    assert f"{tmp_path}/broken" in refusal.value.msg
    assert said in refusal.value.msg
    assert "hunter2" not in f"{refusal.value.msg} {refusal.value.hint}"


def test_files_that_are_not_there(tmp_path: pathlib.Path) -> None:
    for entry, said in (("none", "No such file"), ("*.none", "No file matches"), ("", "is empty"), (".", "directory")):
        with pytest.raises(Unusable, match=said):
            contexts_in([entry], str(tmp_path))


@pytest.mark.parametrize("content", ["", "{}", "contexts:", "contexts: []"])
def test_files_without_contexts(tmp_path: pathlib.Path, content: str) -> None:
    (tmp_path / "config").write_text(content)
    assert contexts_in(["config"], str(tmp_path)) == []


@pytest.mark.parametrize(("name", "said"), [("20240101", "20240101"), ("0", "0"), ("no", "False"), ("[a]", "a")])
def test_a_context_whose_name_is_no_text_is_named(tmp_path: pathlib.Path, name: str, said: str) -> None:
    """Else the fleet would be smaller by it."""
    (tmp_path / "config").write_text(f"contexts: [{{name: a}}, {{name: {name}}}]")
    with pytest.raises(Unusable, match=rf"config has the context \W*{said}\W*, whose name is no text") as refusal:
        contexts_in(["config"], str(tmp_path))
    assert "quotes" in refusal.value.hint
    (tmp_path / "config").write_text(f"contexts: [{{name: a}}, {{name: '{name}'}}]")
    assert [c.name for c in contexts_in(["config"], str(tmp_path))] == ["a", name]


def test_two_contexts_of_one_name_are_one_too_few(tmp_path: pathlib.Path) -> None:
    """Else the fleet would be smaller by it. Of two files together the first one counts, as for kubectl."""
    (tmp_path / "config").write_text("contexts: [{name: a}, {name: b}, {name: a}]")
    with pytest.raises(Unusable, match="config has two contexts a in one file"):
        contexts_in(["config"], str(tmp_path))
    (tmp_path / "one").write_text("contexts: [{name: a}]")
    (tmp_path / "two").write_text("contexts: [{name: a}, {name: b}]")
    assert [c.name for c in contexts_in(["one:two"], str(tmp_path))] == ["a", "b"]


def test_a_filter(tmp_path: pathlib.Path) -> None:
    every = made("prod-east", "prod-west", "prod-old", "lab")
    assert [c.name for c in chosen(every, ["prod-*"], ["*-old"])] == ["prod-east", "prod-west"]
    assert [c.name for c in chosen(every, ["lab", "none-*"], [])] == ["lab"]
    odd = made("c[1]")
    assert chosen(odd, ["c[1]"], []) == odd, "a name with signs of patterns is found as it is"
    with pytest.raises(Unusable, match=r"no context prod-est in .* prod-east, prod-west"):
        chosen(every, ["prod-est"], [])


def test_contexts_of_one_cluster_are_one(tmp_path: pathlib.Path) -> None:
    first, second, third = made("dev/api:6443/me", "ops/api:6443/me", "else")
    same = [first, Context(second.name, second.kubeconfig, place=first.place, current=True), third]
    found = one_for_each_cluster(same)
    assert [(c.name, c.also) for c in found] == [("ops/api:6443/me", ("dev/api:6443/me",)), ("else", ())]


def test_one_address_behind_two_proxies_is_two_clusters(tmp_path: pathlib.Path) -> None:
    document = kubeconfig_of({"east": "https://10.0.0.1:6443", "west": "https://10.0.0.1:6443/"})
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    assert len(one_for_each_cluster(contexts_in(["config"], str(tmp_path)))) == 1
    for entry in document["clusters"]:
        entry["cluster"]["proxy-url"] = f"socks5://{entry['name']}"
    path.write_text(yaml.safe_dump(document))
    assert len(one_for_each_cluster(contexts_in(["config"], str(tmp_path)))) == 2


def test_contexts_that_lead_nowhere_are_not_one_cluster() -> None:
    assert len(one_for_each_cluster([Context("a", "/f"), Context("b", "/f")])) == 2


def test_equal_names_get_their_files() -> None:
    admin = "kubernetes-admin@kubernetes"
    both = [Context(admin, "/fleet/east.conf"), Context(admin, "/fleet/west.conf"), Context("hub", "/fleet/hub.conf")]
    names = [c.host for c in named(both, lambda c: c.name)]
    assert names == ["kubernetes-admin-kubernetes-east", "kubernetes-admin-kubernetes-west", "hub"]
    assert [c.host for c in named(both, lambda c: c.stem)] == ["east", "west", "hub"]
    with pytest.raises(Unusable, match="would be one host: east_1 of /f, East 1 of /f"):
        named([Context("east_1", "/f"), Context("East 1", "/f")], lambda c: c.name)
    with pytest.raises(Unusable, match="No host name can be made of the context @ of /f"):
        named([Context("@", "/f")], lambda c: c.name)


def test_a_server_is_shown_without_what_may_be_secret() -> None:
    assert shown("https://me:pass@east:6443/k8s/clusters/c-1?token=x#y") == "https://east:6443/k8s/clusters/c-1"
    assert shown("https://[broken") == ""

# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as users meet it: a source file, ansible-inventory, and clusters that answer or do not."""

from __future__ import annotations

import ast
import json
import pathlib
import re
import socket
import time
import typing as t

import pytest
import yaml
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from tests.unit.fake_api import FakeApi, Request, recording
from tests.unit.fake_cluster import Refused
from tests.unit.inventory_source import ROOT, Source, kubeconfig_of

Json = dict[str, t.Any]
PLUGIN = ROOT / "plugins" / "inventory" / "clusterset.py"


@pytest.fixture
def source(tmp_path: pathlib.Path) -> Source:
    return Source(tmp_path)


@pytest.fixture
def pair(source: Source, api: FakeApi, other_api: FakeApi) -> Source:
    """East and west as recorded in the state of #3411, in a kubeconfig of their own each."""
    for name, server in (("east", api), ("west", other_api)):
        server.cluster.load(recording("joined-as-second-id", name))
        server.kubeconfig(source.folder, name)
    return source


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def constant(name: str) -> str:
    """A text that stands in the plugin's file."""
    for node in ast.parse(PLUGIN.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"no {name}")


def test_the_pair_of_3411(pair: Source, api: FakeApi, other_api: FakeApi) -> None:
    pair.write(kubeconfig=["kubeconfig.*"], nodes="all")
    found = pair.list()
    assert found.code == 0, found.said
    assert found.words == ""
    assert found.groups["submariner_broker"] == ["east"]
    assert found.groups["submariner_members"] == ["east", "west"]
    assert found.groups["submariner_ghosts"] == ["west.record"]
    assert found.groups["submariner_gateway_nodes"] == ["a-node.east", "b-node.west"]
    assert found.hosts["west"]["submariner_cluster_id"] == "west2"
    assert found.hosts["west"]["submariner_kubeconfig"] == str(pair.folder / "kubeconfig.west")
    assert found.hosts["b-node.west"]["ansible_host"] == "10.202.0.2"
    told = {name for variables in found.hosts.values() for name in variables}
    assert {name for name in told if name not in constant("DOCUMENTATION")} == {"ansible_connection"}
    specs = [yaml.safe_load(path.read_text()) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    options = {name for spec in specs for point in spec["argument_specs"].values() for name in point.get("options", {})}
    options |= {f"submariner_{option}" for option in AUTH_ARG_SPEC}
    wanted = {"submariner_kubeconfig", "submariner_context", "submariner_cluster_id"}
    assert told & options == wanted, "what is only told must not become the input of a role"
    assert api.writes == other_api.writes == []
    assert len(api.requests) == len(other_api.requests) == 7


def test_the_example_for_firewalls_tells_gateways_from_other_machines(
    source: Source, api: FakeApi, other_api: FakeApi
) -> None:
    for name, server in (("east", api), ("west", other_api)):
        server.cluster.load(recording("healthy-two-nodes", name))
        server.kubeconfig(source.folder, name)
    source.path.write_text((ROOT / "docs" / "inventory" / "firewall.clusterset.yml").read_text())
    found = source.list(K8S_AUTH_KUBECONFIG=f"{source.folder}/kubeconfig.east:{source.folder}/kubeconfig.west")
    assert found.code == 0, found.said
    roles = {name: told["submariner_node_role"] for name, told in found.hosts.items() if "submariner_node_role" in told}
    assert roles == {
        f"{c}-{n}.{c}": r for c in ("east", "west") for n, r in (("worker", "gateway"), ("control-plane", "other"))
    }
    assert set(roles) == set(found.groups["submariner_nodes"])
    options = yaml.safe_load((ROOT / "roles/firewall/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]
    assert set(roles.values()) <= set(options["submariner_node_role"]["choices"])


def test_constructed(pair: Source) -> None:
    pair.write(
        kubeconfig=["kubeconfig.*"],
        compose={"site": "submariner_context | upper", "broken": "no_such_variable"},
        groups={"not_where_expected": "submariner_cluster_id != submariner_context"},
        keyed_groups=[{"key": "submariner_installed_version", "prefix": "version"}],
    )
    found = pair.list()
    assert found.hosts["east"]["site"] == "EAST"
    assert "broken" not in found.hosts["east"]
    assert found.groups["not_where_expected"] == ["west"]
    assert found.groups["version_0_19_0"] == ["east", "west"]
    pair.write(kubeconfig=["kubeconfig.*"], strict=True, compose={"broken": "no_such_variable"})
    assert "broken" in pair.refused()


def test_strict_expressions_take_the_hosts_of_records(pair: Source) -> None:
    """A ghost that turns up does not end the inventory in which it is to be seen."""
    pair.write(
        kubeconfig=["kubeconfig.east"],
        strict=True,
        groups={"not_installed": "submariner_state == 'absent'"},
        keyed_groups=[
            {"key": "submariner_state", "prefix": "state"},
            {"key": "submariner_installed_version", "prefix": "version", "default_value": "none"},
        ],
    )
    found = pair.list()
    assert found.code == 0, found.said
    records = found.groups["submariner_unmanaged"]
    assert records
    assert found.groups["state_unknown"] == found.groups["version_none"] == records
    assert found.groups["state_installed"] == ["east"]
    assert "not_installed" not in found.groups


def test_clusters_that_do_not_answer_are_hosts(source: Source, api: FakeApi) -> None:
    api.cluster.load(recording("installed", "east"))
    silent = socket.create_server(("127.0.0.1", 0))
    servers = {
        "east": api.url,
        "refused": closed_port(),
        "silent": f"http://127.0.0.1:{silent.getsockname()[1]}",
        "unknown-host": "https://no-such-host.invalid",
    }
    (source.folder / "config").write_text(json.dumps(kubeconfig_of(servers)))
    source.write(kubeconfig=["config"], timeout=6)
    begin = time.monotonic()
    found = source.list()
    assert time.monotonic() - begin < 30
    silent.close()
    assert found.groups["submariner_members"] == sorted(servers)
    assert found.groups["submariner_unreachable"] == ["refused", "silent", "unknown-host"]
    assert found.hosts["east"]["submariner_reachable"] is True
    assert found.hosts["refused"]["submariner_unreachable_reason"] == "connection refused"
    assert re.search("timed out|no answer within", found.hosts["silent"]["submariner_unreachable_reason"])
    assert "host name" in found.hosts["unknown-host"]["submariner_unreachable_reason"]
    assert "3 of 4 clusters cannot be read: refused (connection refused)" in found.words


def test_a_program_for_a_token_that_hangs_or_fails(source: Source, api: FakeApi) -> None:
    api.cluster.load(recording("installed", "east"))
    api.admits = lambda request: request.authorization == "Bearer token-of-the-fake"
    document = kubeconfig_of({"hangs": f"{api.url}/a", "fails": f"{api.url}/b", "east": api.url})
    scripts = {"hangs": "sleep 100", "fails": "echo password=hunter2-and-more not allowed >&2; exit 7"}
    for name, script in scripts.items():
        entry = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
        document["users"].append({"name": name, "user": {"exec": {**entry, "interactiveMode": "Never"}}})
    for context in document["contexts"]:
        context["context"]["user"] = context["name"] if context["name"] in scripts else "somebody"
    (source.folder / "config").write_text(json.dumps(document))
    source.write(kubeconfig=["config"], timeout=5)
    begin = time.monotonic()
    found = source.list()
    assert time.monotonic() - begin < 30
    assert found.groups["submariner_unreachable"] == ["fails", "hangs"]
    assert found.hosts["hangs"]["submariner_unreachable_reason"] == "no answer within 5 s"
    assert found.hosts["fails"]["submariner_unreachable_reason"].startswith("Unauthorized; exec: process returned 7")
    assert "hunter2" not in found.printed + found.said
    assert found.hosts["east"]["submariner_reachable"] is True


def test_a_cluster_that_refuses_us(pair: Source, api: FakeApi, other_api: FakeApi) -> None:
    api.fault(403, path=r"/nodes$", message="nodes is forbidden")
    other_api.fault(401, message="Unauthorized")
    pair.write(kubeconfig=["kubeconfig.*"], nodes="all")
    found = pair.list()
    assert found.hosts["east"]["submariner_reachable"] is True
    assert found.hosts["east"]["submariner_unread"] == {"nodes": "nodes is forbidden"}
    assert "submariner_nodes" not in found.groups
    assert found.hosts["west"]["submariner_unreachable_reason"] == "Unauthorized"


SECRETS = {
    "token": "bearer-4711-hidden",
    "password": "password-4712-hidden",
    "username": "somebody",
    "client-certificate-data": "Y2VydGlmaWNhdGUtNDcxMy1oaWRkZW4=",
    "client-key-data": "a2V5LTQ3MTQtaGlkZGVu",
    "auth-provider": {
        "name": "oidc",
        "config": {"refresh-token": "refresh-4715-hidden", "client-secret": "oidc-4716-hidden"},
    },
}
EXEC = {
    "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "false",
        "interactiveMode": "Never",
        "args": ["--password", "argument-4717-hidden", "--token=argument-4718-hidden"],
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "environment-4719-hidden"}],
    }
}


def test_no_secret_is_in_the_inventory_nor_in_the_cache(source: Source, api: FakeApi) -> None:
    api.cluster.load(recording("installed", "east"))
    for obj in api.cluster.objects(("submariner.io", "submariners")):
        obj["spec"]["ceIPSecPSK"] = "psk-4720-hidden"
        obj["spec"]["brokerK8sApiServerToken"] = "broker-4721-hidden"
        api.cluster.replace(("submariner.io", "submariners"), obj, "submariner-operator", obj["metadata"]["name"])
    api.fault(500, path="/nodes$", message="you said bearer-4711-hidden and password-4712-hidden")
    login = api.url.replace("http://", "http://me:server-4722-hidden@")
    document = kubeconfig_of(
        {"certificates": "https://127.0.0.1:1", "program": f"{login}/x?token=query-4723-hidden"}, **SECRETS
    )
    document["clusters"][0]["cluster"]["proxy-url"] = "http://me:proxy-4724-hidden@127.0.0.1:1"
    document["clusters"].append({"name": "east", "cluster": {"server": api.url}})
    document["users"] += [{"name": "program", "user": EXEC}]
    document["users"] += [{"name": "plain", "user": {"token": SECRETS["token"], "password": SECRETS["password"]}}]
    document["contexts"][1]["context"]["user"] = "program"
    document["contexts"].append({"name": "east", "context": {"cluster": "east", "user": "plain"}})
    (source.folder / "config").write_text(json.dumps(document))
    source.write(kubeconfig=["config"], nodes="all", cache=True, cache_plugin="jsonfile", cache_connection="kept")
    loud, found = source.list("-vvvv"), source.list()
    assert found.hosts["east"]["submariner_reachable"] is True
    assert "<hidden>" in found.hosts["east"]["submariner_unread"]["nodes"]
    assert set(found.groups["submariner_unreachable"]) == {"certificates", "program"}
    kept = [path.read_text() for path in (source.folder / "kept").rglob("*") if path.is_file()]
    assert kept, "the cache was written"
    for text in (loud.printed, loud.said, found.printed, found.said, *kept):
        assert re.findall(r"[a-z]+-47\d\d-hidden|Y2VydGlm\w+|a2V5LTQ3\w+", text) == []


def test_the_cache(pair: Source, api: FakeApi, other_api: FakeApi) -> None:
    config: Json = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": "kept", "nodes": "all"}
    pair.write(kubeconfig=["kubeconfig.east"], **config)
    first = pair.list()
    asked = len(api.requests)
    again = pair.list()
    assert (again.hosts, again.groups) == (first.hosts, first.groups)
    assert len(api.requests) == asked
    other_api.fault(401, times=7)
    pair.write(kubeconfig=["kubeconfig.*"], **config)
    assert pair.list().groups["submariner_unreachable"] == ["west"]
    assert "submariner_unreachable" not in pair.list().groups, "what did not answer is asked again"
    assert len(api.requests) == asked, "another context does not make the kept answers useless"
    pair.list("--flush-cache")
    assert len(api.requests) == 2 * asked


def answer_of_a_fleet(request: Request) -> Json:
    number = request.path.split("/")[1].removeprefix("c")
    kinds: dict[str, Json] = {
        "version": {"gitVersion": "v1.33.0"},
        "namespaces": {"items": [{"metadata": {"name": "kube-system", "uid": f"uid-{number}"}}]},
        "submariners": {
            "items": [
                {
                    "metadata": {"name": "submariner", "namespace": "submariner-operator"},
                    "spec": {"clusterID": f"cluster-{int(number) % 199}"},
                }
            ]
        },
    }
    kind = request.path.rpartition("/")[2]
    if kind not in kinds:
        raise Refused(404, "NotFound", "no such kind")
    return kinds[kind]


def test_two_hundred_contexts(source: Source, api: FakeApi) -> None:
    api.answers[r"^/c\d+/"] = answer_of_a_fleet
    servers = {f"member-{n}": f"{api.url}/c{n}" for n in range(200)}
    (source.folder / "config").write_text(json.dumps(kubeconfig_of(servers)))
    source.write(kubeconfig=["config"], broker="member-0", timeout=60)
    begin = time.monotonic()
    found = source.list()
    assert time.monotonic() - begin < 120
    assert len(found.groups["submariner_members"]) == 200
    assert "submariner_unreachable" not in found.groups
    assert found.hosts["member-7"]["submariner_cluster_id"] == "cluster-7"
    assert found.hosts["member-199"]["submariner_same_id"] == ["member-0"]
    assert "The cluster ID cluster-0 belongs to 2 hosts: member-0, member-199. Give each its own" in found.words
    assert len(api.requests) >= 1400


WRONG: dict[str, Json] = {
    "/none cannot be read: No such file or directory": {"kubeconfig": ["none"]},
    "/broken is not YAML at line": {"kubeconfig": ["broken"]},
    "There is no context est in the kubeconfigs; there are: east": {"contexts": ["est"]},
    "broker names est, which is no context of this inventory": {"broker": "est"},
    "cluster_ids names est, which is no context": {"cluster_ids": {"est": "x"}},
    "broker names me, which is a context of several hosts: a, b": {
        "kubeconfig": ["admins-*"],
        "host_name": "file[7:]",
        "broker": "me",
    },
    "The host of the context east of": {"host_name": "'all'"},
    "east would have the name of a group": {"groups": {"east": "true"}},
    "host_name cannot be evaluated for the context east of": {"host_name": "conext"},
    "'some' for config 'nodes'": {"nodes": "some"},
    "'timeout'": {"timeout": "long"},
    "timeout is 0.": {"timeout": 0},
}
"""What is said of an option, and the option."""


def test_wrong_input_ends_in_one_line(pair: Source, api: FakeApi) -> None:
    (pair.folder / "broken").write_text("users: [hunter2-secret")
    for name in ("a", "b"):
        servers = {"me": f"https://{name}.example"}
        (pair.folder / f"admins-{name}").write_text(json.dumps(kubeconfig_of(servers)))
    sources = []
    for number, config in enumerate(WRONG.values()):
        pair.path = pair.folder / f"wrong-{number}.clusterset.yml"
        pair.write(**{"kubeconfig": ["kubeconfig.east"], **config})
        sources += ["-i", str(pair.path)]
    found = pair.list(*sources)
    for number, said in enumerate(WRONG):
        lines = [line for line in found.said.splitlines() if said in line]
        assert any(f"wrong-{number}.clusterset.yml" in line or "Failed to parse" in line for line in lines), said
    assert "hunter2" not in found.said
    assert "Traceback" not in found.said
    assert api.requests == [], "nothing is asked before the input is right"
    assert found.groups == {}


def test_nothing_to_read(pair: Source) -> None:
    (pair.folder / "empty").write_text("")
    pair.write(kubeconfig=["empty"])
    found = pair.list()
    assert (found.code, found.groups, found.hosts) == (0, {}, {})
    assert "no context is left" in found.words


def test_the_kubeconfigs_of_the_environment_and_the_names_of_files(pair: Source) -> None:
    pair.write()
    found = pair.list(KUBECONFIG="kubeconfig.east:kubeconfig.west")
    assert found.groups["submariner_members"] == ["east", "west"]
    both = f"{pair.folder}/kubeconfig.east:{pair.folder}/kubeconfig.west"
    assert {found.hosts[host]["submariner_kubeconfig"] for host in ("east", "west")} == {both}
    as_in_awx = pair.list(KUBECONFIG="none", K8S_AUTH_KUBECONFIG=both)
    assert as_in_awx.groups["submariner_members"] == ["east", "west"]
    assert as_in_awx.hosts["west"]["submariner_context"] == "west"
    assert "submariner_kubeconfig" not in as_in_awx.hosts["west"], "each job has its own path for the same credential"
    (pair.folder / "kubeconfig.west").rename(pair.folder / "Berlin.conf")
    pair.write(kubeconfig=["*.conf"], host_name="file ~ '-1'")
    assert pair.list().groups["submariner_members"] == ["berlin-1"]


def test_other_files_are_not_taken(pair: Source) -> None:
    pair.path = pair.folder / "hosts.yml"
    pair.write(kubeconfig=["kubeconfig.east"])
    assert "submariner_members" not in pair.list().groups
    for name in ("prod.submariner.yaml", "clusterset.yaml"):
        pair.path = pair.folder / name
        pair.write(kubeconfig=["kubeconfig.east"])
        assert pair.list().groups["submariner_members"] == ["east"]


def test_what_a_cluster_says_is_no_template(pair: Source, other_api: FakeApi) -> None:
    other_api.fault(403, path="/nodes$", message="{{ 6 * 7 }} of {{ lookup('pipe', 'id') }}")
    pair.write(kubeconfig=["kubeconfig.*"])
    play = [
        {
            "hosts": "west",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.debug": {"var": "submariner_unread.nodes"}}],
        }
    ]
    (pair.folder / "play.yml").write_text(json.dumps(play))
    done = pair.run("ansible-playbook", "play.yml")
    assert "{{ 6 * 7 }} of {{ lookup(" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("number", range(3))
def test_the_examples(pair: Source, number: int) -> None:
    """As they stand, but for the folders; the second and third with the contexts and files that they speak of."""
    all_contexts, kubeadm_files = (
        (ROOT / "docs" / "inventory" / f"{name}.clusterset.yml").read_text()
        for name in ("all-contexts", "kubeadm-files")
    )
    config = yaml.safe_load([all_contexts, constant("EXAMPLES"), kubeadm_files][number])
    fleet, home = pair.folder / "fleet", pair.folder / ".kube"
    fleet.mkdir()
    home.mkdir()
    east, west = ((pair.folder / f"kubeconfig.{name}").read_text() for name in ("east", "west"))
    (home / "config").write_text((west if number else east).replace('"west"', '"prod-west"'))
    (fleet / "hub.yaml").write_text(east.replace('"east"', '"hub"'))
    for city, content in (("berlin", east), ("lisbon", west)):
        (fleet / f"{city}.conf").write_text(content.replace('"east"', '"admin@k"').replace('"west"', '"admin@k"'))
    pair.path.write_text(yaml.safe_dump(config).replace("/etc/fleet", str(fleet)))
    found = pair.list()
    assert found.code == 0, found.said
    groups = found.groups
    if number == 0:
        assert groups["submariner_broker"] == ["east"]
    elif number == 1:
        assert (groups["submariner_broker"], groups["submariner_members"]) == (["hub"], ["prod-west"])
        assert groups["version_0_19_0"] == ["hub", "prod-west"]
        assert found.hosts["prod-west"]["submariner_natt"] is True
    else:
        assert groups["submariner_members"] == ["berlin", "lisbon"]
        assert found.hosts["berlin"]["submariner_cluster_id"] == "eu-1"
        assert found.hosts["a-node.berlin"]["ansible_user"] == "admin"
        assert list((pair.folder / ".cache" / "submariner-inventory").iterdir())


def test_the_documentation_is_readable(source: Source) -> None:
    source.write()
    done = source.run("ansible-doc", "-t", "inventory", "--json", "submariner.lifecycle.clusterset")
    options = json.loads(done.stdout)["submariner.lifecycle.clusterset"]["doc"]["options"]
    assert {"cache_plugin", "keyed_groups", "kubeconfig", "broker"} <= set(options)
    own = set(yaml.safe_load(constant("DOCUMENTATION"))["options"])
    asked_for = set(re.findall(r'get_option\("(\w+)"\)', PLUGIN.read_text()))
    assert own - {"plugin"} <= asked_for, "an option that nothing asks for"
    assert asked_for <= set(options), "an option that is not documented"


def test_an_empty_variable_of_the_environment_is_not_set(pair: Source) -> None:
    (pair.folder / "kubeconfig.east").rename(pair.folder / "a,b")
    pair.write()
    found = pair.list(KUBECONFIG=str(pair.folder / "a,b"), K8S_AUTH_KUBECONFIG="")
    assert found.code == 0, found.said
    assert found.hosts["east"]["submariner_kubeconfig"] == str(pair.folder / "a,b")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kubeconfig": [1]}, "kubeconfig has the entry 1, which is no text"),
        ({"contexts": [7]}, "contexts has the entry 7, which is no text"),
        ({"timeout": float("inf")}, "timeout is inf"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"exlude": ["west"]}, "There is no option exlude. The options are broker, broker_is_member"),
    ],
)
def test_values_that_cannot_be_meant_are_named(pair: Source, options: Json, words: str) -> None:
    pair.write(**{"kubeconfig": ["kubeconfig.*"], **options})
    assert words in pair.list().words


def test_a_cache_that_was_cut_off_is_none(pair: Source, api: FakeApi) -> None:
    place = pair.folder / "cache"
    cached: Json = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(place)}
    pair.write(kubeconfig=["kubeconfig.*"], **cached)
    whole = pair.list().hosts
    (file,) = place.iterdir()
    file.write_text(file.read_text()[:40])
    asked = len(api.requests)
    assert pair.list().hosts == whole
    assert len(api.requests) > asked
    assert json.loads(next(place.iterdir()).read_text())
